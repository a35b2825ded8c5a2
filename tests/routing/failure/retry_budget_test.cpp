#include "routing/failure/retry_budget.hpp"
#include "tests/routing/failure/virtual_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <random>

namespace synapse::routing {
namespace {

struct load_result {
  int requests = 0;
  int attempts = 0;
  int failed = 0;
};

/// 200 requests a second for a minute over four deployments; at most three attempts each.
load_result load(const std::function<bool(unsigned deployment)>& fails) {
  retry_budget budget;
  load_result result;
  std::mt19937 chance(17);
  for (std::int64_t now = 0; now < 60 * seconds; now += seconds / 200) {
    budget.on_request(now);
    ++result.requests;
    unsigned deployment = chance() % 4;
    for (int attempt = 1;; ++attempt, deployment = (deployment + 1) % 4) {
      ++result.attempts;
      if (!fails(deployment))
        break;
      if (attempt == 3 || !budget.take(now)) {
        ++result.failed;
        break;
      }
    }
  }
  return result;
}

TEST(retry_budget, bounds_the_attempts_when_every_backend_fails) {
  const auto result = load([](unsigned) { return true; });
  EXPECT_EQ(result.failed, result.requests);
  EXPECT_GT(result.attempts, result.requests);
  EXPECT_LE(result.attempts, result.requests * 1.1);
}

TEST(retry_budget, bounds_the_attempts_when_one_backend_fails) {
  const auto result = load([](unsigned deployment) { return deployment == 0; });
  EXPECT_LE(result.attempts, result.requests * 1.1);
  EXPECT_GT(result.attempts, result.requests * 1.08) << "it is there to be used";
}

TEST(retry_budget, bounds_the_attempts_when_four_in_ten_fail_by_chance) {
  std::mt19937 chance(23);
  const auto result = load([&](unsigned) { return chance() % 10 < 4; });
  EXPECT_LE(result.attempts, result.requests * 1.1);
}

TEST(retry_budget, saves_every_request_when_few_fail) {
  std::mt19937 chance(29);
  const auto result = load([&](unsigned) { return chance() % 100 < 4; });
  EXPECT_LE(result.failed, result.requests / 1000);
}

TEST(retry_budget, has_a_least_number_for_names_that_are_seldom_asked_for) {
  retry_budget budget;
  budget.on_request(0);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(budget.take(0));
  EXPECT_FALSE(budget.take(0));
  EXPECT_FALSE(budget.take(9 * seconds));
  EXPECT_TRUE(budget.take(10 * seconds));
}

TEST(retry_budget, never_gives_more_than_the_share_or_the_least_number) {
  std::mt19937_64 chance(31);
  retry_budget budget({.percent = 20, .least = 3, .window = 10 * seconds});
  std::int64_t now = 0;
  int requests = 0; // since the last quiet time
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (chance() % 300 == 0) {
      now += 20 * seconds;
      requests = taken = 0;
    }
    if (chance() % 2 == 0) {
      budget.on_request(now);
      ++requests;
    } else if (budget.take(now)) {
      ++taken;
    }
    ASSERT_LE(taken, std::max(3, requests / 5));
  }
}

TEST(retry_budget, that_is_off_gives_nothing) {
  retry_budget budget({.percent = 0, .least = 0});
  budget.on_request(0);
  EXPECT_FALSE(budget.take(0));
}

TEST(retry_budget, survives_clock_jumps) {
  retry_budget budget;
  const std::int64_t times[] = {5 * seconds,
                                std::numeric_limits<std::int64_t>::max(),
                                0,
                                std::numeric_limits<std::int64_t>::min(),
                                -1,
                                7200 * seconds,
                                3600 * seconds};
  for (const auto now : times) {
    for (int i = 0; i < 1000; ++i)
      budget.on_request(now);
    int taken = 0;
    while (budget.take(now))
      ++taken;
    EXPECT_EQ(taken, 100) << now;
  }
}

} // namespace
} // namespace synapse::routing
