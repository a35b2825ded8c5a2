#include "routing/failure/sliding_count.hpp"
#include "tests/routing/failure/virtual_time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <random>

namespace synapse::routing {
namespace {

TEST(sliding_count, forgets_what_is_older_than_its_window) {
  sliding_count count(10 * seconds);
  count.add(0);
  count.add(5 * seconds);
  EXPECT_EQ(count.sum(9 * seconds), 2U);
  EXPECT_EQ(count.sum(10 * seconds), 1U);
  EXPECT_EQ(count.sum(15 * seconds), 0U);
}

TEST(sliding_count, is_right_to_a_tenth_of_its_window) {
  std::mt19937_64 chance(11);
  sliding_count count(10 * seconds);
  std::deque<std::int64_t> all;
  std::int64_t now = -40 * seconds; // and through zero
  for (int i = 0; i < 50'000; ++i) {
    now +=
        static_cast<std::int64_t>(chance() % (chance() % 500 == 0 ? 12 * seconds : seconds / 50));
    count.add(now);
    all.push_back(now);
    while (now - all.front() >= 10 * seconds)
      all.pop_front();
    std::uint64_t least = 0;
    for (const auto at : all)
      least += now - at < 9 * seconds ? 1 : 0;
    ASSERT_LE(count.sum(now), all.size());
    ASSERT_GE(count.sum(now), least);
  }
}

TEST(sliding_count, goes_on_when_the_clock_goes_back_a_little_and_starts_anew_when_it_jumps) {
  sliding_count count(10 * seconds);
  count.add(100 * seconds);
  count.add(98 * seconds);
  EXPECT_EQ(count.sum(100 * seconds), 2U);
  count.add(20 * seconds);
  EXPECT_EQ(count.sum(20 * seconds), 1U);
}

TEST(sliding_count, survives_every_time) {
  std::mt19937_64 chance(5);
  for (const std::int64_t window : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
                                    10 * seconds, std::numeric_limits<std::int64_t>::max()}) {
    sliding_count count(window);
    for (int i = 0; i < 1'000; ++i) {
      count.add(static_cast<std::int64_t>(chance()));
      ASSERT_GE(count.sum(static_cast<std::int64_t>(chance())), 0U);
    }
    count.add(std::numeric_limits<std::int64_t>::min());
    count.add(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(count.sum(std::numeric_limits<std::int64_t>::max()), 1U);
  }
}

} // namespace
} // namespace synapse::routing
