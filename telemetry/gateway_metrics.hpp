/// @file
/// What the gateway counts with: per route, per backend, and by itself. Durations are given in
/// nanoseconds.
#pragma once

#include "telemetry/latency_sketch.hpp"
#include "telemetry/metric_families.hpp"
#include "telemetry/metric_labels.hpp"
#include "telemetry/metric_tables.hpp"
#include "telemetry/traffic_history.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::telemetry {

/// What is counted per backend (label `backend`: its configured name).
struct backend_metrics {
  backend_metrics(const metric_families& families, std::string backend_name, unsigned backend_id);

  const std::string name;
  const unsigned id; ///< small, unique among the backends of one gateway_metrics
  enum_metrics<attempt_result, counter, attempt_result_texts.size()> attempts;
  counter retries;           ///< attempts after the first
  counter stale_connections; ///< pooled connections that the backend had closed
  histogram connect;         ///< start of connecting → connected (with TLS)
  histogram permit_wait;     ///< asked for a permit → got it
  enum_metrics<permit_denial, counter, permit_denial_texts.size()> permits_denied;
  histogram model_wait; ///< asked for a model that was not ready → had it
  histogram model_load; ///< told to load → ready
  counter model_loads;  ///< that ended well
  counter model_load_failures;
  gauge models_ready;   ///< set: models that can answer
  gauge models_waiting; ///< set: requests that wait for their model
  gauge breaker_state;  ///< set: a `breaker_state_value`
  counter breaker_opened;
  gauge in_flight;   ///< add: requests that hold a permit
  gauge waiting;     ///< add: requests that wait for one
  gauge pool_idle;   ///< add: kept connections without a request
  gauge pool_active; ///< add: connections with a request
};

/// One duration, counted in the buckets of Prometheus and in the page's finer ones.
class request_times {
public:
  request_times(const histogram& buckets, const latency_sketch& sketch) noexcept
      : buckets_(buckets), sketch_(&sketch) {}
  void observe_ns(std::int64_t value) const noexcept {
    buckets_.observe_ns(value);
    sketch_->observe_ns(value);
  }

private:
  histogram buckets_;
  const latency_sketch* sketch_;
};

/// What is counted per route (label `route`: the configured path).
class route_metrics {
public:
  /// @param shards of the registry that the families are of
  route_metrics(const metric_families& families, std::string route_name, unsigned shards);
  route_metrics(const route_metrics&) = delete;
  route_metrics& operator=(const route_metrics&) = delete;

private: // before what refers to them
  latency_sketch durations_;
  latency_sketch first_tokens_;
  shard_words unwell_; ///< departures, broken answers

public:
  const std::string name;
  request_times duration; ///< first byte of the head → last byte of the answer handed over
  histogram overhead;     ///< the gateway's own share of it: all but waiting for others
  gauge in_flight;        ///< add
  enum_metrics<stream_end, counter, stream_end_texts.size()> stream_ends;
  counter stream_events;    ///< events passed on
  counter malformed_events; ///< events whose data was no JSON
  enum_metrics<request_phase, counter, request_phase_texts.size()> client_disconnects;

  /// Requests answered with `status`; outside 100 to 599 they count as code="other".
  const counter& requests(unsigned status) const;
  /// Request sent → first content, by the backend that answered.
  request_times first_token(const backend_metrics& backend) const;
  /// A client has not waited for the whole answer. Of those that were not answered at all the
  /// request counts as 499 besides.
  void count_departure() const noexcept { unwell_.increment(0); }
  /// An answer that had begun well was cut off, or its stream broke off. The request counts by the
  /// status that it had besides.
  void count_broken() const noexcept { unwell_.increment(1); }
  /// What this route has counted.
  traffic_totals totals() const;

private:
  const metric_families& families_;
  lazy_metrics<counter, 501> by_status_;
  lazy_metrics<histogram, 64> by_backend_;
};

/// Owns the children that the gateway counts with. Objects handed out stay valid as long as this.
class gateway_metrics {
public:
  /// @param registry must outlive this.
  /// @param version text of synapse_build_info.
  gateway_metrics(metric_registry& registry, std::string_view version);

  /// The metrics of a route or backend, made on first use. Any thread; takes a lock, so ask once
  /// per configuration snapshot and keep the reference.
  route_metrics& route(std::string_view name);
  backend_metrics& backend(std::string_view name);

  counter connections_total;    ///< accepted client connections
  counter connections_rejected; ///< closed at once: too many
  gauge connections_open;       ///< add: client connections, with and without a request
  gauge connections_idle;       ///< add: those without a request
  histogram cancel_latency;     ///< client's close seen → upstream connection closed
  enum_metrics<reload_result, counter, reload_result_texts.size()> config_reloads;
  gauge uploads_kept; ///< add: bytes of forms that may be sent once more
  enum_metrics<upload_unkept, counter, upload_unkept_texts.size()> uploads_unkept;
  counter bytes_in;  ///< from clients, heads included
  counter bytes_out; ///< to clients, heads included

  /// Answers the gateway made itself. @param id small integer that always goes with `detail`.
  const counter& local_replies(unsigned id, std::string_view detail) const;
  /// Lateness of the timer of I/O thread `thread` (below the registry's number of shards).
  const histogram& event_loop_delay(unsigned thread) const { return loop_delays_.at(thread); }

  /// Adds a source to synapse_log_lines_dropped_total{log}; `log` is e.g. "system" or "access".
  /// @param dropped called at every scrape, as long as the returned object lives.
  [[nodiscard]] callback_registration count_dropped_lines(std::string log,
                                                          std::function<std::uint64_t()> dropped);
  /// What the routes that `counts` takes by name have counted; those without a request are left
  /// out. Any thread; takes a lock.
  totals_by_route totals(const std::function<bool(std::string_view route)>& counts);
  metric_registry& registry() noexcept { return registry_; }

private:
  metric_registry& registry_;
  metric_families families_;
  std::vector<histogram> loop_delays_;
  lazy_metrics<counter, 64> local_replies_;
  std::vector<callback_registration> process_;
  std::mutex mutex_; ///< the maps
  std::map<std::string, std::unique_ptr<route_metrics>, std::less<>> routes_;
  std::map<std::string, std::unique_ptr<backend_metrics>, std::less<>> backends_;
};

} // namespace synapse::telemetry
