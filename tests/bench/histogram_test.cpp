#include "bench/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using synapse::bench::histogram;

TEST(bench_histogram, an_empty_one_reports_zeros) {
  const histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.min(), 0U);
  EXPECT_EQ(empty.max(), 0U);
  EXPECT_EQ(empty.mean(), 0);
  EXPECT_EQ(empty.percentile(50), 0U);
}

TEST(bench_histogram, small_values_are_exact) {
  histogram h;
  for (std::uint64_t v = 1; v <= 200; ++v)
    h.record(v);
  EXPECT_EQ(h.percentile(50), 100U);
  EXPECT_EQ(h.percentile(99), 198U);
  EXPECT_EQ(h.percentile(100), 200U);
  EXPECT_EQ(h.percentile(0), 1U);
  EXPECT_DOUBLE_EQ(h.mean(), 100.5);
}

TEST(bench_histogram, every_power_of_two_and_its_neighbours_are_within_the_error) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t v : {power - 1, power, power + 1, power + power / 3}) {
      histogram h;
      h.record(v);
      h.record(0); // or clamping to the only value would hide the cell's error
      h.record(~std::uint64_t{0});
      const auto seen = static_cast<double>(h.percentile(50));
      EXPECT_LE(std::abs(seen - static_cast<double>(v)), static_cast<double>(v) / 256) << v;
    }
  }
}

TEST(bench_histogram, percentiles_agree_with_sorted_values) {
  std::mt19937_64 random{7};
  std::lognormal_distribution<double> spread{11, 1.5};
  std::vector<std::uint64_t> values(50'000);
  histogram h;
  for (auto& v : values) {
    v = static_cast<std::uint64_t>(spread(random));
    h.record(v);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(h.percentile(percent)), exact, exact * 0.01) << percent;
  }
  EXPECT_EQ(h.min(), values.front());
  EXPECT_EQ(h.max(), values.back());
}

TEST(bench_histogram, percentiles_never_leave_the_observed_range) {
  histogram h;
  h.record(1'000'003);
  EXPECT_EQ(h.percentile(50), 1'000'003U);
  EXPECT_EQ(h.percentile(99.9), 1'000'003U);
}

TEST(bench_histogram, clear_forgets_everything) {
  histogram h;
  h.record(5);
  h.clear();
  EXPECT_EQ(h.count(), 0U);
  h.record(9);
  EXPECT_EQ(h.min(), 9U);
  EXPECT_EQ(h.max(), 9U);
  EXPECT_EQ(h.percentile(50), 9U);
}
