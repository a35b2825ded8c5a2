#include "config/backend_types.hpp"
#include "http/api/models/model_questions.hpp"
#include "http/client/endpoint.hpp"
#include "http/client/fetch.hpp"
#include "http/dashboard/answer_parts.hpp"
#include "http/dashboard/dashboard_handlers.hpp"

namespace synapse::api {

namespace {
using http::response_detail;
using json = nlohmann::ordered_json;

constexpr std::size_t max_test_answer = 4 * 1024 * 1024;
constexpr std::size_t max_said = 200;
constexpr net::time_ns list_limit = 10'000'000'000;

/// One question to a backend. Shared with its coroutine, which may outlive the request.
struct trial : net::local_counted {
  client::site_ptr site;
  client::fetch_result result;
  client::canceler_ptr cancel = net::make_local<client::canceler>();
  net::wake_ptr wake;
  bool done = false;
};

net::task<void> run_trial(net::local_ptr<trial> one, net::tcp::endpoint address,
                          client::fetch_request request) {
  auto result = co_await client::fetch(*one->site->pool, address, std::move(request), one->cancel);
  one->result = std::move(result);
  one->done = true;
  auto waiter = one->wake;
  waiter->notify();
}

client::fetch_request question_to(const client::backend_site& site, std::string target,
                                  net::time_ns limit) {
  client::fetch_request request;
  request.target = std::move(target);
  request.authority = site.authority;
  // The backend's own key as with any request. The caller's is the dashboard's, and none of its
  // business.
  if (!site.entry->bearer.empty())
    request.fields = site.key_field + site.entry->bearer + "\r\n";
  request.deadline = net::io_thread::now() + limit;
  request.max_body = max_test_answer;
  return request;
}

/// What an answer comes to, in a few words.
std::string said_by(const client::fetch_result& result, bool is_list) {
  if (!result.ok())
    return result.message.empty() ? "no answer" : result.message;
  const auto body = json::parse(result.body, nullptr, false);
  if (is_list && result.status == 200) {
    if (!body.is_object() || !body.contains("data") || !body["data"].is_array())
      return "the answer is not a model list";
    const auto count = body["data"].size();
    return std::to_string(count) + (count == 1 ? " model" : " models");
  }
  std::string text{telemetry::utf8_prefix(result.body, max_said)};
  return text.size() < result.body.size() ? text + "…" : text;
}

/// Asks, and describes what came. @returns false when the client has left.
net::task<bool> try_once(server::exchange& ex, const client::site_ptr& site,
                         net::tcp::endpoint address, client::fetch_request request, bool is_list,
                         json& steps) {
  auto one = net::make_local<trial>();
  one->site = site;
  one->wake = ex.wake();
  const auto from = net::io_thread::now();
  json step{{"what", "GET " + request.target}};
  net::spawn(run_trial(one, address, std::move(request)));
  const auto done = [&one] { return one->done; };
  const wait_rules rules; // it has a limit of its own
  if (co_await wait_until(ex, done, rules) == wait_end::left) {
    one->cancel->cancel();
    co_return false;
  }
  const auto took = net::io_thread::now() - from;
  const auto& result = one->result;
  auto said = said_by(result, is_list);
  const bool good = result.ok() && result.status == 200 && said != "the answer is not a model list";
  step["ok"] = good;
  step["status"] = result.status == 0 ? json(nullptr) : json(result.status);
  step["ms"] = static_cast<double>(took / 1000) / 1000;
  step["said"] = std::move(said);
  steps.push_back(std::move(step));
  co_return true;
}

net::task<void> reply_test(server::exchange& ex, const client::backend_site& site, json steps) {
  const bool good = std::all_of(steps.begin(), steps.end(),
                                [](const json& step) { return step["ok"].get<bool>(); });
  json answer{{"backend", site.name()},
              {"url", site.settings->url.to_string()},
              {"ok", good},
              {"steps", std::move(steps)}};
  co_await reply_json(ex, std::move(answer));
}
} // namespace

net::task<void> api_test_backend(const backend_services& watched, server::exchange& ex) {
  const auto site = ex.routes()->site(percent_decoded(ex.parameter("name")));
  if (!site) {
    co_await ex.reply_error(response_detail::route_not_found, "no backend of this name");
    co_return;
  }
  // Past the circuit breaker, which a backend that is tested may have opened, and without a word
  // to it: what a person tries decides nothing.
  std::vector<actors::backend_snapshot> states;
  const bool answered = co_await ask_backends(ex, states);
  if (!answered)
    co_return;
  const auto* state = find_state(states, site->name());
  auto steps = json::array();
  if (state == nullptr || state->addresses.empty()) {
    steps.push_back({{"what", "look up " + site->settings->url.host},
                     {"ok", false},
                     {"status", nullptr},
                     {"ms", nullptr},
                     {"said", "the host name does not resolve"}});
    co_await reply_test(ex, *site, std::move(steps));
    co_return;
  }
  const auto address = client::to_endpoint(state->addresses.front());
  const auto& base = site->settings->url.base_path;
  const auto limit = std::chrono::nanoseconds{site->settings->health.timeout}.count();
  const auto found =
      watched.health->last(site->name()).path; // where the configured one is not there
  const auto& path = found.empty() ? site->settings->health.path : found;
  auto health = question_to(*site, base + path, limit);
  bool here = co_await try_once(ex, site, address, std::move(health), false, steps);
  if (here && config::row_of(site->settings->type).has_models) {
    auto list = question_to(*site, base + "/v1/models", list_limit);
    here = co_await try_once(ex, site, address, std::move(list), true, steps);
  }
  watched.check_health(); // what is shown of it is not to be older than this
  if (here)
    co_await reply_test(ex, *site, std::move(steps));
}

} // namespace synapse::api
