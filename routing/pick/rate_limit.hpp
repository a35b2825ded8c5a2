/// @file
/// Real limits of a deployment: requests and tokens per minute.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace synapse::routing {

/// So much per minute, exactly: no 60 seconds see more, whichever they are and however many threads
/// take. (A bucket that fills while it is emptied lets twice as much through in its first minute.)
/// All of it may be taken at once. Lock-free; any thread; times are nanoseconds of one monotonic
/// clock, 0 or later. Where threads act by times that they have read earlier, the minute is shorter
/// by as much.
class rate_limit {
public:
  /// @param per_minute 0 or less: there is no limit
  explicit rate_limit(std::int64_t per_minute) noexcept;

  bool is_limit() const noexcept { return limit_ > 0; }
  /// Takes it, or nothing. @param cost above 0 @returns whether it was taken
  bool take(std::int64_t cost, std::int64_t now) noexcept;
  /// What was taken at `taken` turns out to have cost so much more, or less where it is negative.
  /// More is counted even beyond the limit.
  void settle(std::int64_t difference, std::int64_t taken, std::int64_t now) noexcept;
  /// @returns what is left: 0 (nothing) to 1
  float headroom(std::int64_t now) noexcept;
  /// @returns ns until so much can be taken, if nobody else takes it; 0: now; `window`: not sooner
  /// than that, or never, where it is more than the limit.
  std::int64_t retry_after(std::int64_t cost, std::int64_t now) noexcept;

  static constexpr std::int64_t second = 1'000'000'000;
  /// A second that has begun counts whole.
  static constexpr std::int64_t window = 61 * second;
  static constexpr std::int64_t most = 0xffffffff; ///< a higher limit is this one

private:
  static constexpr std::size_t cell_count = 64; ///< more than the window's seconds
  using cell = std::atomic<std::uint64_t>;      ///< the second above, what it cost below

  void add(std::uint32_t stamp, std::int64_t cost) noexcept;
  void sweep(std::int64_t now) noexcept;

  std::int64_t limit_;
  alignas(64) std::atomic<std::int64_t> used_{0}; ///< at least the sum of all cells
  std::atomic<std::uint32_t> swept_{0}; ///< the second in which old cells were last sought
  std::array<cell, cell_count> cells_{};
};

/// Both limits of a deployment.
class rate_limits {
public:
  rate_limits(std::int64_t requests, std::int64_t tokens) noexcept
      : requests_(requests), tokens_(tokens) {}

  /// Takes one request and its estimated tokens, or nothing.
  bool take(std::int64_t tokens, std::int64_t now) noexcept;
  /// The request of `taken` used so many tokens more than were taken, or fewer.
  void settle(std::int64_t difference, std::int64_t taken, std::int64_t now) noexcept {
    tokens_.settle(difference, taken, now);
  }
  /// It was not sent at all.
  void give_back(std::int64_t tokens, std::int64_t taken, std::int64_t now) noexcept;
  /// Of the limit that is nearer.
  float headroom(std::int64_t now) noexcept;
  std::int64_t retry_after(std::int64_t tokens, std::int64_t now) noexcept;

private:
  rate_limit requests_;
  rate_limit tokens_;
};

} // namespace synapse::routing
