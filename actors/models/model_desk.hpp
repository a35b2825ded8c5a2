/// @file
/// A thread's part in who uses which model.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"

#include <caf/typed_response_promise.hpp>

#include <map>
#include <string>
#include <string_view>

namespace synapse::client {

/// Answers for open models from its own copy of the manager's view, and counts who uses them: what
/// runs is known here, and a model is unloaded only when every desk says that nothing does. All
/// calls on its own thread, while a handle is held.
class model_desk : public actors::pinned<actors::model_desk_actor::base> {
public:
  /// @param lane number of the I/O thread.
  model_desk(caf::actor_config& config, actors::io_unit& unit, actors::model_manager_actor manager,
             std::uint32_t lane);
  ~model_desk() override;

  actors::model_desk_actor::behavior_type make_behavior() override;
  const char* name() const override { return "model_desk"; }
  void on_exit() override;

  /// What is known now. The pointer is never null; it stays valid while it is held.
  const actors::model_view_ptr& view() const noexcept { return view_; }

  /// Begins to use an open model; `leave` has to follow. @param model key of `view()->models`.
  /// @returns false when it is not open: ask, then.
  bool enter(std::string_view model);
  /// A granted request has seen its answer; from now on `leave` ends its use. (Until then a
  /// `model_abandoned` does.)
  void take(std::uint64_t request) { granted_.erase(request); }
  /// One use of the model has ended.
  void leave(std::string_view model);
  /// A model that should be there was not.
  void suspect(std::string_view model);

  /// The object behind a handle. On its thread only, valid while the handle is held.
  static model_desk& behind(const actors::model_desk_actor& handle);

private:
  struct use {
    std::uint32_t count = 0;
    net::time_ns last = 0;
  };
  caf::result<actors::model_grant> ask(const actors::model_request& what);
  void on_grant(actors::model_grant& granted);
  void on_view(const actors::model_view_ptr& view);
  void began(const std::string& model);
  bool is_closing(std::string_view model) const;
  void tell_usage(const std::string& model, const use& of);
  void tell_if_drained(const std::string& model, std::uint32_t closing);
  void refuse_all();

  actors::model_manager_actor manager_;
  std::uint32_t lane_;
  actors::model_view_ptr view_ = std::make_shared<const actors::model_view>();
  std::map<std::string, use, std::less<>> uses_;
  std::map<std::uint64_t, caf::typed_response_promise<actors::model_grant>> asked_;
  std::map<std::uint64_t, std::string> granted_; ///< answers that are on their way, by request
  bool closing_ = false; ///< a model of the view makes room once its requests have ended
  bool retired_ = false;
};

} // namespace synapse::client
