/// @file
/// The replicas of the gateway as CAF nodes: who is there, their lines, and what they say of
/// backends.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/replicas/link/wire.hpp"
#include "config/settings.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace synapse::actors {

enum class report_level : std::uint8_t { info, warning, error };

/// The functions are called on threads of CAF's scheduler and of the cluster's port.
struct replica_parts {
  config::cluster_settings settings;
  std::string secret;       ///< of all replicas, at least min_secret_bytes; never logged
  std::uint64_t origin = 0; ///< as in the lines of this process; not 0
  std::string instance;     ///< name of this replica, for people
  std::string version;      ///< of the gateway
  terminal_feed_actor feed; ///< gets the lines of the others; may be null
  std::uint16_t protocol = cluster::protocol_version; ///< another one in tests only
  /// Something has changed that people should know: once per change, never per line. Has no
  /// secrets in it.
  std::function<void(report_level, const std::string& text)> report = [](report_level,
                                                                         const std::string&) {};
  std::function<void(std::size_t)> members_up = [](std::size_t) {};     ///< others, now
  std::function<void(std::size_t)> lines_sent = [](std::size_t) {};     ///< so many more arrived
  std::function<void(std::size_t)> lines_received = [](std::size_t) {}; ///< so many more
  std::function<void(std::size_t)> lines_dropped = [](std::size_t) {};  ///< so many more
  /// Connections that have not shown the secret yet, now.
  std::function<void(std::size_t)> strangers = [](std::size_t) {};
  /// One of them was turned away; why, out of a closed set.
  std::function<void(std::string_view)> strangers_refused = [](std::string_view) {};
};

inline constexpr std::size_t min_secret_bytes = 16;

/// Prepares an actor system for spawn_cluster: CAF's network module, its heartbeats and the message
/// type that crosses nodes. Before the system is made.
void configure_cluster(caf::actor_system_config& config, const config::cluster_settings& settings);

/// Spawns the cluster on CAF's scheduler, on a system that was prepared. It listens and dials at
/// once; while the port is taken it tries again. An exit message makes it take leave of the others
/// and end within two seconds. CAF's own actors that other nodes may ask (ConfigServ, SpawnServ)
/// are taken out of the system's registry for good.
///
/// CAF gets a connection only when both sides have shown that they have the secret, see
/// gatekeeper.hpp: strangers, those who reach the port without it, are CAF's no more than they are
/// ours. What is left to who sits between two replicas, where there is no TLS: it can read what
/// they say and disturb it, as CAF trusts the bytes of a connection that was let in.
cluster_actor spawn_cluster(caf::actor_system& system, replica_parts parts);

} // namespace synapse::actors
