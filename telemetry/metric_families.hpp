/// @file
/// The list of all metrics that the gateway has: names, texts, labels. Label values come from the
/// configuration or from closed sets (metric_labels.hpp), never from a request. Besides them there
/// are process_* (process_metrics.hpp) and what the registry says of itself.
#pragma once

#include "telemetry/metric_registry.hpp"

namespace synapse::telemetry {

/// What a gateway always has; gateway_metrics makes the children.
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
  family<gauge> uploads_kept;           ///< synapse_uploads_kept_bytes
  family<counter> uploads_unkept;       ///< synapse_uploads_unkept_total{reason}
  family<gauge> build_info;             ///< synapse_build_info{version}
};

/// synapse_connections_limited_total{limit}; declared where the connections are counted.
family<counter> connections_limited(metric_registry& registry);

/// Of the terminal feed.
struct feed_families {
  explicit feed_families(metric_registry& registry);

  family<gauge> viewers;         ///< synapse_feed_viewers
  family<counter> lines_dropped; ///< synapse_feed_lines_dropped_total{where}
};

/// Of a replica that is a member of a cluster.
struct cluster_families {
  explicit cluster_families(metric_registry& registry);

  family<gauge> members;             ///< synapse_cluster_members
  family<counter> lines;             ///< synapse_cluster_lines_total{result}
  family<gauge> strangers;           ///< synapse_cluster_strangers
  family<counter> strangers_refused; ///< synapse_cluster_strangers_refused_total{reason}
};

// Those whose values are asked for at every scrape, as long as the returned object lives. The
// collector writes label values in the order named here.

/// synapse_log_lines_dropped_total{log}; several may add to it.
[[nodiscard]] callback_registration log_lines_dropped(metric_registry& registry, collector collect);
/// synapse_feed_inbox_dropped_total
[[nodiscard]] callback_registration feed_inbox_dropped(metric_registry& registry,
                                                       collector collect);
/// synapse_feed_bus_connected
[[nodiscard]] callback_registration feed_bus_connected(metric_registry& registry,
                                                       collector collect);
/// synapse_feed_bus_connections_lost_total
[[nodiscard]] callback_registration feed_bus_connections_lost(metric_registry& registry,
                                                              collector collect);
/// synapse_feed_bus_lines_total{result}
[[nodiscard]] callback_registration feed_bus_lines(metric_registry& registry, collector collect);

// Of a catalog's deployments.

/// synapse_deployment_requests_total{deployment,result}
[[nodiscard]] callback_registration deployment_requests(metric_registry& registry,
                                                        collector collect);
/// synapse_deployment_in_flight{deployment}
[[nodiscard]] callback_registration deployment_in_flight(metric_registry& registry,
                                                         collector collect);
/// synapse_deployment_state{deployment}
[[nodiscard]] callback_registration deployment_state(metric_registry& registry, collector collect);
/// synapse_deployment_first_token_seconds{deployment}
[[nodiscard]] callback_registration deployment_first_token(metric_registry& registry,
                                                           collector collect);
/// synapse_deployment_shut_total{deployment,reason}
[[nodiscard]] callback_registration deployment_shut(metric_registry& registry, collector collect);
/// synapse_fallbacks_total{name,reason}
[[nodiscard]] callback_registration fallbacks(metric_registry& registry, collector collect);

} // namespace synapse::telemetry
