/// @file
/// Keeps the right models of one llama.cpp router ready.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <string>

namespace synapse::actors {

/// What the manager tells others, e.g. metrics and the log. Called on its actor.
struct model_events {
  /// A model has become ready; `took` from the first request for it, in nanoseconds.
  std::function<void(const std::string& model, time_ns took)> loaded = [](auto&, auto) {};
  std::function<void(const std::string& model, const std::string& why)> load_failed = [](auto&,
                                                                                         auto&) {};
  std::function<void(const std::string& model)> unloaded = [](auto&) {};
  /// The router said no, and meant it. @param what such as "to unload a".
  std::function<void(const std::string& what, const std::string& why)> refused = [](auto&, auto&) {
  };
  /// Requests that wait for models, now.
  std::function<void(std::size_t waiting)> waiting = [](auto) {};
  /// The router stopped answering (with the reason), or answers again (empty).
  std::function<void(const std::string& why)> reachable = [](auto&) {};
};

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

/// Spawns it on CAF's scheduler. It asks the router for its models at once.
model_manager_actor spawn_model_manager(caf::actor_system& system, model_manager_parts parts);

} // namespace synapse::actors
