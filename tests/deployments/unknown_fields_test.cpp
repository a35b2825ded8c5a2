// Servers that do not take a field which they do not know, as TensorRT-LLM: they are asked once
// more without all that OpenAI itself does not know.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

const std::string refusal =
    R"({"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'top_k')}]",)"
    R"("type":"BadRequestError","param":null,"code":400})";

/// Refuses what has the field, and answers the rest.
deed unless_it_has(std::string field) {
  return
      [field = std::move(field)](upstream_connection& connection, const upstream_request& request) {
        if (request.body.find(field) != std::string::npos)
          return connection.reply(400, refusal);
        return answer_with("well")(connection, request);
      };
}

http_reply post_to(const gateway_process& gateway, std::string_view path, std::string_view body) {
  return gateway.post(path, body, "Content-Type: application/json\r\n");
}

TEST(unknown_fields, are_left_out_of_the_second_request_and_nothing_else_is) {
  model_server one{"one", unless_it_has("\"top_k\"")};
  model_server two{"two", answer_with("second")};
  const gateway_process gateway{config_for({&one, &two}, true)};
  const auto begin = [](std::string_view model) {
    return R"({ "model" : ")" + std::string{model} + R"(" ,"input":[ "a" ],"prompt":"b",)" +
           R"("messages":[{"role":"user","content":"\u0041","x":1}])";
  };
  const std::string end = "  }";
  const auto own = [&](std::string_view path) {
    const auto whole = begin("one-model");
    if (path == "/v1/embeddings")
      return std::string{R"({ "model" : "one-model" ,"input":[ "a" ])"};
    return path == "/v1/completions"
               ? std::string{R"({ "model" : "one-model" ,"prompt":"b")"}
               : R"({ "model" : "one-model" ,)" + whole.substr(whole.find("\"messages\""));
  };
  for (const std::string path : {"/v1/chat/completions", "/v1/completions", "/v1/embeddings"}) {
    const auto before = one.asked();
    const auto reply =
        post_to(gateway, path, begin("m") + R"(,"top_k" : 40, "min_p":[{"n":1}],"user":"u")" + end);
    EXPECT_EQ(reply.status, 200U) << path << reply.body;
    EXPECT_EQ(content_of(reply), "well");
    EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
    EXPECT_EQ(reply.field("X-Synapse-Deployment"), "one/one-model");
    ASSERT_EQ(one.asked(), before + 2) << path;
    EXPECT_EQ(one.requests().back().body, own(path) + R"(,"user":"u")" + end) << path;
  }
  EXPECT_EQ(two.asked(), 0U);
}

TEST(unknown_fields, streams_come_from_the_second_request) {
  model_server one{"one", unless_it_has("\"top_k\"")};
  const gateway_process gateway{config_for({&one}, true)};
  const auto reply =
      post_to(gateway, chat_path, R"({"top_k":1,"model":"m","stream":true,"messages":[]})");
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, completion_events("well"));
  EXPECT_EQ(one.requests().back().body, R"({"model":"one-model","stream":true,"messages":[]})");
}

TEST(unknown_fields, of_the_operator_s_own_stay) {
  model_server one{"one", unless_it_has("\"top_k\"")};
  const gateway_process gateway{config_of({{"one", one.url(), ""}},
                                          "catalog:\n  m: {deployments: [{backend: one, model: x, "
                                          "defaults: {guided_regex: a, min_p: 0.5}}]}\n")};
  const auto reply =
      post_to(gateway, chat_path, R"({"model":"m","messages":[],"top_k":1,"min_p":0.1})");
  EXPECT_TRUE(reply.ok()) << reply.body;
  EXPECT_EQ(one.requests().back().body,
            R"({"guided_regex":"a","min_p":0.5,"model":"x","messages":[]})");
}

TEST(unknown_fields, that_are_none_of_the_request_s_send_nothing_again) {
  model_server one{"one", unless_it_has("\"n\"")};
  model_server two{"two", answer_with("second")};
  const gateway_process gateway{config_for({&one, &two}, true)};
  for (const std::string more : {"", R"(,"synapse":{"wait":true})"}) {
    const auto before = one.asked();
    const auto reply =
        post_to(gateway, chat_path, R"({"model":"m","messages":[],"n":1)" + more + "}");
    EXPECT_EQ(reply.status, 400U);
    EXPECT_EQ(reply.body, refusal);
    EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
    EXPECT_EQ(one.asked(), before + 1);
  }
  EXPECT_EQ(two.asked(), 0U);
}

TEST(unknown_fields, a_second_refusal_is_the_client_s_answer) {
  model_server one{"one", answer_status(400, refusal)};
  model_server two{"two", answer_with("second")};
  const gateway_process gateway{config_for({&one, &two}, true)};
  const auto reply = post_to(gateway, chat_path, R"({"model":"m","messages":[],"top_k":1})");
  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.body, refusal);
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
  EXPECT_EQ(one.asked(), 2U);
  EXPECT_EQ(two.asked(), 0U);
}

TEST(unknown_fields, of_an_ollama_have_gone_with_the_translation) {
  model_server one{"one",
                   answer_status(400, R"({"error":"think: extra inputs are not permitted"})")};
  const gateway_process gateway{
      config_of({{"one", one.url(), ", type: ollama"}},
                "catalog:\n  m: {deployments: [{backend: one, model: x}]}\n")};
  const auto reply = post_to(
      gateway, chat_path, R"({"model":"m","messages":[{"role":"user","content":"hi"}],"top_k":1})");
  EXPECT_EQ(reply.status, 400U) << reply.body;
  EXPECT_EQ(one.asked(), 1U);
}

} // namespace
} // namespace synapse::deployed
