#include "http/dashboard/catalog/catalog_view.hpp"

#include "http/sites/deployment_state.hpp"
#include "routing/catalog.hpp"
#include "routing/failure/verdict_words.hpp"
#include "routing/records/deployment_record.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;
using client::deployment_word;
constexpr net::time_ns second = 1'000'000'000;

json or_null(std::uint64_t value) {
  return value == 0 ? json(nullptr) : json(value);
}

std::string_view word_of(routing::load_state state) {
  using load = routing::load_state;
  switch (state) {
  case load::loaded:
    return "loaded";
  case load::loading:
    return "loading";
  case load::cold_fits:
    return "cold";
  case load::cold_evicts:
    return "cold_evicts";
  case load::unknown:
    break;
  }
  return "unknown";
}

/// A sentence without a full stop; empty where there is nothing to say.
std::string reason_of(const client::deployment_state& state) {
  switch (state.word) {
  case deployment_word::drained:
    return "taken out by hand";
  case deployment_word::full:
    return "its limits are used up";
  case deployment_word::ready:
    return {};
  default:
    break;
  }
  std::string reason{routing::words_of(state.why)};
  if (state.kind)
    reason += " (" + std::string{to_string(*state.kind)} + ")";
  if (!state.found_by.empty())
    reason += ", as replica " + state.found_by + " has found";
  return reason;
}

json state_parts(const client::deployment_state& state, net::time_ns now) {
  const auto left = state.until - now;
  return {
      {"state", to_string(state.word)},
      {"reason", reason_of(state)},
      {"trouble", state.why == routing::trouble::none ? json(nullptr) : json(to_string(state.why))},
      {"kind", state.kind ? json(to_string(*state.kind)) : json(nullptr)},
      {"found_by", state.found_by.empty() ? json(nullptr) : json(state.found_by)},
      {"retry_in_seconds", state.until == 0
                               ? json(nullptr)
                               : json(std::max<net::time_ns>(0, (left + second - 1) / second))}};
}

json capability_texts(std::uint16_t bits) {
  auto result = json::array();
  for (const auto what : config::all_capabilities)
    if ((bits & config::capability_set::bit(what)) != 0)
      result.push_back(to_string(what));
  return result;
}

void add_measured(json& into, const client::thread_routes& routes, const routing::deployment& one,
                  net::time_ns now) {
  const auto& record = routes.record(one.place);
  auto& meter = routes.record(one.place).meter;
  const auto total = meter.all();
  const auto first = client::first_token_ns(routes, one, now) / 1e6;
  const auto error = record.last_error();
  into["loaded"] = word_of(meter.load());
  into["in_flight"] = meter.all_in_flight();
  into["queue"] = record.queue();
  into["first_token_ms"] = first > 0 ? json(first) : json(nullptr);
  into["success"] = meter.read(routes.thread, 0, now).success;
  into["requests"] = total.requests;
  into["attempts"] = total.attempts;
  into["failures"] = total.failures;
  into["tokens_in"] = total.tokens_in;
  into["tokens_out"] = total.tokens_out;
  into["last_error"] =
      error.wall_ms == 0 ? json(nullptr) : json{{"at", error.wall_ms}, {"what", error.words}};
}

json describe(const client::thread_routes& routes, const routing::deployment& one, double share,
              net::time_ns now) {
  const auto& settings = *one.settings;
  auto& record = routes.record(one.place);
  json answer{{"id", settings.id},      {"backend", settings.backend}, {"model", settings.model},
              {"tier", settings.order}, {"weight", settings.weight},   {"share", share}};
  answer.update(state_parts(client::state_of(routes, one, now), now));
  add_measured(answer, routes, one, now);
  answer["context"] = or_null(record.context());
  answer["capabilities"] = capability_texts(client::capabilities_of(routes, one));
  answer["limits"] = {{"rpm", or_null(settings.rpm)},
                      {"tpm", or_null(settings.tpm)},
                      {"requests", or_null(settings.max_requests)}};
  answer["headroom"] = record.headroom(now);
  return answer;
}

json names_of(const std::vector<routing::fallback_name>& names) {
  auto result = json::array();
  for (const auto& one : names)
    result.push_back(one.asked);
  return result;
}

json describe(const client::thread_routes& routes, const routing::model_name& name,
              net::time_ns now) {
  std::uint64_t all = 0;
  for (const auto& one : name.deployments)
    all += routes.record(one.place).meter.lately(now);
  auto deployments = json::array();
  for (const auto& one : name.deployments) {
    const auto own = static_cast<double>(routes.record(one.place).meter.lately(now));
    deployments.push_back(
        describe(routes, one, all == 0 ? 0 : own / static_cast<double>(all), now));
  }
  return {{"name", name.settings->name},
          {"aliases", name.settings->aliases},
          {"hidden", name.settings->hidden},
          {"strategy", to_string(name.settings->strategy)},
          {"affinity", to_string(name.settings->affinity)},
          {"recent_requests", all},
          {"fallbacks",
           {{"any", names_of(name.any)},
            {"context", names_of(name.context)},
            {"policy", names_of(name.policy)}}},
          {"deployments", std::move(deployments)}};
}
} // namespace

json describe_catalog(const client::thread_routes& routes, net::time_ns now) {
  const auto& table = routes.catalog().names();
  auto names = json::array();
  std::size_t shown = 0;
  for (const auto& name : table.names()) {
    shown += name.deployments.size();
    if (shown > most_deployments_shown)
      break;
    names.push_back(describe(routes, name, now));
  }
  return {{"names", std::move(names)}, {"total", table.names().size()}};
}

} // namespace synapse::api
