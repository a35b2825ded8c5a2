// A row of each disposition, from one end to the other: what the client sees, and who was asked.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::deployed {
namespace {

/// Two deployments of `m`, the second of which answers well and comes next.
struct pair_bed {
  explicit pair_bed(deed first, std::string_view more = "", std::string_view routing = "")
      : one("one", std::move(first)), two("two", answer_with("second")),
        gateway(config_for({&one, &two}, true, more, routing), with_key()) {}
  model_server one;
  model_server two;
  gateway_process gateway;
};

/// The first fails like that, the client has the second's answer.
void expect_second(deed first, std::string_view more = "", bool stream = false,
                   std::string_view attempts = "2") {
  const pair_bed bed{std::move(first), more};
  const auto reply = chat(bed.gateway, "", "m", stream);
  EXPECT_TRUE(reply.ok()) << reply.head << reply.body;
  EXPECT_EQ(content_of(reply), stream ? "second!" : "second");
  EXPECT_EQ(bed.one.asked(), 1U);
  EXPECT_EQ(bed.two.asked(), 1U);
  EXPECT_EQ(reply.field("X-Synapse-Backend"), "two");
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), "two/two-model");
  EXPECT_EQ(reply.field("X-Synapse-Model"), "two-model");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), attempts);
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "order");
  expect_at_rest(bed.gateway, {"one", "two"});
}

/// There is only one: the client has this. @returns the whole answer
http_reply alone(deed what, unsigned status, std::string_view code, std::string_view more = "") {
  const model_server one{"one", std::move(what)};
  const gateway_process gateway{config_for({&one}, true, more), with_key()};
  const auto reply = chat(gateway);
  EXPECT_EQ(reply.status, status) << reply.head << reply.body;
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(error_code_of(reply), code) << reply.body;
  if (status == 503 || status == 429) {
    EXPECT_GE(std::atoi(reply.field("Retry-After").c_str()), 1) << reply.head;
  }
  expect_at_rest(gateway, {"one"});
  return reply;
}

TEST(failures, another_one_is_asked_after_what_may_pass) {
  expect_second(answer_status(500, error_body("broken")));
  expect_second(hang_up());
  expect_second(hang(), ", timeouts: {response: 100ms}");
  expect_second(answer_status(502, "<html>", "", "text/html"));
  expect_second(answer_status(200, "<html>", "", "text/html"));
  expect_second(answer_status(200, R"({"choices":)"));
  expect_second(answer_status(200, error_body("failed", "server_error")));
  expect_second(answer_status(500, error_body("CUDA out of memory")));
}

TEST(failures, another_one_is_asked_after_a_refusal) {
  expect_second(answer_status(401, error_body("wrong key")),
                ", authorization: {bearer_env: OUR_KEY}");
  expect_second(answer_status(402, error_body("pay")), ", authorization: {bearer_env: OUR_KEY}");
  expect_second(answer_status(404, error_body("model not found", "model_not_found")));
  expect_second(answer_status(405, ""));
  expect_second(answer_status(429, error_body("slow down")));
  expect_second(answer_status(503, error_body("server busy")));
  expect_second(answer_status(503, error_body("Loading model")));
  expect_second(answer_status(529, error_body("overloaded")));
}

TEST(failures, another_one_is_asked_after_a_stream_that_says_nothing) {
  const auto head = std::string{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"};
  expect_second(send_and_close(head), "", true);
  expect_second(send_and_close(head + "data: " + error_body("failed") + "\n\n"), "", true);
  expect_second(
      [&](upstream_connection& connection, const upstream_request&) {
        connection.send(head);
        connection.wait_until_peer_closes();
        return false;
      },
      ", timeouts: {first_token: 100ms}", true);
  expect_second(answer_status(500, error_body("broken")), "", true);
}

TEST(failures, what_the_client_has_to_know_comes_as_it_came) {
  for (const unsigned status : {400U, 422U, 413U}) {
    const auto body = error_body("yours", "its_own");
    const pair_bed bed{answer_status(status, body, "X-Its: 1\r\n")};
    const auto reply = chat(bed.gateway);
    if (status == 413) { // somebody may take larger ones
      EXPECT_EQ(content_of(reply), "second");
      continue;
    }
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.body, body);
    EXPECT_EQ(reply.field("X-Its"), "1");
    EXPECT_EQ(reply.field("X-Synapse-Deployment"), "one/one-model");
    EXPECT_EQ(bed.two.asked(), 0U);
  }
}

TEST(failures, the_last_failure_of_several_is_the_one_that_is_told) {
  const model_server one{"one", answer_status(500, error_body("first words"))};
  const model_server two{"two", answer_status(500, error_body("last words"))};
  const gateway_process gateway{config_for({&one, &two}, true)};
  const auto reply = chat(gateway);
  EXPECT_EQ(reply.status, 500U);
  EXPECT_EQ(reply.body, error_body("last words"));
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
}

TEST(failures, the_only_one_fails_and_the_client_is_told_so) {
  alone(answer_status(500, error_body("broken", "own")), 500, "own");
  alone(hang(), 504, "backend_timeout", ", timeouts: {response: 100ms}");
  alone(hang_up(), 502, "backend_error");
  alone(answer_status(200, "<html>", "", "text/html"), 502, "backend_error");
  alone(answer_status(404, error_body("no such model", "model_not_found")), 404, "model_not_found");
  alone(answer_status(405, ""), 501, "not_supported");
  alone(answer_status(503, error_body("server busy")), 503, "backend_unavailable");
  alone(answer_status(429, error_body("slow")), 429, "rate_limit_exceeded");
}

TEST(failures, a_prompt_that_is_too_long_has_one_code_whoever_says_so) {
  for (const auto* words : {"This model's maximum context length is 8 tokens",
                            "exceed_context_size_error", "prompt is too long: 9 > 8"}) {
    const auto reply = alone(answer_status(400, error_body(words)), 400, "context_length_exceeded");
    EXPECT_EQ(reply.field("X-Synapse-Deployment"), "one/one-model");
  }
}

TEST(failures, our_key_s_refusal_never_reaches_the_client) {
  for (const unsigned status : {401U, 403U}) {
    const auto reply = alone(answer_status(status, error_body("key sk-secret is wrong")), 502,
                             status == 401 ? "backend_auth" : "backend_error",
                             ", authorization: {bearer_env: OUR_KEY}");
    EXPECT_EQ(reply.body.find("sk-secret"), std::string::npos) << reply.body;
  }
}

TEST(failures, the_client_s_own_key_is_its_own_matter) {
  const pair_bed bed{answer_status(401, error_body("yours is wrong"))};
  const auto reply = chat(bed.gateway, "Authorization: Bearer own\r\n");
  EXPECT_EQ(reply.status, 401U);
  EXPECT_EQ(bed.two.asked(), 0U);
}

TEST(failures, a_refused_connection_is_tried_again_where_there_is_nobody_else) {
  model_server one{"one", answer_with("back")};
  const gateway_process gateway{config_for({&one}, true)};
  one.die();
  const auto begun = clock::now();
  const auto reply = chat(gateway);
  EXPECT_EQ(reply.status, 503U);
  EXPECT_GE(clock::now() - begun, milliseconds{450}) << "after half a second";
  EXPECT_NE(reply.field("Retry-After"), "");
  one.rise();
  EXPECT_TRUE(wait_until([&] { return chat(gateway).ok(); }));
}

TEST(failures, a_pattern_falls_back_to_another_of_its_models) {
  model_server one{"one", [](upstream_connection& connection, const upstream_request& request) {
                     if (request.body.find("\"small\"") != std::string::npos)
                       return answer_with("small")(connection, request);
                     return connection.reply(404, error_body("model 'large' not found"));
                   }};
  const gateway_process gateway{
      config_of({{"one", one.url(), ""}},
                "catalog:\n  \"own/*\": {deployments: [{backend: one, model: \"*\"}]}\n"
                "fallbacks: {any: {\"own/*\": [own/small]}}\n")};
  const auto reply = chat(gateway, "", "own/large");
  EXPECT_EQ(content_of(reply), "small") << reply.head << reply.body;
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "any");
  EXPECT_EQ(reply.field("X-Synapse-Model"), "small");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "2");
  EXPECT_TRUE(
      gateway.wait_for_metric("synapse_fallbacks_total", "name=\"own/*\",reason=\"any\"", 1));
  expect_at_rest(gateway, {"one"});
  one.now(answer_status(500, error_body("broken")));
  const auto small = chat(gateway, "", "own/small");
  EXPECT_EQ(small.status, 500U);
  EXPECT_EQ(small.field("X-Synapse-Attempts"), "1") << "it is not its own fallback";
}

TEST(failures, policy_and_context_lead_to_their_own_names) {
  const model_server one{"one", answer_status(400, error_body("no", "content_filter"))};
  const model_server two{"two", answer_with("lenient")};
  const model_server three{"three", answer_with("long")};
  const std::vector<backend_line> backends{
      {"one", one.url(), ""}, {"two", two.url(), ""}, {"three", three.url(), ""}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x}]}\n"
                          "  p: {deployments: [{backend: two, model: y}]}\n"
                          "  c: {deployments: [{backend: three, model: z}]}\n"
                          "fallbacks: {policy: {m: [p]}, context: {m: [c]}}\n")};
  const auto refused = chat(gateway);
  EXPECT_EQ(content_of(refused), "lenient");
  EXPECT_EQ(refused.field("X-Synapse-Fallback"), "policy");
  auto& changed = const_cast<model_server&>(one);
  changed.now(answer_status(400, error_body("too long", "context_length_exceeded")));
  const auto long_one = chat(gateway);
  EXPECT_EQ(content_of(long_one), "long");
  EXPECT_EQ(long_one.field("X-Synapse-Fallback"), "context");
}

} // namespace
} // namespace synapse::deployed
