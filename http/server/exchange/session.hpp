/// @file
/// The actor half of a request.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/ask.hpp"

#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <vector>

namespace synapse::server {

/// Why a request is given up before its answer's end.
enum class give_up : std::uint8_t {
  no,
  canceled, ///< somebody here does not want it any more, or the actor was killed
  draining, ///< the process ends
  departed, ///< its client has left
  stalled,  ///< its client does not read
};

/// Spawned per request, pinned to the request's I/O thread. It asks lanes and other actors on
/// behalf of the request's coroutine, and owns the request's life: whoever wants its end tells it,
/// whoever wants to know its end asks or monitors it. It never carries body bytes.
class session : public actors::coroutine_actor<actors::session_actor::base> {
public:
  session(caf::actor_config& config, actors::io_unit& unit, net::wake_ptr wake)
      : coroutine_actor(config, unit, std::move(wake)) {}

  actors::session_actor::behavior_type make_behavior() override {
    return {
        [this](actors::cancel_atom) { end(give_up::canceled); },
        [this](actors::drain_atom) { end(give_up::draining); },
        [this](actors::outcome_atom) -> caf::result<actors::request_outcome> {
          askers_.push_back(make_response_promise<actors::request_outcome>());
          return askers_.back();
        },
    };
  }
  const char* name() const override { return "session"; }

  /// As if it had been told so. The first reason counts. Own thread.
  void end(give_up why) {
    if (why_ == give_up::no)
      why_ = why;
    if (!ended())
      unit().defer(wake());
  }
  /// `no` while the request may go on.
  give_up why() const noexcept { return why_ == give_up::no && ended() ? give_up::canceled : why_; }
  /// Somebody other than its client wants its end.
  bool canceled() const noexcept {
    return why_ == give_up::canceled || why_ == give_up::draining || ended();
  }

  /// The request has ended so: tells those who asked, and ends. Monitors fire.
  void finish(std::uint16_t status, std::string_view detail) {
    for (auto& asker : askers_)
      asker.deliver(actors::request_outcome{status, std::string{detail}});
    askers_.clear();
    close();
  }

private:
  give_up why_ = give_up::no;
  std::vector<caf::typed_response_promise<actors::request_outcome>> askers_;
};

using session_ref = actors::pinned_ref<session, actors::session_actor>;

} // namespace synapse::server
