/// @file
/// The actor half of a request.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/ask.hpp"

namespace synapse::server {

/// Spawned per request, pinned to the request's I/O thread. It asks lanes and other actors on
/// behalf of the request's coroutine, and is where the request can be reached: `cancel` gives it
/// up, monitors see its end. It never carries body bytes.
class session : public actors::coroutine_actor<actors::session_actor::base> {
public:
  session(caf::actor_config& config, actors::io_unit& unit, net::wake_ptr wake)
      : coroutine_actor(config, unit, std::move(wake)) {}

  actors::session_actor::behavior_type make_behavior() override {
    return {[this](actors::cancel_atom) { cancel(); }};
  }
  const char* name() const override { return "session"; }

  /// As if `cancel` had been received. From within an actor of the same thread.
  void cancel() {
    canceled_ = true;
    unit().defer(wake());
  }
  /// Somebody asked for the request's end, or the actor was killed.
  bool canceled() const noexcept { return canceled_ || ended(); }

private:
  bool canceled_ = false;
};

using session_ref = actors::pinned_ref<session, actors::session_actor>;

} // namespace synapse::server
