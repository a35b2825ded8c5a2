/// @file
/// A connection between replicas before CAF has it: plain or TLS, never blocking.
#pragma once

#include "actors/replicas/link/session_keys.hpp"
#include "config/settings.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace synapse::actors::cluster {

/// Owns a descriptor.
class owned_fd {
public:
  explicit owned_fd(int fd = -1) noexcept : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~owned_fd();
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }
  explicit operator bool() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

struct ssl_deleter {
  void operator()(SSL* session) const noexcept { ::SSL_free(session); }
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_deleter>;

/// Where TLS sessions come from: both sides show a certificate of the authority. The files are read
/// again when they have changed, so a renewed certificate needs no restart, and a stranger costs no
/// reading of files. Any thread.
class tls_source {
public:
  explicit tls_source(config::cluster_tls_settings files) : files_(std::move(files)) {}

  /// A session on `socket`, which has to outlive it. Null, with `problem` set, when the files
  /// cannot be used.
  ssl_ptr begin(int socket, session_role own, std::string& problem);

private:
  using stamps = std::array<std::int64_t, 9>;
  stamps look() const;
  bool read(std::string& problem);

  const config::cluster_tls_settings files_;
  std::mutex mutex_;
  std::unique_ptr<SSL_CTX, ssl_deleter> context_;
  stamps stamps_{};
};

/// How a step of a connection ended.
enum class progress { done, wants_read, wants_write, closed };

/// One thread at a time. The socket does not block.
class channel {
public:
  channel() = default;
  /// @param session null for plain TCP.
  channel(owned_fd socket, ssl_ptr session)
      : socket_(std::move(socket)), session_(std::move(session)) {}

  int socket() const noexcept { return socket_.get(); }
  /// Does nothing without TLS.
  progress handshake();
  /// Up to `size` bytes; `done` with the number in `count`.
  progress read(char* to, std::size_t size, std::size_t& count);
  progress write(const char* from, std::size_t size, std::size_t& count);
  /// What has come in all, with TLS as it came.
  std::uint64_t bytes_in() const noexcept;
  /// Text of what OpenSSL objected to; empty when the other side just left.
  const std::string& problem() const noexcept { return problem_; }

  owned_fd take_socket() noexcept { return std::move(socket_); }
  ssl_ptr take_session() noexcept { return std::move(session_); }

private:
  progress judge(int result);

  owned_fd socket_; ///< behind the session: it is closed after it
  ssl_ptr session_;
  bool shaken_ = false;
  std::uint64_t plain_bytes_ = 0;
  std::string problem_;
};

} // namespace synapse::actors::cluster
