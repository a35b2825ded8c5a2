/// @file
/// The replicas of the gateway as CAF nodes: who is there, their lines, and what they say of
/// backends.
#pragma once

#include "actors/cluster/wire.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "config/settings.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace synapse::actors {

enum class report_level : std::uint8_t { info, warning, error };

/// The functions are called on threads of CAF's scheduler.
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
};

inline constexpr std::size_t min_secret_bytes = 16;

/// Prepares an actor system for spawn_cluster: CAF's network modules (without them a system opens
/// no port), its heartbeats, TLS and the message type that crosses nodes. Before the system is
/// made.
void configure_cluster(caf::actor_system_config& config, const config::cluster_settings& settings);

/// Spawns the cluster on CAF's scheduler, on a system that was prepared. It listens and dials at
/// once; while the port is taken it tries again. An exit message makes it take leave of the others
/// and end within two seconds. CAF's own actors that other nodes may ask (ConfigServ, SpawnServ)
/// are taken out of the system's registry for good.
///
/// CAF sets limits to what can be kept from strangers, those who reach the port but do not have the
/// secret (with TLS: a certificate):
/// - A node may announce a message of up to 4 GiB, and CAF makes room for it before anybody looks.
/// - A connection that never sends a byte is never closed, and there may be as many as descriptors.
/// - Who claims to be a node that is connected already has what is meant for that node sent to it.
///   It cannot open a session with that, nor go on with one: packets are sealed. But it can read
///   and it can disturb.
/// So: loopback, a network of the replicas' own, or TLS.
cluster_actor spawn_cluster(caf::actor_system& system, replica_parts parts);

} // namespace synapse::actors
