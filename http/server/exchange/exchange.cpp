#include "http/server/exchange/exchange.hpp"

#include "http/core/json/json_body.hpp"
#include "http/server/connection/body_pace.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/ioctl.h>

namespace synapse::server {

namespace {
constexpr std::size_t kept_scratch = 64 * 1024;
/// Spare room asked for at once when the length of a body is not known.
constexpr std::size_t body_step = 16 * 1024;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
/// A FIN within a body says that the client is leaving, unless more of the body comes so soon after
/// it: the client may have closed its side behind its request, and the backend was faster.
constexpr net::time_ns grace = 10'000'000;
/// A comment of an event stream, as a chunk.
constexpr std::string_view comment_chunk = "3\r\n:\n\n\r\n";
constexpr std::string_view comment = ":\n\n";
} // namespace

void exchange_scratch::trim() {
  for (auto* text :
       {&head_bytes, &body, &out, &upstream_out, &answer_bytes, &added_fields, &added_head})
    if (text->capacity() > kept_scratch)
      std::string{}.swap(*text);
}

void exchange_scratch::release() {
  for (auto* text : {&body, &out, &upstream_out, &answer_bytes})
    std::string{}.swap(*text);
}

exchange::exchange(worker& owner, net::transport& downstream, net::wake_ptr wake,
                   exchange_scratch& scratch, const std::string& client_ip, arrival how)
    : owner_(owner), downstream_(downstream), wake_(std::move(wake)), routes_(owner.routes),
      session_(actors::spawn_here<session, actors::session_actor>(owner.unit, wake_)),
      scratch_(scratch), id_(http::request_id::keep_or_make(
                             scratch.head.fields.value_of(http::known_field::x_request_id))),
      client_ip_(client_ip), arrived_(how), number_(++owner.last_request) {
  scratch_.added_fields.clear();
  timer_.wake = wake_.get();
  grace_.wake = wake_.get();
  record_.started = net::io_thread::recent();
  keep_alive_ = scratch.head.keep_alive;
  body_done_ = !has_body();
  body_left_ = scratch.head.content_length;
}

std::string_view exchange::parameter(std::string_view name) const noexcept {
  for (const auto& p : parameters_)
    if (p.name == name)
      return p.value;
  return {};
}

void exchange::set_route(const route* found, route_match& match) {
  route_ = found;
  allowed_ = std::move(match.allow);
  parameters_ = std::move(match.parameters);
}

void exchange::alarm(net::time_ns due) {
  if (due)
    owner_.io.arm(timer_, due);
  else
    owner_.io.disarm(timer_);
}

// ---- the client's end ----

/// After its FIN.
bool exchange::may_still_read() const noexcept {
  if (!body_done_ || downstream_.read_error() || downstream_.hung_up())
    return false;
  if (detached_ || asked_ || events_)
    return true;
  if (!begun_)
    return !plain_only(); // HTTP/1.0 knows nothing that can be sent before an answer
  return ended_at_ == 0 || net::io_thread::recent() < std::max(ended_at_, last_write_) + grace;
}

/// The client has closed its side: all of the body that will ever come is in our buffer and the
/// kernel's. @returns false when that cannot be the rest of it
bool exchange::rest_is_here() noexcept {
  int in_kernel = 0;
  if (::ioctl(downstream_.stream().native_handle(), FIONREAD, &in_kernel) != 0)
    return false;
  const auto input = downstream_.input();
  if (head().chunked)
    return in_kernel > 0 || input.ends_with(http::last_chunk);
  return static_cast<std::int64_t>(input.size()) + in_kernel >= body_left_;
}

http::response_detail exchange::departure() const noexcept {
  if (write_timed_out_)
    return http::response_detail::client_write_timeout;
  return session_->canceled() ? http::response_detail::canceled
                              : http::response_detail::client_disconnected;
}

void exchange::look_for_departure() {
  if (body_done_ || departed_)
    return;
  if (downstream_.hung_up())
    departed_ = true;
  else if (!downstream_.peer_closed())
    return;
  else if (plain_only() || !rest_is_here())
    departed_ = true;
  else
    ask_client();
}

/// Sends what changes nothing for a client that still reads: an interim answer (RFC 9110 section
/// 15.2: every client has to be able to read one that it does not expect; of all of them 100 is the
/// one that each client knows), or a comment within an event stream. Nothing can be put into any
/// other body.
void exchange::ask_client() {
  if (ended_at_ == 0)
    ended_at_ = net::io_thread::recent();
  downstream_.watch_hang_up();
  // What is under way asks as well.
  if (asked_ || downstream_.writing() || downstream_.write_error())
    return;
  if (begun_ && !events_) {
    if (may_still_read())
      owner_.io.arm(grace_, std::max(ended_at_, last_write_) + grace);
    return;
  }
  if (!begun_ && plain_only())
    return;
  asked_ = true;
  const auto piece = !begun_ ? continue_line : plain_only() ? comment : comment_chunk;
  downstream_.write({&piece, 1});
}

// ---- body ----

void exchange::send_continue() {
  // RFC 9110 section 10.1.1: only while nothing of the body has come, and to HTTP/1.1 only.
  if (continue_sent_ || !head().expect_continue || plain_only() || downstream_.writing())
    return;
  continue_sent_ = true;
  if (downstream_.input().empty()) {
    const std::string_view line = continue_line;
    downstream_.write({&line, 1});
  }
}

/// Moves what has arrived into the body.
exchange::body_state exchange::take_body(std::size_t max) {
  auto& body = scratch_.body;
  const auto append = [&](std::string_view bytes) {
    if (bytes.empty())
      return; // memcpy wants a valid pointer even for nothing
    const auto needed = body_size_ + bytes.size() + http::json_padding;
    if (body.size() < needed)
      body.resize(std::max(needed, std::min(body.size() * 2, max + http::json_padding)));
    std::memcpy(body.data() + body_size_, bytes.data(), bytes.size());
    body_size_ += bytes.size();
  };
  auto input = downstream_.input();
  if (!head().chunked) {
    const auto take = std::min<std::size_t>(input.size(), static_cast<std::size_t>(body_left_));
    append(input.substr(0, take));
    body_left_ -= static_cast<std::int64_t>(take);
    downstream_.consume(take);
    body_done_ = body_left_ == 0;
    return body_state::complete;
  }
  while (!input.empty() && !chunks_.done()) {
    const auto step = chunks_.next(input.data(), input.size());
    if (chunks_.failed())
      return body_state::malformed;
    if (body_size_ + step.payload.size() > max)
      return body_state::too_large;
    append(step.payload);
    input.remove_prefix(step.consumed);
    downstream_.consume(step.consumed);
  }
  body_done_ = chunks_.done();
  return body_state::complete;
}

bool exchange::take_body_at_hand(std::size_t max) {
  if (body_done_ && body_size_ > 0) // it was read already
    return body_size_ <= max;
  const auto length = head().content_length;
  if (head().chunked || length <= 0 || static_cast<std::size_t>(length) > max ||
      downstream_.input().size() < static_cast<std::size_t>(length))
    return false;
  body_size_ = 0;
  take_body(max);
  return true;
}

void exchange::put_body(std::string_view words) {
  scratch_.body.assign(words);
  scratch_.body.append(http::json_padding, '\0');
  body_size_ = words.size();
}

net::task<exchange::body_state> exchange::read_body(std::size_t max) {
  if (body_done_ && body_size_ > 0) // it was read already
    co_return body_size_ <= max ? body_state::complete : body_state::too_large;
  body_size_ = 0;
  if (!head().chunked && head().content_length > static_cast<std::int64_t>(max))
    co_return body_state::too_large;
  auto& body = scratch_.body;
  if (const auto expected = head().chunked ? body_step
                                           : static_cast<std::size_t>(
                                                 std::max<std::int64_t>(head().content_length, 0));
      body.size() < std::min(expected, body_step) + http::json_padding)
    body.resize(std::min(expected, body_step) + http::json_padding);
  body_pace pace{body_pace::rules_of(settings().limits), downstream_.bytes_read()};
  while (!body_done_) {
    if (!downstream_.input().empty()) {
      if (const auto state = take_body(max); state != body_state::complete)
        co_return state;
      continue;
    }
    if (given_up())
      co_return body_state::gone;
    const auto due = pace.wait(net::io_thread::recent(), downstream_.bytes_read());
    if (net::io_thread::recent() >= due)
      co_return body_state::timeout;
    send_continue();
    alarm(due);
    downstream_.read();
    co_await wake_->wait();
  }
  alarm(0);
  co_return body_state::complete;
}

http::body_piece exchange::next_piece(std::string_view& piece) {
  piece = {};
  piece_bytes_ = 0;
  if (body_done_)
    return http::body_piece::end;
  auto input = downstream_.input();
  if (input.empty()) {
    send_continue();
    downstream_.read();
    return http::body_piece::wait;
  }
  if (!head().chunked) {
    piece = input.substr(0, static_cast<std::size_t>(std::min<std::int64_t>(
                                body_left_, static_cast<std::int64_t>(input.size()))));
    piece_bytes_ = piece.size();
    return http::body_piece::data;
  }
  while (!input.empty()) {
    const auto step = chunks_.next(input.data(), input.size());
    if (chunks_.failed())
      return http::body_piece::failed;
    if (!step.payload.empty()) {
      piece = step.payload;
      piece_bytes_ = step.consumed;
      return http::body_piece::data;
    }
    downstream_.consume(step.consumed);
    input.remove_prefix(step.consumed);
    if (chunks_.done()) {
      body_done_ = true;
      return http::body_piece::end;
    }
  }
  downstream_.read();
  return http::body_piece::wait;
}

void exchange::release_piece() {
  downstream_.consume(piece_bytes_);
  if (!head().chunked) {
    body_left_ -= static_cast<std::int64_t>(piece_bytes_);
    body_done_ = body_left_ == 0;
  } else if (chunks_.done()) {
    body_done_ = true;
  }
  piece_bytes_ = 0;
}

// ---- answer ----

http::connection_directive exchange::decide_connection() noexcept {
  // A small rest of the body is read away afterwards (see connection::discard_body).
  const bool too_much_left =
      !body_done_ && (head().expect_continue || (!head().chunked && body_left_ > discardable));
  if (too_much_left || owner_.life.draining.load(std::memory_order_relaxed))
    close_after();
  if (!keep_alive_)
    return http::connection_directive::close;
  return plain_only() ? http::connection_directive::keep_alive : http::connection_directive::none;
}

bool exchange::write(std::span<const std::string_view> pieces) {
  if (!begun_) {
    begun_ = true;
    record_.first_byte = net::io_thread::recent();
    if (!scratch_.added_fields.empty())
      return write_with_added(pieces);
  }
  last_write_ = net::io_thread::recent();
  if (downstream_.writing()) [[unlikely]] {
    for (const auto piece : pieces)
      deferred_.append(piece);
    return false;
  }
  return downstream_.write(pieces);
}

/// An answer begins with its head, whoever has made it: here every one comes by.
bool exchange::write_with_added(std::span<const std::string_view> pieces) {
  const auto line_end = pieces[0].find("\r\n") + 2;
  scratch_.added_head.assign(pieces[0].substr(0, line_end));
  scratch_.added_head.append(scratch_.added_fields).append(pieces[0].substr(line_end));
  std::array<std::string_view, net::transport::max_pieces> all;
  std::copy(pieces.begin(), pieces.end(), all.begin());
  all[0] = scratch_.added_head;
  return write({all.data(), pieces.size()}); // not over what may still be on its way
}

net::task<bool> exchange::finish_write() {
  const auto limit = std::chrono::nanoseconds{settings().limits.write_timeout}.count();
  for (;;) {
    if (!downstream_.writing()) {
      if (deferred_.empty() || downstream_.write_error())
        break;
      sending_.swap(deferred_);
      deferred_.clear();
      const std::string_view piece = sending_;
      downstream_.write({&piece, 1});
      continue;
    }
    if (session_->canceled() || downstream_.hung_up() ||
        (downstream_.ended() && downstream_.read_error()))
      co_return false;
    if (net::io_thread::now() >= downstream_.last_written() + limit) {
      write_timed_out_ = true;
      co_return false;
    }
    alarm(downstream_.last_written() + limit);
    co_await wake_->wait();
  }
  alarm(0);
  co_return !downstream_.write_error();
}

net::task<void> exchange::reply(unsigned status, std::string_view content_type,
                                std::string_view body, std::string_view extra_fields) {
  auto& out = scratch_.out;
  out.clear();
  http::reply_head reply;
  reply.status = status;
  reply.content_type = content_type;
  reply.content_length = body.size();
  if (status == 204 || status == 304) // RFC 9110 section 8.6
    reply.content_length.reset();
  reply.request_id = id();
  reply.connection = decide_connection();
  reply.date = owner_.date();
  reply.extra = extra_fields;
  http::append_reply_head(out, reply);
  record_.status = status;
  const std::array<std::string_view, 2> pieces{
      out, method() == http::verb::head ? std::string_view{} : body};
  if (!write(pieces))
    co_await finish_write();
}

net::task<void> exchange::reply_error(http::response_detail detail, std::string_view message,
                                      std::optional<unsigned> retry_after, std::string_view allow,
                                      std::string_view label) {
  record_.detail = detail;
  record_.status = http::info(detail).status;
  auto& out = scratch_.out;
  out.clear();
  // Where these bodies end nobody knows or wants to wait for.
  if (!body_done_ && (detail == http::response_detail::bad_request_body ||
                      detail == http::response_detail::body_timeout ||
                      detail == http::response_detail::body_too_large))
    close_after();
  http::reply_head reply;
  reply.request_id = id();
  reply.retry_after = retry_after;
  reply.allow = allow;
  reply.connection = decide_connection();
  reply.date = owner_.date();
  // Clients of OpenAI's send a request again after a 503, unless they are told not to.
  if (detail == http::response_detail::canceled)
    reply.extra = "X-Should-Retry: false\r\n";
  http::append_error_reply(out, errors(), detail, reply, message, label,
                           method() == http::verb::head);
  const std::string_view piece = out;
  if (!write({&piece, 1}))
    co_await finish_write();
}

net::transport& exchange::detach() noexcept {
  detached_ = true;
  keep_alive_ = false;
  return downstream_;
}

void exchange::abort() noexcept {
  aborted_ = true;
  keep_alive_ = false;
}

} // namespace synapse::server
