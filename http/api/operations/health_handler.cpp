#include "actors/protocol/error.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/core/local_reply.hpp"
#include "http/server/connection/worker.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

namespace {
using json = nlohmann::ordered_json;

/// Above the longest limit of a single probe.
constexpr net::time_ns probe_patience = 75'000'000'000;

json described(const actors::probe_result& result) {
  // It has taken our requests and works at them: what it is asked to do, it does.
  if (result.busy)
    return {{"status", "healthy"}, {"code", 200}, {"busy", true}};
  if (result.unasked && result.error.empty())
    return {{"status", "healthy"}, {"asked", false}};
  if (result.code == 0)
    return {{"status", "unreachable"}, {"error", result.error}};
  if (!result.error.empty())
    return {{"status", "unhealthy"}, {"code", result.code}, {"error", result.error}};
  return {{"status", result.code == 200 ? "healthy" : "unhealthy"}, {"code", result.code}};
}

json describe(const actors::probe_result& result) {
  auto answer = described(result);
  if (!result.path.empty())
    answer["path"] = result.path;
  return answer;
}
} // namespace

net::task<void> health(server::exchange& exchange) {
  actors::question<actors::health_report> question;
  question.ask(exchange.actor(), exchange.routes()->snapshot->health, actors::check_atom::value);
  wait_rules rules;
  rules.due = net::io_thread::now() + probe_patience;
  const auto end = co_await await_answer(exchange, question, rules);
  if (end == wait_end::left)
    co_return;
  if (end == wait_end::late || !question.answer()) {
    co_await exchange.reply_error(http::response_detail::draining,
                                  "the health of the backends is not known at the moment", 1);
    co_return;
  }
  bool healthy = true;
  json backends = json::object();
  for (const auto& result : question.answer()->backends) {
    healthy = healthy && result.is_well();
    backends[result.backend] = describe(result);
  }
  json answer{{"status", healthy ? "healthy" : "degraded"}, {"backends", std::move(backends)}};
  co_await exchange.reply(200, "application/json",
                          answer.dump(-1, ' ', false, json::error_handler_t::replace));
}

net::task<void> livez(server::exchange& exchange) {
  co_await exchange.reply(200, "application/json", R"({"status":"alive"})");
}

net::task<void> readyz(const server::lifecycle& life, server::exchange& exchange) {
  if (life.draining.load(std::memory_order_relaxed))
    co_await exchange.reply_error(http::response_detail::draining, {}, 5);
  else if (!life.ready.load(std::memory_order_relaxed))
    co_await exchange.reply_error(http::response_detail::draining, "the gateway is starting", 1);
  else
    co_await exchange.reply(200, "application/json", R"({"status":"ready"})");
}

} // namespace synapse::api
