#include "tests/support/sockets.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace synapse::support {

namespace {
sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// @param wanted 0: any that is free
std::uint16_t bind_port(int fd, std::uint16_t wanted = 0) {
  auto address = loopback(wanted);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot bind a loopback port");
  return ntohs(address.sin_port);
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}
} // namespace

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int descriptor::release() noexcept {
  return std::exchange(fd_, -1);
}

void descriptor::close() noexcept {
  if (fd_ >= 0)
    ::close(release());
}

byte_stream::byte_stream(descriptor fd, int interrupt) : fd_(std::move(fd)), interrupt_(interrupt) {
  if (fd_.get() >= 0) {
    ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
    set_option(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  }
}

byte_stream::byte_stream(byte_stream&&) noexcept = default;
byte_stream& byte_stream::operator=(byte_stream&&) noexcept = default;
byte_stream::~byte_stream() = default;

bool byte_stream::wait_for(short events, clock::time_point due) const {
  for (;;) {
    pollfd set[2] = {{fd_.get(), events, 0}, {interrupt_, POLLIN, 0}};
    const auto left = std::chrono::ceil<milliseconds>(due - clock::now()).count();
    const int ready = ::poll(set, interrupt_ >= 0 ? 2 : 1, static_cast<int>(std::max(0L, left)));
    if (ready < 0 && errno == EINTR)
      continue;
    return ready > 0 && set[0].revents != 0;
  }
}

bool byte_stream::handshake_client(SSL_CTX* context, const std::string& server_name,
                                   milliseconds limit) {
  tls_.reset(SSL_new(context));
  if (!server_name.empty())
    SSL_set_tlsext_host_name(tls_.get(), server_name.c_str());
  return handshake(context, limit, false);
}

bool byte_stream::handshake_server(SSL_CTX* context, milliseconds limit) {
  tls_.reset(SSL_new(context));
  return handshake(context, limit, true);
}

bool byte_stream::handshake(SSL_CTX*, milliseconds limit, bool server) {
  // OpenSSL writes without MSG_NOSIGNAL.
  static const auto previous = std::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(previous);
  SSL_set_fd(tls_.get(), fd_.get());
  const auto due = clock::now() + limit;
  for (;;) {
    const int result = server ? SSL_accept(tls_.get()) : SSL_connect(tls_.get());
    if (result == 1)
      return true;
    if (judge_tls(result, due))
      return false;
  }
}

std::optional<io_result> byte_stream::judge_tls(int result, clock::time_point due) {
  switch (SSL_get_error(tls_.get(), result)) {
  case SSL_ERROR_WANT_READ:
    return wait_for(POLLIN, due) ? std::nullopt : std::optional{io_result::timeout};
  case SSL_ERROR_WANT_WRITE:
    return wait_for(POLLOUT, due) ? std::nullopt : std::optional{io_result::timeout};
  case SSL_ERROR_ZERO_RETURN:
    return io_result::end;
  default:
    return io_result::reset;
  }
}

io_result byte_stream::receive(std::string& into, milliseconds limit, std::size_t max) {
  const auto due = clock::now() + limit;
  const auto before = into.size();
  for (;;) {
    if (!is_open())
      return io_result::reset;
    into.resize(before + max);
    const auto got = tls_ ? SSL_read(tls_.get(), into.data() + before, static_cast<int>(max))
                          : ::recv(fd_.get(), into.data() + before, max, 0);
    into.resize(before + static_cast<std::size_t>(std::max<long>(0, got)));
    if (got > 0)
      return io_result::data;
    if (tls_) {
      if (const auto end = judge_tls(static_cast<int>(got), due))
        return *end;
    } else if (got == 0) {
      return io_result::end;
    } else if (errno != EAGAIN && errno != EINTR) {
      return io_result::reset;
    } else if (!wait_for(POLLIN, due)) {
      return io_result::timeout;
    }
  }
}

io_result byte_stream::send(std::string_view bytes, milliseconds limit, std::size_t* taken) {
  const auto due = clock::now() + limit;
  while (!bytes.empty()) {
    if (!is_open())
      return io_result::reset;
    const auto sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (taken)
        *taken += static_cast<std::size_t>(sent);
    } else if (tls_) {
      if (const auto end = judge_tls(static_cast<int>(sent), due))
        return *end;
    } else if (errno != EAGAIN && errno != EINTR) {
      return io_result::reset;
    } else if (!wait_for(POLLOUT, due)) {
      return io_result::timeout;
    }
  }
  return io_result::data;
}

bool byte_stream::wait_hang_up(milliseconds limit) const {
  return wait_for(POLLRDHUP, clock::now() + limit);
}

void byte_stream::shutdown_send() {
  if (tls_)
    SSL_shutdown(tls_.get());
  if (is_open())
    ::shutdown(fd_.get(), SHUT_WR);
}

void byte_stream::reset() {
  if (!is_open())
    return;
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.close();
}

void byte_stream::close() {
  if (tls_ && is_open())
    SSL_shutdown(tls_.get());
  fd_.close();
}

descriptor connect_loopback(std::uint16_t port, int receive_buffer) {
  descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (receive_buffer > 0)
    set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer);
  const auto address = loopback(port);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fd.close();
  return fd;
}

descriptor listen_loopback(std::uint16_t& port, int send_buffer, int receive_buffer) {
  descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // Accepted sockets inherit these; set later they would not limit the window.
  if (send_buffer > 0)
    set_option(fd.get(), SOL_SOCKET, SO_SNDBUF, send_buffer);
  if (receive_buffer > 0)
    set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer);
  // Connections of who listened there before may still be ending: they must have it, too.
  if (port != 0)
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  port = bind_port(fd.get(), port);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::listen(fd.get(), 512) != 0)
    throw std::runtime_error("cannot listen on loopback");
  return fd;
}

closed_port::closed_port() : bound_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  port_ = bind_port(bound_.get());
}

} // namespace synapse::support
