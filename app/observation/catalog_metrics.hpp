/// @file
/// Metrics of a catalog's deployments. They are read from the configuration in force at every
/// scrape: what a reload takes away is no longer there.
#pragma once

#include "telemetry/metric_registry.hpp"

#include <cstddef>
#include <vector>

namespace synapse::client {
struct thread_routes;
}
namespace synapse::server {
struct worker;
}

namespace synapse::app {

class catalog_metrics {
public:
  /// Deployments and names with labels of their own; those behind share the label `other`.
  static constexpr std::size_t most_labels = 512;

  /// @param workers by number of the I/O thread; outlive this. Only renders on I/O threads have
  /// these metrics: the state of deployments is theirs
  catalog_metrics(telemetry::metric_registry& registry, std::vector<server::worker*> workers);

private:
  /// Has `write` called with the routes of the thread that renders, where it has any.
  telemetry::collector on_routes(void (*write)(const client::thread_routes&,
                                               const telemetry::sample_writer&)) const;

  std::vector<server::worker*> workers_;
  std::vector<telemetry::callback_registration> callbacks_;
};

} // namespace synapse::app
