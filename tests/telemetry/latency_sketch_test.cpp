#include "telemetry/latency_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

namespace synapse::telemetry {
namespace {

constexpr std::int64_t ms = 1'000'000;

percentiles of(const std::vector<std::int64_t>& durations) {
  const latency_sketch sketch{1};
  for (const auto one : durations)
    sketch.observe_ns(one);
  sketch_counts counts;
  sketch.add_to(counts);
  return percentiles_of(counts).value_or(percentiles{});
}

TEST(latency_sketch, shows_each_duration_within_one_per_cent) {
  for (double exact = 10'000; exact < 4e12; exact *= 1.0007) {
    const auto ns = static_cast<std::int64_t>(exact);
    const auto shown = of({ns}).p50 * 1e6;
    ASSERT_NEAR(shown, exact, exact * 0.01) << ns;
  }
}

TEST(latency_sketch, has_bins_in_the_order_of_durations) {
  std::size_t before = 0;
  for (std::int64_t ns = 0; ns < std::int64_t{1} << 62; ns += std::max<std::int64_t>(1, ns / 300)) {
    const auto bin = sketch::bin_of(ns);
    ASSERT_TRUE(bin == before || bin == before + 1) << ns;
    ASSERT_LT(bin, sketch::bins);
    before = bin;
  }
  EXPECT_EQ(before, sketch::bins - 1);
  EXPECT_EQ(sketch::bin_of(-5), 0u);
  for (std::size_t bin = 1; bin + 1 < sketch::bins; ++bin)
    ASSERT_EQ(sketch::bin_of(static_cast<std::int64_t>(sketch::middle_of(bin))), bin);
}

TEST(latency_sketch, takes_no_percentile_from_the_bound_of_a_bucket) {
  // 24 answers of about 700 ms: buckets of 500 ms and 1 s made 968 ms of their 95th percentile.
  std::vector<std::int64_t> durations;
  for (int i = 0; i < 24; ++i)
    durations.push_back((700 + i / 2) * ms);
  const auto found = of(durations);
  EXPECT_NEAR(found.p50, 705, 7.1);
  EXPECT_NEAR(found.p95, 711, 7.2);
  EXPECT_NEAR(found.p99, 711, 7.2);
}

TEST(latency_sketch, has_the_percentiles_of_nearest_rank) {
  std::vector<std::int64_t> durations;
  for (int i = 1; i <= 100; ++i)
    durations.push_back(i * ms);
  const auto found = of(durations);
  EXPECT_NEAR(found.p50, 50, 0.5);
  EXPECT_NEAR(found.p95, 95, 0.95);
  EXPECT_NEAR(found.p99, 99, 0.99);
  EXPECT_NEAR(of({3 * ms, 1000 * ms}).p50, 3, 0.03);
  EXPECT_NEAR(of({3 * ms, 1000 * ms}).p95, 1000, 10);
}

TEST(latency_sketch, of_nothing_has_no_percentiles) {
  EXPECT_FALSE(percentiles_of(sketch_counts{}));
  EXPECT_FALSE(percentiles_of(sparse_counts{}));
  const latency_sketch sketch{4};
  sketch_counts counts;
  sketch.add_to(counts);
  EXPECT_TRUE(counts.empty()) << "nobody has counted: there is no memory for it";
}

TEST(latency_sketch, sums_what_threads_have_counted) {
  const latency_sketch sketch{2};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 6; ++i)
    threads.emplace_back([&sketch, i] {
      if (i < 2)
        set_shard(i); // the others share one
      for (int n = 0; n < 10'000; ++n)
        sketch.observe_ns((1 + n % 4) * ms);
    });
  for (auto& one : threads)
    one.join();
  sketch_counts counts;
  sketch.add_to(counts);
  for (int value = 1; value <= 4; ++value)
    EXPECT_EQ(counts.at(sketch::bin_of(value * ms)), 15'000u);
}

TEST(latency_sketch, grows_across_the_end_of_its_counters) {
  sketch_counts before(sketch::bins);
  sketch_counts now(sketch::bins);
  const auto bin = sketch::bin_of(5 * ms);
  before[bin] = 0xFFFFFFFE;
  now[bin] = 3;
  EXPECT_EQ(growth_of(before, now), (sparse_counts{{static_cast<std::uint16_t>(bin), 5}}));
  EXPECT_EQ(growth_of({}, now), (sparse_counts{{static_cast<std::uint16_t>(bin), 3}}));
}

TEST(latency_sketch, merges_without_losing_anything) {
  sparse_counts sum{{1, 1}, {5, 2}};
  merge(sum, {{0, 7}, {5, 3}, {9, 1}});
  EXPECT_EQ(sum, (sparse_counts{{0, 7}, {1, 1}, {5, 5}, {9, 1}}));
  merge(sum, {});
  EXPECT_EQ(sum.size(), 4u);
}

} // namespace
} // namespace synapse::telemetry
