// What the head of an answer says that is the gateway's own: who was asked, and how many.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace synapse::deployed {
namespace {

/// @param deployment that was asked last; empty: none was
void expect_signed(const http_reply& reply, unsigned status, std::string_view deployment,
                   std::string_view attempts) {
  EXPECT_EQ(reply.status, status) << reply.head << reply.body;
  EXPECT_EQ(reply.field("X-Synapse-Deployment"), deployment) << reply.head;
  EXPECT_EQ(reply.field("X-Synapse-Backend"), deployment.substr(0, deployment.find('/')));
  EXPECT_EQ(reply.count("X-Synapse-Model"), deployment.empty() ? 0U : 1U) << reply.head;
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), attempts) << reply.head;
  EXPECT_EQ(reply.count("X-Synapse-Attempts"), 1U) << reply.head;
}

TEST(signed_answers, of_a_request_whose_time_is_up) {
  model_server one{"one", answer_status(500, error_body("broken"))};
  model_server two{"two", hang()};
  const gateway_process gateway{config_for({&one, &two}, true)};
  const auto reply = chat(gateway, "X-Synapse-Timeout: 1250ms\r\n");
  expect_signed(reply, 504, "two/two-model", "2");
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "order");
}

TEST(signed_answers, of_one_that_nobody_was_asked_for) {
  model_server one{"one", answer_status(429, error_body("slow"), "Retry-After: 120\r\n")};
  const gateway_process gateway{
      config_of({{"one", one.url(), ""}},
                "catalog:\n  m: {deployments: [{backend: one, model: x, capabilities: [chat]}]}\n"
                "  n: {deployments: [{backend: one, model: y, tpm: 100}]}\n")};
  expect_signed(chat(gateway), 429, "one/x", "1");
  // Word of it is on its way to all threads for a moment.
  http_reply out;
  ASSERT_TRUE(wait_until([&] {
    out = chat(gateway);
    return out.status == 503;
  }));
  expect_signed(out, 503, "", "0");
  const auto json = "Content-Type: application/json\r\n";
  expect_signed(gateway.post(chat_path, chat_body("n", false, std::string(4000, 'x')), json), 429,
                "", "0");
  expect_signed(gateway.post("/v1/embeddings", R"({"model":"m","input":"x"})", json), 400, "", "0");
  expect_signed(chat(gateway, "X-Synapse-Deployment: nobody\r\n"), 400, "", "0");
}

TEST(signed_answers, name_who_has_answered_and_not_who_had_no_room) {
  gate go;
  model_server one{"one", answer_status(500, error_body("broken", "own"))};
  model_server two{"two", [&](upstream_connection& connection, const upstream_request& request) {
                     go.wait();
                     return answer_with("second")(connection, request);
                   }};
  const gateway_process gateway{
      config_of({{"one", one.url(), ""},
                 {"two", two.url(), ", concurrency: {max_requests: 1, queue_timeout: 50ms}"}},
                "catalog:\n  m: {deployments: [{backend: one, model: x}, {backend: two, model: y, "
                "order: 2}]}\n"
                "  n: {deployments: [{backend: two, model: y}]}\n")};
  std::thread inside{[&] { EXPECT_TRUE(chat(gateway, "", "n").ok()); }};
  EXPECT_TRUE(wait_until([&] { return two.asked() == 1; }));
  const auto reply = chat(gateway);
  expect_signed(reply, 502, "one/x", "1");
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "");
  go.open();
  inside.join();
}

} // namespace
} // namespace synapse::deployed
