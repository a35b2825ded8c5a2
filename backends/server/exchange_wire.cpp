// The lower half of an exchange: from whole messages to bytes on the socket.
#include "backends/server/exchange.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>

namespace synapse::backends {

namespace {

std::string hex(std::size_t value) {
  char digits[20];
  auto [end, code] = std::to_chars(digits, digits + sizeof(digits), value, 16);
  return {digits, end};
}

std::string padding_headers(std::uint64_t size) {
  std::string out;
  for (unsigned number = 0; size > 0; ++number) {
    auto part = std::min<std::uint64_t>(size, 4000);
    out += "X-Padding-" + std::to_string(number) + ": " + std::string(part, 'p') + "\r\n";
    size -= part;
  }
  return out;
}

} // namespace

asio::awaitable<bool> exchange::send_head(std::string head) {
  if (plan_.slow_head) {
    bool still_there = co_await linger(*plan_.slow_head);
    if (!still_there)
      co_return false;
  }
  if (plan_.hang_before_head)
    co_return co_await hang();
  if (plan_.reset_before_head) {
    reset();
    co_return false;
  }
  started_ = true;
  if (plan_.garbage_head) {
    if (co_await write("\x16\x03\x01 SMTP ready? \x80\xff\r\n\r\n"))
      fin();
    co_return false;
  }
  bool ok = co_await write(head);
  if (!ok)
    co_return false;
  if (plan_.hang_after_head)
    co_return co_await hang();
  if (plan_.reset_after_head) {
    reset();
    co_return false;
  }
  co_return true;
}

asio::awaitable<bool> exchange::send_pieces(std::string_view body) {
  if (!plan_.slow_body)
    co_return co_await send_body(body);
  auto piece = std::max<std::size_t>(64, body.size() / 16);
  while (!body.empty()) {
    bool ok = co_await linger(*plan_.slow_body);
    if (ok)
      ok = co_await send_body(body.substr(0, piece));
    if (!ok)
      co_return false;
    body.remove_prefix(std::min(piece, body.size()));
  }
  co_return true;
}

asio::awaitable<bool> exchange::framed(std::string bytes) {
  if (chunked_)
    bytes = hex(bytes.size()) + "\r\n" + bytes + "\r\n";
  co_return co_await send_body(bytes);
}

asio::awaitable<bool> exchange::send_body(std::string_view bytes) {
  auto limit = plan_.cut_after_bytes ? plan_.cut_after_bytes : plan_.reset_after_bytes;
  if (!limit || body_sent_ + bytes.size() < *limit) {
    body_sent_ += bytes.size();
    co_return co_await write(bytes);
  }
  bool ok = co_await write(bytes.substr(0, *limit - body_sent_));
  if (ok && plan_.cut_after_bytes)
    fin();
  else if (ok)
    reset();
  co_return false;
}

asio::awaitable<bool> exchange::write(std::string_view bytes) {
  if (broken_)
    co_return false;
  auto step = plan_.split_bytes ? 1 : bytes.size();
  while (!bytes.empty()) {
    auto part = bytes.substr(0, step);
    auto [code, sent] =
        co_await asio::async_write(env_.socket, asio::buffer(part.data(), part.size()), quietly);
    if (code) {
      broken_ = gone_ = true;
      co_return false;
    }
    bytes.remove_prefix(part.size());
  }
  last_write_ = clock::now();
  co_return true;
}

// Waits on the misbehavior's account. Returns false if the client left meanwhile.
asio::awaitable<bool> exchange::linger(std::chrono::milliseconds duration) {
  auto until = clock::now() + duration;
  while (!gone_ && clock::now() < until)
    co_await pause_until(until);
  co_return !gone_;
}

asio::awaitable<bool> exchange::hang() {
  while (!gone_)
    co_await pause_until(clock::time_point::max());
  co_return false;
}

std::string exchange::head_text(const response& answer, std::optional<std::uint64_t> length) {
  const auto& profile = env_.owner.profile();
  auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(answer.status)));
  auto head = "HTTP/1.1 " + std::to_string(answer.status) + " " +
              std::string(reason.data(), reason.size()) + "\r\n";
  for (const auto& [name, value] : answer.headers)
    head.append(name).append(": ").append(value).append("\r\n");
  if (!answer.content_type.empty())
    head += "Content-Type: " + answer.content_type + "\r\n";
  if (length)
    head += "Content-Length: " + std::to_string(*length) + "\r\n";
  else if (chunked_)
    head += "Transfer-Encoding: chunked\r\n";
  if (plan_.double_length)
    head += "Content-Length: " + std::to_string(length.value_or(0) + 7) + "\r\n";
  head += padding_headers(plan_.big_head);
  if (env_.close_wanted) {
    head += "Connection: close\r\n";
  } else {
    if (in_.http_1_0)
      head += "Connection: Keep-Alive\r\n";
    auto seconds = std::max<std::int64_t>(1, profile.idle_timeout.count() / 1000);
    if (profile.says_keep_alive)
      head += "Keep-Alive: timeout=" + std::to_string(seconds) +
              ", max=" + std::to_string(profile.requests_per_connection) + "\r\n";
  }
  if (!profile.server_header.empty())
    head += "Server: " + profile.server_header + "\r\n";
  return head + "\r\n";
}

void exchange::fin() {
  boost::system::error_code ignored;
  env_.socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  broken_ = must_close_ = true;
}

void exchange::reset() {
  boost::system::error_code ignored;
  env_.socket.set_option(asio::socket_base::linger(true, 0), ignored);
  env_.socket.close(ignored);
  broken_ = must_close_ = true;
}

} // namespace synapse::backends
