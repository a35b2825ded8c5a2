#include "http/core/body/sse.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using telemetry::stream_end;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Makes capitals of letters. `.` ends the answer, `!` is not what such a backend says, and digits
/// give nothing.
class capitals final : public answer_translator {
public:
  progress begin(const http::response_head& answer) override {
    status = answer.status;
    return first;
  }
  progress take(std::string_view bytes, std::string& out) override {
    for (const char c : bytes) {
      if (c == '.')
        return progress::ended;
      if (c == '!')
        return refuse("it shouts");
      if (std::isdigit(static_cast<unsigned char>(c)) == 0)
        out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return progress::more;
  }
  progress finish(std::string& out) override {
    ++finished;
    out += tail;
    return incomplete ? refuse("it has no end") : progress::more;
  }
  head client_head() const override { return says; }
  void broken(std::string& out, response_detail detail, std::string_view message) override {
    if (says.event_stream)
      out += "[" + std::string{http::to_string(detail)} + ": " + std::string{message} + "]";
  }
  bool may_keep_alive() const override { return quiet; }
  bool promises_events() override { return promising; }
  std::optional<http::told_error> reported() const override { return told; }

  std::optional<http::told_error> told;
  unsigned status = 0;
  progress first = progress::more;
  head says{"text/plain", "X-Translated: 1\r\n", false, false};
  std::string tail;
  bool incomplete = false;
  bool quiet = false;
  bool promising = false;
  int finished = 0;
};

const std::string ok_chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string ok_with(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string{body};
}

struct translated_relay_test : testing::Test {
  void SetUp() override {
    own.target = "/own";
    own.content_type = "a/b";
    own.body = "words";
    wanted.request = &own;
    wanted.translator = &translator;
  }
  far_end& begin(std::string_view version = "1.1") {
    auto request = get("/x", "Authorization: Bearer sk-secret-1234567890\r\n");
    request.replace(request.find("1.1"), 3, version);
    rig.attempt(request, wanted,
                [](call& of, upstream_request& from) { return relay_translated(of, from); });
    return rig.accept_request();
  }
  void as_events() {
    translator.says.event_stream = true;
    translator.says.content_type = "text/event-stream";
  }
  const outcome_seen& expect_good_end() {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_FALSE(seen.aborted);
    EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
    EXPECT_EQ(rig.attempts(counted::ok), 1U);
    EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
    EXPECT_TRUE(rig.at_rest());
    rig.until([&] {
      rig.pass(10ms);
      return rig.answer().whole;
    });
    return seen;
  }
  void expect_failed(mishap what, std::string_view message) {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::failed);
    EXPECT_EQ(seen.what, what);
    EXPECT_EQ(seen.message, message);
    EXPECT_FALSE(seen.begun);
    EXPECT_EQ(rig.client().received(), "");
    EXPECT_EQ(seen.record.stream, "");
  }
  void expect_broken(const std::string& body, response_detail detail, counted result,
                     std::string_view told) {
    const auto& seen = rig.end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_TRUE(seen.aborted);
    EXPECT_EQ(seen.record.detail, detail);
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
  }

  capitals translator;
  own_request own;
  forward_options wanted;
  proxy_rig rig;
};

// ---- errors in the place of answers ----

TEST_F(translated_relay_test, an_error_in_an_answers_place_is_for_those_who_decide) {
  wanted.elsewhere_decides = true;
  translator.told = http::make_told_error("no room for sk-secret-1234567890", "busy", 503);
  begin().send(ok_with("1!"));
  const auto& seen = rig.end();
  EXPECT_EQ(seen.came_to, step::failed);
  EXPECT_EQ(seen.end, forward_end::collected);
  EXPECT_EQ(seen.collected.status, 503U);
  EXPECT_TRUE(seen.collected.within_success);
  EXPECT_THAT(seen.collected.body, HasSubstr("no room"));
  EXPECT_THAT(seen.collected.body, Not(HasSubstr("sk-secret")));
  EXPECT_FALSE(seen.begun);
}

TEST_F(translated_relay_test, where_nobody_decides_it_is_an_answer_that_is_none) {
  translator.told = http::make_told_error("no room", "busy", 503);
  begin().send(ok_with("1!"));
  expect_failed(mishap::untranslatable, "it shouts");
}

TEST_F(translated_relay_test, behind_something_that_was_sent_an_error_breaks_the_answer_off) {
  wanted.elsewhere_decides = true;
  as_events();
  translator.told = http::make_told_error("no room", "busy", 503);
  auto& backend = begin();
  backend.send(ok_chunked + "1\r\na\r\n");
  rig.until([&] { return rig.answer().body == "A"; });
  backend.send("1\r\n!\r\n");
  const auto& seen = rig.end();
  EXPECT_EQ(seen.came_to, step::done);
  EXPECT_TRUE(seen.aborted);
}

// ---- good ends ----

TEST_F(translated_relay_test, a_small_answer_has_its_length) {
  begin().send(ok_with("hello"));
  const auto& seen = expect_good_end();
  EXPECT_EQ(translator.status, 200U);
  EXPECT_EQ(translator.finished, 1);
  const auto answer = rig.answer();
  EXPECT_EQ(answer.body, "HELLO");
  EXPECT_EQ(answer.field("Content-Length"), "5");
  EXPECT_EQ(answer.field("Content-Type"), "text/plain");
  EXPECT_EQ(answer.field("X-Translated"), "1");
  EXPECT_EQ(answer.field("X-Synapse-Backend"), "b");
  EXPECT_FALSE(answer.has("Cache-Control"));
  EXPECT_EQ(seen.record.stream, "") << "it was no stream";
  EXPECT_EQ(rig.stream_ends(stream_end::complete), 0U);
  EXPECT_EQ(rig.idle(), 1U);
}

TEST_F(translated_relay_test, a_longer_one_goes_out_as_it_comes) {
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  EXPECT_TRUE(rig.answer().chunked);
  backend.send("3\r\n123\r\n");
  rig.settle();
  EXPECT_EQ(rig.answer().body, "HELLO") << "nothing came of that";
  backend.send("1\r\nx\r\n0\r\n\r\n");
  const auto& seen = expect_good_end();
  EXPECT_EQ(rig.answer().body, "HELLOX");
  EXPECT_EQ(seen.record.stream, "complete");
  EXPECT_EQ(rig.stream_ends(stream_end::complete), 1U);
  EXPECT_EQ(rig.idle(), 1U);
}

TEST_F(translated_relay_test, the_head_waits_for_something_behind_it) {
  auto& backend = begin();
  backend.send(ok_chunked + "3\r\n123\r\n");
  rig.settle();
  EXPECT_EQ(rig.client().received(), "");
  backend.send("0\r\n\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().field("Content-Length"), "0");
}

TEST_F(translated_relay_test, an_answer_that_keeps_its_length_says_so) {
  translator.says.same_length = true;
  auto& backend = begin();
  backend.send(ok_with("hello world").substr(0, ok_with("hello world").size() - 6));
  rig.until([&] { return rig.answer().body == "HELLO"; });
  EXPECT_EQ(rig.answer().field("Content-Length"), "11");
  backend.send(" world");
  const auto& seen = expect_good_end();
  EXPECT_EQ(rig.answer().body, "HELLO WORLD");
  EXPECT_EQ(seen.record.stream, "");
}

TEST_F(translated_relay_test, an_answer_without_a_length_has_none_to_keep) {
  translator.says.same_length = true;
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  EXPECT_TRUE(rig.answer().chunked);
  backend.send("0\r\n\r\n");
  expect_good_end();
}

TEST_F(translated_relay_test, http_1_0_reads_until_the_connection_ends) {
  auto& backend = begin("1.0");
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until_client_has("HELLO");
  backend.send("0\r\n\r\n");
  expect_good_end();
  EXPECT_FALSE(rig.answer().chunked);
  EXPECT_EQ(rig.answer().body, "HELLO");
}

TEST_F(translated_relay_test, events_are_not_held_back_by_anybody) {
  as_events();
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  EXPECT_EQ(rig.answer().field("Content-Type"), "text/event-stream");
  EXPECT_EQ(rig.answer().field("Cache-Control"), "no-cache");
  EXPECT_EQ(rig.answer().field("X-Accel-Buffering"), "no");
  backend.send("0\r\n\r\n");
  expect_good_end();
}

TEST_F(translated_relay_test, the_end_may_add_something) {
  translator.tail = " and more";
  begin().send(ok_with("x"));
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "X and more");
}

TEST_F(translated_relay_test, an_end_mark_ends_it_before_its_framing_does) {
  auto& backend = begin();
  backend.send(ok_chunked + "6\r\nhello.\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "HELLO");
  EXPECT_EQ(translator.finished, 0);
  EXPECT_EQ(rig.idle(), 0U) << "the rest of it may still come";
  rig.until([&] { return backend.ended(); });
}

TEST_F(translated_relay_test, what_follows_an_end_mark_is_not_looked_at) {
  begin().send(ok_chunked + "8\r\nhello.!!\r\n0\r\n\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "HELLO");
}

TEST_F(translated_relay_test, an_answer_that_has_ended_with_its_head_is_empty) {
  translator.first = answer_translator::progress::ended;
  begin().send(ok_chunked + "5\r\nhello\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "");
}

TEST_F(translated_relay_test, a_205_has_no_body) {
  begin().send("HTTP/1.1 205 Reset Content\r\n\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "");
  EXPECT_EQ(translator.status, 205U);
}

TEST_F(translated_relay_test, the_permit_may_be_free_with_the_head) {
  wanted.free_with_head = true;
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  EXPECT_TRUE(rig.under_way());
  EXPECT_EQ(rig.backend_metrics().in_flight.value(), 0);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  backend.send("0\r\n\r\n");
  expect_good_end();
}

// ---- bad ones ----

TEST_F(translated_relay_test, what_cannot_be_translated_is_told_while_nothing_was_sent) {
  begin().send(ok_with("hello!"));
  expect_failed(mishap::untranslatable, "it shouts");
}

TEST_F(translated_relay_test, a_head_that_cannot_be_translated_is_a_failure) {
  translator.first = answer_translator::progress::bad;
  begin().send(ok_with("hello"));
  expect_failed(mishap::untranslatable, row_of(mishap::untranslatable).sentence);
}

TEST_F(translated_relay_test, an_answer_that_is_incomplete_by_its_own_rules_is_a_failure) {
  translator.incomplete = true;
  begin().send(ok_with("12"));
  expect_failed(mishap::untranslatable, "it has no end");
}

TEST_F(translated_relay_test, a_plain_answer_that_breaks_off_is_told_while_nothing_was_sent) {
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12");
  rig.settle();
  backend.close();
  expect_failed(mishap::reset_within_answer, row_of(mishap::reset_within_answer).sentence);
}

TEST_F(translated_relay_test, a_plain_answer_that_breaks_off_later_is_cut_without_a_word) {
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  backend.close();
  expect_broken("HELLO", response_detail::upstream_reset_after_response_started,
                counted::reset_after_head, "reset_after_head");
  EXPECT_EQ(rig.stream_ends(stream_end::truncated), 1U);
  EXPECT_EQ(rig.seen.record.stream, "truncated");
}

TEST_F(translated_relay_test, events_that_break_off_end_with_a_last_word) {
  as_events();
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  backend.close();
  expect_broken("HELLO[upstream_reset_after_response_started: backend b: it closed the connection "
                "within its answer]",
                response_detail::upstream_reset_after_response_started, counted::reset_after_head,
                "reset_after_head");
  EXPECT_EQ(rig.stream_ends(stream_end::truncated), 1U);
}

TEST_F(translated_relay_test, events_before_a_fault_in_the_same_piece_are_a_begun_answer) {
  as_events();
  begin().send(ok_chunked + "6\r\nhello!\r\n");
  expect_broken("HELLO[upstream_protocol_error: backend b: it shouts]",
                response_detail::upstream_protocol_error, counted::bad_response, "bad_response");
}

TEST_F(translated_relay_test, a_fault_with_no_event_before_it_can_still_be_told) {
  as_events();
  begin().send(ok_chunked + "3\r\n12!\r\n");
  expect_failed(mishap::untranslatable, "it shouts");
}

TEST_F(translated_relay_test, an_answer_with_a_length_that_breaks_off_is_no_stream) {
  translator.says.same_length = true;
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  backend.close();
  expect_broken("HELLO", response_detail::upstream_reset_after_response_started,
                counted::reset_after_head, "reset_after_head");
  EXPECT_EQ(rig.stream_ends(stream_end::truncated), 0U);
  EXPECT_EQ(rig.seen.record.stream, "");
}

TEST_F(translated_relay_test, silence_ends_it) {
  as_events();
  rig.timeouts().idle = 5s;
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  rig.pass(4'980ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(40ms);
  EXPECT_FALSE(rig.under_way());
  expect_broken("HELLO[stream_idle_timeout: backend b: silence within its answer]",
                response_detail::stream_idle_timeout, counted::idle_timeout, "response_timeout");
  EXPECT_EQ(rig.stream_ends(stream_end::timeout), 1U);
}

TEST_F(translated_relay_test, silence_before_anything_can_still_be_told) {
  rig.timeouts().idle = 5s;
  begin().send(ok_chunked);
  rig.settle();
  rig.pass(5'020ms);
  expect_failed(mishap::silence_within_answer, row_of(mishap::silence_within_answer).sentence);
}

TEST_F(translated_relay_test, the_total_limit_ends_it) {
  as_events();
  rig.timeouts().total = 5s;
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  rig.pass(5'020ms);
  expect_broken("HELLO[total_timeout: backend b: no complete answer within the time limit]",
                response_detail::total_timeout, counted::total_timeout, "canceled");
}

TEST_F(translated_relay_test, what_a_translator_says_holds_no_credentials) {
  class telling final : public answer_translator {
  public:
    progress begin(const http::response_head&) override {
      return refuse("it said sk-secret-1234567890");
    }
    progress take(std::string_view, std::string&) override { return progress::more; }
    progress finish(std::string&) override { return progress::more; }
    head client_head() const override { return {}; }
  } other;
  wanted.translator = &other;
  begin().send(ok_with("x"));
  EXPECT_EQ(rig.end().came_to, step::failed);
  EXPECT_THAT(rig.seen.message, HasSubstr("it said "));
  EXPECT_THAT(rig.seen.message, Not(HasSubstr("sk-secret-1234567890")));
}

// ---- comments ----

TEST_F(translated_relay_test, silence_is_filled_with_comments_where_they_may_stand) {
  const std::string comment{http::sse_keepalive};
  as_events();
  translator.quiet = true;
  rig.settings().limits.stream_keepalive = 15s;
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  rig.pass(14'980ms);
  EXPECT_EQ(rig.answer().body, "HELLO");
  rig.pass(40ms);
  rig.until([&] { return rig.answer().body == "HELLO" + comment; });
  translator.quiet = false;
  rig.pass(20s);
  EXPECT_EQ(rig.answer().body, "HELLO" + comment) << "within something of its own";
  backend.send("1\r\nx\r\n0\r\n\r\n");
  expect_good_end();
  EXPECT_EQ(rig.answer().body, "HELLO" + comment + "X");
}

TEST_F(translated_relay_test, a_promised_stream_begins_before_the_backend_has_answered) {
  const std::string comment{http::sse_keepalive};
  as_events();
  translator.promising = true;
  rig.settings().limits.stream_keepalive = 15s;
  auto& backend = begin();
  rig.pass(15'020ms);
  rig.until([&] { return rig.answer().body == comment; });
  EXPECT_EQ(rig.answer().field("Content-Type"), "text/event-stream");
  backend.send(ok_chunked + "5\r\nhello\r\n0\r\n\r\n");
  const auto& seen = expect_good_end();
  EXPECT_EQ(rig.answer().body, comment + "HELLO");
  EXPECT_EQ(seen.record.stream, "complete");
}

TEST_F(translated_relay_test, a_fault_in_a_promised_stream_that_has_begun_is_an_event) {
  const std::string comment{http::sse_keepalive};
  as_events();
  translator.promising = true;
  rig.settings().limits.stream_keepalive = 15s;
  auto& backend = begin();
  rig.pass(15'020ms);
  rig.until([&] { return rig.answer().body == comment; });
  backend.send(ok_with("!"));
  expect_broken(comment + "[upstream_protocol_error: backend b: it shouts]",
                response_detail::upstream_protocol_error, counted::bad_response, "bad_response");
}

// ---- clients ----

TEST_F(translated_relay_test, a_client_that_leaves_ends_it) {
  auto& backend = begin();
  backend.send(ok_chunked + "5\r\nhello\r\n");
  rig.until([&] { return rig.answer().body == "HELLO"; });
  rig.client().reset();
  EXPECT_EQ(rig.end().came_to, step::gone);
  EXPECT_EQ(rig.stream_ends(stream_end::client_abort), 1U);
  EXPECT_EQ(rig.seen.record.stream, "client_abort");
  EXPECT_EQ(rig.disconnects(request_phase::responding), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "canceled 1"));
  rig.until([&] { return backend.ended(); });
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(translated_relay_test, a_client_that_leaves_before_anything_was_sent_ends_it) {
  auto& backend = begin();
  backend.send(ok_chunked + "2\r\n12\r\n");
  rig.settle();
  rig.client().reset();
  EXPECT_EQ(rig.end().came_to, step::gone);
  EXPECT_EQ(rig.stream_ends(stream_end::client_abort), 0U) << "it was no stream yet";
  EXPECT_EQ(rig.seen.record.status, 499U);
}

} // namespace
} // namespace synapse::proxy
