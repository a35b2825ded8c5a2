#include "routing/failure/cell.hpp"
#include "routing/failure/disposition.hpp"
#include "routing/failure/retry_budget.hpp"
#include "tests/routing/failure/virtual_time.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

namespace synapse::routing {
namespace {

verdict failure(attempt_end what) {
  failure_facts facts;
  facts.what = what;
  facts.status = 500;
  facts.words = "x";
  return judge(facts);
}

double some_jitter(std::mt19937& chance) {
  return 0.8 + 0.4 * static_cast<double>(chance() % 1001) / 1000;
}

/// Requests every 50 ms from a time on, to a backend that fails until `back`.
/// @returns when a request succeeds first, -1 when none does
std::int64_t ask(cell& one, std::mt19937& chance, std::int64_t from, std::int64_t until,
                 std::int64_t back, int& attempts, int& in_shut) {
  for (std::int64_t now = from; now < until; now += seconds / 20) {
    const bool shut = one.state(now) == cell_state::open;
    const auto got = one.pass(now);
    if (got == passage::no)
      continue;
    ++attempts;
    in_shut += shut ? 1 : 0;
    if (now >= back) {
      one.on_success(got == passage::probe);
      return now;
    }
    one.on_failure(failure(attempt_end::refused),
                   {.now = now, .jitter = some_jitter(chance), .probe = got == passage::probe});
  }
  return -1;
}

TEST(outage, costs_a_probe_per_cooldown_and_no_more) {
  std::mt19937 chance(47);
  cell one;
  int attempts = 0;
  int in_shut = 0;
  EXPECT_EQ(ask(one, chance, 0, 3600 * seconds, 4000 * seconds, attempts, in_shut), -1);
  EXPECT_EQ(in_shut, 0);
  // Five to open it, six while the cooldown grows, then one in a minute less a fifth.
  EXPECT_LE(attempts, 5 + 6 + 3600 / 48);
  EXPECT_GE(attempts, 5 + 6 + 3500 / 72) << "it is asked again and again";
}

TEST(outage, is_over_a_cooldown_and_a_second_after_the_backend_is_back) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 chance(seed);
    cell one;
    int ignored = 0;
    const std::int64_t back = static_cast<std::int64_t>(chance() % 600) * seconds;
    ask(one, chance, 0, back, back, ignored, ignored);
    const auto promised = std::max(one.opens_at(), back) + seconds;
    const auto good = ask(one, chance, back, back + 200 * seconds, back, ignored, ignored);
    EXPECT_GE(good, back);
    EXPECT_LE(good, promised);
    EXPECT_LE(promised, back + 73 * seconds);
    EXPECT_EQ(one.state(good), cell_state::closed);
  }
}

struct traffic {
  int requests = 0;
  int attempts = 0;
  int failed = 0;
  std::array<int, 4> of_deployment{};
};

/// 200 requests a second for a minute over four deployments with a cell each, at most three
/// attempts.
traffic run(const std::array<unsigned, 4>& failing_percent) {
  std::mt19937 chance(53);
  std::array<cell, 4> cells;
  std::array<std::uint32_t, 4> good{}; // in the last ten seconds, roughly
  retry_budget budget;
  traffic result;
  const verdict failed = failure(attempt_end::answered);
  for (std::int64_t now = 0; now < 60 * seconds; now += seconds / 200) {
    if (now % (10 * seconds) == 0)
      good.fill(0);
    budget.on_request(now);
    ++result.requests;
    int tried = 0;
    bool answered = false;
    const unsigned start = chance() % 4;
    for (unsigned i = 0; i < 4 && tried < 3 && !answered; ++i) {
      const unsigned at = (start + i) % 4;
      if (!cells[at].admits(now) || (tried > 0 && !budget.take(now)))
        continue;
      const bool probe = cells[at].pass(now) == passage::probe;
      ++tried;
      ++result.of_deployment[at];
      answered = chance() % 100 >= failing_percent[at];
      if (answered) {
        ++good[at];
        cells[at].on_success(probe);
      } else {
        cells[at].on_failure(
            failed,
            {.now = now, .jitter = some_jitter(chance), .successes = good[at], .probe = probe});
      }
    }
    result.attempts += tried;
    result.failed += answered ? 0 : 1;
  }
  return result;
}

TEST(outage, of_one_in_four_costs_no_request_and_little_traffic) {
  const auto seen = run({100, 0, 0, 0});
  EXPECT_EQ(seen.failed, 0);
  EXPECT_LE(seen.of_deployment[0], seen.requests / 100);
  EXPECT_LE(seen.attempts, seen.requests * 1.1);
}

TEST(outage, of_all_does_not_multiply_the_attempts) {
  const auto seen = run({100, 100, 100, 100});
  EXPECT_EQ(seen.failed, seen.requests);
  EXPECT_LE(seen.attempts, seen.requests / 50) << "the cells are shut";
}

TEST(outage, by_chance_does_not_multiply_the_attempts) {
  const auto seen = run({40, 40, 40, 40});
  EXPECT_LE(seen.attempts, seen.requests * 1.1);
}

} // namespace
} // namespace synapse::routing
