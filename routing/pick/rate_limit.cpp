#include "routing/pick/rate_limit.hpp"

#include <algorithm>

namespace synapse::routing {

namespace {
constexpr std::int64_t window_seconds = rate_limit::window / rate_limit::second;

std::uint32_t second_of(std::int64_t now) noexcept {
  return static_cast<std::uint32_t>(now / rate_limit::second) + 1; // 0: an empty cell
}
std::uint32_t name_of(std::uint64_t cell) noexcept {
  return static_cast<std::uint32_t>(cell >> 32);
}
std::int64_t cost_of(std::uint64_t cell) noexcept {
  return static_cast<std::int64_t>(cell & rate_limit::most);
}
std::uint64_t make_cell(std::uint32_t name, std::int64_t cost) noexcept {
  return std::uint64_t{name} << 32 | static_cast<std::uint64_t>(cost);
}
/// Whether what was taken in that second does not count any more.
bool is_over(std::uint32_t name, std::uint32_t now) noexcept {
  return static_cast<std::int32_t>(now - name) >= window_seconds;
}
} // namespace

rate_limit::rate_limit(std::int64_t per_minute) noexcept
    : limit_(std::clamp<std::int64_t>(per_minute, 0, most)) {}

/// What is counted in `used_` already gets its place, from which it will be taken off again.
void rate_limit::add(std::uint32_t stamp, std::int64_t cost) noexcept {
  auto& place = cells_[stamp % cell_count];
  auto before = place.load();
  for (;;) {
    // One that is newer belongs to a thread whose clock is ahead; there it counts for longer.
    const bool is_old = static_cast<std::int32_t>(stamp - name_of(before)) > 0;
    const auto held = is_old ? 0 : cost_of(before);
    const auto after =
        make_cell(is_old ? stamp : name_of(before), std::min<std::int64_t>(held + cost, most));
    if (!place.compare_exchange_weak(before, after))
      continue;
    // Cells come round only after their time: what an old one held is over.
    const auto gone = (is_old ? cost_of(before) : 0) + (held + cost - cost_of(after));
    if (gone != 0)
      used_.fetch_sub(gone);
    return;
  }
}

void rate_limit::sweep(std::int64_t now) noexcept {
  const auto stamp = second_of(now);
  auto last = swept_.load();
  if (static_cast<std::int32_t>(stamp - last) <= 0 || !swept_.compare_exchange_strong(last, stamp))
    return;
  for (auto& place : cells_) {
    auto held = place.load();
    if (cost_of(held) != 0 && is_over(name_of(held), stamp) &&
        place.compare_exchange_strong(held, make_cell(name_of(held), 0)))
      used_.fetch_sub(cost_of(held));
  }
}

bool rate_limit::take(std::int64_t cost, std::int64_t now) noexcept {
  if (!is_limit())
    return true;
  if (cost > limit_)
    return false;
  cost = std::max<std::int64_t>(cost, 0);
  sweep(now);
  auto used = used_.load();
  do {
    if (used + cost > limit_)
      return false;
  } while (!used_.compare_exchange_weak(used, used + cost));
  add(second_of(now), cost);
  return true;
}

void rate_limit::settle(std::int64_t difference, std::int64_t taken, std::int64_t now) noexcept {
  if (!is_limit() || difference == 0)
    return;
  if (difference > 0) {
    const auto more = std::min(difference, most);
    used_.fetch_add(more);
    add(second_of(now), more);
    return;
  }
  // Only where it still counts: what is over was taken off whole.
  const auto stamp = second_of(taken);
  auto& place = cells_[stamp % cell_count];
  auto held = place.load();
  while (name_of(held) == stamp && cost_of(held) != 0) {
    const auto less = std::min(cost_of(held), -std::max(difference, -most));
    if (place.compare_exchange_weak(held, make_cell(stamp, cost_of(held) - less))) {
      used_.fetch_sub(less);
      return;
    }
  }
}

float rate_limit::headroom(std::int64_t now) noexcept {
  if (!is_limit())
    return 1;
  sweep(now);
  const auto left = std::max<std::int64_t>(limit_ - used_.load(), 0);
  return static_cast<float>(left) / static_cast<float>(limit_);
}

std::int64_t rate_limit::retry_after(std::int64_t cost, std::int64_t now) noexcept {
  if (!is_limit())
    return 0;
  sweep(now);
  auto missing = used_.load() + cost - limit_;
  if (missing <= 0)
    return 0;
  const auto stamp = second_of(now);
  // From the oldest second that counts on; it is over when the window has passed its begin.
  for (std::int64_t age = window_seconds - 1; age >= 0 && cost <= limit_; --age) {
    const auto name = static_cast<std::uint32_t>(stamp - age);
    const auto held = cells_[name % cell_count].load();
    if (name_of(held) == name)
      missing -= cost_of(held);
    if (missing <= 0)
      return (now / second - age) * second + window - now;
  }
  return window;
}

bool rate_limits::take(std::int64_t tokens, std::int64_t now) noexcept {
  if (!requests_.take(1, now))
    return false;
  if (tokens_.take(tokens, now))
    return true;
  requests_.settle(-1, now, now);
  return false;
}

void rate_limits::give_back(std::int64_t tokens, std::int64_t taken, std::int64_t now) noexcept {
  requests_.settle(-1, taken, now);
  tokens_.settle(-tokens, taken, now);
}

float rate_limits::headroom(std::int64_t now) noexcept {
  return std::min(requests_.headroom(now), tokens_.headroom(now));
}

std::int64_t rate_limits::retry_after(std::int64_t tokens, std::int64_t now) noexcept {
  return std::max(requests_.retry_after(1, now), tokens_.retry_after(tokens, now));
}

} // namespace synapse::routing
