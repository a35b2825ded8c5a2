#include "tests/backends/hosted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace synapse::backends::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto spoiled_path = "/v1/chat/completions";

// A router, and a client that asks it for the stream of "a b c": role, three tokens, finish, done.
class misbehaving : public testing::Test {
protected:
  misbehaving() : router_(quick_router()), client_(router_.port()) {}

  void ask_stream(const std::string& spec) { ask_with(spec, true); }
  void ask_whole(const std::string& spec) { ask_with(spec, false); }

  answer stream(const std::string& spec) {
    ask_stream(spec);
    return client_.read_answer();
  }

  answer whole(const std::string& spec) {
    ask_whole(spec);
    return client_.read_answer();
  }

  // After a hang nothing comes; that is known once another connection has been served.
  void expect_silence() {
    EXPECT_EQ(router_.get("/health").status, 200);
    client_.close();
    EXPECT_TRUE(eventually([&] { return router_.counters().requests_canceled == 1; }));
  }

  hosted router_;
  raw_client client_;

private:
  void ask_with(const std::string& spec, bool streamed) {
    client_.send_request("POST", spoiled_path, echo_chat("a b c", streamed).dump(),
                         {"X-Misbehave: " + spec});
  }
};

TEST_F(misbehaving, nothing_when_not_asked_to) {
  EXPECT_EQ(events_of(stream("none").body).size(), 6U);
}

TEST_F(misbehaving, hang_before_head) {
  ask_stream("hang-before-head");
  ASSERT_TRUE(eventually([&] {
    return router_.counters().tokens_generated > 0 || router_.counters().requests_started == 1;
  }));
  expect_silence();
}

TEST_F(misbehaving, hang_after_head) {
  ask_stream("hang-after-head");
  EXPECT_EQ(client_.read_head().status, 200);
  expect_silence();
}

TEST_F(misbehaving, hang_mid_stream) {
  ask_stream("hang-mid-stream:2");
  client_.read_head();
  EXPECT_THAT(client_.read_event(), HasSubstr("assistant"));
  EXPECT_THAT(client_.read_event(), HasSubstr(R"("content":"a")"));
  expect_silence();
  EXPECT_EQ(client_.chunk_sizes().size(), 2U);
}

TEST_F(misbehaving, slow_head_and_slow_body) {
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(events_of(stream("slow-head:30,slow-body:5").body).size(), 6U);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(60));
  begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(whole("slow-body:5").complete);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(20));
}

TEST_F(misbehaving, reset_before_head) {
  ask_stream("reset-before-head");
  EXPECT_EQ(client_.wait_for_end(), ending::reset);
}

TEST_F(misbehaving, reset_after_head) {
  ask_stream("reset-after-head");
  EXPECT_EQ(client_.wait_for_end(), ending::reset);
}

TEST_F(misbehaving, reset_in_the_middle) {
  ask_stream("reset:300");
  EXPECT_EQ(client_.wait_for_end(), ending::reset);
}

TEST_F(misbehaving, cut_in_the_middle) {
  ask_stream("cut:300");
  client_.read_head();
  EXPECT_EQ(client_.read_rest().size(), 300U);
  EXPECT_EQ(client_.wait_for_end(), ending::closed);
}

TEST_F(misbehaving, cut_of_an_answer_with_a_length) {
  ask_whole("cut:10");
  auto got = client_.read_answer();
  EXPECT_FALSE(got.complete);
  EXPECT_EQ(got.body.size(), 10U);
}

TEST_F(misbehaving, cut_clean_has_a_proper_end_and_no_reason) {
  auto got = stream("cut-clean:3");
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(events_of(got.body).size(), 3U);
  EXPECT_THAT(got.body, Not(HasSubstr("stop")));
}

TEST_F(misbehaving, no_done) {
  auto got = stream("no-done");
  EXPECT_TRUE(got.complete);
  EXPECT_THAT(events_of(got.body).back(), HasSubstr(R"("finish_reason":"stop")"));
}

TEST_F(misbehaving, no_finish) {
  auto events = events_of(stream("no-finish").body);
  EXPECT_EQ(events.size(), 5U);
  EXPECT_EQ(events.back(), "[DONE]");
}

TEST_F(misbehaving, garbage_head) {
  ask_stream("garbage-head");
  EXPECT_THAT(client_.read_rest(), Not(StartsWith("HTTP")));
}

TEST_F(misbehaving, garbage_body) {
  auto got = whole("garbage-body");
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.complete);
  EXPECT_FALSE(json::accept(got.body));
  EXPECT_TRUE(events_of(stream("garbage-body").body).empty());
}

TEST_F(misbehaving, bad_chunk) {
  ask_stream("bad-chunk:1");
  client_.read_head();
  EXPECT_THAT(client_.read_event(), HasSubstr("assistant"));
  EXPECT_THAT(client_.read_rest(), StartsWith("xyz\r\n"));
}

TEST_F(misbehaving, malformed_event) {
  auto events = events_of(stream("malformed-event:2").body);
  ASSERT_EQ(events.size(), 6U);
  EXPECT_TRUE(json::accept(events[0]));
  EXPECT_FALSE(json::accept(events[1]));
  EXPECT_TRUE(json::accept(events[2]));
}

TEST_F(misbehaving, error_event_ends_the_stream_without_done) {
  auto got = stream("error-event:2");
  EXPECT_TRUE(got.complete);
  auto events = events_of(got.body);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(json::parse(events[2])["error"]["code"], 500);
}

TEST_F(misbehaving, error_200_first) {
  auto got = stream("error-200-first");
  EXPECT_EQ(got.status, 200);
  auto events = events_of(got.body);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(json::parse(events[0])["error"]["type"], "server_error");
}

TEST_F(misbehaving, lie_length) {
  client_.send_request("GET", "/health", {}, {"X-Misbehave: lie-length:+20"});
  auto longer = client_.read_answer();
  EXPECT_EQ(longer.field("content-length"), "35");
  EXPECT_EQ(longer.body, R"({"status":"ok"})");
  EXPECT_FALSE(longer.complete);
  raw_client other{router_.port()};
  other.send_request("GET", "/health", {}, {"X-Misbehave: lie-length:-5"});
  EXPECT_EQ(other.read_answer().body, R"({"status":)");
  other.send_request("GET", "/health");
  EXPECT_EQ(other.read_head().status, 0); // the rest stands before the next answer
}

TEST_F(misbehaving, status) {
  expect_error(whole("status:503"), 503, "unavailable_error", "misbehaving on request");
  EXPECT_EQ(whole("status:418").status, 418);
  EXPECT_EQ(router_.state_of("local-echo"), "unloaded"); // the request was not worked on
}

TEST_F(misbehaving, html_502) {
  auto got = whole("html-502");
  EXPECT_EQ(got.status, 502);
  EXPECT_EQ(got.field("content-type"), "text/html");
}

TEST_F(misbehaving, loading) {
  expect_error(whole("loading"), 503, "unavailable_error", "Loading model");
}

TEST_F(misbehaving, close_after) {
  auto got = whole("close-after");
  EXPECT_TRUE(got.complete);
  EXPECT_EQ(got.field("connection"), "");
  EXPECT_EQ(client_.wait_for_end(), ending::closed);
}

TEST_F(misbehaving, close_idle) {
  EXPECT_TRUE(whole("close-idle:10").complete);
  EXPECT_EQ(client_.wait_for_end(), ending::closed);
}

TEST_F(misbehaving, double_length) {
  EXPECT_EQ(whole("double-cl").fields.count("content-length"), 2U);
}

TEST_F(misbehaving, big_head_and_big_event) {
  auto got = stream("big-head:50000,big-event:70000");
  EXPECT_GT(got.head.size(), 50000U);
  auto events = events_of(got.body);
  EXPECT_EQ(events.size(), 6U);
  EXPECT_EQ(json::parse(events[0])["padding"].get<std::string>().size(), 70000U);
  EXPECT_TRUE(json::accept(whole("big-event:1000").body));
}

TEST_F(misbehaving, line_ends_of_events) {
  auto crlf = stream("crlf-events").body;
  EXPECT_THAT(crlf, EndsWith("data: [DONE]\r\n\r\n"));
  auto cr = stream("cr-events").body;
  EXPECT_THAT(cr, EndsWith("data: [DONE]\r\r"));
  EXPECT_THAT(cr, Not(HasSubstr("\n")));
}

TEST_F(misbehaving, split_bytes_changes_nothing_but_the_pieces) {
  EXPECT_EQ(events_of(stream("split-bytes").body).size(), 6U);
}

TEST_F(misbehaving, refuse_closes_the_listener_for_a_while) {
  client_.send_request("GET", "/health"); // so that it is accepted, not waiting to be
  EXPECT_EQ(client_.read_answer().status, 200);
  router_.misbehave("refuse:60000");
  raw_client late{router_.port()};
  EXPECT_FALSE(late.connected());
  client_.send_request("GET", "/health"); // who was in stays in
  EXPECT_EQ(client_.read_answer().status, 200);
}

TEST_F(misbehaving, the_listener_comes_back) {
  ask_whole("refuse:20");
  EXPECT_EQ(client_.wait_for_end(), ending::closed);
  EXPECT_TRUE(eventually([&] { return raw_client{router_.port()}.connected(); }));
  EXPECT_EQ(router_.get("/health").status, 200);
}

TEST_F(misbehaving, by_request_to_the_port_for_a_number_of_times) {
  auto set = router_.post("/__misbehave", {{"spec", "status:500@/v1"}, {"times", 2}});
  EXPECT_EQ(set.body, R"({"success":true})");
  EXPECT_EQ(router_.get("/health").status, 200);
  EXPECT_EQ(router_.get("/v1/models").status, 500);
  EXPECT_EQ(router_.get("/v1/models").status, 500);
  EXPECT_EQ(router_.get("/v1/models").status, 200);
  auto wrong = router_.post("/__misbehave", {{"spec", "explode"}});
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("explode"));
}

TEST_F(misbehaving, until_told_to_behave) {
  router_.misbehave("status:500", 0);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(router_.get("/health").status, 500);
  router_.misbehave("none");
  EXPECT_EQ(router_.get("/health").status, 200);
}

TEST_F(misbehaving, the_counters_can_be_asked_for) {
  whole("none");
  auto counters = router_.get("/__counters").parsed();
  EXPECT_EQ(counters["tokens_generated"], 3);
  EXPECT_EQ(counters["requests_started"], 2);
  EXPECT_EQ(counters["requests_canceled"], 0);
}

} // namespace
} // namespace synapse::backends::test
