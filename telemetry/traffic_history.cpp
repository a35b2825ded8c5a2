#include "telemetry/traffic_history.hpp"

#include <algorithm>
#include <utility>

namespace synapse::telemetry {

namespace {
constexpr std::int64_t minute_ms = 60'000;

/// The parts of a total are read one after the other while others count: one may seem to shrink.
std::uint64_t growth(std::uint64_t then, std::uint64_t now) {
  return now > then ? now - then : 0;
}

/// What was counted between two looks, without its percentiles.
traffic_sample between(const traffic_totals& then, const traffic_totals& now, std::int64_t at_ms) {
  traffic_sample sample;
  sample.at_ms = at_ms;
  sample.requests = growth(then.requests, now.requests);
  sample.client_errors = growth(then.client_errors, now.client_errors);
  sample.server_errors = growth(then.server_errors, now.server_errors);
  sample.left = growth(then.left, now.left);
  sample.in_flight = now.in_flight;
  return sample;
}

void add_counts(traffic_sample& to, const traffic_sample& more) {
  to.requests += more.requests;
  to.client_errors += more.client_errors;
  to.server_errors += more.server_errors;
  to.left += more.left;
  to.in_flight += more.in_flight;
}
} // namespace

void traffic_history::record(totals_by_route now, std::int64_t at_ms) {
  const std::lock_guard lock{mutex_};
  if (last_) {
    traffic_sample all;
    all.at_ms = at_ms;
    sparse_counts durations;
    sparse_counts first_tokens;
    for (const auto& [route, totals] : now) {
      static const traffic_totals none;
      const auto found = last_->find(route);
      const auto& then = found == last_->end() ? none : found->second;
      auto sample = between(then, totals, at_ms);
      auto duration = growth_of(then.duration, totals.duration);
      auto first_token = growth_of(then.first_token, totals.first_token);
      add_counts(all, sample);
      merge(durations, duration);
      merge(first_tokens, first_token);
      if (sample.requests == 0 && sample.in_flight == 0 && duration.empty() && first_token.empty())
        continue;
      sample.duration = percentiles_of(duration);
      sample.first_token = percentiles_of(first_token);
      add(by_route_[route], sample, std::move(duration), std::move(first_token));
    }
    all.duration = percentiles_of(durations);
    all.first_token = percentiles_of(first_tokens);
    samples_.push_back(all);
    if (samples_.size() > max_samples_)
      samples_.pop_front();
    forget(at_ms - kept_ms);
  }
  last_ = std::move(now);
}

/// @pre the lock is held
void traffic_history::add(route_history& to, const traffic_sample& sample, sparse_counts duration,
                          sparse_counts first_token) {
  to.samples.push_back(sample);
  if (to.samples.size() > max_samples_)
    to.samples.pop_front();
  if (to.minutes.empty() || sample.at_ms - to.minutes.back().begin_ms >= minute_ms) {
    to.minutes.emplace_back();
    to.minutes.back().begin_ms = sample.at_ms;
  }
  auto& last = to.minutes.back();
  last.sum.at_ms = sample.at_ms;
  add_counts(last.sum, sample);
  last.sum.in_flight = sample.in_flight;
  merge(last.duration, duration);
  merge(last.first_token, first_token);
}

/// @pre the lock is held
void traffic_history::forget(std::int64_t before_ms) {
  for (auto one = by_route_.begin(); one != by_route_.end();) {
    auto& [samples, minutes] = one->second;
    while (!samples.empty() && samples.front().at_ms <= before_ms)
      samples.pop_front();
    while (!minutes.empty() && minutes.front().sum.at_ms <= before_ms)
      minutes.pop_front();
    one = minutes.empty() ? by_route_.erase(one) : std::next(one);
  }
}

std::vector<traffic_sample> traffic_history::since(std::int64_t since_ms,
                                                   std::string_view route) const {
  const std::lock_guard lock{mutex_};
  std::vector<traffic_sample> result;
  const auto* from = &samples_;
  if (!route.empty()) {
    const auto found = by_route_.find(route);
    if (found == by_route_.end())
      return result;
    from = &found->second.samples;
  }
  std::copy_if(from->begin(), from->end(), std::back_inserter(result),
               [since_ms](const traffic_sample& one) { return one.at_ms > since_ms; });
  return result;
}

std::vector<route_summary> traffic_history::routes() const {
  const std::lock_guard lock{mutex_};
  std::vector<route_summary> result;
  for (const auto& [route, history] : by_route_) {
    route_summary one;
    one.route = route;
    sparse_counts durations;
    sparse_counts first_tokens;
    for (const auto& part : history.minutes) {
      add_counts(one.sum, part.sum);
      one.sum.at_ms = part.sum.at_ms;
      merge(durations, part.duration);
      merge(first_tokens, part.first_token);
    }
    const bool current = !samples_.empty() && samples_.back().at_ms == one.sum.at_ms;
    one.sum.in_flight = current ? history.samples.back().in_flight : 0;
    one.sum.duration = percentiles_of(durations);
    one.sum.first_token = percentiles_of(first_tokens);
    if (one.sum.requests > 0)
      result.push_back(std::move(one));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.sum.requests > b.sum.requests; });
  return result;
}

} // namespace synapse::telemetry
