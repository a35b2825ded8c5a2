/// @file
/// The terminal feed: what is logged, on all replicas, in one order for this one's viewers.
#pragma once

#include "actors/feed/feed_inbox.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace synapse::actors {

struct terminal_feed_parts {
  std::shared_ptr<feed::feed_inbox> inbox; ///< where this process's lines come from
  std::string instance;
  std::uint64_t origin = 0;          ///< of this process; also names its ring in event ids
  std::size_t ring_lines = 500;      ///< kept for viewers that come
  std::size_t max_line_chars = 1200; ///< of a message; what is longer is cut
  std::string redact_extra_patterns; ///< for lines of other processes, as for our own
};

/// Spawns the feed on CAF's scheduler. It has lines only while it lives: on its end the inbox is
/// closed. It never makes anybody wait, and holds at most the ring and what its desks have not
/// handled yet.
terminal_feed_actor spawn_terminal_feed(caf::actor_system& system, terminal_feed_parts parts);

} // namespace synapse::actors
