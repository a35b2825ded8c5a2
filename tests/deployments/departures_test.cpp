// Clients that leave, each at another moment: nothing stays open behind them.
#include "tests/deployments/bed.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace synapse::deployed {
namespace {

raw_client ask(const gateway_process& gateway, bool stream = false) {
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, chat_body("m", stream),
                            "Content-Type: application/json\r\n"));
  return client;
}

void expect_closed(const model_server& server) {
  EXPECT_TRUE(wait_until([&] { return server.at_work() == 0; })) << server.name();
}

TEST(departure, while_it_waits_for_a_permit) {
  model_server one{"one", hang()};
  const std::vector<backend_line> backends{{"one", one.url(), ", concurrency: {max_requests: 1}"}};
  const gateway_process gateway{
      config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x}]}\n")};
  auto first = ask(gateway);
  EXPECT_TRUE(wait_until([&] { return one.asked() == 1; }));
  auto second = ask(gateway);
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", R"(backend="one")", 1));
  second.reset();
  EXPECT_TRUE(gateway.wait_for_metric("synapse_upstream_waiting", R"(backend="one")", 0));
  first.reset();
  expect_at_rest(gateway, {"one"});
  expect_closed(one);
  EXPECT_EQ(one.asked(), 1U);
  one.now(answer_with("well"));
  EXPECT_TRUE(chat(gateway).ok()) << "the permit is back";
}

TEST(departure, during_the_first_attempt_and_the_second) {
  for (const bool second : {false, true}) {
    model_server one{"one", second ? answer_status(500, error_body("broken")) : hang()};
    model_server two{"two", hang()};
    const std::vector<backend_line> backends{{"one", one.url(), ""}, {"two", two.url(), ""}};
    const gateway_process gateway{
        config_of(backends, "catalog:\n  m: {deployments: [{backend: one, model: x},\n"
                            "    {backend: two, model: y, order: 2, max_requests: 1}]}\n")};
    auto client = ask(gateway);
    EXPECT_TRUE(wait_until([&] { return (second ? two : one).asked() == 1; }));
    client.reset();
    expect_at_rest(gateway, {"one", "two"});
    expect_closed(two);
    if (!second)
      expect_closed(one);
    EXPECT_EQ(two.asked(), second ? 1U : 0U) << "nobody asks on for somebody who has left";
    one.now(answer_status(500, error_body("broken")));
    two.now(answer_with("well"));
    EXPECT_EQ(content_of(chat(gateway)), "well") << "its only place is free again";
  }
}

TEST(departure, before_the_only_one_is_asked_again) {
  model_server one{"one", answer_status(429, error_body("slow"), "Retry-After: 5\r\n")};
  const gateway_process gateway{config_for({&one}, true)};
  auto client = ask(gateway);
  EXPECT_TRUE(wait_until([&] { return one.asked() == 1; }));
  EXPECT_FALSE(client.anything_within(milliseconds{100}));
  client.reset();
  EXPECT_TRUE(gateway.wait_for_metric("synapse_requests_in_flight",
                                      "route=\"" + std::string{chat_path} + "\"", 0));
  EXPECT_EQ(one.asked(), 1U);
}

TEST(departure, within_a_stream) {
  model_server one{"one", [&](upstream_connection& connection, const upstream_request&) {
                     const auto events = completion_events("text");
                     connection.begin_chunked();
                     connection.send_chunk(events.substr(0, events.rfind("data: {")));
                     connection.wait_until_peer_closes();
                     return false;
                   }};
  const gateway_process gateway{config_for({&one}, true)};
  auto client = ask(gateway, true);
  auto reply = client.read_head();
  EXPECT_TRUE(client.read_until(reply, "text"));
  client.reset();
  expect_at_rest(gateway, {"one"});
  expect_closed(one);
  one.now(answer_with("well"));
  EXPECT_TRUE(chat(gateway).ok()) << "leaving is nobody's failure";
}

TEST(departure, of_the_one_request_that_tries_gives_way_to_the_next) {
  model_server one{"one", answer_status(500, error_body("broken"))};
  const gateway_process gateway{
      config_for({&one}, true, "", "{cell: {failures: 2, cooldown: 100ms, max_cooldown: 100ms}}")};
  ASSERT_TRUE(wait_until([&] { return chat(gateway).status == 503; }));
  one.now(hang());
  const auto before = one.asked();
  // The probe hangs; everybody else is refused.
  std::optional<raw_client> probe;
  ASSERT_TRUE(wait_until([&] {
    probe.emplace(ask(gateway));
    return wait_until([&] { return one.asked() > before; }, milliseconds{50});
  }));
  EXPECT_EQ(chat(gateway).status, 503U);
  probe->reset();
  one.now(answer_with("well"));
  EXPECT_TRUE(wait_until([&] { return chat(gateway).ok(); })) << "its turn is over";
}

} // namespace
} // namespace synapse::deployed
