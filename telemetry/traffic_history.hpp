/// @file
/// The last hour of traffic in steps of a few seconds, for charts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace synapse::telemetry {

/// A distribution since the start of the process.
struct bucket_totals {
  std::vector<std::int64_t> bounds_ns; ///< upper bounds, ascending
  std::vector<std::uint64_t> counts;   ///< one per bound, and one for what lies beyond them
};

/// What has been counted since the start of the process.
struct traffic_totals {
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0; ///< 4xx
  std::uint64_t server_errors = 0; ///< 5xx
  std::int64_t in_flight = 0;      ///< now
  bucket_totals duration;
  bucket_totals first_token;
};

/// Estimates of the time below which 50, 95 and 99 % of the observations lie, in milliseconds.
struct percentiles {
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
};

/// What has happened within one step.
struct traffic_sample {
  std::int64_t at_ms = 0; ///< its end; milliseconds since 1970
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0;
  std::uint64_t server_errors = 0;
  std::int64_t in_flight = 0;
  std::optional<percentiles> duration; ///< nothing when nothing was observed
  std::optional<percentiles> first_token;
};

/// The percentiles of counts per bucket, evenly spread within each bucket. What lies beyond the
/// last bound counts as that bound. @param counts one more than `bounds_ns`.
std::optional<percentiles> estimate_percentiles(std::span<const std::int64_t> bounds_ns,
                                                std::span<const std::uint64_t> counts);

/// Keeps a bounded number of samples. Any thread.
class traffic_history {
public:
  static constexpr std::int64_t interval_seconds = 5;
  explicit traffic_history(std::size_t max_samples = 3600 / interval_seconds)
      : max_samples_(max_samples) {}

  /// Ends a step; the first call only begins one.
  void record(traffic_totals now, std::int64_t at_ms);
  /// Samples that end after `since_ms`, oldest first.
  std::vector<traffic_sample> since(std::int64_t since_ms) const;

private:
  std::size_t max_samples_;
  mutable std::mutex mutex_;
  std::optional<traffic_totals> last_;
  std::deque<traffic_sample> samples_;
};

} // namespace synapse::telemetry
