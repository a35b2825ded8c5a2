// How much deployments take, and for how long a request may go on.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace synapse::deployed {
namespace {

TEST(deployment_limits, retry_after_keeps_everybody_away_and_is_told) {
  model_server one{"one", answer_status(429, error_body("slow"), "Retry-After: 120\r\n")};
  model_server two{"two", answer_status(429, error_body("slow"), "Retry-After: 60\r\n")};
  const gateway_process gateway{config_for({&one, &two}, true)};
  const auto first = chat(gateway);
  EXPECT_EQ(first.status, 429U) << first.body;
  // Word of it is on its way to all threads for a moment.
  ASSERT_TRUE(wait_until([&] { return chat(gateway).status == 503; }));
  const auto before = one.asked() + two.asked();
  EXPECT_LE(before, 6U);
  for (int i = 0; i < 20; ++i) {
    const auto reply = chat(gateway);
    EXPECT_EQ(reply.status, 503U);
    const auto again = std::atoi(reply.field("Retry-After").c_str());
    EXPECT_GT(again, 40) << reply.head;
    EXPECT_LE(again, 61) << "the soonest of both";
  }
  EXPECT_EQ(one.asked() + two.asked(), before);
}

TEST(deployment_limits, a_minute_takes_as_many_requests_as_it_may_and_the_rest_go_elsewhere) {
  model_server one{"one", answer_with("first")};
  model_server two{"two", answer_with("second")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}, {"two", two.url(), ""}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x, rpm: 20},\n"
                          "    {backend: two, model: y, order: 2, rpm: 10}]}\n")};
  std::atomic<int> well{0};
  std::atomic<int> full{0};
  in_parallel(50, 6, [&](std::size_t) {
    const auto reply = chat(gateway);
    if (reply.ok())
      ++well;
    else if (reply.status == 429 && std::atoi(reply.field("Retry-After").c_str()) >= 1)
      ++full;
  });
  EXPECT_EQ(one.asked(), 20U);
  EXPECT_EQ(two.asked(), 10U);
  EXPECT_EQ(well, 30);
  EXPECT_EQ(full, 20);
}

TEST(deployment_limits, tokens_that_are_not_to_spare_are_a_limit_and_no_outage) {
  model_server one{"one", answer_with("first")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x, tpm: 100}]}\n")};
  EXPECT_TRUE(chat(gateway).ok());
  const auto reply = gateway.post(chat_path, chat_body("m", false, std::string(4000, 'x')),
                                  "Content-Type: application/json\r\n");
  EXPECT_EQ(reply.status, 429U) << reply.body;
  EXPECT_EQ(error_code_of(reply), "rate_limit_exceeded");
  EXPECT_EQ(one.asked(), 1U);
}

TEST(deployment_limits, one_that_is_full_spills_to_the_next_tier) {
  gate go;
  model_server one{"one", [&](upstream_connection& connection, const upstream_request& request) {
                     go.wait();
                     return answer_with("first")(connection, request);
                   }};
  model_server two{"two", answer_with("second")};
  const std::vector<backend_line> backends{{"one", one.url(), ""}, {"two", two.url(), ""}};
  const gateway_process gateway{config_of(
      backends, "catalog:\n  m: {deployments: [{backend: one, model: x, max_requests: 1},\n"
                "    {backend: two, model: y, order: 2}]}\n")};
  std::thread first{[&] { EXPECT_EQ(content_of(chat(gateway)), "first"); }};
  EXPECT_TRUE(wait_until([&] { return one.asked() == 1; }));
  const auto reply = chat(gateway);
  EXPECT_EQ(content_of(reply), "second");
  EXPECT_EQ(reply.field("X-Synapse-Attempts"), "1");
  go.open();
  first.join();
  EXPECT_EQ(content_of(chat(gateway)), "first");
}

TEST(deployment_limits, a_permit_that_does_not_come_in_time_spills_to_the_next_tier) {
  gate go;
  model_server one{"one", [&](upstream_connection& connection, const upstream_request& request) {
                     go.wait();
                     return answer_with("first")(connection, request);
                   }};
  model_server two{"two", answer_with("second")};
  const std::vector<backend_line> backends{
      {"one", one.url(), ", concurrency: {max_requests: 1, queue_timeout: 60s}"},
      {"two", two.url(), ""}};
  const gateway_process gateway{config_of(
      backends, "catalog:\n  m: {spill: {wait: 100ms}, deployments: [{backend: one, model: x},\n"
                "    {backend: two, model: y, order: 2}]}\n")};
  std::thread first{[&] { EXPECT_EQ(content_of(chat(gateway)), "first"); }};
  EXPECT_TRUE(wait_until([&] { return one.asked() == 1; }));
  const auto reply = chat(gateway);
  EXPECT_EQ(content_of(reply), "second") << reply.body;
  EXPECT_EQ(reply.field("X-Synapse-Fallback"), "spill");
  go.open();
  first.join();
  expect_at_rest(gateway, {"one", "two"});
}

// ---- time ----

TEST(deadline, ends_all_attempts_at_once_and_closes_what_was_open) {
  model_server one{"one", hang()};
  model_server two{"two", hang()};
  model_server three{"three", hang()};
  const gateway_process gateway{
      config_for({&one, &two, &three}, true, ", timeouts: {response: 150ms}")};
  const auto begun = clock::now();
  const auto reply = chat(gateway, "X-Synapse-Timeout: 1250ms\r\n");
  const auto took = clock::now() - begun;
  EXPECT_EQ(reply.status, 504U) << reply.body;
  EXPECT_EQ(error_code_of(reply), "backend_timeout");
  EXPECT_EQ(one.asked(), 1U);
  EXPECT_EQ(two.asked(), 1U);
  EXPECT_EQ(three.asked(), 0U) << "less than a second was left";
  EXPECT_LT(took, milliseconds{1250});
  for (const auto* each : {&one, &two})
    EXPECT_TRUE(wait_until([&] { return each->at_work() == 0; }));
}

TEST(deadline, cuts_the_attempt_that_is_under_way) {
  model_server one{"one", hang()};
  const gateway_process gateway{config_for({&one}, true)};
  for (const bool stream : {false, true}) {
    const auto begun = clock::now();
    const auto reply = chat(gateway, "X-Synapse-Timeout: 300ms\r\n", "m", stream);
    EXPECT_EQ(reply.status, 504U) << reply.body;
    EXPECT_GE(clock::now() - begun, milliseconds{290});
    EXPECT_TRUE(wait_until([&] { return one.at_work() == 0; }));
  }
  one.now(answer_with("well"));
  EXPECT_TRUE(chat(gateway).ok()) << "that is nobody's failure";
}

TEST(deadline, a_stream_that_has_begun_goes_on) {
  gate go;
  model_server one{"one", [&](upstream_connection& connection, const upstream_request&) {
                     const auto events = completion_events("text");
                     const auto some = events.find("\n\n", events.find("\n\n") + 2) + 2;
                     connection.begin_chunked();
                     connection.send_chunk(events.substr(0, some));
                     go.wait();
                     return connection.send_chunk(events.substr(some)) && connection.end_chunks();
                   }};
  const gateway_process gateway{config_for({&one}, true)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, chat_body("m", true),
                            "Content-Type: application/json\r\nX-Synapse-Timeout: 200ms\r\n"));
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "text"));
  EXPECT_FALSE(client.anything_within(milliseconds{400}));
  go.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(content_of(reply), "text!");
}

} // namespace
} // namespace synapse::deployed
