#include "routing/pick/windows.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

constexpr std::int64_t window_s = 1'000'000'000;

TEST(outcome_window, sees_ten_seconds_and_no_more) {
  outcome_window window;
  for (int s = 0; s < 30; ++s) {
    window.add(true, s * window_s);
    window.add(false, s * window_s + 1);
    window.add(false, s * window_s + 2);
    const auto seen = window.within(s * window_s + 5);
    EXPECT_EQ(seen.successes, static_cast<std::uint64_t>(std::min(s + 1, 10))) << s;
    EXPECT_EQ(seen.failures, 2 * seen.successes) << s;
  }
  EXPECT_EQ(window.within(30 * window_s).successes, 9U);
  EXPECT_EQ(window.within(38 * window_s).successes, 1U);
  EXPECT_EQ(window.within(39 * window_s).successes, 0U);
  EXPECT_EQ(window.within(29 * window_s + 16 * window_s).successes, 0U);
}

TEST(outcome_window, does_not_overflow_one_count_into_the_other) {
  outcome_window window;
  for (int i = 0; i < 70'000; ++i) {
    window.add(true, 0);
    window.add(false, 0);
  }
  EXPECT_EQ(window.within(0).successes, 65'535U);
  EXPECT_EQ(window.within(0).failures, 65'535U);
}

TEST(outcome_window, counts_what_a_clock_ahead_has_written) {
  outcome_window window;
  window.add(true, window_s);
  EXPECT_EQ(window.within(window_s - 1).successes, 1U);
}

TEST(request_window, sees_five_minutes_and_no_more) {
  request_window window;
  const auto minute = 60 * window_s;
  for (int m = 0; m < 20; ++m) {
    window.add(m * minute);
    window.add(m * minute + 59 * window_s);
    EXPECT_EQ(window.within(m * minute + 59 * window_s),
              static_cast<std::uint64_t>(2 * std::min(m + 1, 5)));
  }
  EXPECT_EQ(window.within(23 * minute), 2U);
  EXPECT_EQ(window.within(24 * minute), 0U);
}

} // namespace
} // namespace synapse::routing
