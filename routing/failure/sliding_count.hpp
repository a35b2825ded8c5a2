/// @file
/// Time that may jump, and a count of what happened lately.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace synapse::routing {

/// `now - start`, without overflow.
constexpr std::int64_t time_between(std::int64_t start, std::int64_t now) noexcept {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(now, start, &result))
    return result;
  return now < start ? std::numeric_limits<std::int64_t>::min()
                     : std::numeric_limits<std::int64_t>::max();
}

/// How often something happened within the last so many nanoseconds, to a tenth of them: ten
/// buckets, of which the oldest is given up for a new one. Constant time, no memory beyond itself.
/// When the clock goes back a little the latest bucket goes on; when it jumps, all is forgotten.
class sliding_count {
public:
  static constexpr std::size_t buckets = 10;
  static constexpr std::int64_t longest_window = 3'600'000'000'000;

  /// @param window nanoseconds, 10 to an hour
  explicit sliding_count(std::int64_t window) noexcept
      : width_(std::clamp<std::int64_t>(window, buckets, longest_window) / buckets) {}

  void add(std::int64_t now) noexcept {
    move_to(now);
    auto& bucket = counts_[place_of(head_)];
    if (bucket == std::numeric_limits<std::uint32_t>::max())
      return;
    ++bucket;
    ++sum_;
  }
  std::uint64_t sum(std::int64_t now) noexcept {
    move_to(now);
    return sum_;
  }
  void clear() noexcept {
    counts_.fill(0);
    sum_ = 0;
  }

private:
  static constexpr auto count = static_cast<std::int64_t>(buckets);

  static std::size_t place_of(std::int64_t tick) noexcept {
    return static_cast<std::size_t>((tick % count + count) % count);
  }
  void move_to(std::int64_t now) noexcept {
    const std::int64_t tick = now / width_ - (now % width_ < 0 ? 1 : 0);
    const std::int64_t steps = time_between(head_, tick);
    if (steps >= count || steps <= -count) {
      clear();
      head_ = tick;
    }
    while (head_ < tick) {
      auto& oldest = counts_[place_of(++head_)];
      sum_ -= oldest;
      oldest = 0;
    }
  }

  std::int64_t width_;
  std::int64_t head_ = 0;
  std::uint64_t sum_ = 0;
  std::array<std::uint32_t, buckets> counts_{};
};

} // namespace synapse::routing
