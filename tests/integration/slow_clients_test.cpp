// Clients that are slower than the configuration allows, and clients that are slow but alive.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::integration {
namespace {

using support::clock;
using support::closing;
using support::gateway_process;
using support::milliseconds;

/// Of the one clock that a test is about. Where something has to come in time it is long: a machine
/// may stand still for a while.
constexpr milliseconds limit{400};
constexpr milliseconds long_limit{2000};
/// Timers are coarse.
constexpr milliseconds slack{30};

class slow_client : public ::testing::Test {
protected:
  /// A body may come as slowly as it likes otherwise: crowds_test.cpp has that limit.
  std::string with_limit(std::string_view name, milliseconds value) const {
    return chat_config(upstream_, "limits: {min_body_rate: 0, " + std::string{name} + ": " +
                                      std::to_string(value.count()) + "ms}\n");
  }

  support::scripted_upstream upstream_{echo()};

  /// @param since before the last byte was sent.
  static void expect_408(support::raw_client& client, clock::time_point since) {
    const auto reply = client.read_reply();
    const auto took = clock::now() - since;
    EXPECT_EQ(reply.status, 408u) << to_string(reply.end);
    EXPECT_EQ(text_at(reply.body, "/error/code"), "request_timeout") << reply.body;
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_GE(took, limit - slack);
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
};

TEST_F(slow_client, head_that_stops_gets_408) {
  gateway_process gateway{with_limit("header_timeout", limit)};
  auto client = gateway.connect();
  const auto since = clock::now();
  client.send("GET /livez HTT");
  expect_408(client, since);
}

TEST_F(slow_client, head_that_drips_gets_408_though_bytes_keep_coming) {
  gateway_process gateway{with_limit("header_timeout", limit)};
  auto client = gateway.connect();
  const auto since = clock::now();
  const std::string head = "GET /livez HTTP/1.1\r\nX-Slow: " + std::string(10'000, 's');
  for (std::size_t at = 0; at < head.size() && !client.anything_within(milliseconds{20}); ++at)
    client.send(head.substr(at, 1));
  expect_408(client, since);
}

TEST_F(slow_client, second_head_on_a_kept_connection_has_the_same_limit) {
  gateway_process gateway{with_limit("header_timeout", limit)};
  auto client = gateway.connect();
  EXPECT_TRUE(client.get("/livez").ok());
  const auto since = clock::now();
  client.send("G");
  expect_408(client, since);
}

TEST_F(slow_client, body_that_never_comes_gets_408) {
  gateway_process gateway{with_limit("body_timeout", limit)};
  auto client = gateway.connect();
  const auto since = clock::now();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n");
  expect_408(client, since);
}

TEST_F(slow_client, chunked_body_that_stops_gets_408) {
  gateway_process gateway{with_limit("body_timeout", limit)};
  auto client = gateway.connect();
  const auto since = clock::now();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\n{\"a\"");
  expect_408(client, since);
}

TEST_F(slow_client, body_that_keeps_coming_is_served_however_long_it_takes) {
  gateway_process gateway{with_limit("body_timeout", long_limit)};
  auto client = gateway.connect();
  const std::string body{chat_body};
  client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  const auto since = clock::now();
  for (std::size_t at = 0; at < body.size(); at += 4) {
    ASSERT_FALSE(client.anything_within(long_limit / 12)) << client.unread();
    client.send(body.substr(at, 4));
  }
  EXPECT_GT(clock::now() - since, long_limit);
  EXPECT_TRUE(client.read_reply().ok());
}

TEST_F(slow_client, idle_connection_is_closed_without_a_word) {
  gateway_process gateway{with_limit("idle_timeout", long_limit)};
  auto client = gateway.connect();
  const auto since = clock::now();
  EXPECT_TRUE(client.get("/livez").ok());
  EXPECT_FALSE(client.anything_within(support::patience)) << client.unread();
  EXPECT_GE(clock::now() - since, long_limit - slack);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST_F(slow_client, connection_without_any_request_is_closed_without_a_word) {
  gateway_process gateway{with_limit("idle_timeout", limit)};
  auto client = gateway.connect();
  EXPECT_FALSE(client.anything_within(support::patience)) << client.unread();
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST(client_that_does_not_read, is_given_up_after_the_write_timeout) {
  support::gate closed;
  std::atomic<std::size_t> sent{0};
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n[");
    const std::string block(64 * 1024, 'b');
    while (connection.send(block))
      sent = connection.bytes_sent();
    closed.open();
  }};
  gateway_process gateway{chat_config(upstream, "limits: {write_timeout: 250ms}\n")};
  auto client = gateway.connect({.receive_buffer = 16 * 1024});
  client.send(support::request_bytes("POST", chat_path, chat_body, json_type));
  EXPECT_TRUE(closed.wait()); // the backend is let go of
  EXPECT_LT(sent, 100'000'000u);
  auto reply = client.read_reply();
  EXPECT_EQ(reply.end, support::reply_end::reset) << to_string(reply.end);
  EXPECT_TRUE(support::wait_until([&] {
    return gateway.out().find("client_write_timeout") != std::string::npos;
  })) << gateway.out();
}

} // namespace
} // namespace synapse::integration
