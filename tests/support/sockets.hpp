/// @file
/// Loopback sockets with time limits, plain or TLS.
#pragma once

#include "tests/support/waiting.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::support {

/// Owns a file descriptor.
class descriptor {
public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor() { close(); }
  int get() const noexcept { return fd_; }
  int release() noexcept;
  void close() noexcept;

private:
  int fd_;
};

/// How a read or write ended.
enum class io_result {
  data,    ///< bytes were moved
  end,     ///< the peer has ended its direction in the proper way
  reset,   ///< the connection was reset (also: TLS ended without close_notify)
  timeout, ///< nothing within the limit, or `interrupt` became readable
};

/// A connected socket. One thread at a time, except `shutdown_both`.
class byte_stream {
public:
  /// @param fd connected. @param interrupt a descriptor that ends every wait once it is readable.
  byte_stream(descriptor fd, int interrupt);
  byte_stream(byte_stream&&) noexcept;
  byte_stream& operator=(byte_stream&&) noexcept;
  ~byte_stream();

  /// TLS handshake as client (`server_name` for SNI) or server. @returns false when it failed.
  bool handshake_client(SSL_CTX* context, const std::string& server_name, milliseconds limit);
  bool handshake_server(SSL_CTX* context, milliseconds limit);

  /// Appends what there is, at most `max` bytes, waiting for at least one.
  io_result receive(std::string& into, milliseconds limit, std::size_t max = 64 * 1024);
  /// Sends all of it. `timeout` when the peer does not take it within `limit`. @param taken is
  /// increased by the bytes that went out.
  io_result send(std::string_view bytes, milliseconds limit, std::size_t* taken = nullptr);

  /// Waits until the peer has closed or reset the connection, and reads nothing meanwhile.
  /// @returns false when it did not within `limit`.
  bool wait_hang_up(milliseconds limit) const;

  /// Ends our direction.
  void shutdown_send();
  /// Closes with a reset instead of an orderly end.
  void reset();
  void close();
  bool is_open() const noexcept { return fd_.get() >= 0; }
  int fd() const noexcept { return fd_.get(); }
  SSL* tls() const noexcept { return tls_.get(); }

private:
  struct tls_deleter {
    void operator()(SSL* tls) const noexcept { SSL_free(tls); }
  };
  bool handshake(SSL_CTX* context, milliseconds limit, bool server);
  bool wait_for(short events, clock::time_point due) const;
  /// After an SSL call that did not succeed. Empty: try again.
  std::optional<io_result> judge_tls(int result, clock::time_point due);

  descriptor fd_;
  std::unique_ptr<SSL, tls_deleter> tls_;
  int interrupt_;
};

/// Connects to 127.0.0.1. @param receive_buffer bytes of SO_RCVBUF, 0 leaves the system's.
/// @returns an invalid descriptor when nobody listens.
descriptor connect_loopback(std::uint16_t port, int receive_buffer = 0);

/// Listens on this port of 127.0.0.1; where it is 0 on a free one, and says which.
descriptor listen_loopback(std::uint16_t& port, int send_buffer = 0, int receive_buffer = 0);

/// A port of 127.0.0.1 that nobody listens on: connections to it are refused as long as this lives,
/// because it stays bound.
class closed_port {
public:
  closed_port();
  std::uint16_t port() const noexcept { return port_; }

private:
  std::uint16_t port_ = 0;
  descriptor bound_;
};

} // namespace synapse::support
