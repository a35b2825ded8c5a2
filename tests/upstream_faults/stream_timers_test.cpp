// The clocks of a stream: first token, silence, the whole.
#include "tests/upstream_faults/fault_bed.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::test {
namespace {

bed_options timers(std::string_view timeouts) {
  bed_options how;
  how.timeouts = timeouts;
  how.limits = "{stream_keepalive: 0}";
  // The first one that counts opens it.
  how.breaker = "{failures: 1, cooldown: 60s}";
  how.retry = quick_retry;
  return how;
}

/// Sends `first`, then `again` every 20 ms until the gateway closes, which it has to.
scripted_upstream::script drips(std::string first, std::string again) {
  return [first = std::move(first), again = std::move(again)](upstream_connection& connection) {
    connection.read_request();
    connection.send(first);
    const auto due = clock::now() + patience;
    while (!connection.wait_until_peer_closes(milliseconds{20})) {
      connection.send(again);
      ASSERT_LT(clock::now(), due) << "the gateway keeps the connection";
    }
  };
}

/// The answer has to be an error event behind `begin`, and a cut.
void expect_timed_out_stream(const http_reply& reply, std::string_view begin) {
  EXPECT_EQ(reply.status, 200u);
  expect_cut(reply);
  EXPECT_TRUE(reply.body.starts_with(begin)) << reply.body;
  const auto got = understand(reply.body);
  EXPECT_FALSE(got.done_seen);
  ASSERT_TRUE(got.error_seen) << reply.body;
  const auto last = nlohmann::json::parse(got.data.back(), nullptr, false);
  ASSERT_TRUE(last.is_object() && last.contains("error")) << got.data.back();
  EXPECT_EQ(last["error"].value("code", ""), "backend_timeout");
}

/// @param counts the breaker takes it for a backend that hangs.
void expect_bookkeeping(const fault_bed& bed, std::string_view result, bool counts = true) {
  bed.expect_attempts(result, 1);
  EXPECT_EQ(bed.upstream.requests(), 1u) << "not tried again";
  bed.expect_backend_metric("synapse_breaker_opened_total", {}, counts ? 1 : 0);
  bed.expect_stream_ends("timeout", 1);
  bed.expect_at_rest();
}

http_reply timed_chat(const fault_bed& bed, milliseconds at_least) {
  const auto begun = clock::now();
  auto client = bed.gateway.connect();
  auto reply = bed.chat_on(client, true);
  EXPECT_GE(clock::now() - begun, at_least);
  EXPECT_LT(clock::now() - begun, milliseconds{60'000}) << "of another clock";
  return reply;
}

TEST(stream_timer, first_token_is_not_put_off_by_comments) {
  fault_bed bed{drips(std::string{chunked_stream_head} + chunk(role), chunk(":\n\n")),
                timers("{response: 60s, idle: 60s, first_token: 200ms}")};
  expect_error(timed_chat(bed, milliseconds{200}), 504, "backend_timeout");
  expect_bookkeeping(bed, "first_token_timeout");
}

TEST(stream_timer, silence_after_content) {
  fault_bed bed{
      drips(std::string{chunked_stream_head} + chunk(role) + chunk(content_event("x")), ""),
      timers("{response: 60s, idle: 150ms, first_token: 60s}")};
  expect_timed_out_stream(timed_chat(bed, milliseconds{150}), role + content_event("x"));
  expect_bookkeeping(bed, "idle_timeout");
}

} // namespace
} // namespace synapse::test
