/// @file
/// What lets people see what the gateway does: terminal feed, dashboard, samples for its charts.
#pragma once

#include "actors/backends/health/health_watch.hpp"
#include "actors/feed/feed_inbox.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "actors/replicas/cluster.hpp"
#include "actors/runtime/pinned.hpp"
#include "app/observation/catalog_metrics.hpp"
#include "app/observation/replica_notes.hpp"
#include "config/settings.hpp"
#include "http/dashboard/dashboard_services.hpp"
#include "http/dashboard/front_end.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/health_history.hpp"
#include "telemetry/logging.hpp"
#include "telemetry/reload_history.hpp"
#include "telemetry/traffic_history.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace synapse::api {
class service_set;
}
namespace synapse::server {
struct worker;
}

namespace synapse::app {

/// Made before the I/O threads, ended before them. Main thread only.
class observation {
public:
  observation(const config::settings& settings, telemetry::log_system& log,
              telemetry::gateway_metrics& metrics, const server::lifecycle& life);
  ~observation();

  /// Adds what the dashboard's handlers are given. It is complete after `start`.
  void offer(api::service_set& services);
  /// Starts the actors, when their threads run. @param workers by number of the I/O thread.
  /// @param cluster of make_replica_parts; nothing: this process is no member of a cluster.
  void start(caf::actor_system& system, const std::vector<server::worker*>& workers,
             const actors::supervisor_actor& supervisor,
             std::optional<actors::replica_parts> cluster);
  /// Lines of an I/O thread's access log become lines of the feed, if there is one. Before it runs.
  void read_requests(telemetry::access_log& log) const;
  /// Names this process among all replicas.
  std::uint64_t origin() const noexcept { return origin_; }
  /// This replica has found out something about a backend: the others hear of it. Any thread.
  void circuit_changed(const std::string& backend, actors::circuit to) {
    notes_.circuit_changed(backend, to);
  }
  /// Likewise of one of its deployments.
  void cell_changed(const actors::cell_note& note) { notes_.cell_changed(note); }
  /// Likewise what it says of a graphics card.
  void card_told(const actors::gpu_note& note) { notes_.card_told(note); }
  /// The configuration was read anew. @param problems as they are logged
  void reloaded(telemetry::reload_result result, std::vector<std::string> problems);
  /// Takes a sample if one is due. Call about once a second.
  void sample();
  /// Ends its actors; sessions have ended before.
  void stop();

private:
  void prepare_feed(telemetry::log_system& log);
  void start_feed(caf::actor_system& system, const std::vector<server::worker*>& workers);
  void start_redis(caf::actor_system& system);
  void start_cluster(caf::actor_system& system, const actors::supervisor_actor& supervisor,
                     actors::replica_parts parts);
  /// Where lines of this process go besides its own viewers.
  void set_bus(const actors::feed_bus_actor& bus);
  void on_round(const actors::health_report& round);

  const config::process_settings& process_;
  telemetry::gateway_metrics& metrics_;
  std::shared_ptr<spdlog::logger> say_;
  std::uint64_t origin_;
  std::shared_ptr<feed::feed_inbox> inbox_;
  api::dashboard_gate gate_;
  api::dashboard_files files_;
  telemetry::traffic_history traffic_;
  telemetry::health_history health_;
  telemetry::reload_history reloads_;
  api::page_services pages_;
  api::replica_services replica_;
  api::session_services sessions_;
  api::backend_services backends_;
  api::request_services requests_;
  api::overview_services overview_;
  api::feed_services viewing_;
  replica_notes notes_;
  std::vector<telemetry::callback_registration> callbacks_;
  std::optional<catalog_metrics> deployments_;
  actors::terminal_feed_actor feed_;
  actors::feed_bus_actor redis_;
  actors::health_watch_actor watch_;
  std::chrono::steady_clock::time_point next_sample_{};
};

} // namespace synapse::app
