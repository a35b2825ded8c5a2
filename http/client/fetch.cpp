#include "http/client/fetch.hpp"

#include "http/client/answer_body.hpp"
#include "http/client/connector.hpp"
#include "http/client/head_reader.hpp"
#include "http/core/replay.hpp"

#include <utility>

namespace synapse::client {

namespace {

constexpr http::head_limits small_answer_limits{};

http::verb verb_of(std::string_view method) noexcept {
  if (method == "GET")
    return http::verb::get;
  return method == "HEAD" ? http::verb::head : http::verb::other;
}

std::string text_of(const fetch_request& request) {
  auto text = request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + request.authority +
              "\r\nAccept: " + (request.on_piece ? "text/event-stream" : "application/json") +
              "\r\n" + request.fields;
  if (!request.content_type.empty())
    text += "Content-Type: " + request.content_type +
            "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  text += "\r\n";
  text += request.body;
  return text;
}

/// One question and its answer.
class fetching {
public:
  fetching(upstream_pool& pool, const net::tcp::endpoint& address, fetch_request request,
           canceler_ptr cancel);
  fetching(const fetching&) = delete;
  fetching& operator=(const fetching&) = delete;
  ~fetching() { drop(); }

  net::task<fetch_result> run();

private:
  bool may_reuse() const noexcept;
  net::task<open_step> connect();
  net::task<head_step> ask();
  bool is_stale(head_step head) const noexcept;
  net::task<fetch_result> read_body();
  fetch_error take();
  bool deliver();
  void wait_longer();
  fetch_result end(fetch_error fault);
  fetch_result fail(fetch_error error, std::string message);
  fetch_result no_connection();
  fetch_result no_answer(head_step head);
  fetch_result give_up();
  void drop();

  upstream_pool& pool_;
  const net::tcp::endpoint address_;
  fetch_request request_;
  const http::verb method_;
  const std::string text_; ///< as it is sent
  patience patience_;
  connection_ptr connection_;
  bool replaced_ = false; ///< a kept connection was stale
  http::response_head answer_;
  http::head_error malformed_ = http::head_error::none; ///< what is wrong with the head
  answer_body body_;
  bool piecewise_ = false; ///< the body goes to `on_piece`
  fetch_result result_;
};

fetching::fetching(upstream_pool& pool, const net::tcp::endpoint& address, fetch_request request,
                   canceler_ptr cancel)
    : pool_(pool), address_(address), request_(std::move(request)),
      method_(verb_of(request_.method)), text_(text_of(request_)),
      patience_(pool.io(), request_.deadline, std::move(cancel)) {}

net::task<fetch_result> fetching::run() {
  for (;;) {
    if (patience_.over())
      co_return give_up();
    const auto opened = co_await connect();
    if (opened != open_step::open)
      co_return no_connection();
    const auto head = co_await ask();
    if (head == head_step::ready)
      break;
    if (patience_.over() || !is_stale(head))
      co_return no_answer(head);
    drop();
    replaced_ = true;
  }
  co_return co_await read_body();
}

// ---- the connection ----

/// What changes something is not sent twice: it gets a connection that cannot be stale.
bool fetching::may_reuse() const noexcept {
  return !replaced_ && (method_ == http::verb::get || method_ == http::verb::head);
}

/// @returns `more` when there was no patience for it.
net::task<open_step> fetching::connect() {
  if (may_reuse())
    connection_ = take_kept(pool_, address_, patience_.wake());
  if (connection_)
    co_return open_step::open;
  connection_ = pool_.open(address_, patience_.wake());
  while (!patience_.over()) {
    const auto how = open_further(pool_, *connection_);
    if (how != open_step::more)
      co_return how;
    co_await patience_.wait();
  }
  co_return open_step::more;
}

// ---- the answer's head ----

/// Writes the request and reads up to the end of the answer's head.
/// @returns `more` when there was no patience for it.
net::task<head_step> fetching::ask() {
  const std::string_view piece = text_;
  connection_->write({&piece, 1});
  head_reader reader{small_answer_limits};
  for (;;) {
    const auto how = reader.step(*connection_, answer_);
    if (how == head_step::switched) { // nobody has asked for that: as any other interim answer
      connection_->consume(answer_.size);
      continue;
    }
    if (how != head_step::more || patience_.over()) {
      malformed_ = reader.error();
      co_return how;
    }
    connection_->read();
    co_await patience_.wait();
  }
}

bool fetching::is_stale(head_step head) const noexcept {
  if (head != head_step::ended_before)
    return false;
  http::lost_request lost;
  lost.method = method_;
  lost.sent_whole = !connection_->writing() && !connection_->write_error();
  lost.kept_connection = connection_->reused();
  lost.replaced = replaced_;
  return http::replay_of(lost) == http::replay::at_once;
}

// ---- the answer's body ----

net::task<fetch_result> fetching::read_body() {
  result_.status = answer_.status;
  body_.begin(answer_, method_);
  connection_->consume(answer_.size);
  piecewise_ = request_.on_piece && answer_.status / 100 == 2;
  auto fault = fetch_error::none;
  for (bool arrived = true;;) {
    fault = take();
    const bool wanted = deliver();
    if (arrived)
      wait_longer();
    if (!wanted)
      co_return fail(fetch_error::canceled, "no more of it is wanted");
    if (fault != fetch_error::none || body_.ended() || connection_->ended() || patience_.over())
      break;
    connection_->read();
    co_await patience_.wait();
    arrived = !connection_->input().empty();
  }
  co_return end(fault);
}

/// Takes what has arrived. @returns what is wrong with it, other than that its connection ended.
fetch_error fetching::take() {
  body_.take(*connection_, result_.body);
  if (body_.malformed())
    return fetch_error::bad_response;
  return result_.body.size() > request_.max_body ? fetch_error::too_large : fetch_error::none;
}

/// Hands over what has been read so far. @returns false when nobody wants more.
bool fetching::deliver() {
  if (!piecewise_ || result_.body.empty())
    return true;
  const bool wanted = request_.on_piece(result_.body);
  result_.body.clear();
  return wanted;
}

void fetching::wait_longer() {
  if (piecewise_)
    patience_.put_off(request_.idle_limit ? net::io_thread::now() + request_.idle_limit
                                          : request_.deadline);
}

// ---- its end ----

fetch_result fetching::end(fetch_error fault) {
  const bool ended = fault == fetch_error::none && body_.ended();
  if (ended && body_.leaves_connection())
    pool_.give_back(std::move(connection_));
  else
    drop();
  if (ended)
    return std::move(result_);
  if (fault == fetch_error::too_large) {
    auto too_large = fail(fault, "the answer is too large");
    too_large.status = result_.status; // that much is known
    return too_large;
  }
  if (fault == fetch_error::bad_response)
    return fail(fault, "the answer's chunks are malformed");
  return patience_.over() ? give_up()
                          : fail(fetch_error::reset, "the connection was closed within the answer");
}

fetch_result fetching::fail(fetch_error error, std::string message) {
  drop();
  fetch_result result;
  result.error = error;
  result.message = std::move(message);
  return result;
}

fetch_result fetching::no_connection() {
  return patience_.over() ? give_up()
                          : fail(fetch_error::connect_failure, connection_->open_error().message());
}

fetch_result fetching::no_answer(head_step head) {
  if (patience_.over())
    return give_up();
  if (head == head_step::malformed)
    return fail(fetch_error::bad_response, std::string{http::message_of(malformed_)});
  return fail(fetch_error::reset, "the connection was closed before an answer");
}

fetch_result fetching::give_up() {
  return patience_.timed_out() ? fail(fetch_error::timeout, "timed out")
                               : fail(fetch_error::canceled, "canceled");
}

void fetching::drop() {
  if (!connection_)
    return;
  pool_.discard(std::move(connection_));
  connection_.reset();
}

} // namespace

net::task<fetch_result> fetch(upstream_pool& pool, net::tcp::endpoint address,
                              fetch_request request, canceler_ptr cancel) {
  fetching work{pool, address, std::move(request), std::move(cancel)};
  co_return co_await work.run();
}

net::task<fetch_result> try_connection(upstream_pool& pool, net::tcp::endpoint address,
                                       net::time_ns deadline, canceler_ptr cancel) {
  patience limit{pool.io(), deadline, std::move(cancel)};
  fetch_result result;
  auto connection = pool.open(address, limit.wake());
  auto how = open_further(pool, *connection);
  while (how == open_step::more && !limit.over()) {
    co_await limit.wait();
    how = open_further(pool, *connection);
  }
  if (how == open_step::failed) {
    result.error = fetch_error::connect_failure;
    result.message = connection->open_error().message();
  } else if (how == open_step::more) {
    result.error = limit.timed_out() ? fetch_error::timeout : fetch_error::canceled;
    result.message = limit.timed_out() ? "timed out" : "canceled";
  }
  pool.discard(std::move(connection));
  co_return result;
}

} // namespace synapse::client
