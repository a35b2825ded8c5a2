/// @file
/// The answering side of sessions: who has dialled this replica. No actor in it.
#pragma once

#include "actors/replicas/link/door.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <map>
#include <unordered_map>

namespace synapse::actors::cluster {

/// Used by the door's thread only.
class reception {
public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Sends a packet back to where one came from.
  using answer = std::function<void(const caf::strong_actor_ptr& to, peer_packet packet)>;

  reception(caf::actor_system& system, door_parts parts, answer send);

  /// A packet that is not for a link. `sender` is never null.
  void on_packet(const caf::strong_actor_ptr& sender, const peer_packet& packet, time_point now);
  /// Strangers that do not get on and guests that are silent are forgotten.
  void on_time(time_point now);
  void clear();

private:
  struct guest {
    caf::strong_actor_ptr peer;
    std::uint64_t theirs = 0; ///< their session
    introduction who;
    session_keys keys;
    bool trusted = false;
    time_point last_seen;
  };
  /// What is remembered of a replica beyond its sessions.
  struct memory {
    std::uint64_t last_line = 0;
    time_point used;
  };
  using guests = std::unordered_map<std::uint64_t, guest>;

  void on_hello(const caf::strong_actor_ptr& sender, const peer_packet& packet, time_point now);
  void on_proof(guests::iterator who, time_point now);
  void on_sealed(guest& who, const peer_packet& packet);
  void refuse(const caf::strong_actor_ptr& to, std::uint64_t their_session, refusal_reason reason);
  void send_sealed(guest& to, std::uint64_t session, packet_kind kind, std::string body);
  void remove(guests::iterator who, bool good_bye);
  std::size_t strangers() const;
  std::size_t origins() const; ///< of guests that are trusted
  std::size_t sessions_of(std::uint64_t origin) const;
  void forget_oldest(std::uint64_t origin);
  memory& memory_of(std::uint64_t origin, time_point now);

  caf::actor_system& system_;
  door_parts parts_;
  answer send_;
  guests guests_;
  std::map<std::uint64_t, memory> memories_; ///< by origin
  time_point now_;
};

} // namespace synapse::actors::cluster
