/// @file
/// The desks of one router's models, and what they know.
#pragma once

#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Part of the manager and used on its thread only.
class model_views {
public:
  explicit model_views(model_manager_actor::pointer self) : self_(self) {}

  /// A desk introduces itself; it gets the view if there is one. @param lane its I/O thread.
  void add(const model_desk_actor& desk, std::uint32_t lane);
  /// Null until it was introduced.
  model_desk_actor desk(std::uint32_t lane) const;

  /// What clients may have chosen for their requests. The next view has them.
  void set_profiles(profile_map_ptr profiles) { profiles_ = std::move(profiles); }
  /// Every desk gets a view of this.
  void publish(const models::schedule& turns);

  void let_go() { desks_.clear(); }

private:
  model_manager_actor::pointer self_;
  std::vector<model_desk_actor> desks_; ///< by lane
  profile_map_ptr profiles_;
  model_view_ptr view_; ///< what they were told last
};

} // namespace synapse::actors
