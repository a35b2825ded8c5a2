/// @file
/// The feed bus through Redis: lines of this replica are published on a channel, those of the
/// others come from there.
#pragma once

#include "actors/feed/redis/redis_link.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "telemetry/log_sink.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace synapse::actors {

struct redis_bus_parts {
  config::redis_url url;
  std::string channel;
  std::uint64_t origin = 0; ///< of this process: its own lines are not handed in again
  terminal_feed_actor feed; ///< gets the lines of the others
  redis_link_limits limits;
  std::size_t unread_lines = 20'000; ///< handed to the feed and still held by it; more are dropped
  std::string ca_file;               ///< empty: the authorities of the system (SSL_CERT_FILE)
  /// One text per change: connected, lost, refused, lines lost. Never one per line and never with a
  /// secret. Called on the bus's own thread; may log, because what a log line of its own costs is
  /// one more line in the queue.
  std::function<void(telemetry::log_level level, const std::string& text)> report =
      [](telemetry::log_level, const std::string&) {};
  std::shared_ptr<feed_bus_stats> stats; ///< null: nobody wants to know
  blocking_lookup lookup = &system_lookup;
};

/// Spawns the bus and its thread, which connects by itself, now and whenever the connection is
/// lost. Lines may come twice after that, see redis_link::publish; the order of an origin's lines
/// stays. The bus holds the feed, so both have to be told to exit. When it has, its thread has
/// ended.
feed_bus_actor spawn_redis_bus(caf::actor_system& system, redis_bus_parts parts);

} // namespace synapse::actors
