/// @file
/// What this replica has found out about backends and deployments, and what it does with graphics
/// cards, for the others.
#pragma once

#include "actors/backends/backend.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <map>
#include <mutex>
#include <string>

namespace synapse::app {

/// Kept whether there are others or not. Any thread.
class replica_notes {
public:
  /// The cluster is told what is known, and from now on each change.
  void tell(const actors::cluster_actor& cluster);
  void circuit_changed(const std::string& backend, actors::circuit to);
  void health_seen(const actors::health_report& round);
  /// Nothing is kept of it before `tell`: no request has met anything then.
  void cell_changed(const actors::cell_note& note);
  void card_told(const actors::gpu_note& note);
  /// Ends the cluster's actor; nobody is told any more.
  void end_cluster();

private:
  std::mutex mutex_;
  std::map<std::string, actors::backend_note> notes_;
  std::map<std::string, actors::gpu_note> cards_; ///< by name
  actors::cluster_actor cluster_;
};

} // namespace synapse::app
