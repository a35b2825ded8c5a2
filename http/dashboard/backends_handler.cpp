#include "config/defaults/derived_routes.hpp"
#include "config/defaults/route_defaults.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/dashboard_handlers.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <boost/asio/ip/address.hpp>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

std::string text_of(const actors::backend_address& address) {
  namespace ip = boost::asio::ip;
  if (address.v6) {
    ip::address_v6::bytes_type bytes;
    std::copy(address.ip.begin(), address.ip.end(), bytes.begin());
    return "[" + ip::address_v6{bytes}.to_string() + "]:" + std::to_string(address.port);
  }
  ip::address_v4::bytes_type bytes;
  std::copy_n(address.ip.begin(), bytes.size(), bytes.begin());
  return ip::address_v4{bytes}.to_string() + ":" + std::to_string(address.port);
}

json describe(const std::vector<actors::peer_opinion>& peers) {
  auto result = json::array();
  for (const auto& one : peers)
    result.push_back(
        {{"instance", one.instance}, {"circuit", word_of(one.state)}, {"healthy", one.healthy}});
  return result;
}

json describe(const config::backend_settings& settings, const actors::backend_snapshot& state,
              const telemetry::health_sample& last, const telemetry::backend_metrics& counted) {
  auto addresses = json::array();
  for (const auto& address : state.addresses)
    addresses.push_back(text_of(address));
  std::uint64_t attempts = 0;
  for (std::size_t i = 0; i < telemetry::attempt_result_texts.size(); ++i)
    attempts += counted.attempts[static_cast<telemetry::attempt_result>(i)].value();
  const auto well = counted.attempts[telemetry::attempt_result::ok].value() +
                    counted.attempts[telemetry::attempt_result::canceled].value();
  auto condition = condition_of(&state, last);
  json answer{{"name", settings.name},
              {"title", settings.title.empty() ? settings.name : settings.title},
              {"type", config::to_string(settings.type)},
              {"url", settings.url.to_string()},
              {"health_path", last.path.empty() ? settings.health.path : last.path},
              {"status", condition.status},
              {"reason", std::move(condition.reason)},
              {"checked_at", last.at_ms > 0 ? json(last.at_ms) : json(nullptr)},
              {"latency_ms", last.latency_ms < 0 ? json(nullptr) : json(last.latency_ms)},
              {"circuit", word_of(state.state)},
              {"open_for_ms", state.open_for_ms},
              {"in_flight", counted.in_flight.value()},
              {"permits",
               {{"limit", settings.concurrency.max_requests},
                {"in_use", counted.in_flight.value()},
                {"waiting", state.waiting}}},
              {"resolved", state.resolved},
              {"addresses", std::move(addresses)},
              {"pool", {{"idle", counted.pool_idle.value()}}},
              {"attempts", attempts},
              {"failures", attempts > well ? attempts - well : 0},
              {"last_error", nullptr},
              {"peers", describe(state.peers)}};
  if (state.last_failure_ms > 0)
    answer["last_error"] =
        json{{"at", state.last_failure_ms}, {"what", word_of(state.last_failure)}};
  return answer;
}

/// Puts a route into the group of that title.
void add_route(json& backend, std::string_view group, std::string_view method,
               std::string_view path) {
  auto& groups = backend["groups"];
  auto found = std::find_if(groups.begin(), groups.end(),
                            [&](const json& one) { return one["title"] == group; });
  if (found == groups.end()) {
    groups.push_back({{"title", group}, {"routes", json::array()}});
    found = groups.end() - 1;
  }
  (*found)["routes"].push_back({{"method", method}, {"path", path}});
}
} // namespace

net::task<void> api_backends(const backend_services& watched, server::exchange& ex) {
  std::vector<actors::backend_snapshot> states;
  const bool answered = co_await ask_backends(ex, states);
  if (!answered)
    co_return;
  const auto health = watched.health->all();
  if (health.empty())
    watched.check_health(); // the first one who looks does not wait for the next round
  auto backends = json::array();
  for (const auto& [name, settings] : ex.settings().backends)
    if (const auto* state = find_state(states, name))
      backends.push_back(
          describe(settings, *state, last_of(health, name), ex.owner().metrics->backend(name)));
  json answer{{"backends", std::move(backends)}};
  co_await reply_json(ex, std::move(answer));
}

net::task<void> api_backend_routes(const backend_services& watched, server::exchange& ex) {
  const auto& settings = ex.settings();
  auto answer = json::object();
  for (const auto& [name, backend] : settings.backends)
    answer[name] = {{"title", backend.title.empty() ? name : backend.title},
                    {"groups", json::array()}};
  std::vector<std::string_view> served;
  for (const auto& route : watched.routes) {
    const auto* configured = config::find_route(settings, route.path);
    if (configured == nullptr)
      continue;
    if (configured->backend == config::by_model)
      for (const auto name : config::backends_with_models(settings))
        add_route(answer[std::string{name}], route.group, route.method, route.path);
    else if (answer.contains(configured->backend))
      add_route(answer[configured->backend], route.group, route.method, route.path);
    else
      continue;
    served.push_back(route.path);
  }
  // What only the configuration knows is passed on, whatever its method.
  for (const auto& route : settings.routes)
    if (answer.contains(route.backend) &&
        std::find(served.begin(), served.end(), route.path) == served.end())
      add_route(answer[route.backend], "Passed on", "*", route.path);
  co_await reply_json(ex, std::move(answer));
}

} // namespace synapse::api
