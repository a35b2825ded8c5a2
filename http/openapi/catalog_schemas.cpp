#include "http/openapi/schema_parts.hpp"

namespace synapse::api::openapi {

namespace {
json deployment_schema() {
  return object(
      {{"id", text("As configured")},
       {"backend", text("Its backend's name")},
       {"model", text("As it is called there")},
       {"tier", integer("`order`: lower ones are asked first")},
       {"weight", number("Share within its tier; 0: only by id")},
       {"share", number("Of its name's requests of the last 5 minutes, 0 to 1")},
       {"state", one_of({"ready", "full", "half_open", "no_address", "shut", "drained"},
                        "`half_open`: one request tries; `drained`: taken out by hand")},
       {"reason", text("Why; empty where there is nothing to say")},
       {"trouble", nullable(text("The same as one word, as metrics have it"))},
       {"kind", nullable(text("Of what kind of requests it is so; null: of all"))},
       {"found_by", nullable(text("The replica whose finding it is; null: this one's own"))},
       {"retry_in_seconds", nullable(integer("Until it may be tried"))},
       {"loaded", one_of({"unknown", "loaded", "loading", "cold", "cold_evicts"},
                         "Whether its model is in memory; `cold_evicts`: another has to leave")},
       {"in_flight", integer("Requests that it works at")},
       {"queue", integer("Requests that wait inside the backend, as it says")},
       {"first_token_ms", nullable(number("Average until the first token; null: none lately"))},
       {"success", number("Share of good ends lately, 0.05 to 1")},
       {"requests", integer("That were sent there first, since the start")},
       {"attempts", integer("Since the start")},
       {"failures", integer("Attempts that were its fault")},
       {"tokens_in", integer("Since the start, as the backend said")},
       {"tokens_out", integer("Since the start, as the backend said")},
       {"last_error", nullable(object({{"at", integer("Milliseconds since 1970")},
                                       {"what", text("In its words, the beginning of them")}}))},
       {"context", nullable(integer("Tokens; null: not known"))},
       {"capabilities", list_of(json{{"type", "string"}})},
       {"limits", object({{"rpm", nullable(integer("Requests per minute"))},
                          {"tpm", nullable(integer("Tokens per minute"))},
                          {"requests", nullable(integer("At once"))}})},
       {"headroom", number("Of its limits, 1: nothing is used")}});
}
} // namespace

void add_catalog_schemas(json& schemas) {
  schemas["TracedAttempt"] =
      object({{"deployment", text("Its id, the beginning of a long one")},
              {"end", one_of({"good", "failed", "broken", "left", "full", "shut"},
                             "`broken`: within its answer; `full`, `shut`: it was not asked")},
              {"outcome", text("The same in words")},
              {"row", nullable(integer("Of the table of failures"))},
              {"status", nullable(integer("HTTP status of its answer"))},
              {"ms", number("Until its end, waiting for a permit included")},
              {"next", nullable(text("Where the request went from there: `order`, `spill`, `any`, "
                                     "`context`, `policy`, `beside` in the same tier, `again`"))}});
  const json names{{"type", "array"}, {"items", {{"type", "string"}}}};
  schemas["Deployment"] = deployment_schema();
  schemas["Catalog"] = object(
      {{"names", list_of(object({{"name", text("As configured")},
                                 {"aliases", names},
                                 {"hidden", boolean("Not in lists of models")},
                                 {"strategy", text("How one of several is picked")},
                                 {"affinity", text("What keeps a conversation together")},
                                 {"recent_requests", integer("Of the last 5 minutes")},
                                 {"fallbacks",
                                  object({{"any", names}, {"context", names}, {"policy", names}})},
                                 {"deployments", list_of(reference("Deployment"))}}))},
       {"total", integer("Names, also those that are not listed")}});
  schemas["DeploymentChoice"] = object({{"id", text("Of a deployment")}}, {"id"});
  schemas["DeploymentDrained"] =
      object({{"id", text("Of the deployment")}, {"drained", boolean("It gets no requests")}});
}

} // namespace synapse::api::openapi
