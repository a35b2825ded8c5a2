#include "telemetry/gateway_metrics.hpp"
#include "telemetry/health_history.hpp"
#include "telemetry/traffic_history.hpp"

#include <gtest/gtest.h>

namespace synapse::telemetry {
namespace {

const std::vector<std::int64_t> bounds{1'000'000, 2'000'000, 4'000'000};

TEST(percentile_estimates, lie_within_the_bucket_of_their_rank) {
  const std::vector<std::uint64_t> counts{0, 100, 0, 0};
  const auto found = estimate_percentiles(bounds, counts);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->p50, 1.5, 1e-9);
  EXPECT_NEAR(found->p99, 1.99, 1e-9);
}

TEST(percentile_estimates, of_nothing_are_nothing) {
  const std::vector<std::uint64_t> counts{0, 0, 0, 0};
  EXPECT_FALSE(estimate_percentiles(bounds, counts));
}

TEST(percentile_estimates, beyond_the_last_bound_are_that_bound) {
  const std::vector<std::uint64_t> counts{50, 0, 0, 50};
  const auto found = estimate_percentiles(bounds, counts);
  EXPECT_NEAR(found->p50, 1, 1e-9);
  EXPECT_NEAR(found->p95, 4, 1e-9);
}

traffic_totals totals(std::uint64_t requests, std::vector<std::uint64_t> counts) {
  traffic_totals result;
  result.requests = requests;
  result.server_errors = requests / 10;
  result.duration = {bounds, std::move(counts)};
  return result;
}

TEST(traffic_history, has_what_happened_between_two_looks) {
  traffic_history history{2};
  history.record(totals(100, {100, 0, 0, 0}), 1'000);
  EXPECT_TRUE(history.since(0).empty());
  history.record(totals(150, {100, 50, 0, 0}), 6'000);
  const auto samples = history.since(0);
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].at_ms, 6'000);
  EXPECT_EQ(samples[0].requests, 50u);
  EXPECT_EQ(samples[0].server_errors, 5u);
  ASSERT_TRUE(samples[0].duration);
  EXPECT_GT(samples[0].duration->p50, 1.0) << "the old ones do not count";
  history.record(totals(150, {100, 50, 0, 0}), 11'000);
  EXPECT_FALSE(history.since(6'000).front().duration);
  history.record(totals(151, {100, 51, 0, 0}), 16'000);
  EXPECT_EQ(history.since(0).size(), 2u) << "bounded";
  EXPECT_EQ(history.since(0).front().at_ms, 11'000);
}

TEST(gateway_metrics_totals, are_the_sum_of_the_routes_that_count) {
  metric_registry registry{1};
  gateway_metrics metrics{registry, "1"};
  auto& chat = metrics.route("/chat");
  auto& probe = metrics.route("/probe");
  chat.requests(200).increment();
  chat.requests(404).increment();
  chat.requests(503).add(2);
  chat.duration.observe_ns(3'000'000);
  chat.first_token(metrics.backend("b")).observe_ns(5'000'000);
  probe.requests(200).add(1000);
  const auto sum = metrics.totals([](std::string_view route) { return route == "/chat"; });
  EXPECT_EQ(sum.requests, 4u);
  EXPECT_EQ(sum.client_errors, 1u);
  EXPECT_EQ(sum.server_errors, 2u);
  ASSERT_EQ(sum.duration.counts.size(), sum.duration.bounds_ns.size() + 1);
  EXPECT_NEAR(estimate_percentiles(sum.duration.bounds_ns, sum.duration.counts)->p50, 3, 3);
  EXPECT_NEAR(estimate_percentiles(sum.first_token.bounds_ns, sum.first_token.counts)->p50, 5, 5);
}

TEST(health_history, keeps_a_bounded_number_and_forgets_backends_that_are_gone) {
  health_history history;
  health_sample sample;
  for (std::size_t i = 0; i < health_history::max_samples + 10; ++i) {
    sample.at_ms = static_cast<std::int64_t>(i);
    history.record({{"a", sample}, {"b", sample}});
  }
  EXPECT_EQ(history.all().at("a").size(), health_history::max_samples);
  EXPECT_EQ(history.all().at("a").front().at_ms, 10);
  history.record({{"a", sample}});
  EXPECT_FALSE(history.all().contains("b"));
}

} // namespace
} // namespace synapse::telemetry
