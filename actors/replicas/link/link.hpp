/// @file
/// The way to one replica: dials its address, shows that it has the secret, and sends.
#pragma once

#include "actors/replicas/gate/dialling.hpp"
#include "actors/replicas/link/door.hpp"
#include "config/settings.hpp"
#include "config/values/values.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace synapse::actors::cluster {

/// What a link knows of the other side.
struct link_status {
  std::string address; ///< as it was given to the link
  member_state state = member_state::connecting;
  std::uint64_t origin = 0; ///< 0: not known
  std::string instance;
  std::string version;
  std::string reason;
  std::int64_t round_trip_us = -1;
  std::chrono::steady_clock::time_point last_seen{}; ///< of the last answer
  bool ended = false; ///< nobody listens at the address: who did has ended
  bool self = false;  ///< the address is this replica's own; the link has ended
};

struct link_parts {
  config::cluster_settings settings;
  introduction self;
  dial_means means; ///< with the secret
  config::host_port address;
  door_actor door;
  /// Whenever anything in it has changed; on the link's thread.
  std::function<void(const link_status&)> told;
  std::function<void(std::size_t)> lines_sent;    ///< and acknowledged
  std::function<void(std::size_t)> lines_dropped; ///< for want of room
};

/// Spawns a link on CAF's scheduler; it dials at once. An exit message makes it say good-bye and
/// end.
link_actor spawn_link(caf::actor_system& system, link_parts parts);

} // namespace synapse::actors::cluster
