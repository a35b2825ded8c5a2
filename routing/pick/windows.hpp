/// @file
/// Counts of what was lately: written by one thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace synapse::routing {

/// Adds to an atomic that only the calling thread writes: no bus lock is needed for that.
template <class Number>
void add_alone(std::atomic<Number>& to, Number what) noexcept {
  to.store(static_cast<Number>(to.load(std::memory_order_relaxed) + what),
           std::memory_order_relaxed);
}

/// Outcomes by second. Times are nanoseconds of a monotonic clock.
class outcome_window {
public:
  static constexpr std::int64_t seconds = 10; ///< the current one included

  struct counts {
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
  };
  /// Of the writing thread. A second holds 65,535 of each, more are not counted.
  void add(bool success, std::int64_t now) noexcept;
  /// What the last ten seconds saw. Any thread.
  counts within(std::int64_t now) const noexcept;

private:
  /// The second above, then failures, then successes: one word, so that nobody sees the counts of
  /// one second under the name of another.
  std::array<std::atomic<std::uint64_t>, 16> cells_{};
};

/// Requests by minute. Likewise.
class request_window {
public:
  static constexpr std::int64_t minutes = 5; ///< the current one included

  void add(std::int64_t now) noexcept;
  /// One that was added lately does not count after all.
  void take_back(std::int64_t now) noexcept;
  /// What the last five minutes saw. Any thread.
  std::uint64_t within(std::int64_t now) const noexcept;

private:
  std::array<std::atomic<std::uint64_t>, 8> cells_{}; ///< the minute above, requests below
};

} // namespace synapse::routing
