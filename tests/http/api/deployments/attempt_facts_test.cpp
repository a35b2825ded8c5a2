#include "http/api/deployments/attempt_facts.hpp"

#include <gtest/gtest.h>

namespace synapse::api {
namespace {

using event = routing::attempt_end;
using proxy::mishap;

routing::failure_facts facts_of_answer(proxy::collected_answer answer) {
  proxy::miss what;
  what.answer = &answer;
  auto facts = facts_of(what);
  facts.words = {};
  return facts;
}

event end_of(mishap what) {
  const proxy::failure failed{what, "words"};
  proxy::miss miss;
  miss.failed = &failed;
  const auto facts = facts_of(miss);
  EXPECT_EQ(facts.words, "words");
  return facts.what;
}

TEST(attempt_facts, of_an_answer_are_its_status_words_and_wait) {
  proxy::collected_answer answer{429, "7", R"({"error":"slow"})"};
  proxy::miss what;
  what.answer = &answer;
  const auto facts = facts_of(what);
  EXPECT_EQ(facts.what, event::answered);
  EXPECT_EQ(facts.status, 429);
  EXPECT_EQ(facts.words, answer.body);
  EXPECT_EQ(facts.retry_after_ms, 7000);
  EXPECT_FALSE(facts.html);
  EXPECT_EQ(facts.place, routing::error_place::status);
}

TEST(attempt_facts, of_an_error_within_a_200_say_where_it_stood) {
  proxy::collected_answer answer{0, "", "{}"};
  answer.within_success = true;
  EXPECT_EQ(facts_of_answer(answer).place, routing::error_place::body);
}

TEST(attempt_facts, know_a_page) {
  for (const auto* page : {"<html>", " \r\n\t<!DOCTYPE html>"})
    EXPECT_TRUE(facts_of_answer({502, "", page}).html) << page;
  for (const auto* text : {"", "  ", "{\"a\":\"<\"}", "Bad gateway"})
    EXPECT_FALSE(facts_of_answer({502, "", text}).html) << text;
}

TEST(attempt_facts, take_only_seconds_for_a_wait) {
  for (const auto* text : {"", "0", "-1", "soon", "7 ", "7s", "1.5", "99999999999999999999",
                           "1000000", "Wed, 21 Oct 2026 07:28:00 GMT"})
    EXPECT_EQ(facts_of_answer({429, text, "x"}).retry_after_ms, 0) << text;
  EXPECT_EQ(facts_of_answer({429, "999999", "x"}).retry_after_ms, 999'999'000);
}

TEST(attempt_facts, of_every_mishap_before_anything_was_the_client_s) {
  EXPECT_EQ(end_of(mishap::connect_timeout), event::connect_timeout);
  EXPECT_EQ(end_of(mishap::connect_failure), event::refused);
  EXPECT_EQ(end_of(mishap::tls_failure), event::tls_failed);
  EXPECT_EQ(end_of(mishap::reset_before_answer), event::reset_before_answer);
  EXPECT_EQ(end_of(mishap::reset_within_head), event::reset_before_answer);
  EXPECT_EQ(end_of(mishap::response_timeout), event::head_timeout);
  EXPECT_EQ(end_of(mishap::request_not_taken), event::head_timeout);
  EXPECT_EQ(end_of(mishap::deadline_passed), event::deadline_gone);
  EXPECT_EQ(end_of(mishap::no_first_token), event::first_token_timeout);
  EXPECT_EQ(end_of(mishap::stream_truncated), event::ended_before_content);
  for (const auto what : {mishap::not_http, mishap::not_an_answer, mishap::untranslatable,
                          mishap::reset_within_answer, mishap::answer_too_long,
                          mishap::event_too_large, mishap::answered_half_request})
    EXPECT_EQ(end_of(what), event::malformed_body);
}

TEST(attempt_facts, of_every_mishap_once_the_client_has_something) {
  const auto ended = [](mishap what) { return facts_of(proxy::row_of(what)).what; };
  EXPECT_EQ(ended(mishap::silence_within_answer), event::idle_after_commit);
  EXPECT_EQ(ended(mishap::total_timeout_answering), event::idle_after_commit);
  EXPECT_EQ(ended(mishap::error_in_stream), event::error_after_commit);
  EXPECT_EQ(ended(mishap::reset_within_answer), event::cut_after_commit);
  EXPECT_EQ(ended(mishap::stream_truncated), event::cut_after_commit);
}

TEST(attempt_facts, of_a_name_that_does_not_resolve) {
  proxy::miss what;
  what.denied = actors::deny_reason::no_address;
  EXPECT_EQ(facts_of(what).what, event::name_unknown);
}

TEST(attempt_facts, a_request_that_may_have_been_carried_out_is_not_replayable) {
  const proxy::failure failed{mishap::reset_before_answer, "x"};
  proxy::miss what;
  what.failed = &failed;
  what.lost.repeatable = false;
  EXPECT_FALSE(facts_of(what).replayable);
  what.lost.repeatable = true;
  EXPECT_TRUE(facts_of(what).replayable);
}

} // namespace
} // namespace synapse::api
