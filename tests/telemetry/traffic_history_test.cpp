#include "telemetry/gateway_metrics.hpp"
#include "telemetry/health_history.hpp"
#include "telemetry/traffic_history.hpp"

#include <gtest/gtest.h>

namespace synapse::telemetry {
namespace {

constexpr std::int64_t ms = 1'000'000;

/// Totals of a route that has answered `counts[i]` requests in i ms each.
traffic_totals totals(std::uint64_t requests, std::vector<std::uint32_t> counts) {
  traffic_totals result;
  result.requests = requests;
  result.server_errors = requests / 10;
  result.left = requests / 50;
  result.duration.resize(sketch::bins);
  for (std::size_t i = 0; i < counts.size(); ++i)
    result.duration[sketch::bin_of(static_cast<std::int64_t>(i) * ms)] = counts[i];
  return result;
}

TEST(traffic_history, has_what_happened_between_two_looks) {
  traffic_history history{2};
  history.record({{"/chat", totals(100, {0, 100})}}, 1'000);
  EXPECT_TRUE(history.since(0).empty());
  history.record({{"/chat", totals(150, {0, 100, 50})}}, 6'000);
  const auto samples = history.since(0);
  ASSERT_EQ(samples.size(), 1u);
  EXPECT_EQ(samples[0].at_ms, 6'000);
  EXPECT_EQ(samples[0].requests, 50u);
  EXPECT_EQ(samples[0].server_errors, 5u);
  EXPECT_EQ(samples[0].left, 1u);
  ASSERT_TRUE(samples[0].duration);
  EXPECT_NEAR(samples[0].duration->p50, 2, 0.02) << "the old ones do not count";
  history.record({{"/chat", totals(150, {0, 100, 50})}}, 11'000);
  EXPECT_FALSE(history.since(6'000).front().duration);
  history.record({{"/chat", totals(151, {0, 100, 51})}}, 16'000);
  EXPECT_EQ(history.since(0).size(), 2u) << "bounded";
  EXPECT_EQ(history.since(0).front().at_ms, 11'000);
  EXPECT_NEAR(history.since(11'000).front().duration->p99, 2, 0.02) << "one request is enough";
}

TEST(traffic_history, merges_the_distributions_of_routes) {
  traffic_history history;
  history.record({}, 1'000);
  history.record({{"/fast", totals(90, {0, 90})}, {"/slow", totals(10, {0, 0, 0, 0, 10})}}, 6'000);
  const auto all = history.since(0).front();
  EXPECT_EQ(all.requests, 100u);
  EXPECT_NEAR(all.duration->p50, 1, 0.01);
  EXPECT_NEAR(all.duration->p95, 4, 0.04);
  const auto slow = history.since(0, "/slow");
  ASSERT_EQ(slow.size(), 1u);
  EXPECT_EQ(slow.front().requests, 10u);
  EXPECT_NEAR(slow.front().duration->p50, 4, 0.04);
  EXPECT_TRUE(history.since(0, "/none").empty());
}

TEST(traffic_history, sums_the_last_hour_by_route) {
  traffic_history history;
  auto chat = totals(100, {0, 100});
  chat.in_flight = 2;
  history.record({{"/chat", {}}}, 0);
  history.record({{"/chat", chat}}, 5'000);
  EXPECT_EQ(history.routes().front().sum.in_flight, 2);
  chat.in_flight = 0;
  history.record({{"/chat", chat}, {"/embed", totals(200, {0, 0, 0, 200})}}, 10'000);
  for (int minute = 1; minute < 50; ++minute)
    history.record({{"/chat", totals(100 + static_cast<std::uint64_t>(minute),
                                     {0, 100, 0, 0, static_cast<std::uint32_t>(minute)})},
                    {"/embed", totals(200, {0, 0, 0, 200})}},
                   10'000 + minute * 60'000);
  auto routes = history.routes();
  ASSERT_EQ(routes.size(), 2u);
  EXPECT_EQ(routes[0].route, "/embed");
  EXPECT_EQ(routes[1].sum.requests, 149u);
  EXPECT_EQ(routes[1].sum.in_flight, 0);
  EXPECT_NEAR(routes[1].sum.duration->p50, 1, 0.01);
  EXPECT_NEAR(routes[1].sum.duration->p95, 4, 0.04);
  history.record(
      {{"/chat", totals(149, {0, 100, 0, 0, 49})}, {"/embed", totals(200, {0, 0, 0, 200})}},
      10'000 + 61 * 60'000);
  routes = history.routes();
  ASSERT_EQ(routes.size(), 1u) << "nothing of the last hour is left of the other";
  EXPECT_EQ(routes[0].route, "/chat");
  EXPECT_EQ(routes[0].sum.requests, 48u);
  EXPECT_NEAR(routes[0].sum.duration->p50, 4, 0.04);
}

TEST(gateway_metrics_totals, are_those_of_the_routes_that_count) {
  metric_registry registry{1};
  gateway_metrics metrics{registry, "1"};
  auto& chat = metrics.route("/chat");
  auto& probe = metrics.route("/probe");
  metrics.route("/unused");
  chat.requests(200).increment();
  chat.requests(404).increment();
  chat.requests(503).add(2);
  chat.duration.observe_ns(3 * ms);
  chat.first_token(metrics.backend("b")).observe_ns(5 * ms);
  probe.requests(200).add(1000);
  const auto all = metrics.totals([](std::string_view route) { return route != "/probe"; });
  ASSERT_EQ(all.size(), 1u) << "nothing was asked of the third";
  const auto& sum = all.at("/chat");
  EXPECT_EQ(sum.requests, 4u);
  EXPECT_EQ(sum.client_errors, 1u);
  EXPECT_EQ(sum.server_errors, 2u);
  EXPECT_NEAR(percentiles_of(sum.duration)->p50, 3, 0.03);
  EXPECT_NEAR(percentiles_of(sum.first_token)->p50, 5, 0.05);
}

TEST(gateway_metrics_totals, count_clients_that_leave_as_a_class_of_their_own) {
  metric_registry registry{1};
  gateway_metrics metrics{registry, "1"};
  auto& chat = metrics.route("/chat");
  chat.requests(499).increment(); // left before the answer
  chat.count_departure();
  chat.requests(200).increment(); // left within it
  chat.count_departure();
  const auto sum = metrics.totals([](std::string_view) { return true; }).at("/chat");
  EXPECT_EQ(sum.requests, 2u);
  EXPECT_EQ(sum.left, 2u);
  EXPECT_EQ(sum.client_errors, 0u) << "it is no mistake of theirs";
  EXPECT_EQ(sum.server_errors, 0u);
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
