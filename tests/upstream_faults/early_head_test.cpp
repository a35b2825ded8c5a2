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

  http_reply ask() {
    auto client = bed.gateway.connect();
    client.send(chat_request(true));
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
}

TEST(early_head, makes_a_stream_of_a_whole_completion) {
  silent_backend one{
      [](upstream_connection& connection) { connection.reply(200, completion_body()); }};
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

} // namespace
} // namespace synapse::test
