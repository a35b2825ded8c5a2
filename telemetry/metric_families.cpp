#include "telemetry/metric_families.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace synapse::telemetry {

namespace {

using namespace std::chrono_literals;
using buckets = std::vector<std::chrono::nanoseconds>;

const buckets duration_buckets{1ms, 2500us, 5ms, 10ms, 25ms, 50ms, 100ms, 250ms, 500ms,
                               1s,  2500ms, 5s,  10s,  30s,  60s,  120s,  300s};
const buckets overhead_buckets{25us, 50us,   75us, 100us, 150us, 250us, 500us,
                               1ms,  2500us, 5ms,  10ms,  50ms,  100ms};
/// Those of gen_ai.server.time_to_first_token, and longer ones for models that load first.
const buckets first_token_buckets{1ms,    5ms,   10ms,  20ms,  40ms, 60ms,   80ms,
                                  100ms,  250ms, 500ms, 750ms, 1s,   2500ms, 5s,
                                  7500ms, 10s,   15s,   20s,   30s,  45s,    60s};
const buckets connect_buckets{50us, 100us, 250us, 500us, 1ms,   2500us, 5ms, 10ms,
                              25ms, 50ms,  100ms, 250ms, 500ms, 1s,     5s};
const buckets wait_buckets{10us,  100us, 1ms, 5ms,    10ms, 25ms, 50ms, 100ms,
                           250ms, 500ms, 1s,  2500ms, 5s,   10s,  30s};
const buckets cancel_buckets{50us, 100us, 250us, 500us, 1ms,   2500us, 5ms,
                             10ms, 25ms,  50ms,  100ms, 500ms, 1s};
const buckets loop_buckets{100us, 250us, 500us, 1ms,   2500us, 5ms, 10ms,
                           25ms,  50ms,  100ms, 250ms, 500ms,  1s};

/// Routes times codes is the largest of all families.
constexpr std::size_t max_request_children = 5000;
/// Of 513 deployments or names, a few reasons each.
constexpr std::size_t max_deployment_samples = 4096;

} // namespace

metric_families::metric_families(metric_registry& r)
    : requests(r.counters("synapse_requests_total", "Requests answered.", {"route", "code"},
                          max_request_children)),
      request_duration(r.histograms("synapse_request_duration_seconds",
                                    "From the request's first byte to the answer's last.",
                                    duration_buckets, {"route"})),
      overhead(r.histograms("synapse_overhead_seconds",
                            "The gateway's own share of a request's duration.", overhead_buckets,
                            {"route"})),
      first_token(r.histograms("synapse_first_token_seconds",
                               "From the request sent to a backend to its first content.",
                               first_token_buckets, {"route", "backend"})),
      requests_in_flight(
          r.gauges("synapse_requests_in_flight", "Requests being worked on.", {"route"})),
      stream_ends(
          r.counters("synapse_stream_ends_total", "Streams by how they ended.", {"route", "kind"})),
      stream_events(
          r.counters("synapse_stream_events_total", "Stream events passed on.", {"route"})),
      malformed_events(r.counters("synapse_malformed_events_total",
                                  "Stream events whose data was no JSON.", {"route"})),
      client_disconnects(r.counters("synapse_client_disconnects_total",
                                    "Clients that left before their answer was complete.",
                                    {"route", "phase"})),
      upstream_attempts(r.counters("synapse_upstream_attempts_total",
                                   "Attempts at a backend by how they ended.",
                                   {"backend", "result"})),
      upstream_retries(r.counters("synapse_upstream_retries_total",
                                  "Attempts after a request's first.", {"backend"})),
      stale_connections(r.counters("synapse_upstream_stale_connections_total",
                                   "Kept connections that the backend had closed.", {"backend"})),
      upstream_connect(r.histograms("synapse_upstream_connect_seconds",
                                    "Time to open a connection to a backend.", connect_buckets,
                                    {"backend"})),
      permit_wait(r.histograms("synapse_permit_wait_seconds",
                               "Time that requests waited for a backend's permit.", wait_buckets,
                               {"backend"})),
      permits_denied(r.counters("synapse_permits_denied_total", "Requests a backend was not asked.",
                                {"backend", "reason"})),
      breaker_state(r.gauges("synapse_breaker_state",
                             "Circuit breaker: 0 closed, 1 half-open, 2 open.", {"backend"})),
      breaker_opened(
          r.counters("synapse_breaker_opened_total", "Times the breaker opened.", {"backend"})),
      upstream_in_flight(r.gauges("synapse_upstream_in_flight",
                                  "Requests that hold a backend's permit.", {"backend"})),
      upstream_waiting(r.gauges("synapse_upstream_waiting",
                                "Requests that wait for a backend's permit.", {"backend"})),
      model_wait(r.histograms("synapse_model_wait_seconds",
                              "Time that requests waited for a model that was not ready.",
                              first_token_buckets, {"backend"})),
      model_load(r.histograms("synapse_model_load_seconds",
                              "From a router told to load a model to the model ready.",
                              duration_buckets, {"backend"})),
      model_loads(r.counters("synapse_model_loads_total", "Loads of models by how they ended.",
                             {"backend", "result"})),
      models_ready(r.gauges("synapse_models_ready", "Models that can answer.", {"backend"})),
      models_waiting(r.gauges("synapse_model_requests_waiting",
                              "Requests that wait for their model.", {"backend"})),
      pool_connections(
          r.gauges("synapse_pool_connections", "Connections to a backend.", {"backend", "state"})),
      connections(r.gauges("synapse_connections",
                           "Client connections: open ones, and the idle "
                           "ones among them.",
                           {"state"})),
      connections_total(r.counters("synapse_connections_total", "Client connections accepted.")),
      connections_rejected(
          r.counters("synapse_connections_rejected_total", "Client connections beyond a limit.")),
      cancel_latency(r.histograms("synapse_cancel_latency_seconds",
                                  "From a client's close to the close towards its backend.",
                                  cancel_buckets)),
      local_replies(r.counters("synapse_local_replies_total",
                               "Answers that the gateway made itself.", {"detail"})),
      config_reloads(
          r.counters("synapse_config_reloads_total", "Reloads of the configuration.", {"result"})),
      event_loop_delay(r.histograms("synapse_event_loop_delay_seconds",
                                    "What an event waits for its I/O thread.", loop_buckets,
                                    {"thread"})),
      bytes(r.counters("synapse_bytes_total", "Bytes from (in) and to (out) clients.",
                       {"direction"})),
      uploads_kept(r.gauges("synapse_uploads_kept_bytes",
                            "Of forms that are kept, so that another deployment can be asked.")),
      uploads_unkept(r.counters("synapse_uploads_unkept_total",
                                "Forms that were passed on without being kept.", {"reason"})),
      build_info(r.gauges("synapse_build_info", "Always 1; the version is a label.", {"version"})) {
}

family<counter> connections_limited(metric_registry& r) {
  return r.counters("synapse_connections_limited_total",
                    "Client connections beyond a limit, by which.", {"limit"});
}

feed_families::feed_families(metric_registry& r)
    : viewers(r.gauges("synapse_feed_viewers", "Viewers of the terminal feed.")),
      lines_dropped(r.counters("synapse_feed_lines_dropped_total",
                               "Lines of the terminal feed that were lost, by where.", {"where"})) {
}

cluster_families::cluster_families(metric_registry& r)
    : members(r.gauges("synapse_cluster_members", "Other replicas that are up.")),
      lines(r.counters("synapse_cluster_lines_total",
                       "Lines of the terminal feed between replicas, by result.", {"result"})),
      strangers(r.gauges("synapse_cluster_strangers",
                         "Connections to the cluster's port that have not shown the secret yet.")),
      strangers_refused(r.counters("synapse_cluster_strangers_refused_total",
                                   "Connections to the cluster's port that were turned away.",
                                   {"reason"})) {}

callback_registration log_lines_dropped(metric_registry& r, collector collect) {
  return r.callback("synapse_log_lines_dropped_total",
                    "Log lines lost because their output was too slow.", metric_kind::counter,
                    {"log"}, std::move(collect));
}

callback_registration feed_inbox_dropped(metric_registry& r, collector collect) {
  return r.callback("synapse_feed_inbox_dropped_total",
                    "Lines lost because the terminal feed did not take them in time.",
                    metric_kind::counter, {}, std::move(collect));
}

callback_registration feed_bus_connected(metric_registry& r, collector collect) {
  return r.callback("synapse_feed_bus_connected", "1 while the feed's bus is connected.",
                    metric_kind::gauge, {}, std::move(collect));
}

callback_registration feed_bus_connections_lost(metric_registry& r, collector collect) {
  return r.callback("synapse_feed_bus_connections_lost_total",
                    "Connections of the bus that failed or were lost.", metric_kind::counter, {},
                    std::move(collect));
}

callback_registration feed_bus_lines(metric_registry& r, collector collect) {
  return r.callback("synapse_feed_bus_lines_total",
                    "Lines on the feed's bus, by what became of them.", metric_kind::counter,
                    {"result"}, std::move(collect));
}

callback_registration deployment_requests(metric_registry& r, collector collect) {
  return r.callback("synapse_deployment_requests_total",
                    "Attempts at a deployment by how they ended.", metric_kind::counter,
                    {"deployment", "result"}, std::move(collect), max_deployment_samples);
}

callback_registration deployment_in_flight(metric_registry& r, collector collect) {
  return r.callback("synapse_deployment_in_flight", "Requests that a deployment works at.",
                    metric_kind::gauge, {"deployment"}, std::move(collect));
}

callback_registration deployment_state(metric_registry& r, collector collect) {
  return r.callback("synapse_deployment_state",
                    "Whether a deployment is asked: 0 not, 0.5 by one request that tries, 1 yes.",
                    metric_kind::gauge, {"deployment"}, std::move(collect));
}

callback_registration deployment_first_token(metric_registry& r, collector collect) {
  return r.callback("synapse_deployment_first_token_seconds",
                    "Average until a deployment's first token, of the last minute.",
                    metric_kind::gauge, {"deployment"}, std::move(collect));
}

callback_registration deployment_shut(metric_registry& r, collector collect) {
  return r.callback(
      "synapse_deployment_shut_total", "Times that a deployment was taken out of service, by why.",
      metric_kind::counter, {"deployment", "reason"}, std::move(collect), max_deployment_samples);
}

callback_registration fallbacks(metric_registry& r, collector collect) {
  return r.callback("synapse_fallbacks_total",
                    "Requests that left the deployments of a name or their tier, by why.",
                    metric_kind::counter, {"name", "reason"}, std::move(collect),
                    max_deployment_samples);
}

} // namespace synapse::telemetry
