/// Uploads against the stub, in one process: whole ones are counted as whole, others as failed.
#include "bench/sockets.hpp"
#include "bench/upload_load.hpp"
#include "tests/bench/running_stub.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace synapse::bench;
using namespace std::chrono_literals;

namespace {

upload_plan uploads_for(const running_stub& stub) {
  upload_plan plan;
  plan.address = stub.address();
  plan.target = "x";
  plan.path = "/stt/transcribe";
  plan.uploads = 3;
  plan.file_bytes = 1'000'000;
  plan.limit = 20s;
  return plan;
}

constexpr std::string_view fields = "Host: x\r\nConnection: close\r\n";

std::string chunked(std::string_view body) {
  std::string text =
      "POST /transcribe HTTP/1.1\r\n" + std::string{fields} + "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 10) {
    const auto piece = body.substr(at, 10);
    text += (piece.size() == 10 ? "a" : std::to_string(piece.size())) + "\r\n";
    text += piece;
    text += "\r\n";
  }
  return text + "0\r\n\r\n";
}

std::string form_of(std::uint64_t file_bytes) {
  const std::string samples = noise(1000);
  const prepared_upload upload{"x", "/", file_bytes, samples};
  std::string text;
  while (text.size() < upload.size())
    text += upload.at(text.size());
  return text.substr(text.find("\r\n\r\n") + 4);
}

} // namespace

TEST(bench_upload, whole_uploads_are_complete_and_counted) {
  running_stub stub;
  bool window = false;
  const upload_result result = run_uploads(uploads_for(stub), [&] { window = true; });
  EXPECT_TRUE(window);
  EXPECT_EQ(result.complete, 3U);
  EXPECT_EQ(result.answered, 6U); // one before the window on each connection
  EXPECT_EQ(result.failed.total(), 0U);
  EXPECT_EQ(result.file_bytes, 3'000'000U);
  EXPECT_EQ(result.taken.count(), 3U);
  EXPECT_GT(result.seconds, 0);
}

TEST(bench_upload, another_status_counts_as_an_error) {
  running_stub stub;
  upload_plan plan = uploads_for(stub);
  plan.path = "/nowhere";
  plan.file_bytes = 1000;
  plan.warmup_bytes = 1000;
  const upload_result result = run_uploads(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.status, 6U);
}

TEST(bench_upload, an_answer_that_counts_no_bytes_is_an_error) {
  running_stub stub;
  upload_plan plan = uploads_for(stub);
  plan.path = "/v1/chat/completions";
  plan.file_bytes = 1000;
  plan.warmup_bytes = 1000;
  const upload_result result = run_uploads(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_EQ(result.failed.length, 6U);
}

TEST(bench_upload, nobody_listening_counts_as_an_error) {
  upload_plan plan;
  {
    running_stub stub;
    plan = uploads_for(stub);
  }
  const upload_result result = run_uploads(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_GT(result.failed.connection, 0U);
}

TEST(bench_upload, an_upload_that_is_never_answered_counts_as_stalled) {
  const int listener = listen_on(*parse_address("127.0.0.1:0")); // takes connections, no more
  upload_plan plan;
  plan.address = *parse_address("127.0.0.1:" + std::to_string(bound_port(listener)));
  plan.target = "x";
  plan.path = "/transcribe";
  plan.uploads = 2;
  plan.limit = 50ms;
  const upload_result result = run_uploads(plan, [] {});
  EXPECT_EQ(result.complete, 0U);
  EXPECT_GE(result.failed.stalled, 2U);
  ::close(listener);
}

TEST(bench_upload, a_chunked_form_is_counted_too) {
  running_stub stub;
  const std::string got = exchange(stub, chunked(form_of(5044)), std::string::npos);
  EXPECT_NE(got.find(R"("bytes":5044})"), std::string::npos) << got;
}

TEST(bench_upload, a_form_that_lacks_bytes_is_refused) {
  running_stub stub;
  std::string form = form_of(5044);
  form.erase(1000, 1);
  const std::string got = exchange(stub, chunked(form), std::string::npos);
  EXPECT_NE(got.find("400 Bad Request"), std::string::npos) << got;
}

TEST(bench_upload, requests_behind_a_form_are_answered_in_order) {
  running_stub stub;
  const std::string form = form_of(2044);
  const std::string request =
      "POST /transcribe HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(form.size()) +
      "\r\n\r\n" + form + "GET /nowhere HTTP/1.1\r\n" + std::string{fields} + "\r\n";
  const std::string got = exchange(stub, request, std::string::npos);
  const auto first = got.find(R"("bytes":2044})");
  ASSERT_NE(first, std::string::npos) << got;
  EXPECT_NE(got.find("404 Not Found", first), std::string::npos) << got;
}
