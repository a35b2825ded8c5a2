/// @file
/// Turns host names into addresses, off the I/O threads.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

namespace synapse::actors {

/// One blocking look-up with the system's resolver; an IP literal needs none.
resolution resolve_now(const resolve_request& request);

/// Spawns the resolver detached, with a thread of its own.
resolver_actor spawn_resolver(caf::actor_system& system);

} // namespace synapse::actors
