// How the backends are: one answer for every page, with its reason; and tests by hand.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

using json = nlohmann::json;

/// What two pages say of the only backend, once it has been checked.
json what_both_say(const gateway_process& gateway) {
  json said;
  EXPECT_TRUE(support::wait_until([&] {
    const auto overview = get_json(gateway, "/api/overview")["backends"][0];
    const auto backends = get_json(gateway, "/api/backends")["backends"][0];
    for (const auto* key : {"status", "reason", "circuit", "latency_ms"})
      if (overview[key] != backends[key])
        return false; // a round has ended between the two
    said = overview;
    return said["status"] != "unknown";
  }));
  return said;
}

json test_backend(const gateway_process& gateway, const std::string& name) {
  EXPECT_TRUE(support::wait_until([&] {
    return get_json(gateway, "/api/backends")["backends"][0]["resolved"] == true;
  })) << "a gateway that has just started looks its names up first";
  const auto reply = ask(gateway, "POST", "/api/backends/" + name + "/test", std::string{bearer});
  EXPECT_EQ(reply.status, 200u) << reply.body;
  return json::parse(reply.body, nullptr, false);
}

support::scripted_upstream::script answering(unsigned health_status) {
  return support::answer_each([health_status](const support::upstream_request& request) {
    if (request.target == "/v1/models")
      return support::answer_bytes(200, R"({"object":"list","data":[{"id":"a"},{"id":"b"}]})");
    return support::answer_bytes(health_status, "{}");
  });
}

TEST(health_view, is_healthy_for_all_pages) {
  support::scripted_upstream upstream{answering(200)};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const auto said = what_both_say(gateway);
  EXPECT_EQ(said["status"], "healthy");
  EXPECT_EQ(said["reason"], "");
  EXPECT_EQ(said["circuit"], "closed");
}

TEST(health_view, gives_the_reason_of_a_bad_check) {
  support::scripted_upstream upstream{answering(503)};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const auto said = what_both_say(gateway);
  EXPECT_EQ(said["status"], "unhealthy");
  EXPECT_EQ(said["reason"], "health check: status 503");
}

TEST(health_view, is_not_healthy_while_the_circuit_is_open) {
  // It answers its health checks, and breaks off everything else.
  support::scripted_upstream upstream{[](support::upstream_connection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->target != "/health")
        return;
      connection.reply(200, "{}");
    }
  }};
  const gateway_process gateway{
      integration::chat_config(upstream, {},
                               "retry: {attempts: 1}, breaker: {failures: 1, cooldown: 60s}"),
      live()};
  EXPECT_EQ(what_both_say(gateway)["status"], "healthy");
  gateway.post(integration::chat_path, integration::chat_body, integration::json_type);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_breaker_opened_total", "", 1));
  const auto said = what_both_say(gateway);
  EXPECT_EQ(said["status"], "unhealthy");
  EXPECT_EQ(said["reason"], "circuit open, after: reset before head");
  EXPECT_EQ(said["circuit"], "open");
}

TEST(backend_test, asks_for_the_health_and_the_models) {
  support::scripted_upstream upstream{answering(200)};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const auto result = test_backend(gateway, "llama-router");
  EXPECT_EQ(result["ok"], true) << result;
  ASSERT_EQ(result["steps"].size(), 2u);
  EXPECT_EQ(result["steps"][0]["what"], "GET /health");
  EXPECT_EQ(result["steps"][0]["status"], 200);
  EXPECT_EQ(result["steps"][1]["what"], "GET /v1/models");
  EXPECT_EQ(result["steps"][1]["said"], "2 models");
  EXPECT_GE(result["steps"][1]["ms"].get<double>(), 0);
  for (const auto& request : upstream.seen())
    EXPECT_EQ(request.field("Authorization"), "") << "the dashboard's token is not the backend's";
}

TEST(backend_test, says_what_is_wrong) {
  support::scripted_upstream upstream{answering(503)};
  const gateway_process gateway{integration::chat_config(upstream), live()};
  const auto result = test_backend(gateway, "llama-router");
  EXPECT_EQ(result["ok"], false);
  EXPECT_EQ(result["steps"][0]["ok"], false);
  EXPECT_EQ(result["steps"][0]["status"], 503);
  EXPECT_EQ(result["steps"][1]["ok"], true);
  const gateway_process lonely{lonely_config(), live()};
  const auto nobody = test_backend(lonely, "llama-router");
  EXPECT_EQ(nobody["ok"], false);
  EXPECT_TRUE(nobody["steps"][0]["status"].is_null());
  EXPECT_NE(nobody["steps"][0]["said"], "");
  EXPECT_EQ(ask(lonely, "POST", "/api/backends/none/test", std::string{bearer}).status, 404u);
}

} // namespace
} // namespace synapse::test
