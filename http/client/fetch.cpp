#include "http/client/fetch.hpp"

#include "http/core/body/chunked.hpp"
#include "http/core/head/head_parser.hpp"

#include <utility>

namespace synapse::client {

namespace {

/// Wakes the fetching coroutine when its time is over.
struct deadline final : net::timer_node {
  net::wake_ptr wake;
  bool passed = false;
  void on_timer() override {
    passed = true;
    auto waiter = wake;
    waiter->notify();
  }
};

fetch_result failed(fetch_error error, std::string message) {
  fetch_result result;
  result.error = error;
  result.message = std::move(message);
  return result;
}

struct body_reader {
  http::body_framing framing;
  std::int64_t left;
  http::chunk_decoder chunks;
  std::size_t max;
  std::string* out;

  enum class state { more, done, bad, too_large };

  /// Hands over what has been read so far. @returns false when nobody wants more.
  bool deliver(const fetch_request& request) {
    if (!request.on_piece || out->empty())
      return true;
    const bool wanted = request.on_piece(*out);
    out->clear();
    return wanted;
  }

  state feed(net::transport& from) {
    const auto input = from.input();
    if (framing == http::body_framing::none)
      return state::done;
    if (framing == http::body_framing::chunked) {
      std::vector<std::string_view> pieces;
      const auto used = chunks.feed(input.data(), input.size(), &pieces);
      for (auto piece : pieces)
        out->append(piece);
      from.consume(used);
      if (chunks.failed())
        return state::bad;
    } else {
      auto take = input.size();
      if (framing == http::body_framing::content_length)
        take = std::min<std::size_t>(take, static_cast<std::size_t>(left));
      out->append(input.substr(0, take));
      left -= static_cast<std::int64_t>(take);
      from.consume(take);
    }
    if (out->size() > max)
      return state::too_large;
    if (framing == http::body_framing::chunked)
      return chunks.done() ? state::done : state::more;
    if (framing == http::body_framing::content_length)
      return left == 0 ? state::done : state::more;
    // A reset is not how such a body ends, nor is TLS without close_notify.
    return from.ended() && !from.read_error() ? state::done : state::more;
  }
};

} // namespace

void canceler::cancel() {
  canceled_ = true;
  // A fetch that ends takes its wake_point out of the list: no iterator would stay valid.
  for (const auto& wake : std::exchange(waiting_, {}))
    wake->notify();
}

/// Has a fetch woken by its canceler for as long as it runs.
class cancel_registration {
public:
  cancel_registration(canceler_ptr source, net::wake_ptr wake)
      : source_(std::move(source)), wake_(std::move(wake)) {
    if (source_)
      source_->waiting_.push_back(wake_);
  }
  cancel_registration(const cancel_registration&) = delete;
  cancel_registration& operator=(const cancel_registration&) = delete;
  ~cancel_registration() {
    if (source_)
      std::erase(source_->waiting_, wake_);
  }

private:
  canceler_ptr source_;
  net::wake_ptr wake_;
};

net::task<fetch_result> fetch(upstream_pool& pool, net::tcp::endpoint address,
                              fetch_request request, canceler_ptr cancel) {
  auto wake = net::make_local<net::wake_point>();
  deadline timer;
  timer.wake = wake;
  pool.io().arm(timer, request.deadline);
  const cancel_registration registered{cancel, wake};
  const auto given_up = [&] { return timer.passed || (cancel && cancel->canceled()); };
  const auto reason = [&] {
    return timer.passed ? failed(fetch_error::timeout, "timed out")
                        : failed(fetch_error::canceled, "canceled");
  };

  std::string head =
      request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + request.authority +
      "\r\nAccept: " + (request.on_piece ? "text/event-stream" : "application/json") + "\r\n" +
      request.fields;
  if (!request.content_type.empty())
    head += "Content-Type: " + request.content_type +
            "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  head += "\r\n";
  head += request.body;
  // What changes something is not sent twice: it gets a connection that cannot be stale.
  bool may_reuse = request.method == "GET" || request.method == "HEAD";
  // A kept connection may have gone stale: one more try with a new one, then it counts.
  for (;;) {
    if (given_up())
      co_return reason();
    auto connection = may_reuse ? pool.take(address) : connection_ptr{};
    if (connection) {
      connection->attach(wake);
    } else {
      connection = pool.open(address, wake);
      while (connection->opening() && !given_up())
        co_await wake->wait();
      if (!given_up() && !connection->open_error() && pool.secure(*connection))
        while (connection->opening() && !given_up())
          co_await wake->wait();
      if (given_up() || connection->open_error()) {
        const auto error = connection->open_error();
        pool.discard(std::move(connection));
        if (given_up())
          co_return reason();
        co_return failed(fetch_error::connect_failure, error.message());
      }
    }
    const std::string_view piece = head;
    connection->write({&piece, 1});
    http::response_head answer;
    http::parse_result parsed;
    std::size_t scanned = 0;
    const http::head_limits limits;
    for (;;) {
      const auto input = connection->input();
      parsed = http::parse_response(input.data(), input.size(), scanned, limits, answer);
      if (parsed.ok() && answer.status >= 100 && answer.status < 200) {
        connection->consume(answer.size);
        scanned = 0;
        continue;
      }
      if (!parsed.need_more() || connection->ended() || given_up())
        break;
      connection->read();
      co_await wake->wait();
    }
    const auto drop = [&] { pool.discard(std::move(connection)); };
    if (!parsed.ok()) {
      const bool stale = connection->reused() && connection->input().empty();
      drop();
      if (given_up())
        co_return reason();
      if (parsed.failed())
        co_return failed(fetch_error::bad_response, std::string{http::message_of(parsed.error)});
      if (stale) {
        may_reuse = false;
        continue;
      }
      co_return failed(fetch_error::reset, "the connection was closed before an answer");
    }
    fetch_result result;
    result.status = answer.status;
    const auto method = request.method == "HEAD" ? http::verb::head : http::verb::get;
    body_reader body{answer.framing(method), answer.content_length, http::chunk_decoder{},
                     request.max_body, &result.body};
    const bool keep = answer.keep_alive && body.framing != http::body_framing::until_close;
    connection->consume(answer.size);
    const bool piecewise = request.on_piece && answer.status / 100 == 2;
    if (!piecewise)
      request.on_piece = nullptr;
    const auto wait_longer = [&] {
      if (piecewise)
        pool.io().arm(timer, request.idle_limit ? net::io_thread::now() + request.idle_limit
                                                : request.deadline);
    };
    auto state = body.feed(*connection);
    bool wanted = body.deliver(request);
    wait_longer();
    while (wanted && state == body_reader::state::more && !connection->ended() && !given_up()) {
      connection->read();
      co_await wake->wait();
      const bool arrived = !connection->input().empty();
      state = body.feed(*connection);
      wanted = body.deliver(request);
      if (arrived)
        wait_longer();
    }
    if (!wanted) {
      drop();
      co_return failed(fetch_error::canceled, "no more of it is wanted");
    }
    if (state == body_reader::state::done && keep) {
      pool.give_back(std::move(connection));
      co_return result;
    }
    drop();
    if (state == body_reader::state::done)
      co_return result;
    if (state == body_reader::state::too_large) {
      auto too_large = failed(fetch_error::too_large, "the answer is too large");
      too_large.status = answer.status; // that much is known
      co_return too_large;
    }
    if (state == body_reader::state::bad)
      co_return failed(fetch_error::bad_response, "the answer's chunks are malformed");
    if (given_up())
      co_return reason();
    co_return failed(fetch_error::reset, "the connection was closed within the answer");
  }
}

} // namespace synapse::client
