/// @file
/// What a thread's connections are at work on, for people.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "http/server/connection/worker.hpp"

#include <string>
#include <vector>

namespace synapse::server {

/// Walks the connections of its thread when it is asked; a request costs nothing for it.
class traffic_desk : public actors::pinned<actors::traffic_desk_actor::base> {
public:
  static constexpr std::size_t max_listed = 1000;

  /// @param owner outlives the actor.
  traffic_desk(caf::actor_config& config, actors::io_unit& unit, worker& owner)
      : pinned(config, unit), owner_(owner) {}

  actors::traffic_desk_actor::behavior_type make_behavior() override;
  const char* name() const override { return "traffic_desk"; }

private:
  std::vector<actors::running_request> list();
  bool cancel(const std::string& id);

  worker& owner_;
};

} // namespace synapse::server
