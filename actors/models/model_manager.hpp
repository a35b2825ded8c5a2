/// @file
/// Keeps the right models of one llama.cpp router ready.
#pragma once

#include "actors/models/context_change.hpp"
#include "actors/models/manager/model_askers.hpp"
#include "actors/models/manager/model_news.hpp"
#include "actors/models/manager/model_views.hpp"
#include "actors/models/manager/router_watch.hpp"
#include "actors/models/router/router_client.hpp"
#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace synapse::actors {

struct model_manager_parts {
  config::backend_settings backend;
  config::model_settings models;
  unsigned reconfigure_timeout_s = 300; ///< for the router to come back with other arguments
  backend_actor control;                ///< knows the backend's addresses
  http_link_actor link;                 ///< to the router
  runtime_controller_actor runtime;     ///< may be null: then as outside of a cluster
  std::string bearer;                   ///< the backend's own key; never logged
  std::size_t lanes = 0;                ///< I/O threads
  model_events events;
};

/// Has the schedule decide, and does what it has decided. Talks to the DESKS; by its parts to the
/// BACKEND, the LINK and the RUNTIME CONTROLLER.
class model_manager_state {
public:
  static constexpr const char* name = "model_manager";

  model_manager_state(model_manager_actor::pointer self, model_manager_parts parts);

  model_manager_actor::behavior_type make_behavior();

  /// The actor has ended: tells those who wait, and drops its handles.
  void let_go();

private:
  // desks and their sessions
  void on_demand(const model_demand& what);
  void on_gone(const model_demand_gone& what);
  caf::result<model_command_done> on_command(const model_command& what);

  // what follows
  void follow();
  void act(const std::vector<models::action>& decided);
  void publish();
  void command_router(bool load, const models::action& what);

  // settings and time
  void on_settings(const settings_ptr& settings);
  void set_limits();
  void on_tick();
  void tick_later();

  model_manager_actor::pointer self_;
  std::string backend_; ///< its name
  config::model_settings settings_;
  models::schedule schedule_;
  router_client router_;
  context_change change_;
  model_views views_;
  model_askers askers_;
  model_news news_;
  router_watch watch_;
  time_ns tick_at_ = 0; ///< of the earliest tick that is under way; 0: none
};

/// Spawns it on CAF's scheduler. It asks the router for its models at once.
model_manager_actor spawn_model_manager(caf::actor_system& system, model_manager_parts parts);

} // namespace synapse::actors
