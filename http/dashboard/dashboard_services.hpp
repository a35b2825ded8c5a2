/// @file
/// What the dashboard's handlers are given besides the exchange, by subject. Made once, filled
/// before the first request, shared by all threads.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {
struct process_settings;
}
namespace synapse::server {
struct lifecycle;
}
namespace synapse::telemetry {
class health_history;
class reload_history;
class request_ring;
class trace_ring;
class traffic_history;
} // namespace synapse::telemetry

namespace synapse::api {

class dashboard_files;
class dashboard_gate;

/// For its pages.
struct page_services {
  const dashboard_files* files = nullptr; ///< null or empty: the front end has not been built
  std::string docs;                       ///< the plain page of the API, rendered
};

/// What this process is.
struct replica_services {
  const config::process_settings* process = nullptr;
  const server::lifecycle* life = nullptr;
  const telemetry::reload_history* reloads = nullptr;
  std::string version;
  std::chrono::system_clock::time_point started{};
  actors::cluster_actor cluster; ///< null: no other replica is asked
};

/// Who is logged in here.
struct session_services {
  dashboard_gate* gate = nullptr;
  const replica_services* replica = nullptr;
};

/// How the backends are.
struct backend_services {
  /// A route that a backend serves, in the words of the list of routes.
  struct served_route {
    std::string_view method, path, group;
  };
  const telemetry::health_history* health = nullptr;
  std::function<void()> check_health; ///< has a round begin; any thread
  std::vector<served_route> routes;
};

/// Requests under way and ended ones.
struct request_services {
  std::vector<actors::traffic_desk_actor> desks;        ///< by number of the I/O thread
  std::vector<const telemetry::request_ring*> finished; ///< by number of the I/O thread
  std::vector<const telemetry::trace_ring*> traces;     ///< likewise
  std::function<std::int64_t()> in_flight;              ///< of people, on all threads; any thread
};

/// The first page's charts.
struct overview_services {
  const telemetry::traffic_history* traffic = nullptr;
  const replica_services* replica = nullptr;
  const backend_services* backends = nullptr;
  const request_services* requests = nullptr;
};

/// The terminal feed.
struct feed_services {
  dashboard_gate* gate = nullptr;
  const replica_services* replica = nullptr;
  std::vector<actors::feed_desk_actor> desks; ///< by I/O thread; empty: there is no feed
  std::uint64_t origin = 0;                   ///< names this process's ring in event ids
  telemetry::gauge viewers;
  telemetry::counter lines_lost; ///< that viewers were too slow for
};

} // namespace synapse::api
