// Streams that break off, and what counts as an end.
#include "tests/upstream_faults/broken_streams.hpp"

#include <gtest/gtest.h>

namespace synapse::test {
namespace {

// ---- breaking off -------------------------------------------------------------------------------

TEST(broken_stream, before_content_is_502) {
  for (const auto what : {then::fin, then::rst}) {
    bed_options how;
    how.retry = quick_retry;
    fault_bed bed{streams({role}, false, what), how};
    expect_error(bed.chat(true), 502, "stream_truncated");
    EXPECT_EQ(bed.upstream.requests(), 1u) << "the answer had begun";
    bed.expect_attempts("reset_after_head", 1);
    bed.expect_at_rest();
  }
}

TEST(broken_stream, after_content_has_an_error_event_and_is_cut) {
  for (const auto what : {then::fin, then::rst}) {
    staged_stream one{{role, content_event("x"), content_event("y")}, "", what};
    expect_broken_stream(one.read(), one.begin);
    one.bed.expect_attempts("reset_after_head", 1);
    one.bed.expect_stream_ends("truncated", 1);
    one.bed.expect_at_rest();
  }
}

TEST(broken_stream, a_proper_end_without_a_finish_is_no_end) {
  staged_stream one{{role, content_event("x")}, "0\r\n\r\n"};
  expect_broken_stream(one.read(), one.begin);
  one.bed.expect_at_rest();
  // All at once it comes to the same.
  one.bed.upstream.set_script(streams({role, content_event("x")}));
  expect_broken_stream(one.bed.chat(true), one.begin);
}

TEST(broken_stream, reaches_a_client_that_reads_late) {
  // More than fits into buffers on the way: what the client has not read yet must not be lost with
  // the connection.
  std::string text;
  std::vector<std::string> events{role};
  for (int i = 0; i < 300; ++i)
    events.push_back(content_event(std::string(1000, static_cast<char>('a' + i % 26))));
  for (const auto& event : events)
    text += event;
  fault_bed bed{streams(events, false)};
  client_options small;
  small.receive_buffer = 4096;
  auto client = bed.gateway.connect(small);
  client.send(chat_request(true));
  ASSERT_TRUE(wait_until([&] { return bed.attempts("reset_after_head") == 1; }));
  expect_broken_stream(client.read_reply(), text);
}

// ---- ends ---------------------------------------------------------------------------------------

TEST(stream_end, done_is_added_after_a_finish_and_a_proper_end) {
  fault_bed bed{streams({role, content_event("x"), finish_event()})};
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i) {
    const auto reply = bed.chat_on(client, true);
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    EXPECT_EQ(reply.body, role + content_event("x") + finish_event() + std::string{done_event});
  }
  bed.expect_stream_ends("done_added", 3);
  EXPECT_EQ(bed.upstream.connections(), 1u);
}

TEST(stream_end, a_missing_last_blank_line_is_forgiven) {
  for (const std::string_view last : {"data: [DONE]", "data: [DONE]\n", "data: [DONE]\r\n"}) {
    fault_bed bed{streams({role, content_event("x"), finish_event(), std::string{last}})};
    const auto reply = bed.chat(true);
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    const auto got = understand(reply.body);
    EXPECT_TRUE(got.done_seen) << reply.body;
    EXPECT_FALSE(got.after_done) << reply.body;
    EXPECT_EQ(got.unterminated, "") << reply.body;
    EXPECT_EQ(got.content, "x");
  }
}

} // namespace
} // namespace synapse::test
