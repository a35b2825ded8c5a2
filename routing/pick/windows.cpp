#include "routing/pick/windows.hpp"

namespace synapse::routing {

namespace {
constexpr std::int64_t window_second = 1'000'000'000;
constexpr std::int64_t window_minute = 60 * window_second;
constexpr std::uint64_t success_mask = 0xffff;
constexpr std::uint64_t failure_unit = 0x10000;
constexpr std::uint64_t failure_mask = 0xffff0000;
constexpr std::uint64_t low_mask = 0xffffffff;

/// The name of a second or minute; never 0, which an empty cell has.
std::uint32_t stamp_of(std::int64_t now, std::int64_t unit) noexcept {
  return static_cast<std::uint32_t>(now / unit) + 1;
}
/// What the cell holds for that time, without its name.
std::uint64_t held_for(std::uint64_t cell, std::uint32_t stamp) noexcept {
  return (cell >> 32) == stamp ? cell & low_mask : 0;
}
/// Whether a cell is of the last `length` units. A thread's clock may be a moment ahead of ours.
bool is_within(std::uint64_t cell, std::uint32_t now, std::int64_t length) noexcept {
  const auto stamp = static_cast<std::uint32_t>(cell >> 32);
  const auto age = static_cast<std::int32_t>(now - stamp);
  return stamp != 0 && age >= -1 && age < length;
}
} // namespace

void outcome_window::add(bool success, std::int64_t now) noexcept {
  const auto stamp = stamp_of(now, window_second);
  auto& cell = cells_[stamp % cells_.size()];
  auto counted = held_for(cell.load(std::memory_order_relaxed), stamp);
  if (success && (counted & success_mask) != success_mask)
    ++counted;
  else if (!success && (counted & failure_mask) != failure_mask)
    counted += failure_unit;
  cell.store(std::uint64_t{stamp} << 32 | counted, std::memory_order_relaxed);
}

outcome_window::counts outcome_window::within(std::int64_t now) const noexcept {
  counts result;
  for (const auto& each : cells_) {
    const auto cell = each.load(std::memory_order_relaxed);
    if (!is_within(cell, stamp_of(now, window_second), seconds))
      continue;
    result.successes += cell & success_mask;
    result.failures += (cell & failure_mask) / failure_unit;
  }
  return result;
}

void request_window::add(std::int64_t now) noexcept {
  const auto stamp = stamp_of(now, window_minute);
  auto& cell = cells_[stamp % cells_.size()];
  auto counted = held_for(cell.load(std::memory_order_relaxed), stamp);
  if (counted != low_mask)
    ++counted;
  cell.store(std::uint64_t{stamp} << 32 | counted, std::memory_order_relaxed);
}

void request_window::take_back(std::int64_t now) noexcept {
  const auto stamp = stamp_of(now, window_minute);
  auto& cell = cells_[stamp % cells_.size()];
  // One of the minute before stays where it is: there is nothing to take away from.
  if (const auto counted = held_for(cell.load(std::memory_order_relaxed), stamp); counted > 0)
    cell.store(std::uint64_t{stamp} << 32 | (counted - 1), std::memory_order_relaxed);
}

std::uint64_t request_window::within(std::int64_t now) const noexcept {
  std::uint64_t result = 0;
  for (const auto& each : cells_) {
    const auto cell = each.load(std::memory_order_relaxed);
    if (is_within(cell, stamp_of(now, window_minute), minutes))
      result += cell & low_mask;
  }
  return result;
}

} // namespace synapse::routing
