#include "http/core/body/sse.hpp"
#include "http/proxy/forwarder.hpp"
#include "tests/http/proxy/proxy_rig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::proxy {
namespace {

using actors::deny_reason;
using counted = telemetry::attempt_result;
using http::response_detail;
using telemetry::request_phase;
using telemetry::stream_end;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string ok_yes = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
const std::string early_comment{http::sse_keepalive};

struct forwarder_test : testing::Test {
  void SetUp() override {
    rig.backend_settings().retry.waits = {milliseconds{1000}, milliseconds{3000}};
    rig.backend_settings().retry.attempts = 3;
  }
  /// The client's one answer, when the forwarder is done.
  seen_answer answer() {
    rig.end();
    rig.until([&] {
      rig.pass(10ms);
      return rig.answer().whole;
    });
    return rig.answer();
  }
  std::string message_of(const seen_answer& answer) {
    const auto key = answer.body.find("\"message\":\"");
    const auto plain = answer.body.find("\"detail\":\"");
    const auto begin = key != std::string::npos ? key + 11 : plain + 10;
    return answer.body.substr(begin, answer.body.find('"', begin) - begin);
  }
  /// The backend takes the request and lets go of it without a word.
  void drop_one(std::string_view until = "\r\n\r\n") {
    auto& backend = rig.accept();
    rig.until_backend_has(backend, until);
    backend.close();
  }
  /// A kept connection lies in the pool.
  far_end& keep_one() {
    rig.forward(get("/before"));
    auto& backend = rig.accept_request();
    backend.send(ok_yes);
    answer();
    EXPECT_EQ(rig.idle(), 1U);
    rig.told();
    rig.lane.told.clear();
    backend.take();
    return backend;
  }
  static forward_options streaming() {
    forward_options options;
    options.wants_stream = options.openai_stream = options.openai_answer = true;
    return options;
  }
  static forward_options with(scripted_targets& all) {
    forward_options options;
    options.elsewhere = &all;
    return options;
  }
  static std::string chat() { return post("/v1/chat/completions", "{}"); }

  proxy_rig rig;
};

// ---- there and back ----

TEST_F(forwarder_test, carries_a_request_there_and_its_answer_back) {
  rig.forward(post("/x?y=1", "hello", "X-Own: 1\r\nAuthorization: Bearer k\r\n"));
  auto& backend = rig.accept_request();
  rig.until_backend_has(backend, "hello");
  EXPECT_THAT(backend.received(),
              StartsWith("POST /x?y=1 HTTP/1.1\r\nHost: backend.example:8080\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("X-Own: 1\r\n"));
  EXPECT_THAT(backend.received(), HasSubstr("Authorization: Bearer k\r\n"));
  EXPECT_THAT(backend.received(), EndsWith("\r\n\r\nhello"));
  backend.send("HTTP/1.1 201 Made\r\nContent-Length: 3\r\nX-Its: 2\r\n\r\nyes");
  const auto& seen = rig.end();
  EXPECT_EQ(seen.end, forward_end::replied);
  rig.until_client_has("yes");
  const auto answer = rig.answer();
  EXPECT_EQ(answer.status, 201U);
  EXPECT_EQ(answer.body, "yes");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.field("X-Its"), "2");
  EXPECT_EQ(answer.field("X-Synapse-Backend"), "b");
  EXPECT_EQ(seen.record.status, 201U);
  EXPECT_EQ(seen.record.backend, "b");
  EXPECT_EQ(seen.record.attempts, 1U);
  EXPECT_EQ(seen.record.detail, response_detail::via_upstream);
  EXPECT_EQ(rig.attempts(counted::ok), 1U);
  EXPECT_EQ(rig.backend_metrics().retries.value(), 0U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "completed 1"));
  EXPECT_EQ(rig.idle(), 1U);
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(forwarder_test, uses_one_connection_after_the_other) {
  auto& backend = keep_one();
  rig.forward(get("/next"));
  rig.until_backend_has(backend, "GET /next");
  backend.send(ok_yes);
  EXPECT_EQ(answer().body, "yes");
  EXPECT_EQ(rig.connections(), 1U);
  EXPECT_EQ(rig.attempts(counted::ok), 2U);
}

TEST_F(forwarder_test, passes_any_status_on_without_another_attempt) {
  for (const unsigned status : {400U, 404U, 429U, 500U, 502U, 503U}) {
    rig.forward(get("/x"));
    auto& backend = rig.accept_request();
    backend.send("HTTP/1.1 " + std::to_string(status) +
                 " X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    const auto seen = answer();
    EXPECT_EQ(seen.status, status);
    EXPECT_EQ(seen.body, "no");
    EXPECT_EQ(rig.seen.record.attempts, 1U);
  }
  EXPECT_EQ(rig.attempts(counted::ok), 6U);
  EXPECT_TRUE(rig.nobody_connects());
}

// ---- attempts and pauses ----

TEST_F(forwarder_test, tries_again_after_the_configured_pauses) {
  rig.lane.answer = rig.grant_refused();
  const auto begun = rig.now();
  rig.forward(get("/v1/x"));
  rig.settle();
  EXPECT_TRUE(rig.under_way());
  EXPECT_THAT(rig.lane.told, ElementsAre("ask 1", "connect_failure 1"))
      << "the permit is not kept meanwhile";
  rig.pass(980ms);
  EXPECT_EQ(rig.lane.asked_at.size(), 1U);
  rig.pass(40ms);
  rig.until([&] { return rig.lane.told.size() == 4; });
  rig.pass(2'960ms);
  EXPECT_EQ(rig.lane.asked_at.size(), 2U);
  rig.pass(60ms);
  const auto seen = answer();
  ASSERT_EQ(rig.lane.asked_at.size(), 3U);
  EXPECT_EQ(rig.lane.asked_at[0], begun);
  EXPECT_NEAR(static_cast<double>(rig.lane.asked_at[1] - begun), 1e9, 20e6);
  EXPECT_NEAR(static_cast<double>(rig.lane.asked_at[2] - rig.lane.asked_at[1]), 3e9, 20e6);
  EXPECT_EQ(seen.status, 503U);
  EXPECT_EQ(seen.field("Retry-After"), "1");
  EXPECT_EQ(message_of(seen), "backend b: cannot connect: Connection refused");
  EXPECT_EQ(rig.seen.end, forward_end::replied);
  EXPECT_EQ(rig.seen.record.attempts, 3U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_connection_failure);
  EXPECT_EQ(rig.attempts(counted::refused), 3U);
  EXPECT_EQ(rig.backend_metrics().retries.value(), 2U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "connect_failure 1", "ask 1", "connect_failure 1",
                                      "ask 1", "connect_failure 1"));
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(forwarder_test, spreads_pauses_by_the_jitter) {
  rig.backend_settings().retry.waits = {milliseconds{10'000}};
  rig.backend_settings().retry.jitter = 0.5;
  rig.backend_settings().retry.attempts = 10;
  rig.lane.answer = rig.grant_refused();
  rig.forward(get("/x"));
  rig.until([&] {
    rig.pass(1s);
    return !rig.under_way();
  });
  net::time_ns shortest = 1'000'000'000'000;
  net::time_ns longest = 0;
  for (std::size_t i = 1; i < rig.lane.asked_at.size(); ++i) {
    const auto pause = rig.lane.asked_at[i] - rig.lane.asked_at[i - 1];
    EXPECT_GE(pause, 5'000'000'000);
    EXPECT_LE(pause, 15'200'000'000);
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  EXPECT_EQ(rig.lane.asked_at.size(), 10U);
  EXPECT_LT(shortest, longest);
}

TEST_F(forwarder_test, succeeds_when_a_later_attempt_does) {
  rig.lane.answers = {rig.grant_refused()};
  rig.forward(post("/x", "hello"));
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  auto& backend = rig.accept();
  rig.until_backend_has(backend, "hello");
  backend.send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_EQ(rig.seen.record.attempts, 2U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::via_upstream);
  EXPECT_EQ(rig.attempts(counted::refused), 1U);
  EXPECT_EQ(rig.attempts(counted::ok), 1U);
  EXPECT_EQ(rig.backend_metrics().retries.value(), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "connect_failure 1", "ask 1", "completed 1"));
}

TEST_F(forwarder_test, makes_as_many_attempts_as_configured_to_connect_in_time) {
  rig.backend_settings().retry.attempts = 2;
  rig.timeouts().connect = 5s;
  rig.lane.answer = rig.grant_unheard();
  rig.forward(get("/v1/x"));
  rig.pass(5'020ms);
  EXPECT_EQ(rig.attempts(counted::connect_timeout), 1U);
  rig.pass(1'020ms + 5'020ms);
  const auto seen = answer();
  EXPECT_EQ(seen.status, 504U);
  EXPECT_FALSE(seen.has("Retry-After"));
  EXPECT_EQ(message_of(seen), "backend b: no connection within the time limit");
  EXPECT_EQ(rig.attempts(counted::connect_timeout), 2U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_connect_timeout);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "connect_timeout 1", "ask 1", "connect_timeout 1"));
}

TEST_F(forwarder_test, repeats_a_get_that_was_sent_whole) {
  rig.forward(get("/x"));
  drop_one();
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_EQ(rig.attempts(counted::reset_before_head), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "reset_before_head 1", "ask 1", "completed 1"));
}

TEST_F(forwarder_test, does_not_repeat_a_post_that_was_sent_whole) {
  rig.forward(post("/v1/x", "hello"));
  drop_one("hello");
  const auto seen = answer();
  EXPECT_EQ(seen.status, 502U);
  EXPECT_EQ(message_of(seen), "backend b: it closed the connection without an answer; it may have "
                              "carried the request out, so that is not sent again");
  EXPECT_EQ(rig.seen.record.attempts, 1U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_reset_before_response_started);
  EXPECT_TRUE(rig.nobody_connects());
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "reset_before_head 1"));
}

TEST_F(forwarder_test, repeats_a_post_that_cannot_have_arrived_whole) {
  const std::string large(16 << 20, 'x');
  forward_options options;
  options.body = &large;
  rig.forward(post("/x", "small"), options);
  auto& backend = rig.accept();
  backend.stop_reading();
  rig.settle();
  backend.reset();
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  auto& next = rig.accept_request();
  next.send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_EQ(rig.seen.record.attempts, 2U);
}

TEST_F(forwarder_test, does_not_repeat_a_streamed_body_that_has_begun) {
  forward_options options;
  options.stream_body = true;
  rig.forward("PUT /v1/x HTTP/1.1\r\nHost: g\r\nContent-Length: 10\r\n\r\nhello", options);
  drop_one("hello");
  rig.until([&] { return !rig.under_way(); });
  EXPECT_EQ(rig.seen.end, forward_end::replied);
  EXPECT_EQ(rig.answer().status, 502U);
  EXPECT_THAT(message_of(rig.answer()), Not(HasSubstr("carried the request out")));
  EXPECT_EQ(rig.seen.record.attempts, 1U);
}

TEST_F(forwarder_test, repeats_a_streamed_body_of_which_nothing_was_sent) {
  rig.lane.answers = {rig.grant_refused()};
  forward_options options;
  options.stream_body = true;
  rig.forward("POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello", options);
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  auto& backend = rig.accept();
  rig.until_backend_has(backend, "hello");
  backend.send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
}

TEST_F(forwarder_test, does_not_repeat_what_another_attempt_cannot_mend) {
  for (const std::string_view said : {"garbage\r\n\r\n", "HTTP/1.1 101 Other\r\n\r\n", "HTTP/1."}) {
    rig.forward(get("/v1/x"));
    auto& backend = rig.accept_request();
    backend.send(said);
    backend.close();
    EXPECT_EQ(answer().status, 502U) << said;
    EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_protocol_error);
    EXPECT_EQ(rig.seen.record.attempts, 1U);
  }
  EXPECT_EQ(rig.attempts(counted::bad_response), 3U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "bad_response 1", "ask 2", "bad_response 2", "ask 3",
                                      "bad_response 3"));
}

TEST_F(forwarder_test, tells_of_a_backend_that_does_not_answer_in_time) {
  rig.timeouts().response = 10s;
  rig.forward(get("/v1/x"));
  auto& backend = rig.accept_request();
  rig.pass(10'020ms);
  const auto seen = answer();
  EXPECT_EQ(seen.status, 504U);
  EXPECT_EQ(message_of(seen), "backend b: no answer within the time limit");
  EXPECT_EQ(rig.attempts(counted::response_timeout), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "response_timeout 1"));
  rig.until([&] { return backend.ended(); });
}

TEST_F(forwarder_test, counts_the_total_limit_anew_with_each_attempt) {
  rig.timeouts().total = 3s;
  rig.forward(get("/x"));
  auto& first = rig.accept_request();
  rig.pass(2s);
  first.close();
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  rig.accept_request();
  rig.pass(2'900ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(200ms);
  EXPECT_EQ(answer().status, 504U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::total_timeout);
}

TEST_F(forwarder_test, counts_the_total_limit_on_over_a_stale_connection) {
  auto& stale = keep_one();
  rig.timeouts().total = 3s;
  rig.forward(get("/x"));
  rig.until_backend_has(stale, "GET /x");
  rig.pass(2s);
  stale.close();
  rig.accept_request();
  rig.pass(900ms);
  EXPECT_TRUE(rig.under_way());
  rig.pass(200ms);
  EXPECT_EQ(answer().status, 504U);
}

// ---- stale connections ----

TEST_F(forwarder_test, replaces_a_stale_connection_at_once_and_with_the_same_permit) {
  auto& stale = keep_one();
  rig.forward(post("/x", "hello"));
  rig.until_backend_has(stale, "hello");
  stale.close();
  auto& fresh = rig.accept();
  rig.until_backend_has(fresh, "hello");
  EXPECT_THAT(fresh.received(), StartsWith("POST /x HTTP/1.1\r\n"));
  fresh.send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_EQ(rig.backend_metrics().stale_connections.value(), 1U);
  EXPECT_EQ(rig.seen.record.attempts, 1U);
  EXPECT_EQ(rig.backend_metrics().retries.value(), 0U);
  EXPECT_EQ(rig.all_attempts(), 2U) << "of both requests, each one ok";
  EXPECT_EQ(rig.attempts(counted::ok), 2U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 2", "completed 2"));
}

TEST_F(forwarder_test, replaces_one_stale_connection_in_a_requests_life) {
  rig.backend_settings().retry.attempts = 1;
  auto& stale = keep_one();
  rig.forward(get("/v1/x"));
  rig.until_backend_has(stale, "GET /v1/x");
  stale.close();
  drop_one();
  EXPECT_EQ(answer().status, 502U);
  EXPECT_EQ(rig.backend_metrics().stale_connections.value(), 1U);
  EXPECT_EQ(rig.attempts(counted::reset_before_head), 1U);
  EXPECT_EQ(rig.seen.record.attempts, 1U);
  EXPECT_TRUE(rig.nobody_connects());
}

// ---- permits ----

TEST_F(forwarder_test, tells_that_there_is_no_permit) {
  rig.lane.answer = proxy_rig::deny(deny_reason::circuit_open, 12'300);
  rig.forward(get("/v1/x"));
  const auto seen = answer();
  EXPECT_EQ(seen.status, 503U);
  EXPECT_EQ(seen.field("Retry-After"), "13");
  EXPECT_EQ(message_of(seen), "backend b is taken out of service after repeated failures");
  EXPECT_EQ(rig.seen.record.attempts, 0U);
  EXPECT_EQ(rig.all_attempts(), 0U);
  EXPECT_EQ(rig.seen.end, forward_end::replied);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1"));
}

TEST_F(forwarder_test, waits_for_its_permit) {
  rig.lane.hold = true;
  rig.forward(get("/x"));
  rig.pass(5s);
  EXPECT_TRUE(rig.nobody_connects());
  rig.release(rig.grant());
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(answer().status, 200U);
  EXPECT_EQ(rig.seen.record.upstream_ns, 5'000'000'000);
}

TEST_F(forwarder_test, may_lose_its_permit_between_attempts) {
  rig.lane.answers = {rig.grant_refused(), proxy_rig::deny(deny_reason::circuit_open, 1000)};
  rig.forward(get("/v1/x"));
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(1'020ms);
  const auto seen = answer();
  EXPECT_EQ(seen.status, 503U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::no_healthy_upstream);
  EXPECT_EQ(rig.seen.record.attempts, 1U);
  EXPECT_EQ(rig.backend_metrics().retries.value(), 0U) << "no second attempt was made";
}

TEST_F(forwarder_test, counts_an_attempt_whose_client_left_as_canceled) {
  rig.forward(get("/x"));
  auto& backend = rig.accept_request();
  rig.client().reset();
  EXPECT_EQ(rig.end().end, forward_end::gone);
  EXPECT_EQ(rig.attempts(counted::canceled), 1U);
  EXPECT_EQ(rig.all_attempts(), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "canceled 1"));
  rig.until([&] { return backend.ended(); });
  EXPECT_TRUE(rig.at_rest());
}

TEST_F(forwarder_test, ends_when_the_client_leaves_between_attempts) {
  rig.lane.answer = rig.grant_refused();
  rig.forward(get("/x"));
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.client().reset();
  EXPECT_EQ(rig.end().end, forward_end::gone);
  EXPECT_EQ(rig.disconnects(request_phase::permit), 1U);
  EXPECT_EQ(rig.seen.record.status, 499U);
  EXPECT_EQ(rig.attempts(counted::refused), 1U);
  EXPECT_EQ(rig.all_attempts(), 1U);
  rig.pass(10s);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "connect_failure 1"));
}

TEST_F(forwarder_test, ends_when_the_client_leaves_while_it_waits_for_a_permit) {
  rig.lane.hold = true;
  rig.forward(get("/x"));
  rig.client().reset();
  EXPECT_EQ(rig.end().end, forward_end::gone);
  EXPECT_EQ(rig.all_attempts(), 0U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 1", "abandoned 1"));
}

// ---- for handlers ----

TEST_F(forwarder_test, gives_a_request_of_its_own_a_number_of_its_own) {
  own_request own;
  own.target = "/own";
  own.content_type = "a/b";
  forward_options options;
  options.request = &own;
  rig.forward(get("/x"), options);
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(rig.end().end, forward_end::collected);
  EXPECT_THAT(rig.told(), ElementsAre("ask 2", "completed 2"));
}

TEST_F(forwarder_test, says_that_the_source_of_its_body_has_failed) {
  class broken final : public body_source {
  public:
    http::body_piece next(std::string_view&) override { return http::body_piece::failed; }
    void release() override {}
  } source;
  own_request own;
  own.target = "/own";
  own.content_type = "a/b";
  own.source = &source;
  forward_options options;
  options.request = &own;
  rig.forward(get("/x"), options);
  auto& backend = rig.accept();
  EXPECT_EQ(rig.end().end, forward_end::refused);
  EXPECT_FALSE(rig.seen.begun);
  EXPECT_EQ(rig.attempts(counted::canceled), 1U);
  EXPECT_THAT(rig.told(), ElementsAre("ask 2", "canceled 2"));
  rig.until([&] { return backend.ended(); });
}

// ---- other targets ----

TEST_F(forwarder_test, tells_a_failure_for_which_there_is_no_other_target) {
  rig.backend_settings().retry.attempts = 1;
  rig.lane.answer = rig.grant_refused();
  scripted_targets all{rig};
  rig.forward(chat(), with(all));
  const auto seen = answer();
  EXPECT_EQ(rig.seen.end, forward_end::replied);
  EXPECT_THAT(all.misses, ElementsAre("unreachable"));
  EXPECT_EQ(seen.status, 503U);
  EXPECT_EQ(seen.field("Retry-After"), "1");
  EXPECT_EQ(rig.attempts(counted::refused), 1U);
}

TEST_F(forwarder_test, asks_for_another_target_after_the_last_attempt) {
  rig.backend_settings().retry.waits = {};
  rig.lane.answer = rig.grant_refused();
  scripted_targets all{rig};
  rig.forward(chat(), with(all));
  EXPECT_EQ(answer().status, 503U);
  EXPECT_EQ(rig.attempts(counted::refused), 3U);
  EXPECT_THAT(all.misses, ElementsAre("unreachable"));
}

TEST_F(forwarder_test, says_of_what_may_have_been_carried_out_that_it_is_lost) {
  scripted_targets all{rig};
  rig.forward(chat(), with(all));
  drop_one("{}");
  EXPECT_EQ(answer().status, 502U);
  EXPECT_THAT(all.misses, ElementsAre("lost"));
}

TEST_F(forwarder_test, goes_on_at_the_next_target_with_its_body) {
  for (const unsigned status : {400U, 404U, 503U}) {
    scripted_targets all{rig};
    all.next = {onward::target};
    rig.forward(chat(), with(all));
    auto& first = rig.accept_request();
    rig.until_backend_has(first, "{}");
    all.instead = "{\"model\":\"other\"}";
    first.send("HTTP/1.1 " + std::to_string(status) +
               " X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    auto& second = rig.accept_request();
    rig.until_backend_has(second, *all.instead);
    EXPECT_THAT(second.received(), HasSubstr("Content-Length: 17\r\n"));
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes");
    EXPECT_EQ(answer().body, "yes");
    EXPECT_THAT(all.misses, ElementsAre(std::to_string(status) + " no"));
    EXPECT_EQ(rig.seen.record.attempts, 2U);
    EXPECT_EQ(rig.backend_metrics().retries.value(), 0U) << "it is no failed attempt's";
    EXPECT_TRUE(rig.at_rest());
  }
}

TEST_F(forwarder_test, asks_for_each_target_s_permit_under_a_number_of_its_own) {
  scripted_targets all{rig};
  all.next = {onward::target, onward::target};
  rig.forward(chat(), with(all));
  for (int i = 0; i < 2; ++i)
    rig.accept_request().send("HTTP/1.1 404 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(answer().body, "yes");
  EXPECT_THAT(rig.told(), ElementsAre("ask 2", "ask 3", "ask 4", "completed 2 3 4"));
}

TEST_F(forwarder_test, takes_no_kept_connection_when_it_comes_to_the_same_target_again) {
  auto& kept = keep_one();
  scripted_targets all{rig};
  all.next = {onward::target};
  rig.forward(chat(), with(all));
  rig.until_backend_has(kept, "{}");
  kept.send("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n");
  kept.take();
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(answer().body, "yes");
  EXPECT_EQ(kept.take(), "");
  EXPECT_EQ(rig.idle(), 2U);
}

TEST_F(forwarder_test, says_nothing_more_where_the_targets_have_answered) {
  scripted_targets all{rig};
  all.next = {onward::ended};
  rig.begin(chat(), [&](server::exchange& exchange) -> net::task<void> {
    co_await exchange.read_body(64);
    const auto options = with(all);
    forwarder work{exchange, rig.site(), options};
    rig.seen.end = co_await work.run();
    co_await exchange.reply(418, "text/plain", "by them");
  });
  rig.accept_request().send("HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(answer().status, 418U);
  EXPECT_EQ(rig.seen.end, forward_end::gone);
}

TEST_F(forwarder_test, passes_on_as_it_came_what_no_other_target_has) {
  for (const bool to_head : {false, true}) {
    scripted_targets all{rig};
    auto request = get("/x");
    if (to_head)
      request.replace(0, 3, "HEAD");
    rig.forward(request, with(all));
    rig.accept_request().send("HTTP/1.1 404 Its Own\r\nX-Its: 1\r\nConnection: close\r\n"
                              "Content-Type: a/b\r\n" +
                              std::string(to_head ? "Content-Length: 2\r\n\r\n"
                                                  : "Transfer-Encoding: chunked\r\n\r\n"
                                                    "2\r\nno\r\n0\r\n\r\n"));
    EXPECT_EQ(rig.end().end, forward_end::replied);
    rig.until_client_has("\r\n\r\n");
    rig.until([&] { return to_head || rig.answer().body == "no"; });
    EXPECT_EQ(all.misses.size(), 1U);
    EXPECT_THAT(rig.answer().head, StartsWith("HTTP/1.1 404 Its Own\r\n"));
    EXPECT_EQ(rig.answer().field("X-Its"), "1");
    EXPECT_EQ(rig.answer().field("Content-Type"), "a/b");
    EXPECT_EQ(rig.answer().body, to_head ? "" : "no");
    EXPECT_EQ(rig.seen.record.status, 404U);
  }
}

TEST_F(forwarder_test, asks_for_no_other_target_after_large_answers_and_good_ones) {
  scripted_targets all{rig};
  const std::string large(64 * 1024 + 1, 'x');
  rig.forward(get("/x"), with(all));
  rig.accept_request().send("HTTP/1.1 500 X\r\nContent-Length: " + std::to_string(large.size()) +
                            "\r\nConnection: close\r\n\r\n" + large);
  EXPECT_EQ(rig.end().end, forward_end::replied);
  EXPECT_EQ(answer().body, large);
  rig.forward(get("/x"), with(all));
  rig.accept_request().send(ok_yes);
  EXPECT_EQ(rig.end().end, forward_end::replied);
  EXPECT_EQ(answer().body, "yes");
  EXPECT_TRUE(all.misses.empty());
}

TEST_F(forwarder_test, asks_for_no_other_target_without_a_permit) {
  rig.lane.answer = proxy_rig::deny(deny_reason::circuit_open, 1'000);
  scripted_targets all{rig};
  rig.forward(chat(), with(all));
  EXPECT_EQ(answer().status, 503U);
  EXPECT_TRUE(all.misses.empty());
}

TEST_F(forwarder_test, calls_a_502_by_the_label_it_was_given) {
  forward_options options;
  options.label = "TTS backend error";
  rig.forward(get("/x"), options);
  rig.accept_request().send("garbage\r\n\r\n");
  EXPECT_THAT(answer().body, HasSubstr("\"error\":\"TTS backend error\""));
  rig.timeouts().response = 5s;
  rig.forward(get("/x"), options);
  rig.accept_request();
  rig.pass(5'020ms);
  EXPECT_THAT(answer().body, Not(HasSubstr("TTS backend error"))) << "504";
}

// ---- streams that begin early ----

TEST_F(forwarder_test, lets_a_stream_begin_before_its_answer) {
  rig.forward(chat(), streaming());
  auto& backend = rig.accept_request();
  rig.pass(14'980ms);
  EXPECT_EQ(rig.client().received(), "");
  rig.pass(40ms);
  rig.until([&] { return rig.answer().body == early_comment; });
  EXPECT_EQ(rig.answer().field("Content-Type"), "text/event-stream");
  const std::string events =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n";
  backend.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               "Transfer-Encoding: chunked\r\n\r\n" +
               chunk_of_bytes(events) + "0\r\n\r\n");
  EXPECT_EQ(answer().body, early_comment + events);
  EXPECT_EQ(rig.seen.record.stream, "complete");
  EXPECT_EQ(rig.stream_ends(stream_end::complete), 1U);
}

TEST_F(forwarder_test, makes_an_event_of_a_failure_behind_an_early_head) {
  rig.timeouts().response = 20s;
  rig.forward(chat(), streaming());
  rig.accept_request();
  rig.pass(20'040ms);
  EXPECT_EQ(rig.end().end, forward_end::replied);
  EXPECT_TRUE(rig.seen.aborted);
  EXPECT_EQ(rig.seen.record.detail, response_detail::response_timeout);
  EXPECT_EQ(rig.seen.record.status, 200U) << "that was sent";
  EXPECT_EQ(rig.seen.record.stream, "timeout");
  EXPECT_EQ(rig.stream_ends(stream_end::timeout), 1U);
  rig.until([&] {
    rig.pass(10ms);
    return rig.client().ended();
  });
  EXPECT_THAT(rig.answer().body,
              StartsWith(early_comment + "data: {\"error\":{\"message\":\"backend b: no answer "
                                         "within the time limit\""));
  EXPECT_THAT(rig.answer().body, EndsWith("}\n\n"));
  EXPECT_FALSE(rig.answer().whole);
}

TEST_F(forwarder_test, makes_an_event_of_a_denial_behind_an_early_head) {
  rig.lane.hold = true;
  rig.forward(chat(), streaming());
  rig.pass(15'020ms);
  rig.until([&] { return rig.answer().body == early_comment; });
  rig.release(proxy_rig::deny(deny_reason::queue_timeout, 1000));
  EXPECT_EQ(rig.end().end, forward_end::replied);
  EXPECT_EQ(rig.stream_ends(stream_end::truncated), 1U);
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_queue_timeout);
  rig.until_client_has("no free slot at backend b");
  EXPECT_FALSE(rig.answer().whole);
}

TEST_F(forwarder_test, makes_an_event_of_an_answer_that_is_no_stream_behind_an_early_head) {
  rig.forward(chat(), streaming());
  auto& backend = rig.accept_request();
  rig.pass(15'020ms);
  backend.send("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n"
               "{\"error\":{\"message\":\"too long\"}  }  ");
  EXPECT_EQ(rig.end().end, forward_end::replied);
  EXPECT_TRUE(rig.seen.begun);
  rig.until_client_has("data: {\"error\":{\"message\":\"too long\"}}\n\n");
  EXPECT_EQ(rig.stream_ends(stream_end::upstream_error), 1U);
  EXPECT_FALSE(rig.answer().whole);
}

TEST_F(forwarder_test, tries_again_behind_an_early_head) {
  rig.backend_settings().retry.waits = {milliseconds{20'000}};
  rig.lane.answers = {rig.grant_refused()};
  rig.forward(chat(), streaming());
  rig.until([&] { return rig.lane.told.size() == 2; });
  rig.pass(20'040ms);
  EXPECT_EQ(rig.answer().body, early_comment) << "the pause is silence as well";
  auto& backend = rig.accept_request();
  backend.send(json_answer(R"({"choices":[{"index":0,"message":{"content":"x"}}]})"));
  EXPECT_EQ(answer().body, early_comment +
                               R"(data: {"choices":[{"index":0,"delta":{"content":"x"}}]})"
                               "\n\ndata: [DONE]\n\n");
  EXPECT_EQ(rig.seen.record.attempts, 2U);
}

TEST_F(forwarder_test, lets_nothing_but_streams_begin_early) {
  rig.forward(chat());
  rig.accept_request();
  rig.pass(50s);
  EXPECT_EQ(rig.client().received(), "");
}

TEST_F(forwarder_test, notices_that_the_client_of_an_early_head_leaves) {
  rig.forward(chat(), streaming());
  auto& backend = rig.accept_request();
  rig.pass(15'020ms);
  rig.until([&] { return rig.answer().body == early_comment; });
  rig.client().reset();
  EXPECT_EQ(rig.end().end, forward_end::gone);
  EXPECT_EQ(rig.seen.record.status, 200U);
  EXPECT_TRUE(rig.seen.aborted);
  rig.until([&] { return backend.ended(); });
}

TEST_F(forwarder_test, gives_a_translated_stream_its_last_word_behind_an_early_head) {
  class promising final : public answer_translator {
  public:
    progress begin(const http::response_head&) override { return progress::more; }
    progress take(std::string_view, std::string&) override { return progress::more; }
    progress finish(std::string&) override { return progress::more; }
    head client_head() const override {
      head result;
      result.content_type = "text/event-stream";
      result.event_stream = true;
      return result;
    }
    void broken(std::string& out, response_detail, std::string_view message) override {
      out += "data: last word: " + std::string{message} + "\n\n";
    }
    bool promises_events() override { return true; }
  } translator;
  own_request own;
  own.target = "/own";
  own.content_type = "a/b";
  forward_options options;
  options.request = &own;
  options.translator = &translator;
  rig.timeouts().response = 20s;
  rig.forward(get("/x"), options);
  rig.accept_request();
  rig.pass(20'040ms);
  EXPECT_EQ(rig.end().end, forward_end::replied);
  rig.until_client_has("last word: backend b: no answer within the time limit");
  EXPECT_FALSE(rig.answer().whole);
  // And an answer that is no success.
  rig.forward(get("/x"), options);
  auto& backend = rig.accept_request();
  rig.pass(15'040ms);
  backend.send("HTTP/1.1 500 No\r\nContent-Length: 15\r\n\r\n{\"detail\":\"no\"}");
  EXPECT_EQ(rig.end().end, forward_end::replied);
  rig.until_client_has("last word: backend b: no\n\n");
  EXPECT_EQ(rig.seen.record.detail, response_detail::upstream_error);
  EXPECT_EQ(rig.stream_ends(stream_end::upstream_error), 1U);
}

// ---- which way an answer goes ----

TEST_F(forwarder_test, watches_named_streams_of_models_and_no_others) {
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ";
  const std::string cut = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n";
  const auto stream_of = [&](const std::string& fields, const forward_options& options) {
    rig.forward(chat(), options);
    auto& backend = rig.accept_request();
    backend.send(head + fields + "\r\n\r\n" + cut);
    rig.until([&] { return backend.sent(); });
    backend.close();
    rig.end();
    rig.until([&] {
      rig.pass(10ms);
      return rig.client().ended() || rig.answer().whole;
    });
    return rig.answer();
  };
  forward_options watched;
  watched.openai_stream = true;
  EXPECT_THAT(stream_of("text/event-stream", watched).body, HasSubstr("broke off"));
  EXPECT_EQ(stream_of("text/event-stream\r\nContent-Encoding: gzip", watched).body, cut)
      << "nobody can read that";
  EXPECT_EQ(stream_of("text/plain", watched).body, cut);
  EXPECT_EQ(stream_of("text/event-stream", {}).body, cut);
}

TEST_F(forwarder_test, judges_answers_of_models_that_may_be_text) {
  forward_options judged;
  judged.openai_answer = true;
  const auto status_of = [&](const std::string& line, const std::string& fields) {
    rig.forward(chat(), judged);
    rig.accept_request().send("HTTP/1.1 " + line + "\r\nConnection: close\r\n" + fields +
                              "Content-Length: 6\r\n\r\n<html>");
    return answer().status;
  };
  EXPECT_EQ(status_of("200 OK", "Content-Type: text/html\r\n"), 502U);
  EXPECT_EQ(status_of("200 OK", ""), 502U);
  EXPECT_EQ(status_of("200 OK", "Content-Type: application/json; charset=utf-8\r\n"), 502U);
  EXPECT_EQ(status_of("200 OK", "Content-Type: application/problem+json\r\n"), 502U);
  EXPECT_EQ(status_of("200 OK", "Content-Encoding: identity\r\n"), 502U);
  EXPECT_EQ(status_of("200 OK", "Content-Type: audio/wav\r\n"), 200U);
  EXPECT_EQ(status_of("200 OK", "Content-Encoding: gzip\r\n"), 200U);
  EXPECT_EQ(status_of("201 OK", "Content-Type: text/html\r\n"), 201U);
}

} // namespace
} // namespace synapse::proxy
