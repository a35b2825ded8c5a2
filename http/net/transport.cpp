#include "http/net/transport.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace synapse::net {

transport::transport(io_thread& io, socket stream) : io_(io), socket_(std::move(stream)) {
  if (socket_.is_open()) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }
}

void transport::changed() {
  if (wake_) {
    // A copy: the waiter may detach or destroy this transport while it runs.
    auto wake = wake_;
    wake->notify();
  } else {
    on_unattended();
  }
}

// ---- opening ----

void transport::connect(const tcp::endpoint& to) {
  opening_ = true;
  open_error_ = {};
  socket_.async_connect(to, [this, keep = self()](error_code ec) {
    if (!ec) {
      socket_.set_option(tcp::no_delay(true), ec);
      socket_.non_blocking(true, ec);
    }
    opened(ec);
  });
}

void transport::handshake(std::shared_ptr<asio::ssl::context> context, bool as_client,
                          const std::string& name, bool verify) {
  opening_ = true;
  open_error_ = {};
  tls_context_ = std::move(context);
  tls_ = std::make_unique<tls_stream>(socket_, *tls_context_);
  if (as_client) {
    error_code no_address;
    asio::ip::make_address(name, no_address);
    // An address is verified, but not asked for: RFC 6066 section 3 knows names only.
    if (!name.empty() && no_address)
      SSL_set_tlsext_host_name(tls_->native_handle(), name.c_str());
    error_code ignored;
    tls_->set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none, ignored);
    if (verify)
      tls_->set_verify_callback(asio::ssl::host_name_verification(name), ignored);
  }
  tls_->async_handshake(as_client ? asio::ssl::stream_base::client : asio::ssl::stream_base::server,
                        [this, keep = self()](error_code ec) { opened(ec); });
}

void transport::opened(error_code ec) {
  opening_ = false;
  open_error_ = ec;
  last_read_ = last_written_ = io_thread::now();
  changed();
}

// ---- input ----

void transport::reserve(std::size_t capacity) {
  assert(!reading_);
  if (capacity <= capacity_)
    return;
  std::unique_ptr<char[]> grown{new char[capacity]};
  const auto size = end_ - begin_;
  if (size)
    std::memcpy(grown.get(), buffer_.get() + begin_, size);
  buffer_ = std::move(grown);
  capacity_ = capacity;
  begin_ = 0;
  end_ = size;
}

void transport::shrink(std::size_t capacity) {
  if (reading_ || begin_ != end_ || capacity == 0 || capacity >= capacity_)
    return;
  buffer_.reset(new char[capacity]);
  capacity_ = capacity;
  begin_ = end_ = 0;
}

void transport::consume(std::size_t n) noexcept {
  begin_ += n;
  assert(begin_ <= end_);
  // A read in flight writes at end_, so the offsets must not move under it.
  if (begin_ == end_ && !reading_)
    begin_ = end_ = 0;
}

void transport::read() {
  if (reading_ || ended_ || !socket_.is_open())
    return;
  if (capacity_ == 0)
    reserve(default_buffer);
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && capacity_ - end_ < capacity_ / 2) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_)
    return;
  reading_ = true;
  auto space = asio::buffer(buffer_.get() + end_, capacity_ - end_);
  auto done = [this, keep = self()](error_code ec, std::size_t n) { read_done(ec, n); };
  if (tls_)
    tls_->async_read_some(space, std::move(done));
  else
    socket_.async_read_some(space, std::move(done));
}

void transport::read_done(error_code ec, std::size_t n) {
  reading_ = false;
  if (n) {
    end_ += n;
    bytes_read_ += n;
    last_read_ = io_thread::now();
  } else if (begin_ == end_) {
    begin_ = end_ = 0;
  }
  if (ec) {
    ended_ = true;
    if (ec != asio::error::eof)
      read_error_ = ec;
  }
  changed();
}

// ---- output ----

bool transport::write(std::span<const std::string_view> pieces) {
  assert(!writing_ && pieces.size() <= max_pieces);
  if (write_error_)
    return true;
  if (tls_) {
    tls_output_.clear();
    for (auto piece : pieces)
      tls_output_.append(piece);
    writing_ = true;
    asio::async_write(*tls_, asio::buffer(tls_output_),
                      [this, keep = self()](error_code ec, std::size_t n) {
                        writing_ = false;
                        write_error_ = ec;
                        bytes_written_ += n;
                        last_written_ = io_thread::now();
                        changed();
                      });
    return false;
  }
  pending_first_ = 0;
  pending_count_ = 0;
  for (auto piece : pieces)
    if (!piece.empty())
      pending_[pending_count_++] = {const_cast<char*>(piece.data()), piece.size()};
  if (send_pending())
    return true;
  writing_ = true;
  // What could not be sent at once counts as progress from now on.
  last_written_ = io_thread::now();
  wait_writable();
  return false;
}

/// @returns true when nothing is left to send.
bool transport::send_pending() {
  while (pending_first_ < pending_count_) {
    msghdr message{};
    message.msg_iov = pending_.data() + pending_first_;
    message.msg_iovlen = pending_count_ - pending_first_;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR)
        continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
      write_error_ = error_code(errno, boost::system::system_category());
      return true;
    }
    auto left = static_cast<std::size_t>(sent);
    bytes_written_ += left;
    while (left > 0) {
      auto& piece = pending_[pending_first_];
      const auto taken = std::min(left, piece.iov_len);
      piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
      piece.iov_len -= taken;
      left -= taken;
      if (piece.iov_len == 0)
        ++pending_first_;
    }
  }
  return true;
}

void transport::wait_writable() {
  socket_.async_wait(socket::wait_write, [this, keep = self()](error_code ec) {
    if (ec) {
      writing_ = false;
      write_error_ = ec;
    } else {
      last_written_ = io_thread::now();
      if (!send_pending()) {
        wait_writable();
        return;
      }
      writing_ = false;
    }
    changed();
  });
}

// ---- closing ----

void transport::shutdown_send() {
  error_code ignored;
  if (tls_) {
    // close_notify tells the peer that nothing was cut off.
    if (!opening_ && !open_error_ && !write_error_ && !writing_ && !closing_) {
      closing_ = true;
      tls_->async_shutdown([this, keep = self()](error_code) {
        closing_ = false;
        changed();
      });
    }
    return;
  }
  socket_.shutdown(socket::shutdown_send, ignored);
}

namespace {
/// State of the kernel's connection, or -1.
int tcp_state(int fd) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
    return -1;
  return info.tcpi_state;
}
} // namespace

bool transport::peer_closed() const noexcept {
  const auto state = tcp_state(const_cast<socket&>(socket_).native_handle());
  return state == TCP_CLOSE_WAIT || state == TCP_CLOSE;
}

void transport::watch_hang_up() {
  if (watching_ || !socket_.is_open())
    return;
  watching_ = true;
  socket_.async_wait(socket::wait_error, [this, keep = self()](error_code ec) {
    // Urgent data wakes as well, and means nothing.
    if (ec || !socket_.is_open() || tcp_state(socket_.native_handle()) != TCP_CLOSE)
      return;
    hung_up_ = true;
    changed();
  });
}

std::size_t transport::unsent() const noexcept {
  int bytes = 0;
  auto& stream = const_cast<socket&>(socket_);
  if (!stream.is_open() || ::ioctl(stream.native_handle(), SIOCOUTQ, &bytes) != 0)
    return 0;
  return static_cast<std::size_t>(bytes);
}

void transport::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
}

void transport::abort() noexcept {
  if (socket_.is_open()) {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  }
  close();
}

} // namespace synapse::net
