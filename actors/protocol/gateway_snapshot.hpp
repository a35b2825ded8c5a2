/// @file
/// One configuration in effect: settings and the actors that stand for its backends. Immutable and
/// shared by all threads; a reload makes a new one.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <memory>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace synapse::providers {
class discovered_names;
} // namespace synapse::providers

namespace synapse::routing {
class catalog;
class deployment_record;
} // namespace synapse::routing

namespace synapse::actors {

struct backend_entry {
  const config::backend_settings* settings = nullptr; ///< owned by gateway_snapshot::settings
  backend_actor control;
  std::vector<lane_actor> lanes;                  ///< by number of the I/O thread
  std::shared_ptr<boost::asio::ssl::context> tls; ///< null: plain TCP
  std::string bearer;                             ///< the backend's own key; never logged
  /// What it has told of its models, now and later. Null only in programs without a supervisor.
  std::shared_ptr<const providers::discovered_names> discovered;
  // Of a router whose models are managed; else null and empty.
  model_manager_actor models;
  std::vector<model_desk_actor> desks; ///< by number of the I/O thread
  // Of a backend on a graphics card; else null and empty. Those of one card share them.
  gpu_coordinator_actor gpu;
  std::vector<gpu_desk_actor> gpu_desks; ///< by number of the I/O thread
};

struct gateway_snapshot {
  settings_ptr settings;
  std::uint64_t generation = 0;
  std::vector<backend_entry> backends; ///< by name
  health_aggregator_actor health;
  config_publisher_actor publisher;
  std::shared_ptr<const routing::catalog> routes; ///< of these settings
  /// Of the deployments of `routes`, by their places. Never null.
  std::shared_ptr<const std::vector<std::shared_ptr<routing::deployment_record>>> records;
  voice_library_actor voices;    ///< null in programs without one
  model_profiles_actor profiles; ///< likewise
};

} // namespace synapse::actors
