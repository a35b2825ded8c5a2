#include "http/handlers/openapi_parts.hpp"

namespace synapse::handlers::openapi {

namespace {
json milliseconds_since_1970() {
  return integer("Milliseconds since 1970");
}
} // namespace

void add_dashboard_schemas(json& schemas) {
  const auto circuit = one_of({"closed", "half_open", "open"}, "State of the circuit breaker");
  schemas["Login"] = object({{"access_token", text("The dashboard's token")}}, {"access_token"});
  schemas["Session"] =
      object({{"instance", text("Name of the replica")},
              {"version", text("Of the gateway")},
              {"gate", one_of({"token", "loopback"}, "What lets the caller in")},
              {"expires_at", nullable(integer("Seconds since 1970; null without a session"))},
              {"feed_mode", one_of({"live", "mock"}, "Whether /events/terminal is served")},
              {"bus_mode", one_of({"local", "redis", "caf"}, "How replicas share the feed")}});
  schemas["Percentiles"] = nullable(object({{"p50", number("Milliseconds")},
                                            {"p95", number("Milliseconds")},
                                            {"p99", number("Milliseconds")}}));
  const auto health =
      one_of({"healthy", "busy", "unhealthy", "unknown"}, "By its last health check");
  const auto latency = nullable(number("Milliseconds that the check took"));
  schemas["Overview"] = object(
      {{"instance", text("Name of the replica")},
       {"version", text("Of the gateway")},
       {"now", milliseconds_since_1970()},
       {"uptime_seconds", integer("Since the start")},
       {"ready", boolean("Configuration loaded")},
       {"draining", boolean("About to stop")},
       {"in_flight", integer("Requests under way, this one included")},
       {"connections", integer("Open client connections")},
       {"interval_seconds", integer("Between samples")},
       {"samples", list_of(object({{"at", milliseconds_since_1970()},
                                   {"requests", integer("Answered within the interval")},
                                   {"client_errors", integer("Of them with a status 4xx")},
                                   {"server_errors", integer("Of them with a status 5xx")},
                                   {"in_flight", integer("At its end")},
                                   {"duration_ms", reference("Percentiles")},
                                   {"first_token_ms", reference("Percentiles")}}))},
       {"backends", list_of(object({{"name", text("As configured")},
                                    {"title", text("For people")},
                                    {"status", health},
                                    {"latency_ms", latency},
                                    {"history", list_of(object({{"at", milliseconds_since_1970()},
                                                                {"status", health},
                                                                {"latency_ms", latency}}))}}))}});
  schemas["PeerNote"] = object({{"instance", text("Name of the other replica")},
                                {"circuit", circuit},
                                {"healthy", boolean("By its last health check")}});
  schemas["Backends"] = object(
      {{"backends",
        list_of(object({{"name", text("As configured")},
                        {"title", text("For people")},
                        {"type", text("Dialect that it speaks")},
                        {"url", text("As configured")},
                        {"health_path", text("What its health is asked at")},
                        {"circuit", circuit},
                        {"open_for_ms", integer("Until the breaker's next probe")},
                        {"in_flight", integer("Requests that it works at")},
                        {"permits", object({{"limit", integer("Requests at once; 0: unlimited")},
                                            {"in_use", integer("Given out")},
                                            {"waiting", integer("Requests that wait for one")}})},
                        {"resolved", boolean("Its name has been looked up")},
                        {"addresses", list_of(text("ip:port"))},
                        {"pool", object({{"idle", integer("Kept connections without a request")}})},
                        {"attempts", integer("Since the start")},
                        {"failures", integer("Attempts that did not end well")},
                        {"last_error", nullable(object({{"at", milliseconds_since_1970()},
                                                        {"what", text("Its kind")}}))},
                        {"peers", list_of(reference("PeerNote"))}}))}});
  schemas["BackendRoutes"] = {
      {"type", "object"},
      {"description", "By the backend's name"},
      {"additionalProperties",
       object({{"title", text("For people")},
               {"groups",
                list_of(object({{"title", text("For people")},
                                {"routes", list_of(object({{"method", text("HTTP method")},
                                                           {"path", text("Path")}}))}}))}})}};
  schemas["RunningRequests"] = object(
      {{"requests",
        list_of(object({{"id", text("X-Request-Id")},
                        {"method", text("HTTP method")},
                        {"path", text("Without its query")},
                        {"route", text("That serves it")},
                        {"backend", text("Empty while none is asked")},
                        {"client", text("Address")},
                        {"age_ms", integer("Since its head was complete")},
                        {"bytes_in", integer("Received")},
                        {"bytes_out", integer("Sent")},
                        {"state", one_of({"receiving", "waiting", "answering"}, "Where it is")}}))},
       {"total", integer("Under way, also those that are not listed")}});
  schemas["Canceled"] = object({{"canceled", boolean("It was told to end")}});
  schemas["Cluster"] = object(
      {{"instance", text("Name of the replica that answers")},
       {"bus_mode", text("How replicas share the feed")},
       {"members",
        list_of(object(
            {{"instance", text("Name of the replica; empty while it is not known")},
             {"self", boolean("It is the one that answers")},
             {"address", text("host:port of its cluster port")},
             {"state", one_of({"up", "connecting", "down", "refused"}, "As seen from here")},
             {"version", text("Of its gateway")},
             {"since", nullable(milliseconds_since_1970())},
             {"last_seen_ms", nullable(integer("Since its last sign of life"))},
             {"round_trip_ms", nullable(number("Of the last question"))},
             {"reason", text("Why it is not up")},
             {"backends", list_of(object({{"name", text("As configured")},
                                          {"circuit", circuit},
                                          {"healthy", boolean("By its last check")}}))}}))}});
}

} // namespace synapse::handlers::openapi
