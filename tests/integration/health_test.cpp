// Liveness, readiness and the aggregate of the backends' health.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace synapse::integration {
namespace {

using support::gateway_process;
using support::milliseconds;

nlohmann::json health_of(const gateway_process& gateway) {
  const auto reply = gateway.get("/health");
  EXPECT_TRUE(reply.ok()) << reply.body;
  return nlohmann::json::parse(reply.body, nullptr, false);
}

TEST(liveness_and_readiness, do_not_depend_on_backends) {
  const support::closed_port nobody;
  gateway_process gateway{
      config_with(backend("llama-router", "http://127.0.0.1:" + std::to_string(nobody.port())))};
  EXPECT_EQ(gateway.get("/livez").body, R"({"status":"alive"})");
  EXPECT_EQ(gateway.get("/readyz").body, R"({"status":"ready"})");
}

TEST(health, is_healthy_when_every_backend_says_200) {
  support::scripted_upstream one{echo()};
  support::scripted_upstream two{echo()};
  gateway_process gateway{
      config_with(backend("one", one.url() + "/base") +
                  backend("two", two.url(), "health: \"/deep/health?full=1\""))};
  EXPECT_EQ(health_of(gateway), nlohmann::json::parse(R"({"status":"healthy","backends":{
      "one":{"status":"healthy","code":200},"two":{"status":"healthy","code":200}}})"));
  ASSERT_EQ(one.seen().size(), 1u);
  EXPECT_EQ(one.seen()[0].method, "GET");
  EXPECT_EQ(one.seen()[0].target, "/base/health");
  EXPECT_EQ(one.seen()[0].field("Host"), "127.0.0.1:" + std::to_string(one.port()));
  EXPECT_EQ(two.seen()[0].target, "/deep/health?full=1");
}

TEST(health, tells_unhealthy_from_unreachable) {
  support::scripted_upstream well{echo()};
  support::scripted_upstream loading{
      support::answer_each([](const auto&) { return support::answer_bytes(503, "{}"); })};
  support::scripted_upstream garbage{[](support::upstream_connection& connection) {
    connection.read_request();
    connection.send("this is not HTTP\r\n\r\n");
  }};
  support::scripted_upstream rude{[](support::upstream_connection& connection) {
    connection.read_request();
    connection.reset();
  }};
  support::scripted_upstream hanging{
      [](support::upstream_connection& connection) { connection.wait_until_peer_closes(); }};
  const support::closed_port nobody;
  gateway_process gateway{
      config_with(backend("well", well.url()) + backend("loading", loading.url()) +
                  backend("garbage", garbage.url()) + backend("rude", rude.url()) +
                  backend("hanging", hanging.url(), "health: {timeout: 200ms}") +
                  backend("dead", "http://127.0.0.1:" + std::to_string(nobody.port())))};
  const auto health = health_of(gateway);
  EXPECT_EQ(health["status"], "degraded");
  const auto& backends = health["backends"];
  EXPECT_EQ(backends["well"], nlohmann::json::parse(R"({"status":"healthy","code":200})"));
  EXPECT_EQ(backends["loading"], nlohmann::json::parse(R"({"status":"unhealthy","code":503})"));
  for (const auto* name : {"garbage", "rude", "hanging", "dead"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(backends[name]["status"], "unreachable") << backends;
    EXPECT_FALSE(backends[name]["error"].get<std::string>().empty());
    EXPECT_FALSE(backends[name].contains("code"));
  }
  EXPECT_EQ(backends.size(), 6u);
}

/// A backend that has these paths and answers 404 to all others.
support::scripted_upstream::script has(std::vector<std::string> paths) {
  return support::answer_each([paths](const support::upstream_request& request) {
    const bool there = std::find(paths.begin(), paths.end(), request.target) != paths.end();
    return support::answer_bytes(there ? 200 : 404, "{}");
  });
}

TEST(health, finds_the_path_of_a_backend_that_has_no_health_and_asks_there_from_then_on) {
  support::scripted_upstream ollama{has({"/api/version", "/"})};
  support::scripted_upstream models{has({"/base/v1/models", "/base/api/version", "/base/"})};
  support::scripted_upstream usual{has({"/health", "/v1/models"})};
  gateway_process gateway{config_with(backend("models", models.url() + "/base/v1") +
                                          backend("ollama", ollama.url()) +
                                          backend("usual", usual.url()),
                                      "health: {max_age: 0}\n")};
  const auto expected = nlohmann::json::parse(R"({"status":"healthy","backends":{
      "models":{"status":"healthy","code":200,"path":"/v1/models"},
      "ollama":{"status":"healthy","code":200,"path":"/api/version"},
      "usual":{"status":"healthy","code":200}}})");
  EXPECT_EQ(health_of(gateway), expected);
  EXPECT_EQ(health_of(gateway), expected);
  const auto targets = [](const support::scripted_upstream& upstream) {
    std::vector<std::string> result;
    for (const auto& request : upstream.seen())
      result.push_back(request.target);
    return result;
  };
  EXPECT_EQ(targets(ollama),
            (std::vector<std::string>{"/health", "/v1/models", "/api/version", "/api/version"}));
  EXPECT_EQ(targets(models),
            (std::vector<std::string>{"/base/health", "/base/v1/models", "/base/v1/models"}));
  EXPECT_EQ(targets(usual), (std::vector<std::string>{"/health", "/health"}));
}

TEST(health, of_a_path_that_was_chosen_or_of_nothing_that_answers_is_what_it_is) {
  support::scripted_upstream chosen{has({"/v1/models", "/"})};
  support::scripted_upstream nothing{has({})};
  gateway_process gateway{config_with(backend("chosen", chosen.url(), "health: /health") +
                                      backend("nothing", nothing.url()))};
  EXPECT_EQ(health_of(gateway)["backends"], nlohmann::json::parse(R"({
      "chosen":{"status":"unhealthy","code":404},"nothing":{"status":"unhealthy","code":404}})"));
  EXPECT_EQ(chosen.requests(), 1u);
  EXPECT_EQ(nothing.requests(), 4u);
}

TEST(health, looks_for_the_path_again_when_what_was_found_is_gone) {
  constexpr std::array<std::string_view, 3> paths{"/v1/models", "/", "/health"};
  std::atomic<std::size_t> there{0};
  support::scripted_upstream upstream{
      support::answer_each([&](const support::upstream_request& request) {
        return support::answer_bytes(request.target == paths[there] ? 200 : 404, "{}");
      })};
  gateway_process gateway{config_with(backend("one", upstream.url()), "health: {max_age: 0}\n")};
  EXPECT_EQ(health_of(gateway)["backends"]["one"]["path"], "/v1/models");
  there = 1;
  EXPECT_EQ(health_of(gateway)["backends"]["one"]["path"], "/");
  there = 2;
  EXPECT_EQ(health_of(gateway)["backends"]["one"],
            nlohmann::json::parse(R"({"status":"healthy","code":200})"));
}

TEST(health, asks_backends_side_by_side) {
  // Each answers only once the other has been asked, too.
  support::gate asked[2];
  const auto after = [&](int mine, int other) {
    return [&asked, mine, other](support::upstream_connection& connection) {
      connection.read_request();
      asked[mine].open();
      if (asked[other].wait())
        connection.reply(200, "{}");
    };
  };
  support::scripted_upstream one{after(0, 1)};
  support::scripted_upstream two{after(1, 0)};
  gateway_process gateway{config_with(backend("one", one.url()) + backend("two", two.url()))};
  EXPECT_EQ(health_of(gateway)["status"], "healthy");
}

TEST(health, burst_of_callers_causes_one_round) {
  support::gate answer;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    while (connection.read_request() && answer.wait())
      connection.reply(200, "{}");
  }};
  gateway_process gateway{config_with(backend("one", upstream.url()), "health: {max_age: 0}\n")};
  std::vector<support::raw_client> callers;
  for (int i = 0; i < 50; ++i) {
    callers.push_back(gateway.connect());
    ASSERT_TRUE(callers.back().send(support::request_bytes("GET", "/health")));
  }
  ASSERT_TRUE(gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/health")", 50));
  answer.open();
  for (auto& caller : callers) {
    const auto reply = caller.read_reply();
    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(text_at(reply.body, "/status"), "healthy");
  }
  EXPECT_EQ(upstream.requests(), 1u);
  // That round is over and may not be used again: the next caller causes one of its own.
  EXPECT_EQ(health_of(gateway)["status"], "healthy");
  EXPECT_EQ(upstream.requests(), 2u);
}

TEST(health, round_answers_again_while_it_is_young) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{config_with(backend("one", upstream.url()), "health: {max_age: 1h}\n")};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(health_of(gateway)["status"], "healthy");
  EXPECT_EQ(upstream.requests(), 1u);
}

TEST(health, caller_that_leaves_does_not_disturb_the_others) {
  support::gate answer;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    while (connection.read_request() && answer.wait())
      connection.reply(200, "{}");
  }};
  gateway_process gateway{config_with(backend("one", upstream.url()))};
  auto leaves = gateway.connect();
  auto stays = gateway.connect();
  leaves.send(support::request_bytes("GET", "/health"));
  stays.send(support::request_bytes("GET", "/health"));
  ASSERT_TRUE(gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/health")", 2));
  leaves.reset();
  EXPECT_TRUE(gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/health")", 1));
  answer.open();
  EXPECT_TRUE(stays.read_reply().ok());
}

} // namespace
} // namespace synapse::integration
