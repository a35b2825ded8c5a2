#include "http/core/body/sse.hpp"
#include "tests/http/proxy/proxy_rig.hpp"
#include "tests/upstream_faults/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using telemetry::stream_end;
using test::chunk;
using test::content_event;
using test::done_event;
using test::finish_event;
using test::recorded_events;
using test::role;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string stream_head{test::chunked_stream_head};
const std::string closing_head{test::closing_stream_head};
const std::string error_event =
    "data: {\"error\":{\"code\":503,\"message\":\"slot failed\",\"type\":\"server_error\"}}\n\n";
const std::string keepalive{http::sse_keepalive};
const std::string stream_done{done_event};
const std::string stream_end_chunk = "0\r\n\r\n";

/// The event with which the gateway ends a stream that cannot go on.
std::string own_error(response_detail detail, std::string_view message) {
  std::string body;
  http::append_error_body(body, http::error_dialect::openai, detail,
                          "backend b: " + std::string{message});
  return "data: " + body + "\n\n";
}

struct event_stream_relay_test : testing::Test {
  far_end& begin(const std::string& version = "1.1") {
    auto request = post("/v1/chat/completions", "{}");
    request.replace(request.find("1.1"), 3, version);
    rig.attempt(request, wanted, [this](call& of, upstream_request& from) {
      return relay_event_stream(of, from, begun);
    });
    return rig.accept_request();
  }
  /// The client has its first content.
  far_end& begin_with_content() {
    auto& backend = begin();
    backend.send(stream_head + chunk(role) + chunk(content_event("hi")));
    rig.until([&] { return rig.answer().body == role + content_event("hi"); });
    return backend;
  }
  std::string raw_body() {
    const auto& all = rig.client().received();
    const auto end = all.find("\r\n\r\n");
    return end == std::string::npos ? std::string{} : all.substr(end + 4);
  }
  void expect_good_end(stream_end kind) {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.record.stream, telemetry::to_string(kind));
    EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
    EXPECT_FALSE(seen.aborted);
    EXPECT_EQ(rig.stream_ends(kind), 1U);
    EXPECT_EQ(rig.attempts(counted::ok), 1U);
    EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  }
  /// Nothing of it has reached the client.
  void expect_failed(mishap what, std::string_view message, stream_end kind) {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::failed);
    EXPECT_EQ(seen.what, what);
    EXPECT_EQ(seen.message, message);
    EXPECT_FALSE(seen.begun);
    EXPECT_EQ(seen.record.stream, "") << "it was none to the client";
    EXPECT_EQ(rig.stream_ends(kind), 1U);
    EXPECT_EQ(rig.client().received(), "");
  }
  /// It ends with that, and nobody takes it for whole.
  void expect_broken(const std::string& body, response_detail detail, stream_end kind,
                     counted result, std::string_view told) {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.record.detail, detail);
    EXPECT_EQ(seen.record.stream, telemetry::to_string(kind));
    EXPECT_EQ(seen.record.status, 200U);
    EXPECT_TRUE(seen.aborted);
    EXPECT_EQ(rig.stream_ends(kind), 1U);
    EXPECT_EQ(rig.attempts(result), 1U);
    EXPECT_EQ(rig.all_attempts(), 1U);
    EXPECT_THAT(rig.told(), ElementsAre("ask 1", std::string{told} + " 1"));
    rig.until([&] {
      rig.pass(10ms);
      return rig.client().ended();
    });
    EXPECT_EQ(rig.answer().body, body);
    EXPECT_FALSE(rig.answer().whole);
    EXPECT_TRUE(rig.at_rest());
    EXPECT_EQ(rig.idle(), 0U);
  }

  proxy_rig rig;
  forward_options wanted;
  std::string begun;
};

// ---- whole streams ----

TEST_F(event_stream_relay_test, a_whole_stream_arrives_as_it_came) {
  begin().send(stream_head + test::chunked(recorded_events()));
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.answer().whole; });
  const auto answer = rig.answer();
  EXPECT_EQ(answer.body, test::recorded_payload());
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.chunked);
  EXPECT_EQ(answer.field("Server"), "llama.cpp");
  EXPECT_EQ(answer.field("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer.field("Cache-Control"), "no-cache");
  EXPECT_EQ(answer.field("X-Accel-Buffering"), "no");
  EXPECT_EQ(rig.seen.record.prompt_tokens, 12);
  EXPECT_EQ(rig.seen.record.completion_tokens, 5);
  EXPECT_EQ(rig.route_metrics().stream_events.value(), recorded_events().size());
  EXPECT_EQ(rig.route_metrics().malformed_events.value(), 0U);
  EXPECT_EQ(rig.idle(), 1U);
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(event_stream_relay_test, a_stream_may_be_cut_anywhere) {
  const std::string payload = role + content_event("hi") + finish_event() + stream_done;
  const std::string sent =
      chunk(role) + chunk(content_event("hi") + finish_event()) + chunk(stream_done) + "0\r\n\r\n";
  far_end* backend = &begin();
  for (std::size_t cut = 1; cut < sent.size(); ++cut) {
    backend->send(stream_head + sent.substr(0, cut));
    rig.settle();
    backend->send(sent.substr(cut));
    EXPECT_EQ(rig.end().came_to, step::done);
    rig.until([&] { return rig.answer().whole; });
    ASSERT_EQ(rig.answer().body, payload) << cut;
    rig.client().close();
    rig.until([&] { return rig.worker().connections == nullptr && rig.idle() == 1; });
    backend->take();
    rig.attempt(post("/v1/chat/completions", "{}"), wanted,
                [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    rig.until([&] { return backend->take().ends_with("{}"); });
  }
  EXPECT_EQ(rig.connections(), 1U) << "one after the other";
  backend->send(stream_head + sent);
  rig.end();
  EXPECT_EQ(rig.stream_ends(stream_end::complete), sent.size());
}

TEST_F(event_stream_relay_test, every_event_goes_out_when_it_is_whole) {
  auto& backend = begin();
  std::string so_far;
  backend.send(stream_head + chunk(role));
  rig.settle();
  EXPECT_EQ(rig.client().received(), "") << "the role alone is held back";
  so_far = role;
  for (const auto* text : {"a", "b", "c"}) {
    const auto event = content_event(text);
    backend.send(chunk(event.substr(0, 20)));
    rig.settle();
    EXPECT_EQ(rig.answer().body, so_far == role ? "" : so_far);
    backend.send(chunk(event.substr(20)));
    so_far += event;
    rig.until([&] { return rig.answer().body == so_far; });
  }
}

TEST_F(event_stream_relay_test, nothing_follows_the_end_mark) {
  auto& backend = begin_with_content();
  backend.send(chunk(finish_event() + stream_done + content_event("more")) + "0\r\n\r\n");
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.answer().whole; });
  EXPECT_EQ(rig.answer().body, role + content_event("hi") + finish_event() + stream_done);
}

TEST_F(event_stream_relay_test, a_missing_end_mark_is_added_behind_a_finish) {
  auto& backend = begin_with_content();
  backend.send(chunk(finish_event()) + "0\r\n\r\n");
  expect_good_end(stream_end::done_added);
  rig.until([&] { return rig.answer().whole; });
  EXPECT_EQ(rig.answer().body, role + content_event("hi") + finish_event() + stream_done);
  EXPECT_EQ(rig.idle(), 1U);
}

TEST_F(event_stream_relay_test, a_stream_until_close_ends_with_its_mark_or_its_connection) {
  for (const bool marked : {true, false}) {
    proxy_rig one;
    one.attempt(get("/x"), {},
                [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    auto& backend = one.accept_request();
    backend.send(closing_head + role + content_event("x") + finish_event());
    one.until([&] { return one.answer().body == role + content_event("x") + finish_event(); });
    if (marked)
      backend.send(done_event);
    else
      backend.close();
    EXPECT_EQ(one.end().came_to, step::done);
    one.until([&] { return one.answer().whole; });
    EXPECT_EQ(one.answer().body, role + content_event("x") + finish_event() + stream_done);
    EXPECT_EQ(one.seen.record.stream, marked ? "complete" : "done_added");
    EXPECT_EQ(one.idle(), 0U);
    EXPECT_TRUE(one.at_rest());
  }
}

TEST_F(event_stream_relay_test, http_1_0_gets_it_without_chunks) {
  begin("1.0").send(stream_head + test::chunked(recorded_events()));
  expect_good_end(stream_end::complete);
  rig.until_client_ended();
  EXPECT_FALSE(rig.answer().chunked);
  EXPECT_EQ(raw_body(), test::recorded_payload());
  EXPECT_FALSE(rig.client().was_reset());
}

TEST_F(event_stream_relay_test, goes_on_with_what_was_read_before) {
  begun = role + content_event("before");
  begin().send(stream_head + chunk(finish_event() + stream_done) + "0\r\n\r\n");
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.answer().whole; });
  EXPECT_EQ(rig.answer().body, begun + finish_event() + stream_done);
}

TEST_F(event_stream_relay_test, events_that_are_no_json_are_passed_on_and_counted) {
  auto& backend = begin_with_content();
  backend.send(chunk("data: {half\n\n" + finish_event() + stream_done) + "0\r\n\r\n");
  expect_good_end(stream_end::complete);
  EXPECT_EQ(rig.route_metrics().malformed_events.value(), 1U);
  EXPECT_EQ(rig.route_metrics().stream_events.value(), 5U);
}

// ---- the connection after it ----

TEST_F(event_stream_relay_test, the_connection_is_kept_when_its_coding_ends_a_little_later) {
  auto& backend = begin_with_content();
  backend.send(chunk(finish_event() + stream_done));
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.answer().whole; });
  EXPECT_EQ(rig.idle(), 0U);
  rig.pass(900ms);
  backend.send("0\r\n\r\n");
  rig.until([&] { return rig.idle() == 1; });
  EXPECT_TRUE(rig.at_rest());
  EXPECT_FALSE(backend.ended());
}

TEST_F(event_stream_relay_test, the_connection_is_closed_when_its_coding_does_not_end) {
  auto& backend = begin_with_content();
  backend.send(chunk(finish_event() + stream_done));
  expect_good_end(stream_end::complete);
  rig.pass(980ms);
  EXPECT_FALSE(backend.ended());
  rig.pass(40ms);
  rig.until([&] { return backend.ended(); });
  EXPECT_EQ(rig.idle(), 0U);
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(event_stream_relay_test, the_connection_is_closed_when_it_has_more_to_say) {
  for (const std::string_view more : {"1\r\nx\r\n", "zz\r\n", "0\r\n\r\nHTTP/1.1"}) {
    proxy_rig one;
    one.attempt(get("/x"), {},
                [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    auto& backend = one.accept_request();
    backend.send(stream_head + chunk(content_event("x") + finish_event() + stream_done));
    EXPECT_EQ(one.end().came_to, step::done);
    backend.send(more);
    one.until([&] { return backend.ended(); });
    EXPECT_EQ(one.idle(), 0U);
    EXPECT_TRUE(one.at_rest());
  }
}

TEST_F(event_stream_relay_test, the_connection_is_closed_when_the_backend_says_so) {
  auto head = stream_head;
  head.insert(head.size() - 2, "Connection: close\r\n");
  auto& backend = begin();
  backend.send(head + chunk(content_event("x") + finish_event() + stream_done));
  expect_good_end(stream_end::complete);
  rig.until([&] { return backend.ended(); });
  EXPECT_EQ(rig.idle(), 0U);
}

// ---- streams that break off ----

TEST_F(event_stream_relay_test, a_stream_that_ends_before_content_is_a_failure) {
  for (const auto& end : {stream_end_chunk, std::string{}, std::string{"data: [DO"}}) {
    proxy_rig one;
    one.attempt(get("/x"), {},
                [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    auto& backend = one.accept_request();
    backend.send(stream_head + chunk(role) + end);
    one.settle();
    backend.close();
    EXPECT_EQ(one.end().came_to, step::failed);
    EXPECT_EQ(one.seen.what, mishap::stream_truncated);
    EXPECT_EQ(one.seen.message, "its stream ended before any content");
    EXPECT_EQ(one.client().received(), "");
    EXPECT_EQ(one.stream_ends(stream_end::truncated), 1U);
  }
}

TEST_F(event_stream_relay_test, an_end_mark_behind_nothing_is_a_failure) {
  begin().send(stream_head + chunk(stream_done) + "0\r\n\r\n");
  expect_failed(mishap::stream_truncated, "its stream ended before any content",
                stream_end::truncated);
}

TEST_F(event_stream_relay_test, a_stream_that_ends_behind_content_says_so_and_looks_cut) {
  auto& backend = begin_with_content();
  backend.close();
  expect_broken(role + content_event("hi") +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
}

TEST_F(event_stream_relay_test, a_proper_end_without_a_finish_is_none) {
  auto& backend = begin_with_content();
  backend.send("0\r\n\r\n");
  expect_broken(role + content_event("hi") +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
}

TEST_F(event_stream_relay_test, a_finish_is_no_end_when_the_framing_broke) {
  auto& backend = begin_with_content();
  backend.send(chunk(finish_event()));
  rig.until([&] { return rig.answer().body.ends_with(finish_event()); });
  backend.reset();
  expect_broken(role + content_event("hi") + finish_event() +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
}

TEST_F(event_stream_relay_test, half_an_event_stays_behind) {
  auto& backend = begin_with_content();
  backend.send(chunk("data: {\"choices\":[{\"delta\":{\"content\":\"ha"));
  rig.settle();
  backend.close();
  expect_broken(role + content_event("hi") +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
}

TEST_F(event_stream_relay_test, content_and_a_cut_in_one_piece_are_still_a_begun_answer) {
  auto& backend = begin();
  backend.send(stream_head + chunk(content_event("hi")) + "zz\r\n");
  expect_broken(content_event("hi") +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
}

TEST_F(event_stream_relay_test, a_broken_stream_resets_the_connection_of_http_1_0) {
  auto& backend = begin("1.0");
  backend.send(stream_head + chunk(content_event("hi")));
  rig.until_client_has("hi");
  backend.close();
  expect_broken(content_event("hi") +
                    own_error(response_detail::stream_truncated, "it broke off the stream"),
                response_detail::stream_truncated, stream_end::truncated, counted::reset_after_head,
                "reset_after_head");
  EXPECT_TRUE(rig.client().was_reset());
}

// ---- reported errors ----

TEST_F(event_stream_relay_test, an_error_before_content_gets_its_status_and_words) {
  begin().send(stream_head + chunk(role) + chunk(error_event));
  EXPECT_EQ(rig.end().came_to, step::done);
  rig.until([&] { return rig.answer().whole; });
  const auto answer = rig.answer();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.field("Content-Type"), "application/json");
  EXPECT_EQ(answer.field("X-Synapse-Backend"), "b");
  EXPECT_EQ("data: " + answer.body + "\n\n", error_event);
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_stream_error);
  EXPECT_EQ(rig.seen.record.status, 503U);
  EXPECT_EQ(rig.stream_ends(stream_end::upstream_error), 1U);
  EXPECT_EQ(rig.attempts(counted::ok), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  EXPECT_EQ(rig.idle(), 0U);
}

TEST_F(event_stream_relay_test, an_error_before_content_that_names_no_status_is_a_502) {
  const struct {
    std::string event;
    std::string words;
  } cases[] = {
      {"data: {\"error\":\"slot failed\"}\n\n", "{\"error\":\"slot failed\"}"},
      {"data: {\"error\":{\"code\":200,\"message\":\"x\"}}\n\n",
       "{\"error\":{\"code\":200,\"message\":\"x\"}}"},
      {"event: error\ndata: in its own words\n\n", ""},
  };
  for (const auto& one : cases) {
    proxy_rig of_it;
    of_it.attempt(get("/x"), {},
                  [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    of_it.accept_request().send(stream_head + chunk(one.event));
    EXPECT_EQ(of_it.end().came_to, step::done);
    of_it.until([&] { return of_it.answer().whole; });
    EXPECT_EQ(of_it.answer().status, 502U) << one.event;
    if (one.words.empty())
      EXPECT_THAT(of_it.answer().body, StartsWith("{\"error\":{\"message\":"));
    else
      EXPECT_EQ(of_it.answer().body, one.words);
  }
}

TEST_F(event_stream_relay_test, an_error_behind_content_is_passed_on_and_the_answer_cut) {
  auto& backend = begin_with_content();
  backend.send(chunk(error_event + stream_done) + "0\r\n\r\n");
  expect_broken(role + content_event("hi") + error_event, response_detail::upstream_stream_error,
                stream_end::upstream_error, counted::ok, "completed");
}

// ---- too large ----

TEST_F(event_stream_relay_test, an_event_that_is_too_large_is_a_failure_before_content) {
  rig.settings().limits.max_stream_event_bytes = 1000;
  begin().send(stream_head + chunk(content_event(std::string(1000, 'x'))));
  expect_failed(mishap::event_too_large,
                http::info(response_detail::stream_event_too_large).message, stream_end::truncated);
}

TEST_F(event_stream_relay_test, an_event_that_is_too_large_ends_the_stream_behind_content) {
  rig.settings().limits.max_stream_event_bytes = 1000;
  auto& backend = begin_with_content();
  backend.send(chunk(content_event(std::string(1000, 'x'))));
  expect_broken(role + content_event("hi") +
                    own_error(response_detail::stream_event_too_large,
                              http::info(response_detail::stream_event_too_large).message),
                response_detail::stream_event_too_large, stream_end::truncated,
                counted::bad_response, "bad_response");
}

// ---- clocks ----

std::string_view words_of(response_detail detail) {
  return http::info(detail).message;
}

TEST_F(event_stream_relay_test, the_first_content_has_a_time_limit) {
  rig.timeouts().first_token = 10s;
  rig.timeouts().idle = 60s;
  auto& backend = begin();
  backend.send(stream_head + chunk(role));
  rig.settle();
  rig.pass(6s);
  backend.send(chunk(":\n\n"));
  rig.settle();
  rig.pass(3'980ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(40ms);
  EXPECT_FALSE(rig.under_way());
  expect_failed(mishap::no_first_token, words_of(response_detail::first_token_timeout),
                stream_end::timeout);
}

TEST_F(event_stream_relay_test, the_first_contents_limit_ends_a_stream_that_has_begun) {
  rig.timeouts().first_token = 20s;
  rig.settings().limits.stream_keepalive = 15s;
  auto& backend = begin();
  backend.send(stream_head + chunk(role));
  rig.settle();
  rig.pass(15s + 20ms);
  rig.until([&] { return rig.answer().body == role + keepalive; });
  rig.pass(5s);
  EXPECT_FALSE(rig.under_way());
  expect_broken(role + keepalive +
                    own_error(response_detail::first_token_timeout,
                              words_of(response_detail::first_token_timeout)),
                response_detail::first_token_timeout, stream_end::timeout,
                counted::first_token_timeout, "response_timeout");
}

TEST_F(event_stream_relay_test, the_first_contents_limit_is_over_with_it) {
  rig.timeouts().first_token = 10s;
  rig.timeouts().idle = 60s;
  begin_with_content();
  rig.pass(30s);
  EXPECT_TRUE(rig.under_way());
}

TEST_F(event_stream_relay_test, the_first_contents_limit_is_off_with_0) {
  rig.timeouts().first_token = 0ms;
  rig.timeouts().idle = 0ms;
  rig.settings().limits.stream_keepalive = 0ms;
  auto& backend = begin();
  backend.send(stream_head + chunk(role));
  rig.settle();
  rig.pass(200s);
  EXPECT_TRUE(rig.under_way());
  EXPECT_EQ(rig.client().received(), "");
}

TEST_F(event_stream_relay_test, silence_before_content_is_a_failure) {
  rig.timeouts().idle = 5s;
  rig.timeouts().first_token = 60s;
  auto& backend = begin();
  backend.send(stream_head + chunk(role));
  rig.settle();
  rig.pass(4'980ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(40ms);
  expect_failed(mishap::silence_within_answer, words_of(response_detail::stream_idle_timeout),
                stream_end::timeout);
}

TEST_F(event_stream_relay_test, silence_behind_content_ends_the_stream) {
  rig.timeouts().idle = 5s;
  auto& backend = begin_with_content();
  rig.pass(4'980ms);
  backend.send(chunk(":\n\n"));
  rig.until([&] { return rig.answer().body.ends_with(":\n\n"); });
  rig.pass(4'980ms);
  EXPECT_TRUE(rig.under_way()) << "a comment is a sign of life";
  rig.pass(40ms);
  EXPECT_FALSE(rig.under_way());
  expect_broken(role + content_event("hi") + ":\n\n" +
                    own_error(response_detail::stream_idle_timeout,
                              words_of(response_detail::stream_idle_timeout)),
                response_detail::stream_idle_timeout, stream_end::timeout, counted::idle_timeout,
                "response_timeout");
}

TEST_F(event_stream_relay_test, the_total_limit_before_content_is_a_failure) {
  rig.timeouts().total = 5s;
  auto& backend = begin();
  backend.send(stream_head + chunk(role));
  rig.settle();
  rig.pass(4'980ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(40ms);
  expect_failed(mishap::total_timeout_silent, words_of(response_detail::total_timeout),
                stream_end::timeout);
}

TEST_F(event_stream_relay_test, the_total_limit_behind_content_ends_the_stream_and_blames_nobody) {
  rig.timeouts().total = 5s;
  rig.timeouts().idle = 3s;
  auto& backend = begin_with_content();
  rig.pass(2'500ms);
  backend.send(chunk(content_event("more")));
  rig.until([&] { return rig.answer().body.ends_with(content_event("more")); });
  rig.pass(2'480ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(40ms);
  EXPECT_FALSE(rig.under_way());
  expect_broken(
      role + content_event("hi") + content_event("more") +
          own_error(response_detail::total_timeout, words_of(response_detail::total_timeout)),
      response_detail::total_timeout, stream_end::timeout, counted::total_timeout, "canceled");
}

TEST_F(event_stream_relay_test, a_long_stream_is_fine_while_bytes_come) {
  rig.timeouts().response = rig.timeouts().first_token = rig.timeouts().idle = 2s;
  auto& backend = begin_with_content();
  auto so_far = role + content_event("hi");
  for (int i = 0; i < 40; ++i) {
    rig.pass(1'900ms);
    backend.send(chunk(content_event("x")));
    so_far += content_event("x");
    rig.until([&] { return rig.answer().body == so_far; });
  }
  backend.send(chunk(finish_event() + stream_done) + "0\r\n\r\n");
  expect_good_end(stream_end::complete);
}

// ---- comments ----

TEST_F(event_stream_relay_test, silence_is_filled_with_comments_between_events) {
  rig.settings().limits.stream_keepalive = 15s;
  auto& backend = begin_with_content();
  const auto half = content_event("more");
  backend.send(chunk(half.substr(0, 30)));
  rig.settle();
  rig.pass(14'980ms);
  EXPECT_EQ(rig.answer().body, role + content_event("hi"));
  rig.pass(40ms);
  rig.until([&] { return rig.answer().body == role + content_event("hi") + keepalive; });
  rig.pass(15s);
  rig.until(
      [&] { return rig.answer().body == role + content_event("hi") + keepalive + keepalive; });
  backend.send(chunk(half.substr(30)));
  rig.until([&] {
    return rig.answer().body == role + content_event("hi") + keepalive + keepalive + half;
  });
  rig.pass(14'980ms);
  EXPECT_THAT(rig.answer().body, EndsWith(half)) << "counts from the last word";
  rig.pass(40ms);
  rig.until([&] { return rig.answer().body.ends_with(half + keepalive); });
}

TEST_F(event_stream_relay_test, comments_are_off_with_0) {
  rig.settings().limits.stream_keepalive = 0ms;
  begin_with_content();
  rig.pass(50s);
  EXPECT_EQ(rig.answer().body, role + content_event("hi"));
}

// ---- clients ----

TEST_F(event_stream_relay_test, a_client_that_leaves_ends_it) {
  for (const bool with_content : {false, true}) {
    proxy_rig one;
    one.attempt(get("/x"), {},
                [](call& of, upstream_request& from) { return relay_event_stream(of, from); });
    auto& backend = one.accept_request();
    backend.send(stream_head + chunk(role) + (with_content ? chunk(content_event("x")) : ""));
    if (with_content)
      one.until_client_has("\"x\"");
    one.settle();
    one.client().reset();
    EXPECT_EQ(one.end().came_to, step::gone);
    EXPECT_EQ(one.seen.end, forward_end::gone);
    EXPECT_EQ(one.stream_ends(stream_end::client_abort), 1U);
    EXPECT_EQ(one.seen.record.stream, "client_abort");
    EXPECT_EQ(one.seen.record.detail, response_detail::client_disconnected);
    EXPECT_EQ(one.seen.record.status, with_content ? 200U : 499U);
    EXPECT_EQ(one.disconnects(request_phase::responding), 1U);
    EXPECT_THAT(one.told(), ElementsAre("ask 1", "canceled 1"));
    one.until([&] { return backend.ended(); });
    EXPECT_TRUE(one.at_rest());
  }
}

TEST_F(event_stream_relay_test, a_client_that_has_closed_its_sending_side_gets_the_rest) {
  auto& backend = begin_with_content();
  rig.client().finish_sending();
  rig.settle();
  rig.pass(100ms);
  EXPECT_TRUE(rig.under_way());
  backend.send(chunk(finish_event() + stream_done) + "0\r\n\r\n");
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.answer().whole; });
  EXPECT_THAT(rig.answer().body, EndsWith(finish_event() + stream_done));
}

TEST_F(event_stream_relay_test, a_slow_client_is_not_taken_for_a_silent_backend) {
  rig.timeouts().idle = 5s;
  rig.client_buffer = 512 * 1024;
  auto& backend = begin();
  rig.client().stop_reading();
  std::string large;
  for (int i = 0; i < 200; ++i)
    large += content_event(std::string(100'000, 'x'));
  backend.send(stream_head + chunk(large) + chunk(finish_event() + stream_done) + "0\r\n\r\n");
  rig.until([&] { return rig.exchange().downstream().writing(); });
  rig.pass(30s);
  EXPECT_TRUE(rig.under_way());
  EXPECT_FALSE(backend.sent()) << "unbounded memory";
  rig.client().stop_reading(false);
  expect_good_end(stream_end::complete);
  rig.until([&] { return rig.client().received().ends_with("0\r\n\r\n"); });
  EXPECT_TRUE(rig.answer().whole);
  EXPECT_TRUE(rig.answer().body == large + finish_event() + stream_done);
}

TEST_F(event_stream_relay_test, a_client_that_does_not_read_is_cut_off) {
  rig.settings().limits.write_timeout = 20s;
  rig.client_buffer = 8 * 1024;
  auto& backend = begin();
  rig.client().stop_reading();
  backend.send(stream_head + chunk(content_event(std::string(1 << 20, 'x'))));
  rig.until([&] { return rig.exchange().downstream().writing(); });
  rig.pass_until([&] { return !rig.under_way(); });
  EXPECT_EQ(rig.end().came_to, step::gone);
  EXPECT_EQ(rig.seen.record.detail, response_detail::client_write_timeout);
  EXPECT_EQ(rig.stream_ends(stream_end::client_abort), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "canceled 1"));
}

} // namespace
} // namespace synapse::proxy
