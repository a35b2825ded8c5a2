// Made-up days of a card, out of a fixed seed. What must not happen is looked for by the rig.
#include "actors/gpus/turns/gpu_schedule.hpp"
#include "tests/actors/gpus/turns/card_rig.hpp"

#include <random>

namespace synapse::gpus {
namespace {

struct random_card : card_rig {
  std::size_t roll(std::size_t below) { return static_cast<std::size_t>(random() % below); }
  std::string any() { return std::string(1, static_cast<char>('a' + roll(members.size()))); }

  /// Members of any size; those that never sleep fit at once.
  void make_card(std::uint64_t seed) {
    random.seed(seed);
    limits.max_wait = 60 * sec;
    limits.min_awake = static_cast<time_ns>(roll(20)) * sec;
    limits.batch_window = static_cast<time_ns>(roll(10)) * sec;
    const auto count = 2 + roll(4);
    std::size_t lasting = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      auto& server = add(name, (4 + roll(26)) * gib, roll(2) * gib);
      auto& member = members[name];
      member.level = 1 + static_cast<unsigned>(roll(2));
      member.warm_up = roll(3) == 0;
      member.idle = roll(3) == 0 ? 20 * sec : 0;
      server.wake_takes = static_cast<time_ns>(1 + roll(4000)) * ms;
      server.sleep_takes = static_cast<time_ns>(1 + roll(1000)) * ms;
      if (roll(6) == 0 && lasting + member.awake <= 14 * gib) {
        lasting += member.awake;
        member.persistent = true;
        server.asleep = roll(2) == 0;
      }
    }
    if (roll(2) == 0 && count > 2)
      limits.exclusive = {{"b", "c"}};
    for (const auto& group : limits.exclusive)
      for (const auto& name : group)
        if (members[name].persistent) {
          members[name].persistent = false;
          servers[name].asleep = true;
        }
  }

  void something_happens() {
    switch (roll(8)) {
    case 0:
      pass(static_cast<time_ns>(roll(30'000)) * ms);
      break;
    case 1:
      if (!asked.empty()) {
        auto one = asked.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(roll(asked.size())));
        abandon(one->first);
      }
      break;
    case 2:
    case 3:
      pass(static_cast<time_ns>(roll(1'000'000'000)));
      break;
    default:
      requests += 1;
      request(any(), static_cast<time_ns>(1 + roll(roll(5) == 0 ? 20'000 : 2'000)) * ms,
              static_cast<std::uint32_t>(roll(2)));
    }
  }

  void something_fails() {
    const auto name = any();
    auto& server = servers[name];
    constexpr std::array wakes{outcome::done, outcome::done, outcome::refused,
                               outcome::out_of_memory, outcome::silent};
    constexpr std::array sleeps{outcome::done, outcome::done, outcome::refused, outcome::silent};
    switch (roll(5)) {
    case 0:
      server.wake_says = wakes[roll(wakes.size())];
      break;
    case 1:
      server.sleep_says = sleeps[roll(sleeps.size())];
      break;
    case 2:
      server.has_metrics = !server.has_metrics;
      break;
    case 3:
      if (server.down)
        server.down = false;
      else if (roll(4) == 0)
        goes_down(name);
      break;
    default:
      subject.lead(roll(10) != 0, now);
      note();
    }
  }

  /// Everybody gets an answer, in time.
  void expect_order() {
    pass(400 * sec);
    EXPECT_TRUE(asked.empty());
    EXPECT_EQ(subject.waiting(), 0U);
    EXPECT_LE(longest_wait, limits.max_wait + 2 * ms);
    for (const auto& [name, server] : servers)
      EXPECT_EQ(server.running, 0U);
  }

  std::mt19937_64 random;
  int requests = 0;
};

struct seeds : random_card, testing::WithParamInterface<unsigned> {};

TEST_P(seeds, keep_the_rules_while_everybody_does_as_told) {
  make_card(GetParam());
  start();
  for (int i = 0; i < 2000 && !HasFailure(); ++i)
    something_happens();
  expect_order();
  int sum = 0;
  for (const auto& [name, count] : begun)
    sum += count;
  EXPECT_GT(sum, requests / 20) << "it does its work";
}

TEST_P(seeds, keep_the_rules_for_each_server_whatever_fails) {
  strict = false; // a server that is started anew takes its memory by itself
  make_card(GetParam() + 1000);
  start();
  for (int i = 0; i < 2000 && !HasFailure(); ++i) {
    if (roll(10) == 0)
      something_fails();
    else
      something_happens();
  }
  expect_order();
}

INSTANTIATE_TEST_SUITE_P(random, seeds, testing::Range(0U, 30U));

} // namespace
} // namespace synapse::gpus
