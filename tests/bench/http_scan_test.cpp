#include "bench/http_scan.hpp"
#include "bench/response_reader.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace synapse::bench;
using progress = response_reader::progress;

TEST(bench_http, reads_a_request_head_with_query_and_framing) {
  const std::string text = "POST /v1/chat/completions?events=3&delay_ms=7 HTTP/1.1\r\nHost: x\r\n"
                           "CONTENT-LENGTH:  12 \r\nX-Bench-Stream: 1\r\n\r\nbody";
  request_head head;
  ASSERT_EQ(scan_request_head(text, head), scan_result::done);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.path, "/v1/chat/completions");
  EXPECT_EQ(query_number(head.query, "events"), 3U);
  EXPECT_EQ(query_number(head.query, "delay_ms"), 7U);
  EXPECT_FALSE(query_number(head.query, "delay"));
  EXPECT_EQ(head.framing.content_length, 12U);
  EXPECT_TRUE(head.wants_stream);
  EXPECT_FALSE(head.framing.close);
  EXPECT_EQ(text.substr(head.size), "body");
}

TEST(bench_http, a_head_is_incomplete_until_its_blank_line) {
  const std::string text = "HTTP/1.1 503 Busy\r\nConnection: Close\r\n\r\n";
  response_head head;
  for (std::size_t i = 0; i < text.size(); ++i)
    EXPECT_EQ(scan_response_head(text.substr(0, i), head), scan_result::need_more) << i;
  ASSERT_EQ(scan_response_head(text, head), scan_result::done);
  EXPECT_EQ(head.status, 503);
  EXPECT_TRUE(head.framing.close);
}

TEST(bench_http, refuses_what_is_no_http) {
  response_head response;
  request_head request;
  EXPECT_EQ(scan_response_head("hello\r\n\r\n", response), scan_result::malformed);
  EXPECT_EQ(scan_response_head("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", response),
            scan_result::malformed);
  EXPECT_EQ(scan_request_head("GET\r\n\r\n", request), scan_result::malformed);
  EXPECT_EQ(scan_request_head("GET / HTTP/1.1\r\nno colon\r\n\r\n", request),
            scan_result::malformed);
}

TEST(bench_http, finds_json_members_by_name) {
  const std::string json = R"({"max_tokens" : 12,"text":"stream","stream": true,"x_stream":false})";
  EXPECT_TRUE(json_true(json, "stream"));
  EXPECT_FALSE(json_true(R"({"stream":false})", "stream"));
  EXPECT_FALSE(json_true(R"({"upstream":true})", "stream"));
  EXPECT_EQ(json_number(json, "max_tokens"), 12U);
  EXPECT_FALSE(json_number(json, "min_tokens"));
  EXPECT_EQ(json_text_number(R"({"voice":"2","input": "64 frames"})", "input"), 64U);
  EXPECT_FALSE(json_text_number(R"({"input":"frames"})", "input"));
  EXPECT_FALSE(json_text_number(R"({"input":64})", "input"));
}

TEST(bench_http, takes_chunks_apart_wherever_they_are_cut) {
  const std::string body = "5\r\nhello\r\nA;ext=1\r\n, world!!!\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    chunk_decoder decoder;
    std::string out;
    for (std::size_t at = 0; at < body.size(); at += piece) {
      EXPECT_FALSE(decoder.done());
      decoder.feed(std::string_view{body}.substr(at, piece), out);
    }
    EXPECT_TRUE(decoder.done()) << piece;
    EXPECT_EQ(out, "hello, world!!!");
  }
}

TEST(bench_http, stops_behind_the_last_chunk_and_at_bad_framing) {
  std::string out;
  chunk_decoder decoder;
  EXPECT_EQ(decoder.feed("0\r\n\r\nHTTP", out), 5U);
  EXPECT_TRUE(decoder.done());
  for (const char* bad : {"\r\n", "x\r\n", "3\r\nabcd\r\n", "1\rx"}) {
    chunk_decoder other;
    other.feed(bad, out);
    EXPECT_TRUE(other.failed()) << bad;
  }
}

TEST(bench_http, a_response_is_counted_to_its_last_byte) {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde";
  response_reader reader;
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    ASSERT_EQ(reader.feed(text.substr(i, 1), nullptr), progress::more) << i;
  EXPECT_EQ(reader.feed("e", nullptr), progress::complete);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.body_bytes(), 5U);
  reader.reset();
  EXPECT_EQ(reader.feed(text + "f", nullptr), progress::malformed);
}

TEST(bench_http, a_response_that_the_close_ends_early_is_not_complete) {
  response_reader sized;
  EXPECT_EQ(sized.end_of_input(), progress::malformed);
  EXPECT_EQ(sized.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", nullptr), progress::more);
  EXPECT_EQ(sized.end_of_input(), progress::malformed);
  response_reader until_close;
  std::string payload;
  EXPECT_EQ(until_close.feed("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", &payload),
            progress::more);
  EXPECT_EQ(until_close.end_of_input(), progress::complete);
  EXPECT_EQ(payload, "abc");
}
