/// @file
/// Every metric of the gateway. Label values come from the configuration or from closed sets
/// (metric_labels.hpp), never from a request. Durations are given in nanoseconds.
#pragma once

#include "telemetry/latency_sketch.hpp"
#include "telemetry/metric_labels.hpp"
#include "telemetry/metric_registry.hpp"
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

/// Every labelled family, declared in one place (the constructor in gateway_metrics.cpp).
struct metric_families {
  explicit metric_families(metric_registry& registry);

  family<counter> requests;             ///< synapse_requests_total{route,code}
  family<histogram> request_duration;   ///< synapse_request_duration_seconds{route}
  family<histogram> overhead;           ///< synapse_overhead_seconds{route}
  family<histogram> first_token;        ///< synapse_first_token_seconds{route,backend}
  family<gauge> requests_in_flight;     ///< synapse_requests_in_flight{route}
  family<counter> stream_ends;          ///< synapse_stream_ends_total{route,kind}
  family<counter> stream_events;        ///< synapse_stream_events_total{route}
  family<counter> malformed_events;     ///< synapse_malformed_events_total{route}
  family<counter> client_disconnects;   ///< synapse_client_disconnects_total{route,phase}
  family<counter> upstream_attempts;    ///< synapse_upstream_attempts_total{backend,result}
  family<counter> upstream_retries;     ///< synapse_upstream_retries_total{backend}
  family<counter> stale_connections;    ///< synapse_upstream_stale_connections_total{backend}
  family<histogram> upstream_connect;   ///< synapse_upstream_connect_seconds{backend}
  family<histogram> permit_wait;        ///< synapse_permit_wait_seconds{backend}
  family<counter> permits_denied;       ///< synapse_permits_denied_total{backend,reason}
  family<gauge> breaker_state;          ///< synapse_breaker_state{backend}
  family<counter> breaker_opened;       ///< synapse_breaker_opened_total{backend}
  family<gauge> upstream_in_flight;     ///< synapse_upstream_in_flight{backend}
  family<gauge> upstream_waiting;       ///< synapse_upstream_waiting{backend}
  family<histogram> model_wait;         ///< synapse_model_wait_seconds{backend}
  family<histogram> model_load;         ///< synapse_model_load_seconds{backend}
  family<counter> model_loads;          ///< synapse_model_loads_total{backend,result}
  family<gauge> models_ready;           ///< synapse_models_ready{backend}
  family<gauge> models_waiting;         ///< synapse_model_requests_waiting{backend}
  family<gauge> pool_connections;       ///< synapse_pool_connections{backend,state}
  family<gauge> connections;            ///< synapse_connections{state}
  family<counter> connections_total;    ///< synapse_connections_total
  family<counter> connections_rejected; ///< synapse_connections_rejected_total
  family<histogram> cancel_latency;     ///< synapse_cancel_latency_seconds
  family<counter> local_replies;        ///< synapse_local_replies_total{detail}
  family<counter> config_reloads;       ///< synapse_config_reloads_total{result}
  family<histogram> event_loop_delay;   ///< synapse_event_loop_delay_seconds{thread}
  family<counter> bytes;                ///< synapse_bytes_total{direction}
  family<gauge> build_info;             ///< synapse_build_info{version}
};

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
