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

TEST(broken_stream, an_empty_one_is_502) {
  fault_bed bed{streams({})};
  expect_error(bed.chat(true), 502, "stream_truncated");
  bed.expect_stream_ends("truncated", 1);
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

TEST(broken_stream, one_choice_of_two_unfinished_is_no_end) {
  const std::string second =
      R"(data: {"choices":[{"index":1,"delta":{"content":"z"},"finish_reason":null}]})"
      "\n\n";
  staged_stream one{{role, content_event("x"), second, finish_event()}, "0\r\n\r\n"};
  expect_broken_stream(one.read(), one.begin);
}

TEST(broken_stream, half_an_event_stays_behind) {
  for (const std::string& half : {content_event("y").substr(0, 40), std::string{"data"},
                                  std::string{"data: [DO"}, std::string{"data: {\"choices\":["}})
    for (const std::string& end : {std::string{"0\r\n\r\n"}, std::string{}})
      for (const bool finished : {false, true}) {
        SCOPED_TRACE(half + (finished ? " after the finish" : ""));
        std::vector<std::string> first{role, content_event("x")};
        if (finished)
          first.push_back(finish_event());
        staged_stream one{first, chunk(half) + end};
        const auto reply = one.read();
        // Whether the end counts as one may depend on the half; that nobody sees it may not.
        EXPECT_EQ(reply.body.find(half + "\n", one.begin.size()), std::string::npos) << reply.body;
        if (finished && reply.complete())
          EXPECT_EQ(reply.body, one.begin + std::string{done_event});
        else
          expect_broken_stream(reply, one.begin);
      }
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

TEST(stream_end, done_is_added_to_a_stream_that_runs_until_close) {
  const auto begin = role + content_event("x") + finish_event();
  fault_bed bed{[&](upstream_connection& connection) {
    connection.read_request();
    connection.send(std::string{closing_stream_head} + begin);
  }};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, begin + std::string{done_event});
}

TEST(stream_end, done_is_not_added_after_a_finish_when_the_framing_broke) {
  staged_stream one{{role, content_event("x"), finish_event()}, ""};
  expect_broken_stream(one.read(), one.begin);
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

TEST(stream_end, nothing_follows_done) {
  fault_bed bed{streams({role, content_event("x"), finish_event(), std::string{done_event},
                         content_event("ghost"), "data: [DONE]\n\n"})};
  auto client = bed.gateway.connect();
  for (int i = 0; i < 3; ++i) {
    const auto reply = bed.chat_on(client, true);
    EXPECT_TRUE(reply.ok()) << to_string(reply.end);
    EXPECT_EQ(reply.body, role + content_event("x") + finish_event() + std::string{done_event});
  }
}

TEST(stream_end, does_not_wait_for_the_transfer_codings_end) {
  fault_bed bed{[](upstream_connection& connection) {
    connection.read_request();
    connection.send(std::string{chunked_stream_head} + chunked(recorded_events(), false));
    connection.wait_until_peer_closes();
  }};
  const auto reply = bed.chat(true);
  EXPECT_TRUE(reply.ok());
  EXPECT_EQ(reply.body, recorded_payload());
  bed.expect_at_rest();
}

} // namespace
} // namespace synapse::test
