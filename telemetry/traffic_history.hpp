/// @file
/// The last hour of traffic in steps of a few seconds, for charts, and its sum by route.
#pragma once

#include "telemetry/latency_sketch.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::telemetry {

/// What has been counted since the start of the process. A request is of one class alone.
struct traffic_totals {
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0; ///< 4xx, but for 499
  std::uint64_t server_errors = 0; ///< 5xx, and answers that broke off
  std::uint64_t left = 0;          ///< their clients did not wait for the whole answer
  std::int64_t in_flight = 0;      ///< now
  sketch_counts duration;
  sketch_counts first_token;
};
using totals_by_route = std::map<std::string, traffic_totals, std::less<>>;

/// What has happened within one step.
struct traffic_sample {
  std::int64_t at_ms = 0; ///< its end; milliseconds since 1970
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0;
  std::uint64_t server_errors = 0;
  std::uint64_t left = 0;
  std::int64_t in_flight = 0;
  std::optional<percentiles> duration; ///< nothing when nothing was observed
  std::optional<percentiles> first_token;
};

/// What has happened on one route within the last hour.
struct route_summary {
  std::string route;
  traffic_sample sum; ///< `at_ms`: the newest step; `in_flight`: then
};

/// Keeps a bounded number of samples. Any thread.
class traffic_history {
public:
  static constexpr std::int64_t interval_seconds = 5;
  static constexpr std::int64_t kept_ms = 3'600'000;
  explicit traffic_history(std::size_t max_samples = 3600 / interval_seconds)
      : max_samples_(max_samples) {}

  /// Ends a step; the first call only begins one.
  void record(totals_by_route now, std::int64_t at_ms);
  /// Samples that end after `since_ms`, oldest first. @param route empty: all traffic; a route has
  /// none for steps in which nothing happened to it
  std::vector<traffic_sample> since(std::int64_t since_ms, std::string_view route = {}) const;
  /// Routes that had a request, those with the most first.
  std::vector<route_summary> routes() const;

private:
  /// Minutes are kept instead of steps: a route's distributions are the largest part.
  struct minute {
    std::int64_t begin_ms = 0;
    traffic_sample sum;
    sparse_counts duration;
    sparse_counts first_token;
  };
  struct route_history {
    std::deque<traffic_sample> samples;
    std::deque<minute> minutes;
  };
  void add(route_history& to, const traffic_sample& sample, sparse_counts duration,
           sparse_counts first_token);
  void forget(std::int64_t before_ms);

  std::size_t max_samples_;
  mutable std::mutex mutex_;
  std::optional<totals_by_route> last_;
  std::deque<traffic_sample> samples_;
  std::map<std::string, route_history, std::less<>> by_route_;
};

} // namespace synapse::telemetry
