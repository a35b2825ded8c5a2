/// @file
/// One answer for /health, however many ask.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

namespace synapse::actors {

/// Spawns the aggregator. It has no probers until it is told.
health_aggregator_actor spawn_health_aggregator(caf::actor_system& system);

} // namespace synapse::actors
