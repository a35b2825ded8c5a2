#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using telemetry::stream_end;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// How an answer's body comes: the relay goes another way with each.
enum class arrival { buffered, held, passed, followed, closing };

constexpr arrival all_arrivals[] = {arrival::buffered, arrival::held, arrival::passed,
                                    arrival::followed, arrival::closing};
/// Those of which the client gets nothing before the end is known.
constexpr arrival held_back[] = {arrival::buffered, arrival::held, arrival::closing};

std::size_t size_of(arrival how) {
  switch (how) {
  case arrival::buffered:
    return 300;
  case arrival::held:
  case arrival::closing:
    return 20'000;
  default:
    return 200'000;
  }
}

/// A completion of about that size, which names what it has cost at its end.
std::string completion_of(std::size_t size) {
  const std::string front = R"({"choices":[{"index":0,"message":{"content":")";
  const std::string back = R"("}}],"usage":{"prompt_tokens":12,"completion_tokens":34}})";
  return front + std::string(size - front.size() - back.size(), 'x') + back;
}

/// An error of about that size.
std::string error_of(std::size_t size) {
  const std::string front = R"({"error":{"message":"out of memory","pad":")";
  return front + std::string(size - front.size() - 3, 'x') + "\"}}";
}

std::string framed(arrival how, std::string_view body) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
  switch (how) {
  case arrival::followed:
    head += "Transfer-Encoding: chunked\r\n\r\n";
    while (!body.empty()) {
      head += chunk_of_bytes(body.substr(0, 7'000));
      body.remove_prefix(std::min<std::size_t>(body.size(), 7'000));
    }
    return head + "0\r\n\r\n";
  case arrival::closing:
    return head.append("\r\n").append(body);
  default:
    return head.append("Content-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
  }
}

struct judged_relay_test : testing::Test {
  far_end& begin(std::string_view fields = {}) {
    rig.emplace();
    return ask(fields);
  }
  far_end& ask(std::string_view fields = {}, std::string_view version = "1.1") {
    auto request = post("/v1/chat/completions", "{}", fields);
    request.replace(request.find("1.1"), 3, version);
    rig->attempt(request, wanted,
                 [](call& of, upstream_request& from) { return relay_judged(of, from); });
    return rig->accept_request();
  }
  /// Sends all of it, and ends the connection where that ends the answer.
  void answer(arrival how, std::string_view body, std::string_view fields = {}) {
    auto& backend = begin(fields);
    backend.send(framed(how, body));
    if (how == arrival::closing)
      finish(backend);
  }
  void finish(far_end& backend) {
    rig->until([&] { return backend.sent(); });
    backend.close();
  }
  void expect_whole(std::string_view body) {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.end, forward_end::replied);
    EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
    EXPECT_EQ(seen.record.status, 200U);
    EXPECT_EQ(rig->attempts(counted::ok), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "completed 1"));
    rig->until([&] { return rig->answer().whole; });
    EXPECT_EQ(rig->answer().body, body);
  }
  void expect_failed(mishap what, std::string_view message) {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::failed);
    EXPECT_EQ(seen.what, what);
    EXPECT_EQ(seen.message, message);
    EXPECT_FALSE(seen.begun);
    EXPECT_EQ(rig->client().received(), "");
    EXPECT_EQ(seen.record.prompt_tokens, -1);
  }
  void expect_cut_off() {
    const auto& seen = rig->end();
    EXPECT_EQ(seen.came_to, step::done);
    EXPECT_EQ(seen.record.detail, response_detail::upstream_reset_after_response_started);
    EXPECT_TRUE(seen.aborted);
    EXPECT_EQ(rig->attempts(counted::reset_after_head), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "reset_after_head 1"));
    rig->until([&] {
      rig->pass(10ms);
      return rig->client().ended();
    });
    EXPECT_FALSE(rig->answer().whole);
  }
  /// The client was promised a stream, and has its head.
  far_end& begin_early() {
    rig.emplace();
    rig->timeouts().response = 60s;
    wanted.wants_stream = true;
    wanted.openai_stream = true;
    auto& backend = ask();
    rig->pass(15s + 20ms);
    rig->until_client_has(": keepalive\n\n");
    return backend;
  }

  std::optional<proxy_rig> rig = std::optional<proxy_rig>{std::in_place};
  forward_options wanted;
};

// ---- whole answers ----

TEST_F(judged_relay_test, a_whole_answer_arrives_as_it_came_and_says_what_it_has_cost) {
  for (const auto how : all_arrivals) {
    const auto body = completion_of(size_of(how));
    answer(how, body);
    expect_whole(body);
    EXPECT_EQ(rig->seen.record.prompt_tokens, 12) << static_cast<int>(how);
    EXPECT_EQ(rig->seen.record.completion_tokens, 34);
    EXPECT_EQ(rig->idle(), how == arrival::closing ? 0U : 1U);
    EXPECT_TRUE(rig->at_rest());
    EXPECT_EQ(rig->answer().chunked, how == arrival::followed);
  }
}

TEST_F(judged_relay_test, an_answer_without_a_usage_has_none) {
  answer(arrival::buffered, R"({"choices":[]})");
  expect_whole(R"({"choices":[]})");
  EXPECT_EQ(rig->seen.record.prompt_tokens, -1);
  EXPECT_EQ(rig->seen.record.completion_tokens, -1);
}

TEST_F(judged_relay_test, a_small_answer_may_be_cut_anywhere) {
  const std::string body = R"( {"choices":[{"a":"}\""}]} )";
  for (const bool in_pieces : {false, true}) {
    const auto sent = framed(in_pieces ? arrival::followed : arrival::buffered, body);
    for (auto cut = sent.find("\r\n\r\n") + 4; cut < sent.size(); ++cut) {
      auto& backend = begin();
      backend.send(sent.substr(0, cut));
      rig->settle();
      EXPECT_EQ(rig->client().received(), "") << cut;
      backend.send(sent.substr(cut));
      expect_whole(body);
    }
  }
}

TEST_F(judged_relay_test, white_space_and_arrays_are_json_too) {
  for (const std::string_view body : {"\r\n\t {} \n", "[1,2]", "\xEF\xBB\xBF{\"a\":1}"})
    for (const auto how : {arrival::buffered, arrival::followed}) {
      answer(how, body);
      expect_whole(body);
    }
}

TEST_F(judged_relay_test, an_error_beside_choices_is_an_answer) {
  const std::string body = R"({"error":{"message":"x"},"choices":[]})";
  answer(arrival::buffered, body);
  expect_whole(body);
  const std::string nested = R"({"choices":[{"error":"inner"}]})";
  answer(arrival::buffered, nested);
  expect_whole(nested);
  const std::string null = R"({"error":null,"choices":[]})";
  answer(arrival::buffered, null);
  expect_whole(null);
}

TEST_F(judged_relay_test, a_large_one_is_passed_on_while_it_comes) {
  for (const auto how : {arrival::passed, arrival::followed}) {
    const auto body = completion_of(size_of(how));
    const auto sent = framed(how, body);
    auto& backend = begin();
    backend.send(sent.substr(0, sent.size() / 2));
    rig->until([&] { return rig->answer().body.size() > body.size() / 3; });
    EXPECT_TRUE(rig->under_way());
    backend.send(sent.substr(sent.size() / 2));
    expect_whole(body);
  }
}

TEST_F(judged_relay_test, a_large_one_of_chunks_goes_to_http_1_0_without_them) {
  const auto body = completion_of(200'000);
  auto& backend = ask({}, "1.0");
  backend.send(framed(arrival::followed, body));
  EXPECT_EQ(rig->end().came_to, step::done);
  rig->until_client_ended();
  EXPECT_EQ(rig->answer().body, body);
  EXPECT_FALSE(rig->answer().chunked);
}

// ---- halves ----

TEST_F(judged_relay_test, half_a_text_in_a_whole_body_is_no_answer) {
  for (const auto how : held_back) {
    const auto whole = completion_of(size_of(how));
    const auto half = whole.substr(0, whole.size() - 1);
    answer(how, half);
    expect_failed(mishap::not_an_answer, "its answer is no whole JSON text: it ends after " +
                                             std::to_string(half.size()) + " bytes");
  }
}

TEST_F(judged_relay_test, text_behind_the_json_makes_it_none) {
  for (const auto how : held_back) {
    const auto body = completion_of(size_of(how)) + "x";
    answer(how, body);
    EXPECT_EQ(rig->end().came_to, step::failed);
    EXPECT_EQ(rig->seen.what, mishap::not_an_answer);
  }
}

TEST_F(judged_relay_test, half_a_large_text_does_not_look_whole) {
  for (const auto how : {arrival::passed, arrival::followed}) {
    const auto whole = completion_of(size_of(how));
    answer(how, whole.substr(0, whole.size() - 10));
    expect_cut_off();
  }
}

TEST_F(judged_relay_test, a_large_text_with_a_length_is_judged_by_its_last_byte_alone) {
  // Half of it, and by chance a brace at its end: only a length that is not kept would tell.
  auto body = completion_of(200'000);
  body.resize(150'000);
  body += "}";
  answer(arrival::passed, body);
  expect_whole(body);
}

TEST_F(judged_relay_test, a_body_that_breaks_off_is_told_while_nothing_was_sent) {
  for (const auto how : {arrival::buffered, arrival::held}) {
    const auto sent = framed(how, completion_of(size_of(how)));
    auto& backend = begin();
    backend.send(sent.substr(0, sent.size() - 10));
    finish(backend);
    expect_failed(mishap::reset_within_answer, "it closed the connection within its answer");
  }
  auto& backend = begin(); // chunks, small
  auto sent = framed(arrival::followed, completion_of(300));
  backend.send(sent.substr(0, sent.size() - 5));
  finish(backend);
  expect_failed(mishap::reset_within_answer, "it closed the connection within its answer");
}

TEST_F(judged_relay_test, a_large_body_that_breaks_off_is_cut_off) {
  for (const auto how : {arrival::passed, arrival::followed}) {
    const auto sent = framed(how, completion_of(size_of(how)));
    auto& backend = begin();
    backend.send(sent.substr(0, sent.size() - 10));
    finish(backend);
    expect_cut_off();
  }
}

TEST_F(judged_relay_test, broken_chunks_are_told_while_nothing_was_sent) {
  auto& backend = begin();
  auto sent = framed(arrival::followed, completion_of(300));
  backend.send(sent.substr(0, sent.size() - 5) + "zz\r\n");
  expect_failed(mishap::reset_within_answer, "it closed the connection within its answer");
}

// ---- errors ----

TEST_F(judged_relay_test, an_error_with_a_200_is_told_in_its_words) {
  for (const auto how : held_back) {
    answer(how, error_of(size_of(how)));
    expect_failed(mishap::answered_with_error, "it answered with an error: out of memory");
  }
}

TEST_F(judged_relay_test, a_flat_error_is_one_too) {
  answer(arrival::buffered, R"({"object":"error","message":"flat"})");
  expect_failed(mishap::answered_with_error, "it answered with an error: flat");
}

TEST_F(judged_relay_test, a_large_error_is_noticed_by_its_beginning) {
  for (const auto how : {arrival::passed, arrival::followed}) {
    const auto body = error_of(size_of(how));
    answer(how, body);
    expect_failed(mishap::not_an_answer, "it answered with an error: " + body.substr(0, 200));
  }
}

// ---- nothing, and pages ----

TEST_F(judged_relay_test, an_empty_answer_is_none) {
  answer(arrival::buffered, "");
  expect_failed(mishap::not_an_answer, "its answer is empty");
  answer(arrival::followed, "");
  expect_failed(mishap::not_an_answer, "its answer is empty");
  answer(arrival::closing, "");
  expect_failed(mishap::not_an_answer, "its answer is empty");
  answer(arrival::buffered, " \r\n ");
  expect_failed(mishap::not_an_answer, "its answer is empty");
}

TEST_F(judged_relay_test, a_page_is_none_whatever_its_size) {
  for (const auto how : all_arrivals) {
    const auto body = "<html>" + std::string(size_of(how), 'x');
    answer(how, body);
    EXPECT_EQ(rig->end().came_to, step::failed);
    EXPECT_EQ(rig->seen.what, mishap::not_an_answer);
    EXPECT_EQ(rig->seen.message, "its answer is no JSON: " + body.substr(0, 200))
        << static_cast<int>(how);
    EXPECT_EQ(rig->client().received(), "");
  }
}

TEST_F(judged_relay_test, a_page_is_noticed_before_its_end) {
  auto& backend = begin();
  backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk_of_bytes("<html>"));
  expect_failed(mishap::not_an_answer, "its answer is no JSON: <html>");
}

TEST_F(judged_relay_test, what_is_quoted_holds_no_credentials) {
  answer(arrival::buffered, "<html>key sk-secret-1234567890 refused",
         "Authorization: Bearer sk-secret-1234567890\r\n");
  EXPECT_EQ(rig->end().came_to, step::failed);
  EXPECT_THAT(rig->seen.message, StartsWith("its answer is no JSON: <html>key "));
  EXPECT_THAT(rig->seen.message, Not(HasSubstr("sk-secret-1234567890")));
}

// ---- streams without their name ----

TEST_F(judged_relay_test, events_are_watched_as_a_stream_where_streams_may_come) {
  wanted.openai_stream = true;
  for (const auto how : {arrival::buffered, arrival::followed}) {
    const std::string events =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n";
    answer(how, events);
    EXPECT_EQ(rig->end().came_to, step::done);
    EXPECT_EQ(rig->stream_ends(stream_end::complete), 1U);
    rig->until([&] { return rig->answer().whole; });
    EXPECT_EQ(rig->answer().body, events);
    EXPECT_EQ(rig->answer().field("Content-Type"), "text/event-stream");
  }
}

TEST_F(judged_relay_test, events_are_no_answer_where_none_may_come) {
  answer(arrival::buffered, "data: [DONE]\n\n");
  expect_failed(mishap::not_an_answer, "its answer is no JSON: data: [DONE]\n\n");
}

// ---- to a client that was promised a stream ----

TEST_F(judged_relay_test, a_whole_completion_becomes_a_stream_for_who_was_promised_one) {
  for (const auto how : all_arrivals) {
    auto& backend = begin_early();
    const auto body = completion_of(size_of(how));
    backend.send(framed(how, body));
    if (how == arrival::closing)
      finish(backend);
    EXPECT_EQ(rig->end().came_to, step::done);
    EXPECT_EQ(rig->stream_ends(stream_end::done_added), 1U);
    EXPECT_EQ(rig->seen.record.stream, "done_added");
    EXPECT_EQ(rig->seen.record.prompt_tokens, 12);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "completed 1"));
    rig->until([&] { return rig->answer().whole; });
    const auto seen = rig->answer().body;
    EXPECT_THAT(seen, StartsWith(": keepalive\n\ndata: {\"choices\":[{\"index\":0,\"delta\":"));
    EXPECT_TRUE(seen.ends_with("\"completion_tokens\":34}}\n\ndata: [DONE]\n\n"))
        << static_cast<int>(how);
  }
}

TEST_F(judged_relay_test, what_is_no_completion_cannot_become_a_stream) {
  auto& backend = begin_early();
  backend.send(framed(arrival::buffered, R"({"object":"list"})"));
  EXPECT_EQ(rig->end().came_to, step::failed);
  EXPECT_EQ(rig->seen.what, mishap::not_an_answer);
  EXPECT_EQ(rig->seen.message, R"(its answer is no stream: {"object":"list"})");
}

TEST_F(judged_relay_test, an_error_to_who_was_promised_a_stream_is_still_a_failure) {
  auto& backend = begin_early();
  backend.send(framed(arrival::buffered, error_of(300)));
  EXPECT_EQ(rig->end().came_to, step::failed);
  EXPECT_EQ(rig->seen.what, mishap::answered_with_error);
}

TEST_F(judged_relay_test, what_is_too_long_to_become_a_stream_is_a_failure) {
  auto& backend = begin_early();
  backend.send(framed(arrival::followed, completion_of((4 << 20) + 100'000)));
  EXPECT_EQ(rig->end().came_to, step::failed);
  EXPECT_EQ(rig->seen.what, mishap::not_an_answer);
  EXPECT_EQ(rig->seen.message, "its answer is no stream, and too long to become one");
}

TEST_F(judged_relay_test, comments_go_on_until_it_is_known_what_the_answer_is) {
  auto& backend = begin_early();
  backend.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk_of_bytes("  "));
  rig->settle();
  rig->pass(15s + 20ms);
  rig->until([&] { return rig->answer().body == ": keepalive\n\n: keepalive\n\n"; });
  backend.send(chunk_of_bytes("{"));
  rig->settle();
  rig->pass(31s);
  EXPECT_EQ(rig->answer().body, ": keepalive\n\n: keepalive\n\n") << "an object is no stream";
}

// ---- time, and clients that leave ----

TEST_F(judged_relay_test, silence_while_it_is_held_is_told) {
  for (const auto how : {arrival::buffered, arrival::held, arrival::followed}) {
    rig.emplace();
    rig->timeouts().idle = 5s;
    auto& backend = ask();
    backend.send(framed(how, completion_of(300)).substr(0, 150));
    rig->settle();
    rig->pass(4'900ms);
    EXPECT_TRUE(rig->under_way());
    rig->pass(200ms);
    EXPECT_FALSE(rig->under_way());
    expect_failed(mishap::silence_within_answer, "silence within its answer");
  }
}

TEST_F(judged_relay_test, silence_while_it_is_followed_cuts_it_off) {
  rig->timeouts().idle = 5s;
  auto& backend = ask();
  const auto sent = framed(arrival::followed, completion_of(200'000));
  backend.send(sent.substr(0, 150'000));
  rig->until([&] { return rig->answer().body.size() > 120'000; });
  rig->pass(5'100ms);
  EXPECT_FALSE(rig->under_way());
  EXPECT_EQ(rig->end().came_to, step::done);
  EXPECT_TRUE(rig->seen.aborted);
  EXPECT_EQ(rig->seen.record.detail, response_detail::stream_idle_timeout);
  EXPECT_THAT(rig->told(), ElementsAre("ask 1", "response_timeout 1"));
}

TEST_F(judged_relay_test, a_client_that_leaves_while_it_is_held_ends_it) {
  for (const auto how : {arrival::buffered, arrival::held}) {
    auto& backend = begin();
    backend.send(framed(how, completion_of(size_of(how))).substr(0, 150));
    rig->settle();
    rig->client().reset();
    EXPECT_EQ(rig->end().came_to, step::gone);
    EXPECT_EQ(rig->seen.record.status, 499U);
    EXPECT_EQ(rig->disconnects(request_phase::responding), 1U);
    EXPECT_THAT(rig->told(), ElementsAre("ask 1", "canceled 1"));
    rig->until([&] { return backend.ended(); });
  }
}

TEST_F(judged_relay_test, a_client_that_leaves_while_it_is_followed_ends_it) {
  auto& backend = begin();
  backend.send(framed(arrival::followed, completion_of(200'000)).substr(0, 150'000));
  rig->until([&] { return rig->answer().body.size() > 120'000; });
  rig->client().reset();
  EXPECT_EQ(rig->end().came_to, step::gone);
  EXPECT_EQ(rig->disconnects(request_phase::responding), 1U);
  EXPECT_THAT(rig->told(), ElementsAre("ask 1", "canceled 1"));
  rig->until([&] { return backend.ended(); });
}

} // namespace
} // namespace synapse::proxy
