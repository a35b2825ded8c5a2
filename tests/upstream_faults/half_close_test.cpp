// Clients that close their sending side behind their request, and still read.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace synapse::test {
namespace {

bed_options patient() {
  bed_options how;
  how.timeouts = "{connect: 60s, response: 60s, first_token: 60s, idle: 60s}";
  return how;
}

/// Waits for the gate and answers.
scripted_upstream::script answers_after(gate& go, std::string bytes) {
  return [&go, bytes = std::move(bytes)](upstream_connection& connection) {
    while (connection.read_request(milliseconds{600'000})) {
      go.wait();
      connection.send(bytes);
    }
  };
}

/// The next answer that is none of 1xx.
http_reply final_reply(raw_client& client) {
  for (;;) {
    auto reply = client.read_reply();
    if (reply.status / 100 != 1)
      return reply;
  }
}

TEST(half_close, before_the_answer_loses_nothing) {
  const std::string stream = std::string{chunked_stream_head} + chunked(recorded_events());
  for (const bool streams : {false, true}) {
    gate go;
    fault_bed bed{answers_after(go, streams ? stream : answer_bytes(200, completion_body())),
                  patient()};
    auto client = bed.gateway.connect();
    client.send(chat_request(streams));
    client.shutdown_send();
    ASSERT_TRUE(bed.upstream.wait_for_requests(1));
    // What finds out whether anybody is still there.
    EXPECT_EQ(client.read_reply().status, 100u);
    go.open();
    const auto reply = client.read_reply();
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    EXPECT_EQ(reply.body, streams ? recorded_payload() : completion_body());
    EXPECT_EQ(client.wait_closed(), closing::orderly);
    bed.expect_attempts("ok", 1);
    bed.expect_at_rest();
  }
}

TEST(half_close, within_a_stream_loses_nothing) {
  gate go;
  const auto content = content_event("x");
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  connection.send(std::string{chunked_stream_head} + chunk(content));
                  go.wait();
                  connection.send(chunked({finish_event(), std::string{done_event}}));
                },
                patient()};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, content));
  client.shutdown_send();
  ASSERT_TRUE(client.read_until(reply, ":\n\n")) << "a comment finds out who is there";
  go.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(reply.body, content + ":\n\n" + finish_event() + std::string{done_event});
  bed.expect_at_rest();
}

TEST(half_close, before_a_body_that_comes_in_parts_loses_nothing) {
  gate head_may, rest_may;
  const std::string part(50'000, 'a');
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  head_may.wait();
                  connection.send("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n"
                                  "Content-Length: 100000\r\n\r\n" +
                                  part);
                  rest_may.wait();
                  connection.send(part);
                },
                patient()};
  auto client = bed.gateway.connect();
  client.send(request_bytes("POST", raw_path, "x"));
  client.shutdown_send();
  EXPECT_EQ(client.read_reply().status, 100u);
  head_may.open();
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, part));
  // Longer than a departure within a body takes to be noticed.
  EXPECT_FALSE(client.anything_within(milliseconds{100}));
  rest_may.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.ok()) << to_string(reply.end);
  EXPECT_EQ(reply.body.size(), 100'000u);
}

TEST(half_close, behind_several_requests_leaves_none_unanswered) {
  fault_bed bed{answer_well(), patient()};
  auto client = bed.gateway.connect();
  client.send(chat_request() + chat_request() + request_bytes("GET", "/livez") + chat_request());
  client.shutdown_send();
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(final_reply(client).ok()) << i;
  EXPECT_EQ(client.wait_closed(), closing::orderly);
  EXPECT_EQ(bed.upstream.requests(), 3u);
  bed.expect_at_rest();
}

TEST(half_close, of_a_client_that_then_leaves_is_noticed) {
  std::atomic<bool> closed{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  closed = connection.wait_until_peer_closes().has_value();
                },
                patient()};
  auto client = bed.gateway.connect();
  client.send(chat_request());
  client.shutdown_send();
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  client.close(); // with the interim answer unread, or before it was sent
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  bed.expect_attempts("canceled", 1);
  bed.expect_at_rest();
}

TEST(half_close, of_a_client_of_http_1_0_cannot_be_told_from_leaving) {
  std::atomic<bool> closed{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  closed = connection.wait_until_peer_closes().has_value();
                },
                patient()};
  auto client = bed.gateway.connect();
  client.send("POST /raw/thing HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
  // Seen before the request is sent on, its end would spare the backend all of it.
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  client.shutdown_send();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  EXPECT_EQ(client.read_reply().status, 0u) << "nor is it sent what it does not know";
  bed.expect_at_rest();
}

TEST(half_close, within_a_request_is_leaving) {
  fault_bed bed{answer_well(), patient()};
  auto client = bed.gateway.connect();
  const auto request = chat_request();
  client.send(request.substr(0, request.size() - 5));
  client.shutdown_send();
  EXPECT_EQ(client.read_reply().status, 0u);
  bed.expect_at_rest();
  EXPECT_EQ(bed.upstream.connections(), 0u);
}

} // namespace
} // namespace synapse::test
