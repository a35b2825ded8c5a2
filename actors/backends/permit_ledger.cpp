#include "actors/backends/permit_ledger.hpp"

#include <algorithm>

namespace synapse::actors {

permit_ledger::permit_ledger(config::concurrency_settings settings)
    : settings_(settings), free_(settings.max_requests) {}

std::vector<permit_ledger::grant>
permit_ledger::reconfigure(config::concurrency_settings settings) {
  free_ += static_cast<std::int64_t>(settings.max_requests) - settings_.max_requests;
  settings_ = settings;
  if (limited())
    return serve();
  // No limit any more: whoever waits may go.
  std::vector<grant> grants;
  for (const auto& w : waiting_)
    grants.push_back({w.lane, w.request, 0});
  waiting_.clear();
  return grants;
}

permit_ledger::verdict permit_ledger::request(std::uint32_t lane, std::uint64_t request,
                                              time_ns now, grant& result, bool waits) {
  if (!limited()) {
    result = {lane, request, 0};
    return verdict::granted;
  }
  if (waiting_.empty() && free_ > 0) {
    // Large limits are leased in portions, small ones permit by permit.
    const auto lanes = std::max<std::size_t>(held_.size(), 1);
    const auto portion = static_cast<std::int64_t>(settings_.max_requests / (4 * lanes));
    const auto spare = std::clamp<std::int64_t>(portion, 0, free_ - 1);
    free_ -= 1 + spare;
    held_[lane] += static_cast<std::uint32_t>(1 + spare);
    result = {lane, request, static_cast<std::uint32_t>(spare)};
    return verdict::granted;
  }
  if (!waits || waiting_.size() >= settings_.max_waiting)
    return verdict::overflow;
  waiting_.push_back(
      {lane, request, now + std::chrono::nanoseconds{settings_.queue_timeout}.count()});
  return verdict::queued;
}

std::vector<permit_ledger::grant> permit_ledger::give_back(std::uint32_t lane,
                                                           std::uint32_t count) {
  const auto held = held_.find(lane);
  if (held == held_.end())
    return {};
  count = std::min(count, held->second);
  held->second -= count;
  free_ += count;
  return serve();
}

std::vector<permit_ledger::grant> permit_ledger::remove_lane(std::uint32_t lane) {
  std::erase_if(waiting_, [&](const waiter& w) { return w.lane == lane; });
  if (const auto held = held_.find(lane); held != held_.end()) {
    free_ += held->second;
    held_.erase(held);
  }
  return serve();
}

std::vector<permit_ledger::grant> permit_ledger::serve() {
  std::vector<grant> grants;
  while (free_ > 0 && !waiting_.empty()) {
    const auto next = waiting_.front();
    waiting_.pop_front();
    --free_;
    ++held_[next.lane];
    grants.push_back({next.lane, next.request, 0});
  }
  return grants;
}

bool permit_ledger::abandon(std::uint32_t lane, std::uint64_t request) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const waiter& w) {
    return w.lane == lane && w.request == request;
  });
  if (found == waiting_.end())
    return false;
  waiting_.erase(found);
  return true;
}

std::vector<permit_ledger::grant> permit_ledger::expire(time_ns now) {
  std::vector<grant> expired;
  // The time limit is the same for all, so the queue is in order of deadlines except around a
  // reload; then a later one may go a little late.
  while (!waiting_.empty() && waiting_.front().deadline <= now) {
    expired.push_back({waiting_.front().lane, waiting_.front().request, 0});
    waiting_.pop_front();
  }
  return expired;
}

std::uint32_t permit_ledger::leased() const noexcept {
  std::uint32_t sum = 0;
  for (const auto& [lane, count] : held_)
    sum += count;
  return sum;
}

std::uint32_t permit_ledger::held_by(std::uint32_t lane) const noexcept {
  const auto found = held_.find(lane);
  return found == held_.end() ? 0 : found->second;
}

std::optional<time_ns> permit_ledger::next_expiry() const {
  if (waiting_.empty())
    return std::nullopt;
  return waiting_.front().deadline;
}

} // namespace synapse::actors
