/// @file
/// Where a Redis server is and who one is to it. Pure functions, any thread.
#pragma once

#include "config/values/values.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::config {

struct redis_url {
  bool tls = false; ///< rediss://
  std::string user; ///< empty: the server's default user
  std::string password;
  std::string host; ///< name or address, IPv6 without brackets
  std::uint16_t port = 6379;
  unsigned database = 0;

  bool operator==(const redis_url&) const = default;
};

/// `redis://` or `rediss://`, then `[[user]:password@]host[:port][/database]`. User and password
/// are percent-decoded. The message never repeats any part of the text, which may hold a password.
parsed<redis_url> parse_redis_url(std::string_view text);

/// Host and port for people: `redis.example:6379`, `[::1]:6379`. No secrets.
std::string describe(const redis_url& url);

} // namespace synapse::config
