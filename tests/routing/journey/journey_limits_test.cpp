// How far a request gets: attempts, budget, deadline, waiting alone, and what is told at the end.
#include "routing/journey/journey.hpp"
#include "tests/routing/journey/atlas.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

using cause = farewell::cause;

/// Deployments a, b, c … of the name m.
void put_some(atlas& map, int count) {
  for (int i = 0; i < count; ++i)
    map.put("m", std::string(1, static_cast<char>('a' + i)), static_cast<unsigned>(i) + 1);
  map.done();
}

TEST(journey_limits, three_attempts_and_no_more) {
  atlas map;
  put_some(map, 5);
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "b");
  EXPECT_EQ(map.after(trip, end_verdict(attempt_end::refused)), "c");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "");
  EXPECT_EQ(trip.attempts(), 3U);
  EXPECT_EQ(trip.farewell(0).why, cause::failed);
}

TEST(journey_limits, refusals_are_no_attempts) {
  atlas map;
  put_some(map, 8);
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, status_verdict(401)), "b");
  EXPECT_EQ(map.after(trip, status_verdict(429)), "c");
  EXPECT_EQ(map.after(trip, status_verdict(503, "server busy")), "d");
  EXPECT_EQ(map.after(trip, end_verdict(attempt_end::tls_failed)), "e");
  EXPECT_EQ(trip.attempts(), 0U);
  EXPECT_EQ(map.after(trip, status_verdict(500)), "f");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "g");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "");
}

TEST(journey_limits, a_deployment_may_allow_fewer_attempts) {
  atlas map;
  map.put("m", "a").attempts = 1;
  map.put("m", "b", 2);
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "");
}

TEST(journey_limits, over_the_budget_the_first_failure_is_the_answer) {
  atlas map;
  put_some(map, 3);
  map.budget = retry_budget{{.percent = 10, .least = 2, .window = 10 * second_ns}};
  int further = 0;
  for (int i = 0; i < 10; ++i) {
    auto trip = map.travel("m");
    map.first(trip);
    further += map.after(trip, status_verdict(500)).empty() ? 0 : 1;
  }
  EXPECT_EQ(further, 2);
  auto refused = map.travel("m");
  map.first(refused);
  EXPECT_EQ(map.after(refused, status_verdict(401)), "b") << "what is no attempt costs nothing";
}

TEST(journey_limits, whoever_had_to_find_out_goes_on_whatever_the_budget) {
  atlas map;
  put_some(map, 2);
  map.budget = retry_budget{{.percent = 0, .least = 0}};
  map.state("a").wants_probe = true;
  auto probe = map.travel("m");
  EXPECT_EQ(map.first(probe), "a");
  EXPECT_TRUE(probe.is_probe());
  EXPECT_EQ(map.after(probe, status_verdict(500)), "b");
  map.state("a").wants_probe = false;
  auto other = map.travel("m");
  EXPECT_EQ(map.first(other), "a");
  EXPECT_EQ(map.after(other, status_verdict(500)), "");
}

// ---- deadline ----

TEST(journey_limits, nothing_begins_with_less_than_a_second_left) {
  atlas map;
  put_some(map, 2);
  map.what.deadline = 10 * second_ns;
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_EQ(map.after(trip, status_verdict(500), 9 * second_ns), "b");
  auto late = map.travel("m");
  map.first(late);
  EXPECT_EQ(map.after(late, status_verdict(500), 9 * second_ns + 1), "");
  EXPECT_EQ(late.farewell(9 * second_ns + 1).why, cause::failed) << "its words are known";
  EXPECT_EQ(late.farewell(10 * second_ns).why, cause::deadline);
  auto denied = map.travel("m");
  map.first(denied);
  EXPECT_EQ(map.denied(denied, false, 0, 9 * second_ns + 1), "");
  EXPECT_EQ(denied.farewell(9 * second_ns + 1).why, cause::deadline);
}

// ---- nobody else ----

TEST(journey_limits, the_only_one_is_asked_again_once_after_a_refused_connection) {
  atlas map;
  put_some(map, 1);
  auto trip = map.travel("m");
  map.first(trip);
  const auto refused = end_verdict(attempt_end::refused);
  const auto again = trip.after(refused, map.known, map.random, 0);
  ASSERT_NE(again.to, nullptr);
  EXPECT_EQ(again.to->settings->id, "a");
  EXPECT_EQ(again.wait, second_ns / 2);
  EXPECT_EQ(map.after(trip, refused, second_ns), "");
  EXPECT_EQ(trip.farewell(second_ns).why, cause::failed);
}

TEST(journey_limits, whoever_is_asked_again_is_asked_under_its_own_name) {
  atlas map;
  map.put("m", "a");
  map.put("x*", "b");
  map.settings.fallbacks.any["m"] = {"xyz"};
  map.settings.routing.attempts = 5;
  map.done();
  map.state("b").shut_until = second_ns;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, end_verdict(attempt_end::refused)), "a");
  EXPECT_EQ(trip.name().settings->name, "m");
  EXPECT_EQ(trip.asked(), "");
  EXPECT_EQ(trip.why_here(), moved::no);
}

TEST(journey_limits, a_pattern_is_fallen_back_to_under_the_name_that_the_file_has) {
  atlas map;
  map.put("m", "a");
  map.put("x*", "b");
  map.settings.fallbacks.any["m"] = {"xyz"};
  map.done();
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_EQ(map.after(trip, status_verdict(500)), "b");
  EXPECT_EQ(trip.asked(), "xyz");
}

TEST(journey_limits, the_only_one_is_waited_for_as_long_as_it_says_if_that_is_short) {
  for (const auto& [seconds, waits] : {std::pair{5, true}, std::pair{6, false}}) {
    atlas map;
    put_some(map, 1);
    auto trip = map.travel("m");
    map.first(trip);
    const auto next =
        trip.after(status_verdict(429, "x", seconds * 1000), map.known, map.random, 0);
    EXPECT_EQ(next.to != nullptr, waits) << seconds;
    EXPECT_EQ(next.wait, waits ? seconds * second_ns : 0);
  }
}

TEST(journey_limits, the_only_one_that_loads_its_model_is_waited_for) {
  atlas map;
  put_some(map, 1);
  auto trip = map.travel("m");
  map.first(trip);
  const auto loading = status_verdict(503, "Loading model");
  std::int64_t now = 0;
  int asked = 0;
  for (auto next = trip.after(loading, map.known, map.random, now); next.to != nullptr;
       next = trip.after(loading, map.known, map.random, now)) {
    EXPECT_GT(next.wait, 0);
    now += next.wait;
    ASSERT_LT(++asked, 1000);
  }
  EXPECT_GT(asked, 100);
  EXPECT_EQ(trip.farewell(now).last.answer, last_answer::model_loading);
}

TEST(journey_limits, a_wait_ends_before_the_deadline_does) {
  atlas map;
  put_some(map, 1);
  map.what.deadline = 3 * second_ns;
  auto trip = map.travel("m");
  map.first(trip);
  const auto next = trip.after(status_verdict(429, "x", 2000), map.known, map.random, 0);
  EXPECT_EQ(next.wait, 2 * second_ns);
  auto late = map.travel("m");
  map.first(late);
  EXPECT_EQ(map.after(late, status_verdict(429, "x", 3000)), "");
}

TEST(journey_limits, one_that_does_not_know_a_field_is_asked_once_more_without_it) {
  atlas map;
  put_some(map, 2);
  auto trip = map.travel("m");
  map.first(trip);
  const auto unknown = status_verdict(400, "Extra inputs are not permitted");
  ASSERT_EQ(unknown.next, remedy::same_without_extras);
  const auto next = trip.after(unknown, map.known, map.random, 0);
  ASSERT_NE(next.to, nullptr);
  EXPECT_EQ(next.to->settings->id, "a");
  EXPECT_TRUE(next.without_extras);
  EXPECT_EQ(map.after(trip, unknown), "");
  EXPECT_EQ(trip.attempts(), 0U);
}

TEST(journey_limits, another_one_gets_all_fields_again_and_may_not_know_one_either) {
  atlas map;
  put_some(map, 2);
  auto trip = map.travel("m");
  map.first(trip);
  const auto unknown = status_verdict(400, "Extra inputs are not permitted");
  ASSERT_TRUE(trip.after(unknown, map.known, map.random, 0).without_extras);
  auto next = trip.after(status_verdict(500, "broken"), map.known, map.random, 0);
  ASSERT_NE(next.to, nullptr);
  EXPECT_EQ(next.to->settings->id, "b");
  EXPECT_FALSE(next.without_extras);
  next = trip.after(unknown, map.known, map.random, 0);
  ASSERT_NE(next.to, nullptr);
  EXPECT_EQ(next.to->settings->id, "b");
  EXPECT_TRUE(next.without_extras);
}

TEST(journey_limits, one_that_is_waited_for_is_asked_without_the_fields_that_it_does_not_know) {
  atlas map;
  put_some(map, 1);
  auto trip = map.travel("m");
  map.first(trip);
  ASSERT_TRUE(
      trip.after(status_verdict(400, "Extra inputs are not permitted"), map.known, map.random, 0)
          .without_extras);
  const auto next = trip.after(status_verdict(503, "Loading model"), map.known, map.random, 0);
  ASSERT_NE(next.to, nullptr);
  EXPECT_GT(next.wait, 0);
  EXPECT_TRUE(next.without_extras);
}

// ---- the end ----

TEST(journey_limits, says_that_all_are_out_and_when_the_soonest_comes_back) {
  atlas map;
  put_some(map, 3);
  map.state("a").shut_until = 9 * second_ns;
  map.state("a").why = trouble::rate_limited;
  map.state("b").shut_until = 4 * second_ns;
  map.state("c").drained = true;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "");
  const auto end = trip.farewell(0);
  EXPECT_EQ(end.why, cause::shut);
  EXPECT_EQ(end.retry_at, 4 * second_ns);
  EXPECT_EQ(end.shut_by, trouble::rate_limited);
}

TEST(journey_limits, says_that_all_are_full_only_if_none_is_out) {
  atlas map;
  put_some(map, 2);
  map.state("a").full_until = 3 * second_ns;
  map.state("b").full_until = 2 * second_ns;
  auto full = map.travel("m");
  EXPECT_EQ(map.first(full), "");
  EXPECT_EQ(full.farewell(0).why, cause::full);
  EXPECT_EQ(full.farewell(0).retry_at, 2 * second_ns);
  map.state("a").full_until = 0;
  map.state("a").shut_until = second_ns;
  auto mixed = map.travel("m");
  EXPECT_EQ(map.first(mixed), "");
  EXPECT_EQ(mixed.farewell(0).why, cause::shut);
  EXPECT_EQ(mixed.farewell(0).retry_at, second_ns) << "the soonest of both";
}

TEST(journey_limits, knows_an_id_that_is_none_from_one_that_cannot_be_asked) {
  atlas map;
  put_some(map, 2);
  map.what.pinned = "z";
  auto unknown = map.travel("m");
  EXPECT_EQ(map.first(unknown), "");
  EXPECT_EQ(unknown.farewell(0).why, cause::unknown_id);
  map.what.pinned = "a";
  map.state("a").shut_until = second_ns;
  auto shut = map.travel("m");
  EXPECT_EQ(map.first(shut), "");
  EXPECT_EQ(shut.farewell(0).why, cause::shut);
}

TEST(journey_limits, has_no_others_where_all_that_is_left_is_out) {
  atlas map;
  put_some(map, 2);
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_TRUE(trip.has_others(map.known));
  map.state("b").shut_until = second_ns;
  EXPECT_FALSE(trip.has_others(map.known));
}

TEST(journey_limits, has_no_others_where_a_limit_or_the_request_leaves_nobody) {
  atlas map;
  map.put("m", "a");
  map.put("m", "b", 2).tags = {"eu"};
  map.done();
  const std::string_view tags[] = {"us"};
  map.what.tags = tags;
  auto tagged = map.travel("m");
  EXPECT_FALSE(tagged.has_others(map.known));
  map.what.tags = {};
  map.what.pinned = "a";
  auto pinned = map.travel("m");
  EXPECT_EQ(map.first(pinned), "a");
  EXPECT_FALSE(pinned.has_others(map.known));
  map.what.pinned = {};
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_TRUE(trip.has_others(map.known));
  map.state("b").full_until = second_ns;
  EXPECT_FALSE(trip.has_others(map.known));
  map.state("b").full_until = 0;
  map.what.deadline = 10 * second_ns;
  auto late = map.travel("m");
  EXPECT_EQ(map.first(late, 9 * second_ns + 1), "a");
  EXPECT_FALSE(late.has_others(map.known)) << "less than a second is left";
}

TEST(journey_limits, another_name_is_another_one_only_while_somebody_there_can_be_asked) {
  atlas map;
  map.put("m", "a");
  map.put("n", "b");
  map.put("o", "c");
  map.settings.fallbacks.any["m"] = {"n"};
  map.settings.fallbacks.any["n"] = {"o"};
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_TRUE(trip.has_others(map.known));
  map.state("b").shut_until = second_ns;
  EXPECT_TRUE(trip.has_others(map.known)) << "those of its own fallback";
  map.state("c").drained = true;
  EXPECT_FALSE(trip.has_others(map.known));
  map.state("b").shut_until = 0;
  EXPECT_TRUE(trip.has_others(map.known));
  EXPECT_EQ(map.after(trip, status_verdict(500)), "b");
  EXPECT_FALSE(trip.has_others(map.known)) << "it is used";
}

TEST(journey_limits, another_name_beyond_the_hops_is_none) {
  atlas map;
  map.put("m", "a");
  map.put("n", "b");
  map.settings.fallbacks.any["m"] = {"n"};
  map.settings.routing.hops = 0;
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_FALSE(trip.has_others(map.known));
}

// ---- within a pattern ----

/// A pattern that falls back to one of its own models.
void put_pattern(atlas& map) {
  map.put("x-*", "a");
  map.put("x-*", "b", 2);
  map.settings.fallbacks.any["x-*"] = {"x-small"};
  map.settings.routing.attempts = 5;
  map.done();
}

TEST(journey_limits, a_pattern_s_other_model_is_asked_for_at_the_same_deployments) {
  atlas map;
  put_pattern(map);
  map.what.asked = "x-large";
  auto trip = map.travel("x-large");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, status_verdict(404, "model 'x' not found")), "b");
  EXPECT_EQ(trip.asked(), "");
  EXPECT_TRUE(trip.has_others(map.known));
  EXPECT_EQ(map.after(trip, status_verdict(500)), "a");
  EXPECT_EQ(trip.asked(), "x-small");
  EXPECT_EQ(trip.why_here(), moved::any);
  EXPECT_EQ(map.after(trip, status_verdict(500)), "b");
  EXPECT_FALSE(trip.has_others(map.known));
  EXPECT_EQ(map.after(trip, status_verdict(500)), "");
}

TEST(journey_limits, a_pattern_s_model_does_not_fall_back_to_itself) {
  atlas map;
  put_pattern(map);
  map.what.asked = "x-small";
  auto trip = map.travel("x-small");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "b");
  EXPECT_EQ(map.after(trip, status_verdict(500)), "");
}

TEST(journey_limits, what_is_wrong_for_all_models_of_a_pattern_s_deployment_is_not_tried_twice) {
  for (const auto& how : {end_verdict(attempt_end::refused), status_verdict(401),
                          status_verdict(429, "slow"), status_verdict(502, "")}) {
    atlas map;
    put_pattern(map);
    map.what.asked = "x-large";
    auto trip = map.travel("x-large");
    EXPECT_EQ(map.first(trip), "a");
    EXPECT_EQ(map.after(trip, how), "b") << int{how.row};
    EXPECT_EQ(map.after(trip, status_verdict(500)), "b") << int{how.row};
    EXPECT_EQ(trip.asked(), "x-small");
  }
  atlas map;
  put_pattern(map);
  map.what.asked = "x-large";
  auto full = map.travel("x-large");
  EXPECT_EQ(map.first(full), "a");
  EXPECT_EQ(map.denied(full, true, second_ns), "b");
  EXPECT_EQ(map.denied(full, true, second_ns), "");
}

TEST(journey_limits, texts_of_why_it_went_elsewhere) {
  EXPECT_EQ(to_string(moved::no), "");
  EXPECT_EQ(to_string(moved::order), "order");
  EXPECT_EQ(to_string(moved::spill), "spill");
  EXPECT_EQ(to_string(moved::any), "any");
  EXPECT_EQ(to_string(moved::context), "context");
  EXPECT_EQ(to_string(moved::policy), "policy");
}

} // namespace
} // namespace synapse::routing
