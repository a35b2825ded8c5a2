// Streams that begin before their backend has answered.
#include "tests/upstream_faults/broken_streams.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {
namespace {

const std::string keepalive = ": keepalive\n\n";

bed_options impatient() {
  bed_options how;
  how.limits = "{stream_keepalive: 50ms}";
  return how;
}

/// Silent until the client has had two comments; then `then` goes on.
class silent_backend {
public:
  explicit silent_backend(scripted_upstream::script then, const bed_options& how = impatient())
      : bed{[this, then = std::move(then)](upstream_connection& connection) {
              if (!connection.read_request(milliseconds{600'000}))
                return;
              seen_.wait();
              then(connection);
            },
            how} {}

  http_reply ask(std::string_view request = chat_request(true)) {
    auto client = bed.gateway.connect();
    client.send(request);
    auto reply = client.read_head();
    EXPECT_EQ(reply.status, 200u) << reply.head;
    EXPECT_EQ(reply.field("Content-Type"), "text/event-stream");
    EXPECT_EQ(reply.field("X-Accel-Buffering"), "no");
    EXPECT_NE(reply.field("X-Request-Id"), "");
    EXPECT_TRUE(client.read_until(reply, keepalive + keepalive)) << reply.body;
    seen_.open();
    client.read_rest(reply);
    return reply;
  }

private:
  gate seen_;

public:
  fault_bed bed;
};

std::string without_comments(std::string text) {
  for (std::size_t at; (at = text.find(keepalive)) != std::string::npos;)
    text.erase(at, keepalive.size());
  return text;
}

/// The stream that had begun ends in an error event with this code and text.
void expect_error_event(const http_reply& reply, std::string_view code, std::string_view text) {
  expect_cut(reply);
  const auto got = understand(reply.body);
  EXPECT_FALSE(got.done_seen) << reply.body;
  ASSERT_TRUE(got.error_seen) << reply.body;
  EXPECT_NE(got.error.find(text), std::string::npos) << got.error;
  const auto error = nlohmann::json::parse(got.data.back(), nullptr, false)["error"];
  if (!code.empty()) {
    EXPECT_EQ(error.value("code", ""), code) << got.data.back();
  }
}

TEST(early_head, comes_with_comments_and_the_stream_follows) {
  silent_backend one{[](upstream_connection& connection) {
    connection.send(std::string{chunked_stream_head} + chunked(recorded_events()));
  }};
  const auto reply = one.ask();
  EXPECT_TRUE(reply.complete()) << to_string(reply.end);
  EXPECT_EQ(without_comments(reply.body), recorded_payload());
  one.bed.expect_attempts("ok", 1);
  one.bed.expect_stream_ends("complete", 1);
  one.bed.expect_at_rest();
}

TEST(early_head, to_a_client_of_http_1_0_has_no_chunks) {
  silent_backend one{[](upstream_connection& connection) {
    connection.send(std::string{chunked_stream_head} + chunked(recorded_events()));
  }};
  const auto reply = one.ask("POST /v1/chat/completions HTTP/1.0\r\nContent-Type: "
                             "application/json\r\nContent-Length: " +
                             std::to_string(chat_body(true).size()) + "\r\n\r\n" + chat_body(true));
  EXPECT_TRUE(reply.until_close);
  EXPECT_EQ(without_comments(reply.body), recorded_payload());
}

TEST(early_head, makes_error_events_of_what_was_a_status) {
  {
    silent_backend one{[](upstream_connection& connection) {
      connection.reply(429, R"({"error":{"code":429,"message":"slow down","type":"t"}})");
    }};
    expect_error_event(one.ask(), {}, "slow down");
    one.bed.expect_stream_ends("upstream_error", 1);
    one.bed.expect_at_rest();
  }
  {
    silent_backend one{[](upstream_connection& connection) { connection.reset(); }};
    expect_error_event(one.ask(), "backend_error", "without an answer");
    one.bed.expect_attempts("reset_before_head", 1);
    one.bed.expect_stream_ends("truncated", 1);
    one.bed.expect_at_rest();
  }
  {
    silent_backend one{[](upstream_connection& connection) {
      connection.reply(200, "<html>busy</html>", "text/html");
    }};
    expect_error_event(one.ask(), "backend_error", "no JSON");
  }
  {
    silent_backend one{[](upstream_connection& connection) {
      connection.send(std::string{chunked_stream_head} +
                      chunk("data: {\"error\":{\"code\":503,\"message\":\"slot failed\"}}\n\n"));
    }};
    expect_error_event(one.ask(), {}, "slot failed");
  }
}

TEST(early_head, makes_a_stream_of_a_whole_completion) {
  for (const bool chunks : {false, true}) {
    silent_backend one{[chunks](upstream_connection& connection) {
      if (!chunks)
        connection.reply(200, completion_body());
      else
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n" +
                        chunk(completion_body()) + "0\r\n\r\n");
    }};
    const auto reply = one.ask();
    EXPECT_TRUE(reply.complete()) << to_string(reply.end) << reply.body;
    const auto got = understand(reply.body);
    EXPECT_EQ(got.content, "Hi!");
    EXPECT_EQ(got.finish_reason, "stop");
    EXPECT_TRUE(got.done_seen);
    const auto event = nlohmann::json::parse(got.data.front());
    EXPECT_EQ(event["object"], "chat.completion.chunk");
    EXPECT_EQ(event["usage"]["completion_tokens"], 2);
  }
}

TEST(early_head, stands_in_the_way_of_no_further_attempt) {
  auto how = impatient();
  how.retry = quick_retry;
  gate seen;
  fault_bed bed{[&](upstream_connection& connection) {
                  if (connection.number() > 1) {
                    connection.read_request();
                    connection.send(std::string{chunked_stream_head} + chunked(recorded_events()));
                    return;
                  }
                  connection.read_head();
                  seen.wait();
                  connection.reset(); // before it had all of the request
                },
                how};
  auto client = bed.gateway.connect();
  const auto body = R"({"stream":true,"x":")" + std::string(20'000'000, 'x') + "\"}";
  client.send(request_bytes("POST", chat_path, body, "Content-Type: application/json\r\n"));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, keepalive));
  seen.open();
  client.read_rest(reply);
  EXPECT_TRUE(reply.complete()) << to_string(reply.end) << reply.body;
  EXPECT_EQ(without_comments(reply.body), recorded_payload());
  EXPECT_EQ(bed.upstream.requests(), 2u);
}

TEST(early_head, comes_while_a_permit_is_waited_for) {
  auto how = impatient();
  how.concurrency = "{max_requests: 1, queue_timeout: 60s}";
  gate go;
  fault_bed bed{[&](upstream_connection& connection) {
                  while (connection.read_request(milliseconds{600'000})) {
                    go.wait();
                    connection.send(std::string{chunked_stream_head} + chunked(recorded_events()));
                  }
                },
                how};
  auto first = bed.gateway.connect();
  first.send(chat_request(true));
  ASSERT_TRUE(bed.upstream.wait_for_requests(1));
  auto second = bed.gateway.connect();
  second.send(chat_request(true));
  auto reply = second.read_head();
  ASSERT_TRUE(second.read_until(reply, keepalive));
  EXPECT_EQ(bed.upstream.requests(), 1u);
  go.open();
  EXPECT_TRUE(first.read_reply().ok());
  second.read_rest(reply);
  EXPECT_TRUE(reply.complete());
  EXPECT_EQ(without_comments(reply.body), recorded_payload());
}

TEST(early_head, does_not_hide_that_its_client_leaves) {
  gate sent;
  std::atomic<bool> closed{false};
  fault_bed bed{[&](upstream_connection& connection) {
                  connection.read_request();
                  closed = connection.wait_until_peer_closes().has_value();
                },
                impatient()};
  auto client = bed.gateway.connect();
  client.send(chat_request(true));
  auto reply = client.read_head();
  ASSERT_TRUE(client.read_until(reply, keepalive));
  client.close();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  bed.expect_attempts("canceled", 1);
  bed.expect_at_rest();
}

TEST(early_head, is_for_streams_alone_and_can_be_switched_off) {
  gate go;
  const auto refuses = [&](upstream_connection& connection) {
    while (connection.read_request(milliseconds{600'000})) {
      go.wait();
      connection.reply(429, R"({"error":{"message":"slow down"}})");
    }
  };
  auto off = impatient();
  off.limits = "{stream_keepalive: 0}";
  fault_bed silent{refuses, off};
  fault_bed eager{refuses, impatient()};
  auto stream = silent.gateway.connect();
  auto whole = eager.gateway.connect();
  stream.send(chat_request(true));
  whole.send(chat_request(false));
  ASSERT_TRUE(silent.upstream.wait_for_requests(1));
  ASSERT_TRUE(eager.upstream.wait_for_requests(1));
  EXPECT_FALSE(whole.anything_within(milliseconds{300}));
  EXPECT_FALSE(stream.anything_within(milliseconds{1}));
  go.open();
  EXPECT_EQ(stream.read_reply().status, 429u);
  EXPECT_EQ(whole.read_reply().status, 429u);
}

} // namespace
} // namespace synapse::test
