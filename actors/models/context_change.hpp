/// @file
/// A router gets another context size (`--ctx-size`).
#pragma once

#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace synapse::actors {

struct context_change_parts {
  runtime_controller_actor runtime; ///< may be null: then as outside of a cluster
  std::chrono::seconds limit{300};  ///< for the router to come back with other arguments
  /// A newer list of the router is wanted.
  std::function<void()> look = [] {};
  /// The schedule has something to do.
  std::function<void()> follow = [] {};
};

/// One change at a time: asks whether it can be made, has the schedule close all models, asks the
/// RUNTIME CONTROLLER, and waits until the router reports the new value. Part of the manager and
/// used on its thread only.
class context_change {
public:
  /// @param turns outlives it.
  context_change(model_manager_actor::pointer self, models::schedule& turns,
                 context_change_parts parts)
      : self_(self), turns_(turns), parts_(std::move(parts)) {}
  context_change(const context_change&) = delete;
  context_change& operator=(const context_change&) = delete;

  /// Within a handler of the manager's, whose answer it is. Errors: `not_in_cluster`, `unavailable`
  /// while another change is under way, those of the runtime controller, `rollout_timeout`,
  /// `rollout_failed`. Done at once when `model` has that size already.
  caf::result<runtime_applied> begin(const apply_runtime& what, const std::string& model);
  bool under_way() const noexcept { return change_.has_value(); }

  /// @returns false for a verdict on somebody else's ticket.
  bool decided(const models::verdict& verdict);
  /// The schedule has a new list: does the router report the new value?
  void listed();
  /// The router will not give its list. @param problem for people.
  void list_refused(const std::string& problem);
  /// Time has passed. To be called at the latest one poll after the limit.
  void tick();
  /// The actor ends: the one who asked is told.
  void let_go(const caf::error& why);

private:
  enum class step : std::uint8_t {
    checking,  ///< nobody's stream is to be cut for a change that cannot be made
    closing,   ///< requests that run have to end
    applying,  ///< the runtime controller is at it
    reporting, ///< the router is waited for
  };
  struct change {
    step at = step::checking;
    caf::typed_response_promise<runtime_applied> promise;
    apply_runtime wanted;
    std::string model;
    models::ticket_id ticket = 0; ///< for all models
    runtime_applied applied;
    time_ns due = 0; ///< when the router has to be back
  };

  void close_all();
  void apply();
  /// The router has said so of the model.
  bool has_size(const std::string& model, std::int64_t ctx_size) const;
  void fail(caf::error why);
  change finish();

  model_manager_actor::pointer self_;
  models::schedule& turns_;
  context_change_parts parts_;
  std::optional<change> change_;
};

} // namespace synapse::actors
