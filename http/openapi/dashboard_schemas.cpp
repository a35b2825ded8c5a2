#include "http/openapi/schema_parts.hpp"

namespace synapse::api::openapi {

namespace {
json milliseconds_since_1970() {
  return integer("Milliseconds since 1970");
}
} // namespace

namespace {
void add_request_schemas(json& schemas) {
  schemas["FinishedRequests"] = object(
      {{"requests",
        list_of(object({{"id", text("X-Request-Id")},
                        {"ended_at", milliseconds_since_1970()},
                        {"method", text("HTTP method; empty where the head could not be read")},
                        {"path", text("Without its query")},
                        {"route", text("That served it; empty: none")},
                        {"model", text("That was asked; empty: none")},
                        {"backend", text("That was asked; empty: none")},
                        {"client", text("Address")},
                        {"status", integer("HTTP status; 499: its client left before the answer")},
                        {"outcome", one_of({"good", "client_error", "server_error", "left"},
                                           "`left`: its client did not wait for the whole answer")},
                        {"detail", text("Why it ended so")},
                        {"stream", text("How the stream ended, if it was one")},
                        {"attempts", integer("At backends")},
                        {"deployment", text("Of a catalog's name, that was asked last")},
                        {"trace", nullable(list_of(reference("TracedAttempt")))},
                        {"duration_ms", number("In all")},
                        {"overhead_ms", number("The gateway's own share of it")},
                        {"first_byte_ms", nullable(number("Until the answer began"))},
                        {"bytes_in", integer("Received, head included")},
                        {"bytes_out", integer("Sent, head included")},
                        {"prompt_tokens", nullable(integer("As the backend said"))},
                        {"completion_tokens", nullable(integer("As the backend said"))}}))},
       {"matching", integer("Requests that fit the query")},
       {"kept", integer("Requests that are remembered")},
       {"routes", list_of(json{{"type", "string"}})},
       {"backends", list_of(json{{"type", "string"}})},
       {"models", list_of(json{{"type", "string"}})}});
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
  const auto health = one_of({"healthy", "busy", "unhealthy", "unknown"},
                             "By its circuit and its last health check");
  const auto reason = text("Why; empty where there is nothing to say");
  const json sample{{"at", milliseconds_since_1970()},
                    {"requests", integer("Ended within the interval")},
                    {"client_errors", integer("Of them with a status 4xx")},
                    {"server_errors", integer("Of them with a status 5xx")},
                    {"left", integer("Of them whose client did not wait for the whole answer")},
                    {"in_flight", integer("At its end")},
                    {"duration_ms", reference("Percentiles")},
                    {"first_token_ms", reference("Percentiles")}};
  json route{{"route", text("Path as configured")}};
  route.update(sample);
  const auto latency = nullable(number("Milliseconds that the check took"));
  schemas["Overview"] = object(
      {{"instance", text("Name of the replica")},
       {"version", text("Of the gateway")},
       {"now", milliseconds_since_1970()},
       {"uptime_seconds", integer("Since the start")},
       {"ready", boolean("Configuration loaded")},
       {"draining", boolean("About to stop")},
       {"in_flight", integer("Requests of people under way; the dashboard's own do not count")},
       {"connections", integer("Open client connections")},
       {"interval_seconds", integer("Between samples")},
       {"samples", list_of(object(sample))},
       {"routes", list_of(object(route))},
       {"backends", list_of(object({{"name", text("As configured")},
                                    {"title", text("For people")},
                                    {"status", health},
                                    {"reason", reason},
                                    {"circuit", nullable(circuit)},
                                    {"latency_ms", latency},
                                    {"history", list_of(object({{"at", milliseconds_since_1970()},
                                                                {"status", health},
                                                                {"reason", reason},
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
                        {"status", health},
                        {"reason", reason},
                        {"checked_at", nullable(milliseconds_since_1970())},
                        {"latency_ms", latency},
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
  add_request_schemas(schemas);
  schemas["BackendTest"] =
      object({{"backend", text("Its name")},
              {"url", text("As configured")},
              {"ok", boolean("All went well")},
              {"steps", list_of(object({{"what", text("What was asked")},
                                        {"ok", boolean("It was answered as it should be")},
                                        {"status", nullable(integer("HTTP status"))},
                                        {"ms", nullable(number("Milliseconds that it took"))},
                                        {"said", text("The answer in a few words")}}))}});
  schemas["ActiveConfig"] = object(
      {{"file", text("Where it was read from")},
       {"started_at", milliseconds_since_1970()},
       {"settings", text("YAML of everything that is in force")},
       {"environment", text("What the environment has set; of secrets only whether they are")},
       {"reloads",
        list_of(object({{"at", milliseconds_since_1970()},
                        {"result", one_of({"applied", "rejected"},
                                          "After `rejected` the settings before it stay")},
                        {"problems", list_of(json{{"type", "string"}})}}))}});
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

} // namespace synapse::api::openapi
