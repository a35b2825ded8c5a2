#include "http/server/connection/body_pace.hpp"

#include <gtest/gtest.h>

namespace synapse::server {
namespace {

constexpr net::time_ns second = 1'000'000'000;

/// 30 s of silence, 100 bytes a second, an hour in all.
body_pace::rules usual() {
  return {30 * second, 100, 3600 * second};
}

TEST(body_pace, a_client_that_sends_nothing_has_the_time_of_a_silence) {
  body_pace pace{usual(), 5000};
  EXPECT_EQ(pace.wait(10 * second, 5000), 40 * second);
  EXPECT_EQ(pace.wait(39 * second, 5000), 40 * second);
}

TEST(body_pace, one_byte_now_and_then_is_too_slow_after_the_time_of_a_silence) {
  body_pace pace{usual(), 0};
  net::time_ns now = second;
  std::uint64_t bytes = 0;
  net::time_ns due = pace.wait(now, bytes);
  while (now < due) {
    now += 5 * second;
    due = pace.wait(now, ++bytes);
  }
  EXPECT_EQ(due, 31 * second);
}

TEST(body_pace, who_keeps_the_rate_is_waited_for_until_the_limit_of_all_waits) {
  body_pace pace{usual(), 0};
  net::time_ns now = second;
  std::uint64_t bytes = 0;
  net::time_ns due = pace.wait(now, bytes);
  while (now < due) {
    now += 5 * second;
    bytes += 600;
    due = pace.wait(now, bytes);
  }
  EXPECT_EQ(now, 3601 * second);
}

TEST(body_pace, what_came_fast_counts_for_what_is_slow) {
  body_pace pace{usual(), 0};
  pace.wait(0 + second, 0);
  // 100 s worth of bytes at once, then silence: that has its own limit.
  EXPECT_EQ(pace.wait(2 * second, 10'000), 32 * second);
  // A byte before it: the average over the wait from second 1 on holds until second 101.
  EXPECT_EQ(pace.wait(31 * second, 10'001), 61 * second);
  EXPECT_EQ(pace.wait(60 * second, 10'002), 90 * second);
  EXPECT_EQ(pace.wait(89 * second, 10'003), 101 * second + 3 * second / 100);
}

TEST(body_pace, time_in_which_nobody_waits_for_the_client_does_not_count) {
  body_pace pace{usual(), 0};
  net::time_ns now = second;
  std::uint64_t bytes = 0;
  // A byte is there each time after 1 s of waiting, and the backend takes 100 s for it.
  for (int i = 0; i < 29; ++i) {
    ASSERT_GT(pace.wait(now, bytes), now + second);
    now += second;
    ++bytes;
    pace.go_on(now);
    now += 100 * second;
  }
  // 29 s of waiting are over, and 29 bytes are far below the rate: one second is left.
  EXPECT_EQ(pace.wait(now, bytes), now + second);
}

TEST(body_pace, limits_can_be_off) {
  body_pace pace{{30 * second, 0, 0}, 0};
  net::time_ns now = second;
  for (std::uint64_t bytes = 0; bytes < 10'000; ++bytes, now += 29 * second)
    ASSERT_EQ(pace.wait(now, bytes), now + 30 * second);
}

TEST(body_pace, a_body_of_any_size_does_not_overflow) {
  body_pace pace{{30 * second, 1, 0}, 0};
  pace.wait(second, 0);
  EXPECT_GT(pace.wait(2 * second, std::uint64_t{1} << 62), second);
}

} // namespace
} // namespace synapse::server
