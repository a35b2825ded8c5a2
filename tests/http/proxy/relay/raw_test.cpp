#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string plain_10 = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 10\r\n\r\n";
const std::string plain_chunked = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n";
const std::string plain_closing = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
const std::string json_20 = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: 20\r\n\r\n";
const std::string of_http_1_0 = "GET /x HTTP/1.0\r\n\r\n";

struct raw_relay_test : testing::Test {
  far_end& begin(const std::string& request = get("/x")) {
    rig.emplace();
    return ask(request);
  }
  /// With settings that were changed in `rig`.
  far_end& ask(const std::string& request = get("/x")) {
    rig->attempt(request, {}, [](call& of, upstream_request& from) { return relay_raw(of, from); });
    return rig->accept_request();
  }
  /// What the client has behind the head, as it came.
  std::string raw_body() {
    const auto& all = rig->client().received();
    const auto end = all.find("\r\n\r\n");
    return end == std::string::npos ? std::string{} : all.substr(end + 4);
  }
  void expect_good_end() {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
    EXPECT_FALSE(seen.aborted);
    EXPECT_EQ(rig->attempts(counted::ok), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "completed 1"));
    EXPECT_TRUE(rig->at_rest());
  }
  void expect_cut_off(response_detail detail, counted result, std::string_view told) {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.record.detail, detail);
    EXPECT_TRUE(seen.aborted);
    EXPECT_EQ(rig->attempts(result), 1U);
    EXPECT_EQ(rig->all_attempts(), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", std::string{told} + " 1"));
    EXPECT_TRUE(rig->at_rest());
    EXPECT_EQ(rig->idle(), 0U);
    rig->until([&] {
      rig->pass(10ms);
      return rig->client().ended();
    });
    EXPECT_FALSE(rig->answer().whole);
  }
  void expect_failed(mishap what) {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::failed);
    EXPECT_EQ(seen.what, what);
    EXPECT_FALSE(seen.begun);
    EXPECT_EQ(rig->client().received(), "");
  }

  std::optional<proxy_rig> rig = std::optional<proxy_rig>{std::in_place};
};

// ---- with a length ----

TEST_F(raw_relay_test, a_body_with_a_length_is_passed_on_as_it_comes) {
  auto& backend = begin();
  backend.send(plain_10 + "hello");
  rig->until_client_has("hello");
  EXPECT_TRUE(rig->under_way());
  EXPECT_EQ(rig->answer().field("Content-Length"), "10");
  backend.send("world");
  expect_good_end();
  rig->until_client_has("world");
  EXPECT_EQ(rig->answer().body, "helloworld");
  EXPECT_TRUE(rig->answer().whole);
  EXPECT_EQ(rig->idle(), 1U);
}

TEST_F(raw_relay_test, a_body_with_a_length_may_be_cut_anywhere) {
  const std::string answer = plain_10 + "helloworld";
  for (std::size_t cut = plain_10.size(); cut < answer.size(); ++cut) {
    auto& backend = begin();
    backend.send(answer.substr(0, cut));
    rig->until_client_has(answer.substr(plain_10.size(), cut - plain_10.size()));
    backend.send(answer.substr(cut));
    expect_good_end();
    rig->until([&] { return rig->answer().whole; });
    EXPECT_EQ(rig->answer().body, "helloworld");
  }
}

TEST_F(raw_relay_test, more_than_the_length_reaches_nobody_and_ends_the_connection) {
  auto& backend = begin();
  backend.send(plain_10 + "helloworldHTTP/1.1 200 OK\r\n\r\n");
  expect_good_end();
  rig->until_client_has("world");
  EXPECT_EQ(raw_body(), "helloworld");
  EXPECT_EQ(rig->idle(), 0U);
  rig->until([&] { return backend.ended(); });
}

TEST_F(raw_relay_test, a_short_body_is_cut_off) {
  auto& backend = begin();
  backend.send(plain_10 + "hello");
  backend.close();
  expect_cut_off(response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                 "reset_after_head");
  EXPECT_EQ(raw_body(), "hello");
}

// ---- none ----

TEST_F(raw_relay_test, answers_without_a_body_keep_what_the_head_says) {
  const struct {
    std::string request;
    std::string_view head;
    std::string_view length;
  } cases[] = {
      {"HEAD /x HTTP/1.1\r\nHost: g\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
       "99"},
      {"HEAD /x HTTP/1.1\r\nHost: g\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", ""},
      {get("/x"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "99"},
      {get("/x"), "HTTP/1.1 304 Not Modified\r\n\r\n", ""},
      {get("/x"), "HTTP/1.1 204 No Content\r\n\r\n", ""},
      {get("/x"), "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ""},
      {get("/x"), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"},
  };
  for (const auto& one : cases) {
    auto& backend = begin(one.request);
    backend.send(one.head);
    expect_good_end();
    rig->until_client_has("\r\n\r\n");
    EXPECT_EQ(rig->answer().field("Content-Length"), one.length) << one.head;
    EXPECT_FALSE(rig->answer().has("Transfer-Encoding"));
    EXPECT_EQ(raw_body(), "");
    EXPECT_EQ(rig->idle(), 1U);
  }
}

TEST_F(raw_relay_test, a_body_where_none_may_be_reaches_nobody) {
  auto& backend = begin();
  backend.send("HTTP/1.1 204 No Content\r\n\r\nstray");
  expect_good_end();
  rig->until_client_has("\r\n\r\n");
  EXPECT_EQ(raw_body(), "");
  rig->until([&] { return backend.ended(); });
  EXPECT_EQ(rig->idle(), 0U);
}

// ---- chunks ----

TEST_F(raw_relay_test, chunks_keep_their_framing_and_lose_their_trailers_wherever_they_are_cut) {
  const std::string sent = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n";
  for (std::size_t cut = 0; cut <= sent.size(); ++cut) {
    auto& backend = begin();
    backend.send(plain_chunked + sent.substr(0, cut));
    rig->until_client_has("\r\n\r\n");
    if (cut < sent.size()) {
      rig->settle();
      EXPECT_TRUE(rig->under_way()) << cut;
      EXPECT_FALSE(rig->answer().whole) << cut;
    }
    backend.send(sent.substr(cut));
    expect_good_end();
    rig->until([&] { return raw_body().ends_with("0\r\n\r\n"); });
    EXPECT_EQ(raw_body(), "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") << cut;
    EXPECT_EQ(rig->idle(), 1U);
  }
}

TEST_F(raw_relay_test, broken_chunks_are_cut_off_behind_what_was_whole) {
  auto& backend = begin();
  backend.send(plain_chunked + "5\r\nhello\r\nzz\r\n");
  expect_cut_off(response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                 "reset_after_head");
  EXPECT_THAT(raw_body(), StartsWith("5\r\nhello\r\n"));
  EXPECT_EQ(rig->answer().body, "hello");
}

TEST_F(raw_relay_test, chunks_without_an_end_are_cut_off) {
  for (const std::string_view sent : {"", "5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n"}) {
    auto& backend = begin();
    backend.send(plain_chunked + std::string{sent});
    rig->until_client_has("\r\n\r\n");
    backend.close();
    expect_cut_off(response_detail::upstream_reset_after_response_started,
                   counted::reset_after_head, "reset_after_head");
  }
}

TEST_F(raw_relay_test, chunks_to_http_1_0_come_out_of_their_framing) {
  auto& backend = begin(of_http_1_0);
  backend.send(plain_chunked + "5\r\nhello\r\n");
  rig->until_client_has("hello");
  backend.send("6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n");
  expect_good_end();
  rig->until_client_ended();
  EXPECT_EQ(raw_body(), "hello world");
  EXPECT_FALSE(rig->answer().has("Transfer-Encoding"));
  EXPECT_FALSE(rig->answer().has("Content-Length"));
  EXPECT_EQ(rig->answer().field("Connection"), "close");
  EXPECT_FALSE(rig->client().was_reset());
  EXPECT_EQ(rig->idle(), 1U);
}

TEST_F(raw_relay_test, more_chunks_than_one_write_takes_go_to_http_1_0_too) {
  auto& backend = begin(of_http_1_0);
  std::string sent;
  std::string body;
  for (int i = 0; i < 300; ++i) {
    const auto piece = std::to_string(i) + ' ';
    sent += chunk_of_bytes(piece);
    body += piece;
  }
  backend.send(plain_chunked + sent + "0\r\n\r\n");
  expect_good_end();
  rig->until_client_ended();
  EXPECT_EQ(raw_body(), body);
}

TEST_F(raw_relay_test, chunks_that_break_off_reset_the_connection_of_http_1_0) {
  auto& backend = begin(of_http_1_0);
  backend.send(plain_chunked + "5\r\nhello\r\n");
  rig->until_client_has("hello");
  backend.close();
  expect_cut_off(response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                 "reset_after_head");
  EXPECT_TRUE(rig->client().was_reset()) << "its end is the answer's end";
}

// ---- until close ----

TEST_F(raw_relay_test, a_body_until_close_becomes_chunks) {
  auto& backend = begin();
  backend.send(plain_closing + "hello");
  rig->until_client_has("hello");
  backend.send(" world");
  rig->until_client_has("world");
  EXPECT_TRUE(rig->under_way());
  backend.close();
  expect_good_end();
  rig->until([&] { return rig->answer().whole; });
  EXPECT_EQ(raw_body(), "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  EXPECT_TRUE(rig->answer().chunked);
  EXPECT_EQ(rig->idle(), 0U);
}

TEST_F(raw_relay_test, a_body_until_close_stays_one_for_http_1_0) {
  auto& backend = begin(of_http_1_0);
  backend.send(plain_closing + "hello");
  rig->until_client_has("hello");
  backend.close();
  expect_good_end();
  rig->until_client_ended();
  EXPECT_FALSE(rig->client().was_reset());
  EXPECT_EQ(raw_body(), "hello");
}

TEST_F(raw_relay_test, a_reset_is_no_end_of_a_body_until_close) {
  auto& backend = begin();
  backend.send(plain_closing + "hello");
  rig->until_client_has("hello");
  backend.reset();
  expect_cut_off(response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                 "reset_after_head");
  EXPECT_EQ(rig->answer().body, "hello");
}

// ---- small JSON ----

TEST_F(raw_relay_test, small_json_is_held_until_it_is_whole) {
  auto& backend = begin();
  backend.send(json_20 + "{\"half\": \"");
  rig->settle();
  EXPECT_EQ(rig->client().received(), "");
  backend.send("of it\"}  ");
  rig->settle();
  EXPECT_EQ(rig->client().received(), "");
  backend.send("\n");
  expect_good_end();
  rig->until_client_has("}");
  EXPECT_EQ(rig->answer().body, "{\"half\": \"of it\"}  \n");
  EXPECT_EQ(rig->idle(), 1U);
}

TEST_F(raw_relay_test, half_of_small_json_is_a_failure_that_can_still_be_told) {
  for (const bool by_reset : {false, true}) {
    auto& backend = begin();
    backend.send(json_20 + "{\"half\":");
    rig->settle();
    if (by_reset)
      backend.reset();
    else
      backend.close();
    expect_failed(mishap::reset_within_answer);
  }
}

TEST_F(raw_relay_test, silence_within_small_json_is_a_failure_that_can_still_be_told) {
  rig->timeouts().idle = 5s;
  auto& backend = ask();
  backend.send(json_20 + "{\"half\":");
  rig->settle();
  rig->pass(4'900ms);
  EXPECT_TRUE(rig->under_way());
  rig->pass(200ms);
  EXPECT_FALSE(rig->under_way());
  expect_failed(mishap::silence_within_answer);
}

TEST_F(raw_relay_test, the_total_limit_within_small_json_tells_whether_anything_came) {
  for (const bool answering : {false, true}) {
    rig.emplace();
    rig->timeouts().total = 5s;
    auto& backend = ask();
    backend.send(json_20 + (answering ? "{" : ""));
    rig->settle();
    rig->pass(5'100ms);
    expect_failed(answering ? mishap::total_timeout_answering : mishap::total_timeout_silent);
  }
}

TEST_F(raw_relay_test, large_json_is_passed_on_as_it_comes) {
  auto& backend = begin();
  backend.send(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8193\r\n\r\n{");
  rig->until_client_has("\r\n\r\n{");
  backend.close();
  expect_cut_off(response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                 "reset_after_head");
}

// ---- time ----

TEST_F(raw_relay_test, silence_cuts_the_answer_off) {
  rig->timeouts().idle = 5s;
  auto& backend = ask();
  backend.send(plain_10 + "hello");
  rig->until_client_has("hello");
  rig->pass(4'900ms);
  EXPECT_TRUE(rig->under_way());
  backend.send("w");
  rig->until_client_has("hellow");
  rig->pass(4'900ms);
  EXPECT_TRUE(rig->under_way()) << "a byte is a sign of life";
  rig->pass(200ms);
  EXPECT_FALSE(rig->under_way());
  expect_cut_off(response_detail::stream_idle_timeout, counted::idle_timeout, "response_timeout");
}

TEST_F(raw_relay_test, the_total_limit_cuts_an_answer_off_that_drips) {
  rig->timeouts().idle = 5s;
  rig->timeouts().total = 12s;
  auto& backend = ask();
  backend.send(plain_10);
  for (int i = 0; i < 3; ++i) {
    backend.send("x");
    rig->until_client_has("\r\n\r\n" + std::string(static_cast<std::size_t>(i) + 1, 'x'));
    rig->pass(4s - 10ms);
  }
  EXPECT_TRUE(rig->under_way());
  rig->pass(100ms);
  EXPECT_FALSE(rig->under_way());
  expect_cut_off(response_detail::total_timeout, counted::total_timeout, "canceled");
}

TEST_F(raw_relay_test, a_slow_client_is_not_taken_for_a_silent_backend) {
  rig->timeouts().idle = 5s;
  rig->client_buffer = 512 * 1024;
  const std::string large(20'000'000, 'x');
  auto& backend = ask();
  rig->client().stop_reading();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" +
               large);
  rig->until([&] { return rig->exchange().downstream().writing(); });
  rig->pass(30s);
  EXPECT_TRUE(rig->under_way());
  EXPECT_FALSE(backend.sent()) << "unbounded memory";
  rig->client().stop_reading(false);
  expect_good_end();
  rig->until([&] { return rig->client().received().size() > large.size(); });
  EXPECT_TRUE(rig->answer().whole);
  EXPECT_TRUE(rig->answer().body == large);
}

TEST_F(raw_relay_test, a_client_that_does_not_read_is_cut_off) {
  rig->settings().limits.write_timeout = 20s;
  rig->client_buffer = 8 * 1024;
  const std::string large(1 << 20, 'x');
  auto& backend = ask();
  rig->client().stop_reading();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" +
               large);
  rig->until([&] { return rig->exchange().downstream().writing(); });
  rig->pass_until([&] { return !rig->under_way(); });
  const auto& seen = rig->end();
  EXPECT_EQ(seen.came_to, step::gone);
  EXPECT_EQ(seen.record.detail, response_detail::client_write_timeout);
  EXPECT_EQ(rig->disconnects(request_phase::responding), 1U);
  EXPECT_THAT(rig->told(), ElementsAre("ask 1", "canceled 1"));
  EXPECT_TRUE(rig->at_rest());
}

// ---- clients that leave ----

TEST_F(raw_relay_test, a_client_that_leaves_ends_it) {
  auto& backend = begin();
  backend.send(plain_10 + "hello");
  rig->until_client_has("hello");
  rig->client().reset();
  const auto& seen = rig->end();
  EXPECT_EQ(seen.came_to, step::gone);
  EXPECT_EQ(seen.end, forward_end::gone);
  EXPECT_EQ(seen.record.detail, response_detail::client_disconnected);
  EXPECT_EQ(seen.record.status, 200U) << "that was sent";
  EXPECT_EQ(rig->disconnects(request_phase::responding), 1U);
  EXPECT_EQ(rig->all_attempts(), 0U) << "that is for the forwarder to count";
  EXPECT_THAT(rig->told(), ElementsAre("ask 1", "canceled 1"));
  rig->until([&] { return backend.ended(); });
  EXPECT_TRUE(rig->at_rest());
}

TEST_F(raw_relay_test, a_client_that_leaves_while_json_is_held_ends_it) {
  auto& backend = begin();
  backend.send(json_20 + "{");
  rig->settle();
  rig->client().reset();
  EXPECT_EQ(rig->end().came_to, step::gone);
  EXPECT_EQ(rig->seen.record.status, 499U);
  rig->until([&] { return backend.ended(); });
}

} // namespace
} // namespace synapse::proxy
