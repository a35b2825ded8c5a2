/// @file
/// How two replicas show each other that they have the same secret, without telling it.
#pragma once

#include "actors/replicas/link/wire.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::actors::cluster {

enum class session_role : std::uint8_t { dialling, answering };

/// `count` random bytes of OpenSSL's generator. Throws std::runtime_error when it has none.
std::string random_bytes(std::size_t count);
/// Throws std::runtime_error when OpenSSL cannot compute it.
std::string hmac_sha256(std::string_view key, std::string_view text);
/// Takes as long wherever they differ.
bool same_bytes(std::string_view one, std::string_view other);
/// Never 0.
std::uint64_t random_number();

/// The keys of one session, one for each direction: HMAC-SHA256 of the secret over both greetings
/// as they were sent (nonces, origins, versions and addresses are in them) and both sessions'
/// numbers. Who can seal a packet has the secret; a packet of another session, of the other
/// direction or from before does not open. Contents are not encrypted: that is TLS's part.
class session_keys {
public:
  session_keys() = default;
  session_keys(std::string_view secret, session_role own, const peer_packet& hello,
               const peer_packet& offer);

  /// Numbers the packet and seals it.
  void seal(peer_packet& packet);
  /// @returns whether the other side has sealed it, and later than all before.
  bool open(const peer_packet& packet);

private:
  std::string own_;
  std::string theirs_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

} // namespace synapse::actors::cluster
