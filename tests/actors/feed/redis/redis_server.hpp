/// @file
/// A real redis-server on loopback, and a plain client for it.
#pragma once

#include "actors/feed/redis/redis_protocol.hpp"
#include "tests/support/sockets.hpp"

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace synapse::feed_bus_test {

/// A directory that goes with its contents.
class scratch_directory {
public:
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

/// Certificate and key of a server that speaks TLS on a second port.
struct server_tls {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

/// Nothing is kept on disk. Its port stays the same when it is started again.
class redis_server {
public:
  /// Not running yet. @param options more of them, as on its command line.
  explicit redis_server(std::vector<std::string> options = {},
                        const std::optional<server_tls>& tls = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  /// Returns when it answers. Throws std::runtime_error with its log when it does not. A port that
  /// somebody else has taken meanwhile is given up for another one, the first time.
  void start();
  /// At once, as in a crash.
  void kill();
  void freeze(); ///< SIGSTOP: connections stay, nobody answers
  void thaw();

  std::uint16_t port() const noexcept { return port_; }
  std::uint16_t tls_port() const noexcept { return tls_port_; }
  /// @param user what stands before the @, if anything.
  std::string url(const std::string& user = {}) const;

private:
  bool try_to_start();
  /// Whether the log says so behind its first `log_size` bytes.
  bool has_bound_since(std::size_t log_size) const;
  void choose_ports();

  scratch_directory directory_;
  std::vector<std::string> options_;
  bool tls_;
  bool started_before_ = false;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  pid_t pid_ = -1;
};

/// Asks and waits for the answer. Throws std::runtime_error when there is none.
class redis_client {
public:
  explicit redis_client(std::uint16_t port);
  actors::redis_reply ask(std::initializer_list<std::string_view> words);

private:
  support::byte_stream stream_;
  actors::redis_reader reader_{{.text = 1024 * 1024}};
};

} // namespace synapse::feed_bus_test
