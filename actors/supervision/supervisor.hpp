/// @file
/// Owns every long-lived actor: starts them in order, restarts what ends unexpectedly, stops them.
#pragma once

#include "actors/backends/backend.hpp"
#include "actors/gpus/gpu_coordinator.hpp"
#include "actors/models/model_manager.hpp"
#include "actors/protocol/gateway_snapshot.hpp"
#include "actors/runtime/pinned.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

/// What the supervisor cannot make itself; called on its own actor.
struct supervisor_parts {
  std::vector<io_unit*> units; ///< by number of the I/O thread
  /// The actor that hands snapshots to one thread.
  std::function<switchboard_actor(io_unit&)> make_switchboard;
  std::function<resolver_actor()> make_resolver;
  std::function<voice_library_actor()> make_voice_library;   ///< empty: none
  std::function<model_profiles_actor()> make_model_profiles; ///< likewise
  /// Empty: as outside of a cluster.
  std::function<runtime_controller_actor(const resolver_actor&)> make_runtime_controller;
  /// Hooks of a router's models, e.g. for metrics.
  std::function<model_events(const std::string& backend)> model_events_of = [](const std::string&) {
    return model_events{};
  };
  /// Hooks of a graphics card's backends, e.g. for the log.
  std::function<gpu_events(const std::string& card)> gpu_events_of = [](const std::string&) {
    return gpu_events{};
  };
  /// There are other replicas: cards are decided about only by the one that leads, which shows in
  /// the `gpu_peers` that the supervisor is told.
  bool clustered = false;
  /// Hooks of a backend, e.g. for metrics.
  std::function<backend_events(const std::string& backend)> events_of;
  /// Context for TLS to a backend; null for plain TCP. Reports a problem by text.
  std::function<std::shared_ptr<net::asio::ssl::context>(const config::backend_settings&,
                                                         std::string& problem)>
      make_tls;
  /// The backend's own key, from a file or the environment; empty when it has none.
  std::function<std::string(const config::backend_settings&, std::string& problem)> read_bearer;
  /// Something happened that people should know.
  std::function<void(const std::string& text)> report = [](const std::string&) {};
};

/// Spawns the supervisor on CAF's scheduler. It has no backends until it is given settings. An exit
/// message makes it stop all it owns, probers first; it ends when they have ended, and kills
/// what has not after two seconds.
supervisor_actor spawn_supervisor(caf::actor_system& system, supervisor_parts parts);

} // namespace synapse::actors
