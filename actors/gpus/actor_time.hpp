/// @file
/// The time as messages and the schedule of a card have it.
#pragma once

#include "actors/protocol/permit_messages.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/local_actor.hpp>

#include <chrono>

namespace synapse::actors {

/// Nanoseconds of the actors' clock. @param self the asking actor, on its thread.
inline time_ns gpu_time(caf::local_actor* self) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             self->system().clock().now().time_since_epoch())
      .count();
}

} // namespace synapse::actors
