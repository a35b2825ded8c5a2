#include "routing/pick/affinity.hpp"
#include "routing/pick/strategy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace synapse::routing {
namespace {

constexpr std::int64_t pick_s = 1'000'000'000;

/// A tier at rest; a test changes what it is about.
struct tier_of {
  explicit tier_of(std::size_t count, pick_strategy by = pick_strategy::adaptive) : strategy(by) {
    for (std::size_t i = 0; i < count; ++i) {
      meters.push_back(std::make_unique<deployment_meter>(1));
      candidate one;
      one.meter = meters.back().get();
      one.id_hash = deployment_hash(std::to_string(i));
      all.push_back(one);
    }
  }
  std::optional<std::size_t> ask(std::uint64_t affinity = 0) {
    pick_question question{random, strategy, affinity, 0, 0, now};
    return pick(all, question);
  }
  /// How often each of them is picked.
  std::vector<int> count(int picks) {
    std::vector<int> share(all.size());
    for (int i = 0; i < picks; ++i)
      ++share[ask().value()];
    return share;
  }
  void busy(std::size_t which, int requests) {
    for (int i = 0; i < requests; ++i)
      meters[which]->begin(0, true);
  }
  void takes(std::size_t which, std::int64_t first_token) {
    meters[which]->first_token(0, 0, first_token, now);
    meters[which]->succeeded(0, now);
  }

  random_source random{7};
  pick_strategy strategy;
  std::int64_t now = 100 * pick_s;
  std::vector<std::unique_ptr<deployment_meter>> meters;
  std::vector<candidate> all;
};

constexpr std::array all_strategies{pick_strategy::shuffle,  pick_strategy::least_busy,
                                    pick_strategy::p2c,      pick_strategy::usage,
                                    pick_strategy::cheapest, pick_strategy::adaptive};

TEST(pick, of_nothing_is_nothing) {
  for (const auto strategy : all_strategies) {
    EXPECT_FALSE(tier_of(0, strategy).ask());
    tier_of tier(2, strategy);
    tier.all[0].weight = 0;
    tier.all[1].meter = nullptr;
    EXPECT_FALSE(tier.ask());
    EXPECT_FALSE(tier.ask(77));
  }
}

TEST(pick, never_takes_a_weight_that_is_none) {
  for (const auto strategy : all_strategies)
    for (const double none : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
      tier_of tier(3, strategy);
      tier.all[0].weight = none;
      tier.busy(1, 50);
      tier.busy(2, 50);
      for (std::uint64_t i = 0; i < 200; ++i)
        ASSERT_NE(tier.ask(i), 0U);
    }
}

TEST(pick, takes_the_only_one_whatever_its_state) {
  for (const auto strategy : all_strategies) {
    tier_of tier(1, strategy);
    tier.busy(0, 1000);
    tier.meters[0]->set_load(load_state::cold_evicts);
    for (int i = 0; i < 50; ++i)
      tier.meters[0]->failed(0, tier.now);
    EXPECT_EQ(tier.ask(), 0U);
    EXPECT_EQ(tier.ask(5), 0U);
  }
}

TEST(pick, stands_any_weight_and_looks_at_no_more_than_it_has_room_for) {
  for (const auto strategy : all_strategies) {
    tier_of tier(100, strategy);
    tier.all[3].weight = std::numeric_limits<double>::infinity();
    tier.all[4].weight = std::numeric_limits<double>::denorm_min();
    for (std::uint64_t i = 0; i < 200; ++i)
      ASSERT_LT(tier.ask(i).value(), max_candidates);
  }
}

TEST(pick, shares_by_weight_where_nothing_else_differs) {
  for (const auto strategy : {pick_strategy::shuffle, pick_strategy::p2c, pick_strategy::adaptive,
                              pick_strategy::cheapest}) {
    tier_of tier(2, strategy);
    tier.all[0].weight = 9;
    const auto share = tier.count(100'000);
    EXPECT_NEAR(share[0], 90'000, 500) << static_cast<int>(strategy);
  }
}

TEST(pick, least_busy_goes_by_weight_and_lets_chance_decide_among_equals) {
  tier_of tier(3, pick_strategy::least_busy);
  tier.all[0].weight = 4;
  tier.busy(0, 3);
  tier.busy(1, 1);
  tier.busy(2, 1);
  EXPECT_EQ(tier.ask(), 0U);
  tier.busy(0, 2);
  const auto share = tier.count(10'000);
  EXPECT_EQ(share[0], 0);
  EXPECT_NEAR(share[1], 5'000, 300);
}

TEST(pick, usage_takes_the_most_headroom) {
  tier_of tier(3, pick_strategy::usage);
  tier.all[0].headroom = 0.2F;
  tier.all[1].headroom = 0.9F;
  tier.all[2].headroom = 0.5F;
  EXPECT_EQ(tier.ask(), 1U);
}

TEST(pick, cheapest_takes_the_lowest_price_then_the_less_busy) {
  tier_of tier(3, pick_strategy::cheapest);
  tier.all[0].cost = 5;
  tier.busy(1, 4);
  EXPECT_EQ(tier.ask(), 2U);
  tier.busy(2, 9);
  EXPECT_EQ(tier.ask(), 1U);
}

TEST(pick, p2c_takes_the_one_that_answers_sooner_or_fails_less) {
  tier_of tier(2, pick_strategy::p2c);
  tier.takes(0, pick_s);
  tier.takes(1, 3 * pick_s);
  EXPECT_EQ(tier.count(100)[0], 100);
  for (int i = 0; i < 20; ++i)
    tier.meters[0]->failed(0, tier.now);
  EXPECT_EQ(tier.count(100)[1], 100);
}

TEST(pick, p2c_does_not_follow_small_differences) {
  tier_of tier(2, pick_strategy::p2c);
  tier.takes(0, pick_s);
  tier.takes(1, 14 * pick_s / 10);
  EXPECT_NEAR(tier.count(10'000)[0], 5'000, 300);
  tier.busy(0, 1);
  EXPECT_EQ(tier.count(100)[1], 100);
}

TEST(pick, one_without_a_sample_for_a_minute_is_tried) {
  tier_of tier(3);
  for (int i = 0; i < 20; ++i)
    tier.meters[0]->timed_out(0, 0, 60 * pick_s, tier.now);
  EXPECT_EQ(tier.count(1000)[0], 0);
  tier.now += sample_lasts + 1;
  tier.takes(1, pick_s);
  tier.takes(2, pick_s);
  EXPECT_NEAR(tier.count(9'000)[0], 3'000, 300);
}

TEST(pick, begins_with_a_tenth_of_the_weight_and_ramps_for_ten_seconds) {
  EXPECT_DOUBLE_EQ(ramped_weight(4, never, 0), 4);
  EXPECT_DOUBLE_EQ(ramped_weight(4, 0, 0), 0.4);
  EXPECT_DOUBLE_EQ(ramped_weight(4, 10, 0), 0.4);
  EXPECT_DOUBLE_EQ(ramped_weight(4, 0, 5 * pick_s), 2.2);
  EXPECT_DOUBLE_EQ(ramped_weight(4, 0, 10 * pick_s), 4);
  tier_of tier(2);
  tier.meters[0]->set_ready_since(tier.now);
  EXPECT_NEAR(tier.count(11'000)[0], 1'000, 150);
  tier.now += 10 * pick_s;
  EXPECT_NEAR(tier.count(10'000)[0], 5'000, 300);
}

TEST(pick, prefers_what_is_loaded_then_loading_then_what_fits) {
  tier_of tier(4);
  const std::array states{load_state::cold_evicts, load_state::cold_fits, load_state::loading,
                          load_state::loaded};
  for (std::size_t i = 0; i < 4; ++i) {
    tier.meters[i]->set_load(states[i]);
    tier.meters[i]->took_to_load(20 * pick_s);
  }
  for (std::size_t i = 4; i-- > 0;) {
    EXPECT_EQ(tier.count(100)[i], 100) << i;
    tier.all[i].weight = 0;
  }
}

TEST(pick, unknown_counts_as_loaded) {
  tier_of tier(2);
  tier.meters[1]->set_load(load_state::loaded);
  EXPECT_NEAR(tier.count(10'000)[0], 5'000, 300);
}

TEST(pick, leaves_what_is_loaded_when_waiting_takes_longer_than_loading) {
  tier_of tier(2);
  tier.takes(1, pick_s);
  tier.meters[0]->set_load(load_state::cold_fits);
  tier.meters[0]->took_to_load(20 * pick_s);
  tier.meters[1]->set_load(load_state::loaded);
  tier.busy(1, 20);
  EXPECT_EQ(tier.ask(), 1U);
  EXPECT_EQ(tier.ask(3), 1U);
  tier.busy(1, 1);
  EXPECT_EQ(tier.ask(), 0U);
  EXPECT_EQ(tier.ask(3), 0U);
  // Who waits for the load has to be waited for, too.
  tier.busy(0, 2);
  EXPECT_EQ(tier.ask(), 1U);
}

TEST(pick, guesses_a_load_time_that_nobody_has_seen) {
  tier_of tier(2);
  tier.takes(1, pick_s);
  tier.meters[0]->set_load(load_state::cold_fits);
  tier.busy(1, 30);
  EXPECT_EQ(tier.ask(), 1U);
  tier.busy(1, 1);
  EXPECT_EQ(tier.ask(), 0U);
}

TEST(pick, keeps_a_key_where_it_belongs_until_that_is_too_busy) {
  for (std::uint64_t key = 1; key < 50; ++key) {
    tier_of tier(4);
    const auto home = tier.ask(mix_bits(key)).value();
    tier.busy(home, 1);
    EXPECT_EQ(tier.ask(mix_bits(key)), home);
    // 2 > 1.25 * 2 / 4 + 1
    tier.busy(home, 1);
    const auto next = tier.ask(mix_bits(key)).value();
    EXPECT_NE(next, home);
    EXPECT_EQ(tier.ask(mix_bits(key)), next);
  }
}

TEST(pick, does_not_keep_a_key_where_most_fails) {
  tier_of tier(2);
  const auto home = tier.ask(5).value();
  for (int i = 0; i < 10; ++i)
    tier.meters[home]->failed(0, tier.now);
  EXPECT_EQ(tier.ask(5), 1 - home);
}

TEST(pick, gives_a_slow_one_fewer_of_its_keys_at_once) {
  tier_of tier(2);
  const auto home = tier.ask(5).value();
  tier.busy(home, 1);
  tier.busy(1 - home, 1);
  EXPECT_EQ(tier.ask(5), home);
  tier.takes(home, 6 * pick_s);
  tier.takes(1 - home, pick_s);
  EXPECT_EQ(tier.ask(5), 1 - home);
}

TEST(pick, affinity_follows_the_weights) {
  tier_of tier(2);
  tier.all[0].weight = 3;
  int first = 0;
  for (std::uint64_t key = 1; key <= 10'000; ++key)
    first += tier.ask(mix_bits(key)) == 0U ? 1 : 0;
  EXPECT_NEAR(first, 7'500, 250);
}

TEST(pick, looks_only_at_the_lowest_tier) {
  tier_of tier(4);
  for (std::size_t i = 0; i < 4; ++i)
    tier.all[i].tier = i < 2 ? 2 : 5;
  EXPECT_EQ(lowest_tier(tier.all).size(), 2U);
  EXPECT_EQ(lowest_tier(std::span(tier.all).subspan(2)).size(), 2U);
  EXPECT_TRUE(lowest_tier({}).empty());
}

// Any state of any tier: the answer is one of those that may be picked.
TEST(pick, made_up_tiers_get_an_answer_that_may_be_given) {
  random_source made(3);
  for (int round = 0; round < 3'000; ++round) {
    tier_of tier(1 + made.next() % 32, all_strategies[made.next() % all_strategies.size()]);
    bool any = false;
    for (std::size_t i = 0; i < tier.all.size(); ++i) {
      tier.all[i].weight = static_cast<double>(made.next() % 4);
      tier.all[i].cost = static_cast<double>(made.next() % 3);
      any = any || tier.all[i].weight > 0;
      tier.meters[i]->set_load(static_cast<load_state>(made.next() % 5));
      tier.busy(i, static_cast<int>(made.next() % 5));
      if (made.next() % 2 == 0)
        tier.takes(i, static_cast<std::int64_t>(made.next() % 5) * pick_s);
      if (made.next() % 4 == 0)
        tier.meters[i]->set_ready_since(tier.now - pick_s);
    }
    const auto place = tier.ask(made.next() % 2);
    ASSERT_EQ(place.has_value(), any);
    ASSERT_TRUE(!place || tier.all.at(*place).weight > 0);
  }
}

} // namespace
} // namespace synapse::routing
