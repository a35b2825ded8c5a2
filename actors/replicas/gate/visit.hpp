/// @file
/// A connection until both sides have shown the secret, or one of them has had enough.
#pragma once

#include "actors/replicas/gate/gate_talk.hpp"
#include "actors/replicas/link/channel.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace synapse::actors::cluster {

/// TLS, if there is any, then the talk at the gate. Never blocks; one thread at a time.
class visit {
public:
  enum class state { wants_read, wants_write, passed, failed };
  /// Why it failed; for metrics and for what people are told.
  enum class cause {
    none,
    left,     ///< the other side closed the connection
    tls,      ///< no session: no certificate of the authority, or no TLS at all
    greeting, ///< it does not begin as a replica does
    version,
    secret,
    size, ///< it sent more than a handshake takes
  };

  visit(channel connection, session_role own, std::shared_ptr<const std::string> secret)
      : connection_(std::move(connection)), talk_(own, std::move(secret)) {}

  /// Goes on as far as it can without waiting.
  state advance();
  cause why() const noexcept { return why_; }
  /// For people; it has nothing of the other side's in it.
  std::string problem() const;
  int socket() const noexcept { return connection_.socket(); }
  /// @pre it has passed
  channel release() { return std::move(connection_); }

private:
  state fail(cause why);
  state failed_talk();

  channel connection_;
  gate_talk talk_;
  cause why_ = cause::none;
};

std::string_view to_string(visit::cause why);

/// What a stranger may send before it has shown the secret: certificates, mostly. Without TLS it is
/// read no further than the messages' fixed lengths.
inline constexpr std::uint64_t max_stranger_bytes = 32 * 1024;

/// Has one connection visited until `due`, or until it is over. Blocks.
/// @returns false, with `problem` set and `why` (none: it took too long).
bool visit_until(visit& one, std::chrono::steady_clock::time_point due, std::string& problem);

} // namespace synapse::actors::cluster
