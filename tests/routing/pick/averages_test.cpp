#include "routing/pick/averages.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

TEST(averages, half_of_a_weight_is_left_after_the_half_life) {
  EXPECT_FLOAT_EQ(faded(0), 1);
  EXPECT_FLOAT_EQ(faded(-5), 1);
  EXPECT_FLOAT_EQ(faded(half_life), 0.5F);
  EXPECT_FLOAT_EQ(faded(3 * half_life), 0.125F);
}

TEST(averages, a_sample_counts_for_a_minute) {
  EXPECT_FALSE(counts(never, 0));
  EXPECT_TRUE(counts(5, 5 + sample_lasts));
  EXPECT_FALSE(counts(5, 6 + sample_lasts));
  EXPECT_TRUE(counts(5, 0)); // of a clock that is ahead
}

TEST(peak_average, rises_at_once_and_sinks_by_half_in_ten_seconds) {
  peak_average peak;
  peak.feed(100, 0, false);
  peak.feed(500, 1, true);
  EXPECT_FLOAT_EQ(peak.value, 500);
  peak.feed(100, 1 + half_life, true);
  EXPECT_FLOAT_EQ(peak.value, 300);
}

TEST(peak_average, sinks_by_time_however_many_samples_there_are) {
  peak_average peak;
  peak.feed(500, 0, false);
  for (int i = 1; i <= 1000; ++i)
    peak.feed(100, i * half_life / 1000, true);
  EXPECT_NEAR(peak.value, 300, 1);
}

TEST(peak_average, begins_anew_where_it_is_not_fresh) {
  peak_average peak;
  peak.feed(500, 0, true);
  peak.feed(100, 1, false);
  EXPECT_FLOAT_EQ(peak.value, 100);
}

TEST(peak_average, is_joined_in_any_order_to_the_higher_one_as_it_has_faded) {
  const peak_average old{800, 0};
  const peak_average recent{100, 2 * half_life};
  peak_average joined;
  joined.join(old);
  joined.join(recent);
  EXPECT_FLOAT_EQ(joined.value, 200);
  EXPECT_EQ(joined.at, 2 * half_life);
  joined = recent;
  joined.join(old);
  EXPECT_FLOAT_EQ(joined.value, 200);
  joined.join(peak_average{});
  EXPECT_FLOAT_EQ(joined.value, 200);
}

TEST(success_share, is_joined_in_any_order_to_the_newest) {
  const success_share old{0.2F, 5};
  const success_share recent{0.6F, 6};
  success_share joined;
  EXPECT_FLOAT_EQ(joined.value, 1);
  joined.join(old);
  joined.join(recent);
  EXPECT_FLOAT_EQ(joined.value, 0.6F);
  joined.join(old);
  joined.join(success_share{});
  EXPECT_FLOAT_EQ(joined.value, 0.6F);
}

TEST(success_share, a_burst_of_failures_is_seen_within_the_burst) {
  float share = 1;
  for (int i = 0; i < 10; ++i)
    share = next_share(share, false, 1000);
  EXPECT_LT(share, 0.36F);
  EXPECT_GT(share, 0.3F);
}

TEST(success_share, after_a_silence_a_success_counts_wholly_and_a_failure_half) {
  EXPECT_GT(next_share(0.05F, true, sample_lasts), 0.95F);
  EXPECT_FLOAT_EQ(next_share(1, false, sample_lasts), 0.5F);
}

} // namespace
} // namespace synapse::routing
