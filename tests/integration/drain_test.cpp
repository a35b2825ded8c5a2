// How the gateway ends: at once when it is idle, after its requests when it is not, and cut short
// when that takes too long.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace synapse::integration {
namespace {

using support::clock;
using support::closing;
using support::gateway_process;
using support::milliseconds;
using support::request_bytes;

/// Answers every request once it may.
support::scripted_upstream::script answer_after(support::gate& answer) {
  return [&answer](support::upstream_connection& connection) {
    while (connection.read_request()) {
      if (!answer.wait())
        return;
      connection.reply(200, R"({"late":true})");
    }
  };
}

/// True once new connections are refused or closed at once.
bool stops_listening(const gateway_process& gateway) {
  return support::wait_until([&] {
    try {
      return gateway.get("/livez").status == 0;
    } catch (const std::runtime_error&) {
      return true;
    }
  });
}

TEST(drain, of_an_idle_gateway_ends_it_at_once) {
  support::scripted_upstream upstream{echo()};
  for (const int number : {SIGTERM, SIGINT}) {
    gateway_process gateway{chat_config(upstream)};
    // An idle client connection, an idle backend connection and one that never asked anything.
    auto used = gateway.connect();
    EXPECT_TRUE(used.post(chat_path, chat_body, json_type).ok());
    auto unused = gateway.connect();
    const auto since = clock::now();
    gateway.signal(number);
    EXPECT_EQ(gateway.wait_exit(), 0);
    EXPECT_LT(clock::now() - since, support::patience / 4);
    EXPECT_EQ(used.wait_closed(), closing::orderly);
    EXPECT_NE(unused.wait_closed(), closing::still_open);
    EXPECT_NE(gateway.err().find("stopped"), std::string::npos);
  }
}

TEST(drain, waits_for_a_request_that_is_under_way) {
  support::gate answer;
  support::scripted_upstream upstream{answer_after(answer)};
  gateway_process gateway{chat_config(upstream)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(upstream.wait_for_requests(1));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(gateway.wait_for_log("draining"));
  EXPECT_TRUE(stops_listening(gateway));
  EXPECT_FALSE(gateway.wait_exit(milliseconds{100}).has_value());
  answer.open();
  const auto reply = client.read_reply();
  EXPECT_TRUE(reply.ok()) << to_string(reply.end);
  EXPECT_EQ(reply.body, R"({"late":true})");
  EXPECT_EQ(reply.field("Connection"), "close");
  EXPECT_EQ(client.wait_closed(), closing::orderly);
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(drain, waits_for_a_request_that_is_still_coming_in) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  auto client = gateway.connect();
  const auto request = request_bytes("POST", chat_path, chat_body, json_type);
  client.send(request.substr(0, request.size() - 5));
  ASSERT_TRUE(
      gateway.wait_for_metric("synapse_requests_in_flight", R"(route="/v1/chat/completions")", 1));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(stops_listening(gateway));
  client.send(request.substr(request.size() - 5));
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(drain, lets_a_stream_finish) {
  support::gate go_on;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    connection.read_request();
    connection.begin_chunked();
    connection.send_chunk(content_event);
    go_on.wait();
    for (int i = 0; i < 5; ++i)
      connection.send_chunk(content_event);
    connection.send_chunk(done_event);
    connection.end_chunks();
  }};
  gateway_process gateway{chat_config(upstream)};
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, R"({"stream":true})", json_type));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, content_event));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(stops_listening(gateway));
  go_on.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  std::string all = done_event;
  for (int i = 0; i < 6; ++i)
    all.insert(0, content_event);
  EXPECT_EQ(reply.body, all);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(drain, delay_fails_readiness_and_goes_on_serving) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream, "drain: {delay: 3s}\n")};
  auto kept = gateway.connect();
  EXPECT_TRUE(kept.get("/livez").ok());
  const auto since = clock::now();
  gateway.signal(SIGTERM);
  EXPECT_TRUE(support::wait_until([&] { return gateway.get("/readyz").status == 503; }));
  const auto refused = gateway.get("/readyz");
  EXPECT_FALSE(refused.field("Retry-After").empty());
  EXPECT_EQ(refused.field("Connection"), "close"); // clients move on meanwhile
  EXPECT_TRUE(gateway.get("/livez").ok());         // a liveness probe must not kill it now
  EXPECT_TRUE(gateway.post(chat_path, chat_body, json_type).ok());
  EXPECT_TRUE(kept.post(chat_path, chat_body, json_type).ok());
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_GE(clock::now() - since, milliseconds{2950});
}

TEST(drain, limit_cuts_what_is_still_running) {
  support::gate never;
  support::gate closed;
  support::scripted_upstream upstream{[&](support::upstream_connection& connection) {
    const auto request = connection.read_request();
    if (request->body.find("stream") != std::string::npos) {
      connection.begin_chunked();
      connection.send_chunk(content_event);
    }
    connection.wait_until_peer_closes();
  }};
  gateway_process gateway{chat_config(upstream, "drain: {limit: 300ms}\n")};
  auto streaming = gateway.connect();
  streaming.send(request_bytes("POST", chat_path, R"({"stream":true})", json_type));
  auto stream = streaming.read_head();
  ASSERT_TRUE(streaming.read_until(stream, content_event));
  auto waiting = gateway.connect();
  waiting.send(request_bytes("POST", chat_path, chat_body, json_type));
  auto sending = gateway.connect();
  sending.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{");
  ASSERT_TRUE(upstream.wait_for_requests(2));
  const auto since = clock::now();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_exit(), 0);
  EXPECT_GE(clock::now() - since, milliseconds{280});
  EXPECT_LT(clock::now() - since, support::patience / 2);
  EXPECT_NE(gateway.err().find("drain limit reached"), std::string::npos) << gateway.err();
  // Nobody can take what came for a whole answer.
  streaming.read_rest(stream);
  EXPECT_FALSE(stream.complete());
  EXPECT_FALSE(waiting.read_reply().complete());
  EXPECT_FALSE(sending.read_reply().complete());
  EXPECT_TRUE(support::wait_until([&] { return upstream.open_connections() == 0; }));
}

TEST(drain, second_signal_ends_at_once) {
  support::gate never;
  support::scripted_upstream upstream{answer_after(never)};
  gateway_process gateway{chat_config(upstream), {.expected_status = 1}};
  auto client = gateway.connect();
  client.send(request_bytes("POST", chat_path, chat_body, json_type));
  ASSERT_TRUE(upstream.wait_for_requests(1));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(gateway.wait_for_log("draining"));
  const auto since = clock::now();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_exit(), 1);
  EXPECT_LT(clock::now() - since, support::patience / 4); // the drain limit is 30 s
  EXPECT_NE(gateway.err().find("second signal"), std::string::npos);
  EXPECT_FALSE(client.read_reply().complete());
  never.open();
}

TEST(drain, does_not_wait_for_a_client_that_only_sends_a_head) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream, "drain: {limit: 400ms}\n")};
  auto client = gateway.connect();
  client.send("GET /livez HTTP/1.1\r\nHos");
  ASSERT_TRUE(gateway.wait_for_metric("synapse_connections", R"(state="open")", 2));
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait_exit(), 0);
}

TEST(drain, of_many_connections_loses_no_answer) {
  support::gate answer;
  support::scripted_upstream upstream{answer_after(answer)};
  gateway_process gateway{chat_config(upstream)};
  std::vector<support::raw_client> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(gateway.connect());
    clients.back().send(request_bytes("POST", chat_path, chat_body, json_type));
  }
  ASSERT_TRUE(upstream.wait_for_requests(60));
  gateway.signal(SIGTERM);
  EXPECT_TRUE(stops_listening(gateway));
  answer.open();
  for (auto& client : clients) {
    EXPECT_TRUE(client.read_reply().ok());
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
  EXPECT_EQ(gateway.wait_exit(), 0);
}

} // namespace
} // namespace synapse::integration
