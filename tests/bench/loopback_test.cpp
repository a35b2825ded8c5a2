/// The load generator against the stub, in one process: a good run is counted as good, and each way
/// of failing is counted as such.
#include "bench/closed_loop.hpp"
#include "bench/stream_load.hpp"
#include "tests/bench/running_stub.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace synapse::bench;
using namespace std::chrono_literals;

namespace {

std::string chat(const std::string& body) {
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

closed_loop_plan plan_for(const running_stub& stub, std::string request) {
  closed_loop_plan plan;
  plan.address = stub.address();
  plan.request = std::move(request);
  plan.connections = 4;
  plan.duration = 100ms;
  return plan;
}

stream_plan streams_for(const running_stub& stub) {
  stream_plan plan;
  plan.address = stub.address();
  plan.warmup_request = chat(R"({"stream":true,"max_tokens":1})");
  plan.request = chat(R"({"stream":true,"max_tokens":5})");
  plan.expected_events = 5;
  plan.streams = 3;
  plan.repeat = 2;
  plan.ramp = 5ms;
  plan.limit = 20s;
  return plan;
}

std::string speech(const std::string& text) {
  const std::string body = R"({"input":")" + text + R"("})";
  return "POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

stream_plan speech_for(const running_stub& stub) {
  stream_plan plan = streams_for(stub);
  plan.warmup_request = speech("1 frame");
  plan.request = speech("5 frames");
  plan.audio = true;
  return plan;
}

} // namespace

TEST(bench_loopback, a_clean_run_has_requests_and_no_errors) {
  running_stub stub;
  closed_loop_plan plan = plan_for(stub, chat(R"({"messages":[]})"));
  plan.expected_length = 1024;
  bool window = false;
  const closed_loop_result result = run_closed_loop(plan, [&] { window = true; });
  EXPECT_TRUE(window);
  EXPECT_GT(result.requests, 0U);
  EXPECT_EQ(result.failed.total(), 0U);
  EXPECT_EQ(result.latency.count(), result.requests);
  EXPECT_GT(result.latency.min(), 0U);
  EXPECT_GE(result.seconds, 0.1);
}

TEST(bench_loopback, another_status_counts_as_an_error) {
  running_stub stub;
  const auto result =
      run_closed_loop(plan_for(stub, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"), [] {});
  EXPECT_EQ(result.requests, 0U);
  EXPECT_GT(result.failed.status, 0U);
  EXPECT_EQ(result.failed.total(), result.failed.status);
}

TEST(bench_loopback, another_length_counts_as_an_error) {
  running_stub stub;
  closed_loop_plan plan = plan_for(stub, "GET /blob?size=100 HTTP/1.1\r\nHost: x\r\n\r\n");
  plan.expected_length = 101;
  const auto result = run_closed_loop(plan, [] {});
  EXPECT_EQ(result.requests, 0U);
  EXPECT_GT(result.failed.length, 0U);
}

TEST(bench_loopback, nobody_listening_counts_as_an_error) {
  closed_loop_plan plan;
  {
    running_stub stub;
    plan = plan_for(stub, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  const auto result = run_closed_loop(plan, [] {});
  EXPECT_EQ(result.requests, 0U);
  EXPECT_GT(result.failed.connection, 0U);
}

TEST(bench_loopback, a_request_that_is_never_answered_counts_as_stalled) {
  running_stub stub;
  closed_loop_plan plan = plan_for(stub, "GET /health HTTP/1.1\r\n"); // an unfinished head
  plan.stall_limit = 50ms;
  const auto result = run_closed_loop(plan, [] {});
  EXPECT_EQ(result.requests, 0U);
  EXPECT_EQ(result.failed.stalled, 4U);
}

TEST(bench_loopback, whole_streams_are_complete_and_every_event_is_timed) {
  running_stub stub{{.events = 64, .interval_ns = 1'000'000}};
  const stream_result result = run_streams(streams_for(stub), [] {});
  EXPECT_EQ(result.complete, 6U);
  EXPECT_EQ(result.failed.total(), 0U);
  EXPECT_EQ(result.events, 30U);
  EXPECT_EQ(result.event_delay.count(), 30U);
  EXPECT_EQ(result.first_event.count(), 6U);
  EXPECT_EQ(result.first_content.count(), 6U);
  EXPECT_LT(result.event_delay.percentile(50), 1'000'000'000U);
}

TEST(bench_loopback, the_first_token_delay_and_the_role_gap_are_kept) {
  running_stub stub{{.events = 64, .first_delay_ns = 20'000'000, .role_gap_ns = 10'000'000}};
  const stream_result result = run_streams(streams_for(stub), [] {});
  EXPECT_EQ(result.complete, 6U);
  EXPECT_GE(result.first_event.min(), 20'000'000U);
  EXPECT_GE(result.first_content.min(), 30'000'000U);
}

TEST(bench_loopback, a_stream_with_missing_events_is_broken) {
  running_stub stub;
  stream_plan plan = streams_for(stub);
  plan.expected_events = 6;
  const stream_result result = run_streams(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.length, 6U);
}

TEST(bench_loopback, a_refused_stream_is_broken) {
  running_stub stub;
  stream_plan plan = streams_for(stub);
  plan.request = "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
  const stream_result result = run_streams(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.status, 6U);
}

TEST(bench_loopback, whole_speech_is_complete_and_every_frame_is_timed) {
  running_stub stub{{.interval_ns = 1'000'000}};
  const stream_result result = run_streams(speech_for(stub), [] {});
  EXPECT_EQ(result.complete, 6U);
  EXPECT_EQ(result.failed.total(), 0U);
  EXPECT_EQ(result.event_delay.count(), 30U);
  EXPECT_EQ(result.first_event.count(), 6U);
  // The recording's head comes at once, the first samples one interval later.
  EXPECT_GE(result.first_content.min(), 1'000'000U);
}

TEST(bench_loopback, speech_with_missing_frames_is_broken) {
  running_stub stub;
  stream_plan plan = speech_for(stub);
  plan.expected_events = 6;
  const stream_result result = run_streams(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.length, 6U);
}

TEST(bench_loopback, an_answer_that_is_no_speech_is_broken) {
  running_stub stub;
  stream_plan plan = speech_for(stub);
  plan.request = chat(R"({"stream":true,"max_tokens":5})");
  const stream_result result = run_streams(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.malformed, 6U);
}

TEST(bench_loopback, pipelined_requests_are_answered_in_order_also_behind_a_stream) {
  running_stub stub;
  const std::string health = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string request = "GET /blob?size=3 HTTP/1.1\r\nHost: x\r\n\r\n" + health +
                              "GET /blob?size=5 HTTP/1.1\r\nHost: x\r\n\r\n" +
                              chat(R"({"stream":true,"max_tokens":2})") +
                              "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string got = exchange(stub, request, std::string::npos);
  std::size_t at = 0;
  for (const char* expected : {"\r\n\r\nxxx", R"({"status":"ok"})", "\r\n\r\nxxxxx",
                               R"("content":null)", "@", "@", "[DONE]", "404 Not Found"}) {
    at = got.find(expected, at);
    ASSERT_NE(at, std::string::npos) << expected;
    ++at;
  }
}

TEST(bench_loopback, more_pipelined_requests_than_one_batch_holds_are_all_answered) {
  running_stub stub;
  std::string request;
  for (int i = 0; i < 1000; ++i)
    request += "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  request += "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string got = exchange(stub, request, std::string::npos);
  std::size_t answers = 0;
  for (auto at = got.find("200 OK"); at != std::string::npos; at = got.find("200 OK", at + 1))
    ++answers;
  EXPECT_EQ(answers, 1001U);
}

TEST(bench_loopback, a_chunked_request_is_understood) {
  running_stub stub;
  const std::string got = exchange(stub,
                                   "POST /v1/embeddings HTTP/1.1\r\nHost: x\r\n"
                                   "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                   "10\r\n{\"dimensions\": 3\r\n1\r\n}\r\n0\r\n\r\n",
                                   std::string::npos);
  EXPECT_NE(got.find(R"("embedding":[0.00000000,0.00007919,0.00015838])"), std::string::npos)
      << got;
}
