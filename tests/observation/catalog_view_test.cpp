// The catalog as people see it: names, their deployments, and how these are.
#include "tests/observation/viewer.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

using json = nlohmann::json;
using support::scripted_upstream;

std::string two_tiers(const scripted_upstream& first, const scripted_upstream& second) {
  return integration::config_with(integration::backend("gpu", first.url()) +
                                      integration::backend("cpu", second.url()),
                                  R"(catalog:
  big:
    aliases: [gpt-4o]
    strategy: p2c
    deployments:
      - {backend: gpu, model: m-gpu, id: fast, order: 1, context: 8192}
      - {backend: cpu, model: m-cpu, order: 2, weight: 3, rpm: 60}
  small:
    hidden: true
    deployments: [{backend: cpu, model: m-small}]
fallbacks: {any: {big: [small]}}
)");
}

/// Answers chats like that and all else well.
scripted_upstream::script answers(unsigned status, const std::string& body) {
  return support::answer_each([=](const support::upstream_request& request) {
    return request.method == "GET" ? support::answer_bytes(200, "{}")
                                   : support::answer_bytes(status, body);
  });
}
scripted_upstream::script good() {
  return answers(200, R"({"choices":[{"message":{"content":"yes"}}],)"
                      R"("usage":{"prompt_tokens":3,"completion_tokens":2}})");
}

support::http_reply chat(const gateway_process& gateway, const std::string& id = "some") {
  return gateway.post(integration::chat_path,
                      R"({"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]})",
                      std::string{integration::json_type} + "X-Request-Id: " + id + "\r\n");
}

json deployment(const gateway_process& gateway, std::size_t name, std::size_t at) {
  return get_json(gateway, "/api/catalog")["names"][name]["deployments"][at];
}

support::http_reply command(const gateway_process& gateway, const std::string& what,
                            const std::string& body) {
  return ask(gateway, "POST", "/api/catalog/deployments/" + what,
             std::string{bearer} + std::string{integration::json_type}, body);
}

TEST(catalog_view, has_names_and_deployments_as_the_file_has_them) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  const auto all = get_json(gateway, "/api/catalog");
  EXPECT_EQ(all["total"], 2);
  ASSERT_EQ(all["names"].size(), 2u) << all;
  const auto& big = all["names"][0];
  EXPECT_EQ(big["name"], "big");
  EXPECT_EQ(big["aliases"], json::array({"gpt-4o"}));
  EXPECT_EQ(big["strategy"], "p2c");
  EXPECT_EQ(big["affinity"], "prefix");
  EXPECT_EQ(big["hidden"], false);
  EXPECT_EQ(big["fallbacks"]["any"], json::array({"small"}));
  ASSERT_EQ(big["deployments"].size(), 2u);
  const auto& fast = big["deployments"][0];
  EXPECT_EQ(fast["id"], "fast");
  EXPECT_EQ(fast["backend"], "gpu");
  EXPECT_EQ(fast["model"], "m-gpu");
  EXPECT_EQ(fast["state"], "ready");
  EXPECT_EQ(fast["reason"], "");
  EXPECT_EQ(fast["context"], 8192);
  EXPECT_TRUE(fast["first_token_ms"].is_null());
  EXPECT_TRUE(fast["last_error"].is_null());
  const auto& slow = big["deployments"][1];
  EXPECT_EQ(slow["id"], "cpu/m-cpu");
  EXPECT_EQ(slow["tier"], 2);
  EXPECT_EQ(slow["weight"], 3);
  EXPECT_EQ(slow["limits"]["rpm"], 60);
  EXPECT_TRUE(slow["limits"]["tpm"].is_null());
  EXPECT_EQ(slow["headroom"], 1);
  EXPECT_EQ(all["names"][1]["hidden"], true);
}

TEST(catalog_view, is_empty_without_a_catalog) {
  const gateway_process gateway{lonely_config(), live()};
  const auto all = get_json(gateway, "/api/catalog");
  EXPECT_TRUE(all["names"].empty());
  EXPECT_EQ(all["total"], 0);
}

TEST(catalog_view, counts_what_was_sent_where) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway).status, 200u);
  json fast;
  EXPECT_TRUE(support::wait_until([&] { // the answer's last byte goes out before it is counted
    fast = deployment(gateway, 0, 0);
    return fast["in_flight"] == 0 && fast["loaded"] == "loaded";
  })) << fast;
  EXPECT_EQ(fast["requests"], 1);
  EXPECT_EQ(fast["attempts"], 1);
  EXPECT_EQ(fast["failures"], 0);
  EXPECT_EQ(fast["share"], 1);
  EXPECT_GT(fast["first_token_ms"].get<double>(), 0);
  EXPECT_EQ(deployment(gateway, 0, 1)["share"], 0);
}

TEST(catalog_view, shares_are_by_who_had_the_requests_last) {
  scripted_upstream gpu{answers(500, R"({"error":{"message":"broken inside"}})")};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(chat(gateway).status, 200u);
  EXPECT_EQ(deployment(gateway, 0, 0)["share"], 0);
  EXPECT_EQ(deployment(gateway, 0, 1)["share"], 1);
}

TEST(catalog_view, says_why_a_deployment_is_shut_and_for_how_long) {
  scripted_upstream gpu{answers(401, R"({"error":{"message":"no such key sk-canary1234567890"}})")};
  scripted_upstream cpu{good()};
  auto how = live({{"GPU_KEY", "the-gateways-own-key"}});
  const gateway_process gateway{
      integration::config_with(
          integration::backend("gpu", gpu.url(), "authorization: {bearer_env: GPU_KEY}") +
              integration::backend("cpu", cpu.url()),
          "catalog:\n  big:\n    aliases: [gpt-4o]\n    deployments:\n"
          "      - {backend: gpu, model: m, id: fast, order: 1}\n"
          "      - {backend: cpu, model: m, order: 2}\n"),
      how};
  EXPECT_EQ(chat(gateway).status, 200u);
  json fast;
  EXPECT_TRUE(support::wait_until([&] {
    fast = deployment(gateway, 0, 0);
    return fast["state"] == "shut";
  })) << fast;
  EXPECT_EQ(fast["trouble"], "key_refused");
  EXPECT_EQ(fast["reason"], "it does not take the gateway's key (chat)");
  EXPECT_EQ(fast["kind"], "chat");
  EXPECT_GT(fast["retry_in_seconds"].get<int>(), 200);
  EXPECT_LE(fast["retry_in_seconds"].get<int>(), 300);
  EXPECT_EQ(fast["failures"], 1);
  EXPECT_GT(fast["last_error"]["at"].get<std::int64_t>(), 1'600'000'000'000);
  EXPECT_EQ(get_json(gateway, "/api/catalog").dump().find("the-gateways-own-key"),
            std::string::npos);
  EXPECT_EQ(deployment(gateway, 0, 1)["state"], "ready");
}

TEST(catalog_view, a_drained_deployment_gets_nothing_until_it_is_enabled) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  const auto out = command(gateway, "drain", R"({"id":"fast"})");
  EXPECT_EQ(out.status, 200u) << out.body;
  EXPECT_EQ(json::parse(out.body), (json{{"id", "fast"}, {"drained", true}}));
  EXPECT_EQ(deployment(gateway, 0, 0)["state"], "drained");
  EXPECT_EQ(chat(gateway).field("X-Synapse-Deployment"), "cpu/m-cpu");
  EXPECT_EQ(command(gateway, "enable", R"({"id":"fast"})").status, 200u);
  EXPECT_EQ(deployment(gateway, 0, 0)["state"], "ready");
  EXPECT_EQ(chat(gateway).field("X-Synapse-Deployment"), "fast");
}

TEST(catalog_view, what_cannot_be_drained_is_refused) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(command(gateway, "drain", R"({"id":"nobody"})").status, 404u);
  EXPECT_EQ(command(gateway, "drain", R"({"id":7})").status, 400u);
  EXPECT_EQ(command(gateway, "drain", "{}").status, 400u);
  EXPECT_EQ(command(gateway, "drain", "[").status, 400u);
  EXPECT_EQ(command(gateway, "enable", std::string(5000, ' ')).status, 413u);
}

// ---- metrics ----

TEST(catalog_metrics, count_attempts_by_how_they_ended) {
  scripted_upstream gpu{answers(500, R"({"error":{"message":"broken inside"}})")};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway).status, 200u);
  const auto requests = [&](const std::string& labels) {
    return gateway.metric("synapse_deployment_requests_total", labels);
  };
  EXPECT_TRUE(gateway.wait_for_metric("synapse_deployment_requests_total",
                                      R"(deployment="cpu/m-cpu",result="ok")", 1));
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_deployment_in_flight", R"(deployment="cpu/m-cpu")", 0));
  EXPECT_EQ(requests(R"(deployment="fast",result="failed")"), 1);
  EXPECT_EQ(requests(R"(deployment="fast",result="ok")"), 0);
  EXPECT_EQ(gateway.metric("synapse_fallbacks_total", R"(name="big",reason="order")"), 1);
  EXPECT_EQ(gateway.metric("synapse_fallbacks_total", R"(name="big",reason="any")"), 0);
  EXPECT_GT(gateway.metric("synapse_deployment_first_token_seconds", R"(deployment="cpu/m-cpu")"),
            0);
  EXPECT_EQ(gateway.metric("synapse_deployment_state", R"(deployment="fast")"), 1);
  EXPECT_EQ(command(gateway, "drain", R"({"id":"fast"})").status, 200u);
  EXPECT_EQ(gateway.metric("synapse_deployment_state", R"(deployment="fast")"), 0);
}

TEST(catalog_metrics, count_a_refused_key_once) {
  scripted_upstream gpu{answers(401, R"({"error":{"message":"invalid key"}})")};
  scripted_upstream cpu{good()};
  const gateway_process gateway{
      integration::config_with(
          integration::backend("gpu", gpu.url(), "authorization: {bearer_env: GPU_KEY}") +
              integration::backend("cpu", cpu.url()),
          "catalog:\n  big:\n    aliases: [gpt-4o]\n    deployments:\n"
          "      - {backend: gpu, model: m, id: fast, order: 1}\n"
          "      - {backend: cpu, model: m, order: 2}\n"),
      live({{"GPU_KEY", "the-gateways-own-key"}})};
  const std::string labels = R"(deployment="fast",reason="key_refused")";
  EXPECT_NE(gateway.get("/metrics").body.find("synapse_deployment_shut_total{" + labels + "} 0"),
            std::string::npos)
      << "its first increase is to be seen";
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(chat(gateway).status, 200u);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_deployment_shut_total", labels, 1));
  EXPECT_EQ(gateway.metric("synapse_deployment_state", R"(deployment="fast")"), 0);
}

TEST(catalog_metrics, of_deployments_that_a_reload_takes_away_are_gone) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway).status, 200u);
  EXPECT_NE(gateway.get("/metrics").body.find(R"(deployment="fast")"), std::string::npos);
  ASSERT_TRUE(gateway.reload(
      integration::config_with(integration::backend("cpu", cpu.url()),
                               "catalog: {big: {deployments: [{backend: cpu, model: m-cpu}]}}\n")));
  EXPECT_EQ(gateway.get("/metrics").body.find(R"(deployment="fast")"), std::string::npos);
  EXPECT_NE(gateway.get("/metrics").body.find(R"(deployment="cpu/m-cpu")"), std::string::npos);
}

TEST(catalog_metrics, of_more_than_512_deployments_share_a_label) {
  scripted_upstream cpu{good()};
  std::string catalog = "catalog:\n";
  for (int i = 0; i < 600; ++i)
    catalog += "  n" + std::to_string(i) + ": {deployments: [{backend: cpu, model: m" +
               std::to_string(i) + "}]}\n";
  const gateway_process gateway{
      integration::config_with(integration::backend("cpu", cpu.url()), catalog), live()};
  const auto text = gateway.get("/metrics").body;
  EXPECT_NE(text.find(R"(synapse_deployment_state{deployment="cpu/m511"} 1)"), std::string::npos);
  EXPECT_EQ(text.find(R"(deployment="cpu/m512")"), std::string::npos);
  EXPECT_NE(text.find(R"(synapse_deployment_state{deployment="other"} 1)"), std::string::npos);
  EXPECT_EQ(gateway.metric("synapse_metrics_dropped_children_total"), 0);
}

// ---- attempts of finished requests ----

json trace_of(const gateway_process& gateway, const std::string& id) {
  json found;
  EXPECT_TRUE(support::wait_until([&] {
    const auto all = get_json(gateway, "/api/requests/finished?id=" + id)["requests"];
    if (!all.empty())
      found = all[0];
    return !found.is_null();
  })) << id;
  return found;
}

TEST(catalog_traces, of_a_plain_request_have_its_one_attempt) {
  scripted_upstream gpu{good()};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway, "plain").status, 200u);
  const auto one = trace_of(gateway, "plain");
  EXPECT_EQ(one["deployment"], "fast");
  ASSERT_EQ(one["trace"].size(), 1u) << one;
  EXPECT_EQ(one["trace"][0]["end"], "good");
  EXPECT_EQ(gateway.err().find("plain"), std::string::npos) << "and no line in the log";
}

TEST(catalog_traces, tell_what_failed_and_where_the_request_went) {
  scripted_upstream gpu{answers(500, R"({"error":{"message":"broken inside"}})")};
  scripted_upstream cpu{good()};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway, "moved").status, 200u);
  const auto one = trace_of(gateway, "moved");
  EXPECT_EQ(one["deployment"], "cpu/m-cpu");
  ASSERT_EQ(one["trace"].size(), 2u) << one;
  EXPECT_EQ(one["trace"][0]["deployment"], "fast");
  EXPECT_EQ(one["trace"][0]["end"], "failed");
  EXPECT_EQ(one["trace"][0]["status"], 500);
  EXPECT_EQ(one["trace"][0]["row"], 25);
  EXPECT_EQ(one["trace"][0]["next"], "order");
  EXPECT_EQ(one["trace"][1]["end"], "good");
  EXPECT_EQ(one["trace"][1]["status"], 200);
  EXPECT_TRUE(gateway.wait_for_log("request moved: big: fast -> cpu/m-cpu: transient, row 25: "));
}

TEST(catalog_traces, tell_that_nobody_was_left) {
  const auto bad = answers(500, R"({"error":{"message":"broken inside"}})");
  scripted_upstream gpu{bad};
  scripted_upstream cpu{bad};
  const gateway_process gateway{two_tiers(gpu, cpu), live()};
  EXPECT_EQ(chat(gateway, "lost").status, 500u);
  const auto one = trace_of(gateway, "lost");
  ASSERT_EQ(one["trace"].size(), 3u) << "both tiers, and the fallback: " << one;
  EXPECT_EQ(one["trace"][1]["next"], "any");
  EXPECT_TRUE(one["trace"][2]["next"].is_null());
  EXPECT_TRUE(gateway.wait_for_log("cpu/m-small -> nobody"));
}

TEST(catalog_traces, are_none_of_requests_without_a_catalog) {
  const gateway_process gateway{lonely_config(), live()};
  log_a_line(gateway, "uncatalogued");
  EXPECT_EQ(trace_of(gateway, "uncatalogued")["trace"], json::array());
}

} // namespace
} // namespace synapse::test
