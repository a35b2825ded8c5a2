/// @file
/// Asks regularly how the backends are.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <functional>

namespace synapse::actors {

using health_watch_actor = caf::typed_actor<
    // A round is wanted now.
    caf::reacts_to<check_atom>,
    // INTERNAL: time has passed.
    caf::reacts_to<tick_atom>>;

struct health_watch_parts {
  supervisor_actor supervisor; ///< asked for rounds
  std::chrono::milliseconds interval{15'000};
  /// Called with every round, on CAF's scheduler.
  std::function<void(const health_report&)> on_round;
};

/// Asks for a round of health checks every `interval`, and at once when it gets `check`. A round
/// that somebody else has just asked for answers it, too.
health_watch_actor spawn_health_watch(caf::actor_system& system, health_watch_parts parts);

} // namespace synapse::actors
