#include "http/server/connection/connection.hpp"

#include "http/server/filters/filter.hpp"
#include "http/server/traffic/finished_requests.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <spdlog/spdlog.h>

namespace synapse::server {

namespace {
using std::chrono::nanoseconds;
/// After an answer to a request that was not read to its end, the rest is read and dropped for this
/// long: closing with unread bytes would reset the connection under the answer.
constexpr net::time_ns linger_time = 2'000'000'000;
/// Ours is out at once; the peer's close_notify is awaited for this long.
constexpr net::time_ns goodbye_time = 250'000'000;
constexpr std::size_t linger_bytes = 8 * 1024 * 1024;
/// A reserved place is for who has a question at once: handshake and head within this.
constexpr net::time_ns reserved_time = 2'000'000'000;

net::time_ns in_ns(config::milliseconds limit) {
  return nanoseconds{limit}.count();
}

/// A client is the same to logs, limits and backends on a socket of either family.
std::string text_of(const net::asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return net::asio::ip::make_address_v4(net::asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}
} // namespace

connection::connection(worker& owner, net::socket stream, connection_limits::seat place,
                       std::shared_ptr<reserved_room> room)
    : owner_(owner), place_(std::move(place)), room_(std::move(room)),
      wake_(net::make_local<net::wake_point>()) {
  net::error_code ec;
  const auto peer = stream.remote_endpoint(ec);
  if (!ec)
    client_ip_ = text_of(peer.address());
  downstream_ = net::make_local<net::transport>(owner.io, std::move(stream));
  downstream_->attach(wake_);
  timer_.wake = wake_.get();
  next_ = owner.connections;
  if (next_)
    next_->previous_ = this;
  owner.connections = this;
  owner.life.connections.fetch_add(1, std::memory_order_relaxed);
  owner.metrics->connections_open.increment();
}

connection::~connection() {
  downstream_->attach(nullptr);
  if (room_)
    room_->remove(*this);
  if (next_)
    next_->previous_ = previous_;
  if (previous_)
    previous_->next_ = next_;
  else
    owner_.connections = next_;
  owner_.life.connections.fetch_sub(1, std::memory_order_relaxed);
  owner_.metrics->connections_open.decrement();
}

void connection::start(std::shared_ptr<net::asio::ssl::context> tls) {
  const auto now = net::io_thread::now(); // an accept does not look at the clock
  reserved_until_ = room_ ? now + reserved_time : 0;
  net::spawn(run(net::local_ptr<connection>{this}, std::move(tls)));
}

void connection::drain() {
  draining_ = true;
  auto wake = wake_;
  wake->notify();
}

void connection::abort(give_up why) {
  keep_ = false;
  if (current_)
    current_->actor().end(why);
  downstream_->abort();
  auto wake = wake_;
  wake->notify();
}

net::task<void> connection::run(net::local_ptr<connection> self,
                                std::shared_ptr<net::asio::ssl::context> tls) {
  if (tls && !co_await self->handshake(std::move(tls))) {
    self->downstream_->close();
    co_return;
  }
  while (self->keep_) {
    self->owner_.metrics->connections_idle.increment();
    const auto state = co_await self->read_head();
    self->owner_.metrics->connections_idle.decrement();
    if (state != head_state::complete)
      break;
    co_await self->serve();
  }
  if (self->linger_)
    co_await self->linger();
  else if (self->downstream_->is_open())
    co_await self->say_goodbye();
  self->owner_.io.disarm(self->timer_);
  self->downstream_->close();
}

/// An orderly end: FIN, and with TLS close_notify before it.
net::task<void> connection::say_goodbye() {
  downstream_->shutdown_send();
  const auto due = net::io_thread::now() + goodbye_time;
  while (downstream_->closing() && net::io_thread::now() < due) {
    owner_.io.arm(timer_, due);
    co_await wake_->wait();
  }
}

net::task<bool> connection::handshake(std::shared_ptr<net::asio::ssl::context> tls) {
  auto due = net::io_thread::now() + in_ns(owner_.routes->settings().limits.header_timeout);
  if (room_)
    due = std::min(due, reserved_until_);
  owner_.io.arm(timer_, due);
  downstream_->handshake(std::move(tls), false);
  while (downstream_->opening() && net::io_thread::now() < due && downstream_->is_open())
    co_await wake_->wait();
  co_return !downstream_->opening() && !downstream_->open_error();
}

net::task<connection::head_state> connection::read_head() {
  const auto idle_since = net::io_thread::recent();
  net::time_ns begun = 0;
  std::size_t scanned = 0;
  if (!downstream_->reading() && downstream_->input().empty())
    downstream_->reserve(owner_.routes->settings().limits.max_header_bytes);
  for (;;) {
    // Looked up after every wait: a reload frees the settings that an idle connection waited under.
    const auto& limits = owner_.routes->settings().limits;
    const auto input = downstream_->input();
    if (!input.empty()) {
      const http::head_limits head_limits{limits.max_header_bytes, limits.max_uri_bytes,
                                          limits.max_header_fields};
      const auto parsed =
          http::parse_request(input.data(), input.size(), scanned, head_limits, scratch_.head);
      if (parsed.ok()) {
        const auto size = scratch_.head.size;
        scratch_.head_bytes.assign(input.data(), size);
        http::rebase(scratch_.head, input.data(), scratch_.head_bytes.data());
        path_fault_ = http::make_path_normal(scratch_.head, scratch_.head_bytes.data());
        downstream_->consume(size);
        co_return head_state::complete;
      }
      if (parsed.failed()) {
        co_await refuse_head(http::detail_of(parsed.error), http::message_of(parsed.error));
        co_return head_state::failed;
      }
      if (begun == 0)
        begun = net::io_thread::recent();
    } else if (draining_) {
      co_return head_state::closed;
    }
    if (downstream_->ended() || !downstream_->is_open())
      co_return head_state::closed;
    auto due =
        begun ? begun + in_ns(limits.header_timeout) : idle_since + in_ns(limits.idle_timeout);
    if (room_)
      due = std::min(due, reserved_until_);
    if (net::io_thread::recent() >= due) {
      if (!begun || room_)
        co_return head_state::closed;
      co_await refuse_head(http::response_detail::header_timeout, {});
      co_return head_state::failed;
    }
    owner_.io.arm(timer_, due);
    // A pipelined rest may fill the buffer before it was ever made as large as a head may be.
    if (downstream_->full() && !downstream_->reading())
      downstream_->reserve(limits.max_header_bytes);
    downstream_->read();
    if (!downstream_->reading() && !downstream_->ended()) {
      // There is no room for the head's end.
      co_await refuse_head(http::response_detail::header_too_large, {});
      co_return head_state::failed;
    }
    co_await wake_->wait();
  }
}

net::task<void> connection::refuse_head(http::response_detail detail, std::string_view message) {
  keep_ = false;
  linger_ = true;
  const auto id = http::request_id::make();
  http::reply_head reply;
  reply.request_id = id.view();
  reply.connection = http::connection_directive::close;
  reply.date = owner_.date();
  auto& out = scratch_.out;
  out.clear();
  // Without a readable head nobody knows which dialect the client speaks; OpenAI's says the most.
  http::append_error_reply(out, http::error_dialect::openai, detail, reply, message);
  const std::string_view piece = out;
  const auto due = net::io_thread::now() + linger_time;
  if (!downstream_->write({&piece, 1}))
    while (downstream_->writing() && net::io_thread::now() < due) {
      owner_.io.arm(timer_, due);
      co_await wake_->wait();
    }
  owner_.metrics->local_replies(static_cast<unsigned>(detail), http::to_string(detail)).increment();
  telemetry::access_record record;
  record.id = id.view();
  record.client = client_ip_;
  record.status = http::info(detail).status;
  record.detail = http::to_string(detail);
  owner_.log->write(record);
  remember(owner_.finished, exchange_record{}, record);
}

/// The work of whatever serves the request.
net::task<void> connection::answer(exchange& current) {
  if (auto by_filter = ask_filters(current))
    return std::move(*by_filter);
  return current.matched()->handle(current);
}

net::task<void> connection::serve() {
  auto& current = current_.emplace(owner_, *downstream_, wake_, scratch_, client_ip_,
                                   arrival{path_fault_, room_ != nullptr});
  owner_.exchanges.store(owner_.exchanges.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  bool failed = false;
  try {
    co_await answer(current);
  } catch (const std::exception& error) {
    spdlog::error("request {} failed: {}", current.id(), error.what());
    failed = true;
  }
  if (!current.begun() && current.actor().canceled() && !current.client_gone()) {
    // Somebody here gave it up, and its client is still there to be told.
    current.close_after();
    co_await current.reply_error(http::response_detail::canceled);
    // A canceled exchange waits for nothing any more; these last bytes are worth a moment.
    const auto due = net::io_thread::now() + linger_time;
    while (downstream_->writing() && net::io_thread::now() < due) {
      owner_.io.arm(timer_, due);
      co_await wake_->wait();
    }
  } else if (!current.begun() && !current.aborted() && !current.given_up()) {
    if (!failed)
      spdlog::error("request {} was not answered by its handler", current.id());
    current.close_after();
    co_await current.reply_error(http::response_detail::internal_error);
  } else if (failed) {
    current.abort();
  }
  if (!current.body_complete() && !current.aborted() && current.keep_alive())
    co_await discard_body(current);
  finish(current);
  owner_.io.disarm(timer_);
  current_.reset();
  scratch_.trim();
}

/// Reads the rest of a small body that the handler did not want.
net::task<void> connection::discard_body(exchange& current) {
  // A handler may have given up within a piece: its bytes have been decoded, and must not be again.
  current.release_piece();
  if (current.head().expect_continue && downstream_->input().empty()) {
    // The client waits for a word before it sends; it will take the answer instead.
    current.close_after();
    linger_ = true;
    co_return;
  }
  std::int64_t dropped = 0;
  const auto due = net::io_thread::now() + linger_time;
  for (;;) {
    std::string_view piece;
    const auto state = current.next_piece(piece);
    if (state == http::body_piece::end)
      co_return;
    dropped += static_cast<std::int64_t>(piece.size());
    current.release_piece();
    if (state == http::body_piece::failed || dropped > exchange::discardable ||
        current.given_up() || net::io_thread::now() >= due)
      break;
    if (state == http::body_piece::wait) {
      owner_.io.arm(timer_, due);
      co_await wake_->wait();
    }
  }
  current.close_after();
  linger_ = true;
}

void connection::finish(exchange& current) {
  auto& record = current.record();
  record.ended = net::io_thread::now();
  const bool gone = current.client_gone();
  if (!current.begun() && gone) {
    // Never sent; 499 is what logs call it.
    record.status = 499;
    record.detail = current.departure();
  }
  keep_ = current.keep_alive() && current.body_complete() && !current.aborted() && !gone;
  if (!keep_ && !current.body_complete() && !current.aborted())
    linger_ = true;
  if (downstream_->ended() && downstream_->input().empty())
    keep_ = false; // nothing more will be asked
  record.broken = !gone && broke_off(record, current.aborted());
  record.bytes_in = bytes_in();
  record.bytes_out = bytes_out();
  bytes_in_ += record.bytes_in;
  bytes_out_ += record.bytes_out;
  tell_filters(current);
  if (current.aborted()) {
    // What was sent before, an error event above all, is still to arrive: no reset over it.
    const bool pointless = gone || current.write_timed_out();
    linger_ = !pointless;
    reset_ = current.until_close_;
    if (pointless)
      downstream_->abort();
  }
  current.actor().finish(static_cast<std::uint16_t>(record.status), http::to_string(record.detail));
  owner_.exchanges.store(owner_.exchanges.load(std::memory_order_relaxed) - 1,
                         std::memory_order_relaxed);
}

net::task<void> connection::linger() {
  if (!reset_)
    downstream_->shutdown_send();
  const auto due = net::io_thread::now() + linger_time;
  std::size_t dropped = 0;
  const auto worth_it = [&] {
    return !downstream_->ended() || (reset_ && !downstream_->hung_up());
  };
  while (downstream_->is_open() && worth_it() && dropped < linger_bytes &&
         net::io_thread::now() < due) {
    // A reset throws away what the client has not received yet, so it waits until that is done.
    if (reset_ && downstream_->unsent() == 0)
      break;
    dropped += downstream_->input().size();
    downstream_->consume(downstream_->input().size());
    owner_.io.arm(timer_, reset_ ? net::io_thread::now() + net::timer_wheel::tick : due);
    downstream_->read();
    co_await wake_->wait();
  }
  if (reset_)
    downstream_->abort();
}

} // namespace synapse::server
