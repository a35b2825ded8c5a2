// What picks lead to: backends in virtual time, seeds fixed.
#include "tests/routing/pick/simulation.hpp"

#include <gtest/gtest.h>

#include <array>

namespace synapse::routing::simulated {
namespace {

constexpr std::array<unsigned, 3> thread_counts{1, 4, 16};

backend quick(std::int64_t service) {
  backend result;
  result.service = service;
  return result;
}

TEST(strategy_simulation, equal_backends_get_equal_shares) {
  for (const auto threads : thread_counts)
    for (const auto service : {2 * ms, 20 * ms, 200 * ms, second})
      for (const double tail : {0.0, 1.0, 3.0})
        for (const bool keyed : {false, true}) {
          auto one = quick(service);
          one.tail = tail;
          world all({one, one, one, one}, threads, 11);
          EXPECT_LE(max_over_mean(all.run(200, 30 * second, 0, keyed)), 1.15)
              << threads << " threads, " << service / ms << " ms, tail " << tail << ", keyed "
              << keyed;
        }
}

TEST(strategy_simulation, a_backend_three_times_slower_gets_little) {
  for (const auto threads : thread_counts)
    for (const auto service : {20 * ms, 50 * ms, 200 * ms, second})
      for (const double tail : {0.0, 1.0}) {
        auto one = quick(service);
        one.tail = tail;
        auto slow = one;
        slow.service *= 3;
        world loose({one, one, one, slow}, threads, 12);
        EXPECT_LE(part_of(loose.run(200, 30 * second, 0, false), 3), 0.15)
            << threads << " threads, " << service / ms << " ms";
        world keyed({one, one, one, slow}, threads, 12);
        EXPECT_LE(part_of(keyed.run(200, 30 * second, 0, true), 3), 0.15)
            << threads << " threads, " << service / ms << " ms, keyed";
      }
}

TEST(strategy_simulation, backends_that_queue_are_kept_equally_full) {
  auto one = quick(80 * ms);
  one.slots = 5;
  one.tail = 0.2;
  world all({one, one, one, one}, 4, 13);
  EXPECT_LE(max_over_mean(all.run(180, 60 * second, 0, false)), 1.05);
  for (const auto& meter : all.meters)
    EXPECT_LT(meter->all_in_flight(), 30U);
}

TEST(strategy_simulation, weights_are_shares_under_load) {
  for (const auto service : {2 * ms, 50 * ms, 500 * ms}) {
    const auto one = quick(service);
    world all({one, one}, 1, 14);
    all.candidates[0].weight = 9;
    EXPECT_NEAR(part_of(all.run(200, 60 * second, 0, false), 0), 0.9, 0.01) << service / ms;
  }
}

TEST(strategy_simulation, a_backend_that_fails_at_once_attracts_nothing) {
  for (const auto threads : thread_counts)
    for (const auto service : {2 * ms, 50 * ms, 500 * ms})
      for (const bool keyed : {false, true}) {
        const auto one = quick(service);
        auto broken = quick(ms);
        broken.fails = true;
        world all({one, one, one, broken}, threads, 15);
        all.breaker = true;
        EXPECT_LE(part_of(all.run(200, 11 * second, second, keyed), 3), 0.01)
            << threads << " threads, " << service / ms << " ms, keyed " << keyed;
      }
}

// Without a breaker the share of successes alone keeps it away.
TEST(strategy_simulation, failures_alone_keep_requests_away) {
  auto broken = quick(ms);
  broken.fails = true;
  world all({quick(50 * ms), quick(50 * ms), quick(50 * ms), broken}, 4, 16);
  EXPECT_LE(part_of(all.run(200, 31 * second, second, false), 3), 0.01);
}

/// 1,000 conversations of five turns; each turn comes a while after the answer before.
struct conversations {
  struct turn {
    std::int64_t at = 0;
    std::uint64_t key = 0;
    std::size_t number = 0;
  };
  explicit conversations(std::int64_t service) {
    random_source random(17);
    for (std::size_t i = 0; i < 1000; ++i) {
      const auto id = "conversation " + std::to_string(i);
      affinity_source from;
      from.model = "m";
      from.user = id;
      double at = random.unit() * 60 * second;
      for (int k = 0; k < 5; ++k) {
        turns.push_back({static_cast<std::int64_t>(at), affinity_key(from), i});
        at += static_cast<double>(service) - std::log(1 - random.unit()) * 10 * second;
      }
    }
    std::sort(turns.begin(), turns.end(), [](const turn& a, const turn& b) { return a.at < b.at; });
  }
  /// @returns where each turn went
  std::vector<std::size_t> through(world& all) const {
    std::vector<std::size_t> result;
    for (const auto& one : turns)
      result.push_back(all.send(one.at, one.key).value());
    return result;
  }
  std::vector<turn> turns;
};

TEST(strategy_simulation, conversations_stay_and_backends_share_them) {
  for (const auto threads : thread_counts)
    for (const auto service : {20 * ms, 200 * ms, second, 5 * second}) {
      const conversations talk(service);
      const auto one = quick(service);
      world all({one, one, one, one}, threads, 18);
      const auto went = talk.through(all);
      std::vector<std::array<int, 4>> by(1000);
      std::vector<double> share(4);
      for (std::size_t i = 0; i < went.size(); ++i) {
        ++by[talk.turns[i].number][went[i]];
        ++share[went[i]];
      }
      int same = 0;
      for (const auto& each : by)
        same += *std::max_element(each.begin(), each.end());
      EXPECT_GE(same, 4'500) << threads << " threads, " << service / ms << " ms";
      EXPECT_LE(max_over_mean(share), 1.25) << threads << " threads, " << service / ms << " ms";
    }
}

TEST(strategy_simulation, replicas_agree_on_every_conversation_and_only_orphans_move) {
  const conversations talk(0);
  world first({quick(0), quick(0), quick(0), quick(0)}, 1, 19);
  world second_one({quick(0), quick(0), quick(0), quick(0)}, 16, 20);
  world smaller({quick(0), quick(0), quick(0), quick(0)}, 1, 21);
  smaller.candidates[2].weight = 0;
  const auto went = talk.through(first);
  EXPECT_EQ(went, talk.through(second_one));
  const auto later = talk.through(smaller);
  for (std::size_t i = 0; i < went.size(); ++i) {
    EXPECT_NE(later[i], 2U);
    EXPECT_TRUE(went[i] == 2 || went[i] == later[i]);
  }
}

TEST(strategy_simulation, a_loaded_model_is_used_until_its_queue_costs_more_than_a_load) {
  for (const auto threads : thread_counts) {
    auto one = quick(100 * ms);
    one.slots = 4;
    for (const bool keyed : {false, true}) {
      world all({one, one, one, one}, threads, 22);
      for (std::size_t i = 0; i < 4; ++i) {
        all.meters[i]->set_load(i == 1 ? load_state::loaded : load_state::cold_fits);
        all.meters[i]->took_to_load(20 * second);
      }
      // Well within what it can do.
      EXPECT_GE(part_of(all.run(30, 60 * second, 0, keyed), 1), 0.99) << threads;
    }
  }
  auto one = quick(second);
  one.slots = 1;
  world all({one, one}, 1, 23);
  all.meters[0]->set_load(load_state::cold_fits);
  all.meters[0]->took_to_load(20 * second);
  all.meters[1]->set_load(load_state::loaded);
  std::int64_t now = 0;
  while (all.send(now) == 1U)
    now += 500 * ms;
  const auto waits = all.meters[1]->read(0, 0, now);
  EXPECT_GT(static_cast<float>(waits.in_flight) * waits.first_token, 20e9F);
  EXPECT_LT(static_cast<float>(waits.in_flight) * waits.first_token, 30e9F);
}

} // namespace
} // namespace synapse::routing::simulated
