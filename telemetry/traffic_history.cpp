#include "telemetry/traffic_history.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace synapse::telemetry {

namespace {
/// Below which time the share `part` of the observations lies; milliseconds.
double quantile(std::span<const std::int64_t> bounds, std::span<const std::uint64_t> counts,
                std::uint64_t total, double part) {
  const double rank = part * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (here == 0 || below + here < rank) {
      below += here;
      continue;
    }
    if (i >= bounds.size())
      break;
    const double from = i == 0 ? 0 : static_cast<double>(bounds[i - 1]);
    return (from + (static_cast<double>(bounds[i]) - from) * (rank - below) / here) / 1e6;
  }
  return bounds.empty() ? 0 : static_cast<double>(bounds.back()) / 1e6;
}

/// What was observed between two looks.
std::optional<percentiles> between(const bucket_totals& then, const bucket_totals& now) {
  auto counts = now.counts;
  for (std::size_t i = 0; i < counts.size() && i < then.counts.size(); ++i)
    counts[i] -= std::min(counts[i], then.counts[i]);
  return estimate_percentiles(now.bounds_ns, counts);
}

/// The parts of a total are read one after the other while others count: one may seem to shrink.
std::uint64_t growth(std::uint64_t then, std::uint64_t now) {
  return now > then ? now - then : 0;
}
} // namespace

std::optional<percentiles> estimate_percentiles(std::span<const std::int64_t> bounds_ns,
                                                std::span<const std::uint64_t> counts) {
  const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (total == 0)
    return {};
  return percentiles{quantile(bounds_ns, counts, total, 0.50),
                     quantile(bounds_ns, counts, total, 0.95),
                     quantile(bounds_ns, counts, total, 0.99)};
}

void traffic_history::record(traffic_totals now, std::int64_t at_ms) {
  const std::lock_guard lock{mutex_};
  if (last_) {
    traffic_sample sample;
    sample.at_ms = at_ms;
    sample.requests = growth(last_->requests, now.requests);
    sample.client_errors = growth(last_->client_errors, now.client_errors);
    sample.server_errors = growth(last_->server_errors, now.server_errors);
    sample.in_flight = now.in_flight;
    sample.duration = between(last_->duration, now.duration);
    sample.first_token = between(last_->first_token, now.first_token);
    samples_.push_back(sample);
    if (samples_.size() > max_samples_)
      samples_.pop_front();
  }
  last_ = std::move(now);
}

std::vector<traffic_sample> traffic_history::since(std::int64_t since_ms) const {
  const std::lock_guard lock{mutex_};
  std::vector<traffic_sample> result;
  std::copy_if(samples_.begin(), samples_.end(), std::back_inserter(result),
               [since_ms](const traffic_sample& one) { return one.at_ms > since_ms; });
  return result;
}

} // namespace synapse::telemetry
