// What model servers get, what clients get back, and which names there are.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace synapse::deployed {
namespace {

using nlohmann::json;

TEST(deployed_requests, only_the_model_changes_and_answers_not_at_all) {
  const std::string odd_answer =
      "{ \"choices\" : [ {\"index\":0, \"message\":{\"content\":\"\\u00e4\"}"
      ", \"finish_reason\":\"stop\"} ],\n \"model\":\"its own\" }";
  model_server one{"one", answer_status(200, odd_answer, "X-Its: kept\r\n")};
  const gateway_process gateway{config_for({&one}, true)};
  const auto with_model = [](std::string_view model) {
    return "{ \"messages\" : [{\"role\":\"user\",\"content\":\"\\u0041 \\\"m\\\"\"}] "
           ",\n\t\"model\" :  \"" +
           std::string{model} + "\", \"x\" : 1.50, \"nested\":{\"model\":\"m\"} }";
  };
  for (const auto* path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}) {
    const auto reply = gateway.post(path, with_model("m"), "Content-Type: application/json\r\n");
    EXPECT_EQ(reply.status, 200U) << path << reply.body;
    EXPECT_EQ(reply.body, odd_answer) << path;
    EXPECT_EQ(reply.field("X-Its"), "kept");
    EXPECT_EQ(reply.field("X-Synapse-Model"), "one-model");
    EXPECT_EQ(reply.count("X-Synapse-Backend"), 1U);
    const auto sent = one.requests().back();
    EXPECT_EQ(sent.target, path);
    EXPECT_EQ(sent.body, with_model("one-model")) << path;
  }
}

TEST(deployed_requests, streams_are_passed_on_byte_by_byte) {
  model_server one{"one", answer_with("ä")};
  const gateway_process gateway{config_for({&one}, true)};
  const auto reply = chat(gateway, "", "m", true);
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, completion_events("ä"));
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "one/one-model");
}

TEST(deployed_requests, defaults_fill_in_what_is_left_out) {
  model_server one{"one", answer_with("well")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x, "
                          "defaults: {temperature: 0.5, seed: 1}, headers: {X-Team: blue}}]}\n")};
  EXPECT_TRUE(gateway
                  .post(chat_path, R"({"model":"m","messages":[],"seed":9})",
                        "Content-Type: application/json\r\n")
                  .ok());
  const auto sent = one.requests().back();
  const auto body = json::parse(sent.body);
  EXPECT_EQ(body["temperature"], 0.5);
  EXPECT_EQ(body["seed"], 9);
  EXPECT_EQ(body["model"], "x");
  EXPECT_EQ(sent.field("X-Team"), "blue");
}

TEST(deployed_requests, names_aliases_and_patterns_lead_to_the_model_that_they_mean) {
  model_server one{"one", answer_with("well")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}};
  const gateway_process gateway{config_of(
      backends, "catalog:\n  m: {aliases: [gpt], deployments: [{backend: one, model: x}]}\n"
                "  \"any/*\": {deployments: [{backend: one, model: \"own-*\"}]}\n")};
  for (const auto& [asked, served] :
       {std::pair{"m", "x"}, std::pair{"gpt", "x"}, std::pair{"any/thing:8b", "own-thing:8b"}}) {
    const auto reply = chat(gateway, "", asked);
    EXPECT_TRUE(reply.ok()) << asked << reply.body;
    EXPECT_EQ(json::parse(one.requests().back().body)["model"], served);
  }
  const auto unknown = chat(gateway, "", "nobody");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(error_code_of(unknown), "model_not_found");
}

TEST(deployed_requests, a_fallback_that_a_pattern_knows_is_asked_by_its_own_name) {
  model_server one{"one", answer_status(500, error_body("broken"))};
  model_server two{"two", answer_with("well")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}, {"two", two.url(), ""}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x}]}\n"
                          "  \"any/*\": {deployments: [{backend: two, model: \"*\"}]}\n"
                          "fallbacks: {any: {m: [any/large]}}\n")};
  const auto reply = chat(gateway);
  EXPECT_TRUE(reply.ok()) << reply.body;
  ASSERT_EQ(two.asked(), 1U);
  EXPECT_EQ(json::parse(two.requests().back().body)["model"], "large");
}

TEST(deployed_requests, a_pattern_lets_no_name_through_that_would_be_more_than_one) {
  model_server one{"one", answer_with("well")};
  const gateway_process gateway{
      config_of({{"one", one.url(), ""}},
                "catalog:\n  \"any/*\": {deployments: [{backend: one, model: \"*\"}]}\n")};
  for (const auto& name : {std::string{"any/a\r\nX-Evil: 1\r\n\r\nbody"},
                           "any/" + std::string(200'000, 'x'), std::string{"any/\x7f"}}) {
    const auto reply = chat(gateway, "", name);
    EXPECT_EQ(reply.status, 404U);
    EXPECT_EQ(reply.count("X-Evil"), 0U) << reply.head;
    EXPECT_LT(reply.head.size(), 4000U);
  }
  EXPECT_EQ(one.asked(), 0U);
  EXPECT_TRUE(chat(gateway, "", "any/ä (1)").ok());
}

TEST(deployed_requests, tags_and_ids_choose) {
  model_server one{"one", answer_with("first")};
  model_server two{"two", answer_with("second")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}, {"two", two.url(), ""}};
  const gateway_process gateway{config_of(
      backends, "catalog:\n  m: {deployments: [{backend: one, model: x, id: first},\n"
                "    {backend: two, model: y, id: second, order: 2, tags: [eu, paid]}]}\n")};
  EXPECT_EQ(content_of(chat(gateway)), "first");
  EXPECT_EQ(content_of(chat(gateway, "X-Synapse-Tags: eu , paid\r\n")), "second");
  EXPECT_EQ(content_of(chat(gateway, "X-Synapse-Deployment: second\r\n")), "second");
  EXPECT_EQ(content_of(gateway.post(chat_path,
                                    R"({"model":"m","messages":[],"metadata":{"tags":["eu"]}})",
                                    "Content-Type: application/json\r\n")),
            "second");
  EXPECT_EQ(chat(gateway, "X-Synapse-Tags: us\r\n").status, 400U);
  EXPECT_EQ(chat(gateway, "X-Synapse-Deployment: third\r\n").status, 400U);
}

TEST(deployed_requests, context_decides_before_anybody_is_asked_where_it_is_known) {
  model_server small{"small", answer_with("small")};
  model_server large{"large", answer_with("large")};
  const std::vector<backend_line> backends{{"small", small.url(), ""}, {"large", large.url(), ""}};
  const gateway_process gateway{config_of(
      backends, "catalog:\n  m: {deployments: [{backend: small, model: x, context: 1000},\n"
                "    {backend: large, model: y, order: 2, context: 100000}]}\n")};
  EXPECT_EQ(content_of(chat(gateway)), "small");
  const auto reply = gateway.post(chat_path, chat_body("m", false, std::string(20'000, 'x')),
                                  "Content-Type: application/json\r\n");
  EXPECT_EQ(content_of(reply), "large");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
  EXPECT_EQ(small.asked(), 1U);
}

/// Of twelve conversations with four turns each, at three servers.
struct homes {
  int moved = 0; ///< turns that went elsewhere than the first one
  std::set<std::string> all;
};
using turn_of = std::function<http_reply(const gateway_process&, int conversation, int turn)>;

homes find_homes(const turn_of& take) {
  model_server one{"one", answer_with("one")};
  model_server two{"two", answer_with("two")};
  model_server three{"three", answer_with("three")};
  auto config = config_for({&one, &two, &three}, false);
  config.replace(config.find("affinity: none"), 14, "affinity: prefix");
  const gateway_process gateway{config};
  homes found;
  for (int conversation = 0; conversation < 12; ++conversation) {
    const auto turn = [&](int number) {
      return take(gateway, conversation, number).field("X-Synapse-Backend");
    };
    const auto home = turn(0);
    for (int i = 1; i < 4; ++i)
      found.moved += turn(i) == home ? 0 : 1;
    found.all.insert(home);
  }
  return found;
}

TEST(deployed_requests, conversations_stay_where_they_began) {
  const auto found = find_homes([](const gateway_process& gateway, int conversation, int /*turn*/) {
    return chat(gateway, "X-Session-Id: s" + std::to_string(conversation) + "\r\n");
  });
  EXPECT_LE(found.moved, 4) << "one that has much to do for the moment may be left";
  EXPECT_GT(found.all.size(), 1U);
}

TEST(deployed_requests, a_cache_key_keeps_other_texts_together_too) {
  const auto found = find_homes([](const gateway_process& gateway, int key, int turn) {
    const auto text = turn == 0 ? key : 99 + turn;
    const auto body = R"({"model":"m","prompt_cache_key":"k)" + std::to_string(key) +
                      R"(","messages":[{"role":"user","content":")" + std::to_string(text) +
                      R"("}]})";
    return gateway.post(chat_path, body, "Content-Type: application/json\r\n");
  });
  EXPECT_LE(found.moved, 4) << "by their texts, two of three would be elsewhere";
  EXPECT_GT(found.all.size(), 1U);
}

// ---- keys ----

TEST(deployed_requests, a_key_that_is_refused_is_never_the_client_s_matter) {
  model_server one{"one", answer_status(401, error_body("wrong key"))};
  model_server two{"two", answer_with("second")};
  gateway_process::options how;
  how.environment["FIRST_KEY"] = "k1";
  how.environment["SECOND_KEY"] = "k2";
  const std::vector<backend_line> backends{
      {"one", one.url(), ", authorization: {bearer_env: FIRST_KEY}"},
      {"two", two.url(), ", authorization: {bearer_env: SECOND_KEY}"}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x},\n"
                          "    {backend: two, model: y, order: 2}]}\n"),
      how};
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(content_of(chat(gateway, "Authorization: Bearer client\r\n")), "second");
  EXPECT_LE(one.asked(), 3U) << "word of it is on its way to all threads for a moment";
  EXPECT_EQ(one.requests()[0].field("Authorization"), "Bearer k1");
  EXPECT_EQ(two.requests()[0].field("Authorization"), "Bearer k2");
}

// ---- lists ----

TEST(deployed_requests, names_are_listed_without_asking_anybody) {
  model_server one{"one", hang()};
  auto config = config_for({&one}, true);
  one.die();
  const gateway_process gateway{config};
  for (int i = 0; i < 20; ++i) {
    const auto begun = clock::now();
    const auto reply = gateway.get("/v1/models");
    EXPECT_LT(clock::now() - begun, milliseconds{1000});
    ASSERT_EQ(reply.status, 200U);
    const auto list = json::parse(reply.body);
    ASSERT_EQ(list["data"].size(), 1U) << reply.body;
    EXPECT_EQ(list["data"][0]["id"], "m");
  }
}

} // namespace
} // namespace synapse::deployed
