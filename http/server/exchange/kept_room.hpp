/// @file
/// How much requests keep together of what may be needed once more.
#pragma once

#include <atomic>
#include <cstddef>

namespace synapse::server {

/// Bytes, of all threads. Any thread; each step is one atomic operation, repeated where another
/// thread comes in between.
class kept_room {
public:
  /// @returns false: with these it would be more than `most`, and nothing has changed
  bool take(std::size_t bytes, std::size_t most) noexcept {
    auto now = held_.load(std::memory_order_relaxed);
    do {
      if (now >= most || most - now < bytes)
        return false;
    } while (!held_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    return true;
  }
  /// However much there is: for what cannot be done without.
  void take_anyway(std::size_t bytes) noexcept {
    held_.fetch_add(bytes, std::memory_order_relaxed);
  }
  /// @pre they were taken
  void give_back(std::size_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

private:
  std::atomic<std::size_t> held_{0};
};

} // namespace synapse::server
