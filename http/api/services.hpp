/// @file
/// What handlers need besides the request; made once, shared by all threads.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "http/api/api_route.hpp"
#include "http/net/blocking_pool.hpp"
#include "http/server/connection/worker.hpp"
#include "telemetry/metrics.hpp"

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace synapse::telemetry {
class metric_registry;
class traffic_history;
class health_history;
class reload_history;
class request_ring;
} // namespace synapse::telemetry

namespace synapse::api {

class dashboard_gate;
class dashboard_files;

struct services {
  const server::lifecycle* life = nullptr;
  std::span<const api_route> routes; ///< of the API
  telemetry::metric_registry* metrics = nullptr;
  net::blocking_pool* blocking = nullptr; ///< for files
  std::string version;
  std::string openapi; ///< the document, rendered
  std::string docs;    ///< the page, rendered
  const config::process_settings* process = nullptr;
  std::chrono::system_clock::time_point started{};

  // ---- dashboard ----
  dashboard_gate* gate = nullptr;
  const dashboard_files* files = nullptr; ///< null or empty: the front end has not been built
  const telemetry::traffic_history* traffic = nullptr;
  const telemetry::health_history* health = nullptr;
  std::function<void()> check_health;                   ///< has a round begin; any thread
  std::function<std::int64_t()> requests_in_flight;     ///< of people, on all threads; any thread
  std::vector<const telemetry::request_ring*> finished; ///< by number of the I/O thread
  const telemetry::reload_history* reloads = nullptr;
  std::vector<actors::traffic_desk_actor> traffic_desks; ///< by number of the I/O thread
  actors::cluster_actor cluster;                         ///< null: no other replica is asked

  // ---- terminal feed ----
  std::vector<actors::feed_desk_actor> feed_desks; ///< by I/O thread; empty: there is no feed
  std::uint64_t feed_origin = 0;                   ///< names this process's ring in event ids
  telemetry::gauge feed_viewers;
  telemetry::counter feed_lines_lost; ///< that viewers were too slow for
};

} // namespace synapse::api
