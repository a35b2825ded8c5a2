/// @file
/// The cluster's port: nobody gets past it who has not shown the secret.
#pragma once

#include "actors/replicas/link/channel.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::actors::cluster {

struct gate_parts {
  std::string host; ///< an address, or a name of this machine
  std::uint16_t port = 0;
  std::shared_ptr<const std::string> secret;
  std::shared_ptr<tls_source> tls; ///< null: plain TCP
  std::size_t max_strangers = 32;
  std::chrono::milliseconds greeting_timeout{5'000};
  // Called on the gate's thread.
  /// Has shown the secret, and has been shown it; the gate's port with it.
  std::function<void(channel, std::uint16_t port)> passed;
  /// Something that people should know, once per burst. Has no secrets in it.
  std::function<void(const std::string& text)> report;
  std::function<void(std::size_t)> strangers;    ///< so many now
  std::function<void(std::string_view)> refused; ///< why: `timeout`, `crowded` or a visit::cause
};

/// Listens, on a thread of its own, from construction to destruction. CAF's own listener would read
/// from strangers (it makes room for whatever a header of 32 bytes announces), keep those that are
/// silent for ever, and spin while there are no descriptors.
///
/// A connection is a stranger's until it has passed: it has `greeting_timeout` for that from accept
/// on, handshake of TLS included, and is read no further than that takes. When there are more than
/// `max_strangers`, the oldest of the address with most of them gives way: who floods the port from
/// few addresses pushes out itself, and a replica needs its place for a few round trips only.
class gatekeeper {
public:
  /// @returns null, with `problem` set, when it cannot listen. Any thread, which it may block for
  /// the look-up of a name.
  static std::unique_ptr<gatekeeper> open(gate_parts parts, std::string& problem);
  virtual ~gatekeeper() = default;
  virtual std::uint16_t port() const = 0;
};

} // namespace synapse::actors::cluster
