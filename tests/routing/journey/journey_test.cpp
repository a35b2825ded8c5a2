#include "routing/journey/journey.hpp"
#include "tests/routing/journey/atlas.hpp"

#include <gtest/gtest.h>

#include <set>

namespace synapse::routing {
namespace {

using cause = farewell::cause;

const verdict server_error = status_verdict(500);
const verdict too_long = status_verdict(400, "This model's maximum context length is 8192 tokens");
const verdict refused_content = status_verdict(400, R"({"error":{"code":"content_filter"}})");

// ---- tiers ----

TEST(journey, begins_in_the_lowest_tier_and_asks_each_deployment_once) {
  atlas map;
  map.put("m", "cpu", 2);
  map.put("m", "gpu1", 1);
  map.put("m", "gpu2", 1);
  map.done();
  std::set<std::string> first_ones;
  for (int i = 0; i < 64; ++i) {
    auto trip = map.travel("m");
    const auto first = map.first(trip);
    EXPECT_EQ(trip.why_here(), moved::no);
    const auto second = map.after(trip, server_error);
    EXPECT_EQ(trip.why_here(), moved::no);
    EXPECT_EQ(std::set({first, second}), std::set<std::string>({"gpu1", "gpu2"}));
    EXPECT_EQ(map.after(trip, server_error), "cpu");
    EXPECT_EQ(trip.why_here(), moved::order);
    first_ones.insert(first);
    map.budget = retry_budget{};
  }
  EXPECT_EQ(first_ones.size(), 2U) << "both have their share";
}

TEST(journey, goes_to_the_next_tier_when_nobody_of_the_first_can_take_it) {
  atlas map;
  map.put("m", "gpu", 1);
  map.put("m", "cpu", 2);
  map.done();
  for (int how = 0; how < 3; ++how) {
    map.state("gpu").shut_until = how == 0 ? 5 * second_ns : 0;
    map.state("gpu").full_until = how == 1 ? 5 * second_ns : 0;
    map.state("gpu").drained = how == 2;
    auto trip = map.travel("m");
    EXPECT_EQ(map.first(trip), "cpu") << how;
    EXPECT_EQ(trip.why_here(), moved::order);
  }
}

TEST(journey, a_shut_that_is_over_is_none) {
  atlas map;
  map.put("m", "a");
  map.done();
  map.state("a").shut_until = 5 * second_ns;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip, 5 * second_ns - 1), "");
  EXPECT_EQ(map.first(trip, 5 * second_ns), "a");
}

TEST(journey, spills_where_a_queue_is_long_and_stays_where_everybody_has_one) {
  atlas map;
  map.put("m", "gpu", 1);
  map.put("m", "cpu", 2);
  map.name_of("m").spill.queue = 8;
  map.done();
  map.state("gpu").queue = 8;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "gpu");
  map.state("gpu").queue = 9;
  auto spilled = map.travel("m");
  EXPECT_EQ(map.first(spilled), "cpu");
  EXPECT_EQ(spilled.why_here(), moved::spill);
  map.state("cpu").shut_until = second_ns;
  auto kept = map.travel("m");
  EXPECT_EQ(map.first(kept), "gpu") << "a long queue is better than none";
}

TEST(journey, a_permit_that_is_not_to_be_had_leads_to_the_next_tier_as_a_spill) {
  atlas map;
  map.put("m", "gpu", 1);
  map.put("m", "cpu", 2);
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "gpu");
  EXPECT_TRUE(trip.has_others(map.known));
  EXPECT_EQ(map.denied(trip, true, second_ns), "cpu");
  EXPECT_EQ(trip.why_here(), moved::spill);
  EXPECT_EQ(trip.attempts(), 0U);
  EXPECT_FALSE(trip.has_others(map.known));
}

TEST(journey, what_has_no_weight_is_only_for_those_who_name_it) {
  atlas map;
  map.put("m", "a").weight = 0;
  map.put("m", "b");
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "b");
  EXPECT_EQ(map.after(trip, server_error), "");
  map.what.pinned = "a";
  auto pinned = map.travel("m");
  EXPECT_EQ(map.first(pinned), "a");
  EXPECT_EQ(map.after(pinned, server_error), "") << "no other one will do";
}

// ---- who is there for it ----

TEST(journey, goes_only_where_the_kind_and_what_the_body_needs_are_not_known_to_be_missing) {
  atlas map;
  map.put("m", "text", 1);
  map.put("m", "seer", 2);
  map.done();
  map.state("text").capabilities.no = config::capability_set::bit(config::capability::vision);
  auto plain = map.travel("m");
  EXPECT_EQ(map.first(plain), "text");
  map.what.needs = config::capability_set::bit(config::capability::vision);
  auto image = map.travel("m");
  EXPECT_EQ(map.first(image), "seer");
  map.state("seer").capabilities.no = config::capability_set::bit(kind::chat);
  auto nowhere = map.travel("m");
  EXPECT_EQ(map.first(nowhere), "");
  EXPECT_EQ(nowhere.farewell(0).why, cause::wrong_kind);
}

TEST(journey, tags_are_all_needed_unless_one_is_enough) {
  atlas map;
  map.put("m", "eu").tags = {"eu"};
  map.put("m", "both", 2).tags = {"eu", "paid"};
  map.done();
  const std::string_view wanted[] = {"paid", "eu"};
  map.what.tags = wanted;
  auto all = map.travel("m");
  EXPECT_EQ(map.first(all), "both");
  map.settings.routing.any_tag = true;
  auto any = map.travel("m");
  EXPECT_EQ(map.first(any), "eu");
  const std::string_view unknown[] = {"free"};
  map.what.tags = unknown;
  auto none = map.travel("m");
  EXPECT_EQ(map.first(none), "");
  EXPECT_EQ(none.farewell(0).why, cause::no_tags);
}

// ---- fallbacks ----

TEST(journey, falls_back_to_other_names_in_order_when_its_own_deployments_have_failed) {
  atlas map;
  map.put("m", "a");
  map.put("n", "b");
  map.put("o", "c");
  map.settings.fallbacks.any["m"] = {"n"};
  map.settings.fallbacks.defaults = {"o", "m"};
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_TRUE(trip.has_others(map.known));
  EXPECT_EQ(map.after(trip, server_error), "b");
  EXPECT_EQ(trip.why_here(), moved::any);
  EXPECT_EQ(trip.name().settings->name, "n");
  EXPECT_EQ(map.after(trip, server_error), "c");
  EXPECT_EQ(trip.why_here(), moved::any);
}

TEST(journey, names_that_lead_to_each_other_are_asked_once) {
  atlas map;
  map.put("m", "a");
  map.put("n", "b");
  map.settings.fallbacks.any["m"] = {"n"};
  map.settings.fallbacks.any["n"] = {"m"};
  map.settings.routing.attempts = 100;
  map.done();
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a");
  EXPECT_EQ(map.after(trip, server_error), "b");
  EXPECT_EQ(map.after(trip, server_error), "");
}

TEST(journey, makes_no_more_hops_than_it_may) {
  atlas map;
  for (int i = 0; i < 8; ++i) {
    map.put("n" + std::to_string(i), "d" + std::to_string(i));
    if (i > 0)
      map.settings.fallbacks.any["n" + std::to_string(i - 1)] = {"n" + std::to_string(i)};
  }
  map.settings.routing.attempts = 100;
  map.settings.routing.hops = 5;
  map.done();
  auto trip = map.travel("n0");
  auto last = map.first(trip);
  for (int i = 1; i <= 5; ++i)
    EXPECT_EQ(last = map.after(trip, server_error), "d" + std::to_string(i));
  EXPECT_EQ(map.after(trip, server_error), "");
}

TEST(journey, what_is_the_clients_fault_goes_nowhere_else) {
  atlas map;
  map.put("m", "a");
  map.put("m", "b");
  map.put("n", "c");
  map.settings.fallbacks.any["m"] = {"n"};
  map.done();
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_EQ(map.after(trip, status_verdict(400)), "");
  EXPECT_EQ(trip.farewell(0).why, cause::failed);
  EXPECT_EQ(trip.farewell(0).last.kind, disposition::client_fault);
}

TEST(journey, refused_content_leads_to_the_policy_names_only) {
  atlas map;
  map.put("m", "a");
  map.put("m", "same");
  map.put("n", "other");
  map.put("p", "lenient");
  map.settings.fallbacks.any["m"] = {"n"};
  map.settings.fallbacks.policy["m"] = {"p"};
  map.done();
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_EQ(map.after(trip, refused_content), "lenient");
  EXPECT_EQ(trip.why_here(), moved::policy);
  EXPECT_EQ(map.after(trip, refused_content), "");
}

TEST(journey, refused_content_goes_to_the_policy_names_before_those_that_wait_already) {
  atlas map;
  map.put("m", "a");
  map.put("n", "b");
  map.put("o", "c");
  map.put("p", "lenient");
  map.settings.fallbacks.any["m"] = {"n", "o"};
  map.settings.fallbacks.policy["n"] = {"p"};
  map.done();
  auto trip = map.travel("m");
  map.first(trip);
  EXPECT_EQ(map.after(trip, server_error), "b");
  EXPECT_EQ(map.after(trip, refused_content), "lenient");
  EXPECT_EQ(trip.why_here(), moved::policy);
}

// ---- context ----

TEST(journey, goes_straight_to_the_larger_one_when_the_prompt_is_known_to_be_too_long) {
  atlas map;
  map.put("m", "small", 1);
  map.put("m", "large", 2);
  map.done();
  map.state("small").context = 1000;
  map.state("large").context = 100'000;
  map.what.text_bytes = 1000 * 7 / 2; // a thousand tokens, as far as anybody can tell
  auto close = map.travel("m");
  EXPECT_EQ(map.first(close), "small") << "within a quarter nobody knows";
  map.what.text_bytes = 1400 * 7 / 2;
  auto far = map.travel("m");
  EXPECT_EQ(map.first(far), "large");
  EXPECT_EQ(far.attempts(), 0U);
}

TEST(journey, a_refusal_of_the_length_leads_to_those_that_are_larger_or_not_known) {
  atlas map;
  map.put("m", "small", 1);
  map.put("m", "smaller", 2);
  map.put("m", "unknown", 3);
  map.put("long", "large");
  map.put("any", "other");
  map.settings.fallbacks.context["m"] = {"long"};
  map.settings.fallbacks.any["m"] = {"any"};
  map.done();
  map.state("small").context = 8192;
  map.state("smaller").context = 8192;
  map.state("large").context = 131'072;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "small");
  EXPECT_EQ(map.after(trip, too_long), "unknown");
  EXPECT_EQ(map.after(trip, too_long), "large");
  EXPECT_EQ(trip.why_here(), moved::context);
}

TEST(journey, a_prompt_that_fits_nowhere_is_tried_all_the_same) {
  atlas map;
  map.put("m", "a");
  map.put("long", "b");
  map.settings.fallbacks.context["m"] = {"long"};
  map.done();
  map.state("a").context = 100;
  map.state("b").context = 1000;
  map.what.text_bytes = 10'000;
  auto trip = map.travel("m");
  EXPECT_EQ(map.first(trip), "a") << "an estimate is no reason to refuse";
  EXPECT_EQ(map.after(trip, too_long), "b");
}

} // namespace
} // namespace synapse::routing
