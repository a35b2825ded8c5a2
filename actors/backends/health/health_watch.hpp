/// @file
/// Asks regularly how the backends are.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>

namespace synapse::actors {

struct health_watch_parts {
  supervisor_actor supervisor; ///< asked for rounds
  std::chrono::milliseconds interval{15'000};
  /// Called with every round, on CAF's scheduler.
  std::function<void(const health_report&)> on_round;
};

/// Asks for a round of health checks every `interval`, and at once when it gets `check`. A round
/// that somebody else has just asked for answers it, too.
caf::actor spawn_health_watch(caf::actor_system& system, health_watch_parts parts);

} // namespace synapse::actors
