/// @file
/// Knows the configuration in effect and spreads it.
#pragma once

#include "actors/protocol/gateway_snapshot.hpp"

#include <caf/actor_system.hpp>

#include <vector>

namespace synapse::actors {

/// @param switchboards one per I/O thread.
config_publisher_actor spawn_config_publisher(caf::actor_system& system,
                                              std::vector<switchboard_actor> switchboards);

} // namespace synapse::actors
