/// @file
/// Changes the context size that a llama.cpp router in Kubernetes runs with: it is an argument of
/// its container, so the Deployment is patched and its rollout waited for.
#pragma once

#include "actors/kubernetes/api_client.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace synapse::actors {

struct runtime_controller_parts {
  // Names of Kubernetes objects; they become parts of a path as they are.
  std::string name_space = "llm-infra";           ///< of the Deployment
  std::string deployment = "llama-router";        ///< its name
  std::string container = "llama-server";         ///< the one of its containers that is changed
  std::chrono::milliseconds timeout{300'000};     ///< a change asked for until it is in effect
  std::chrono::milliseconds poll_interval{1'000}; ///< between looks at a rollout
  cluster_parts cluster;
  /// What was changed, and that it is in effect; without secrets. Called on the actor's thread.
  std::function<void(const std::string& text)> note = [](const std::string&) {};
  /// What went wrong; likewise.
  std::function<void(const std::string& text)> report = [](const std::string&) {};
};

/// Spawns the controller on CAF's scheduler. It asks for nothing until it is asked. Ending, it
/// answers whoever waits with shutting_down and ends its link.
runtime_controller_actor spawn_runtime_controller(caf::actor_system& system,
                                                  runtime_controller_parts parts);

} // namespace synapse::actors
