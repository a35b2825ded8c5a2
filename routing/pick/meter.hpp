/// @file
/// What all I/O threads know of one deployment.
#pragma once

#include "routing/pick/averages.hpp"
#include "routing/pick/windows.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace synapse::routing {

/// Whether a deployment's model is in memory.
enum class load_state : std::uint8_t { unknown, loaded, loading, cold_fits, cold_evicts };

/// First tokens of long prompts come later: they are compared among their like.
inline constexpr std::size_t prompt_classes = 4;
/// @returns below `prompt_classes`: under 2 KiB, under 16 KiB, under 128 KiB, more.
std::uint8_t prompt_class_of(std::size_t bytes) noexcept;

/// What one pick looks at.
struct meter_reading {
  std::uint32_t in_flight = 0;
  float first_token = 0; ///< ns; 0: no sample lately
  float success = 1;     ///< share, 0.05 to 1
};

/// Each thread writes into lines of its own, without a lock; all may read. What a thread tells with
/// `thread` may be told by that thread only, its index below `threads`. Times are nanoseconds of
/// one monotonic clock.
class deployment_meter {
public:
  static constexpr unsigned max_threads = 256;
  static constexpr unsigned few_threads = 8; ///< up to here all are read for each question
  static constexpr std::int64_t others_last = 100'000'000; ///< ns that others' numbers are kept
  static constexpr float least_success = 0.05F;

  /// @param threads 1 to `max_threads`; made fit where it is not
  explicit deployment_meter(unsigned threads);
  ~deployment_meter();
  deployment_meter(const deployment_meter&) = delete;
  deployment_meter& operator=(const deployment_meter&) = delete;

  /// An attempt goes there. @param first whether it is its request's first attempt anywhere
  void begin(unsigned thread, bool first) noexcept;
  /// A request is this deployment's for the moment, or is so no longer: it has gone on to another.
  /// Whoever has it last counts it in `lately`. By the thread that has the request.
  void came(unsigned thread, std::int64_t now) noexcept;
  void went_on(unsigned thread, std::int64_t now) noexcept;
  /// It is over, however it ended. Once for each `begin`, by the same thread.
  void end(unsigned thread) noexcept;
  /// An attempt that goes well had its first token (where nothing is streamed: its head).
  /// @param after ns since it was sent @param prompt_class of its request
  void first_token(unsigned thread, std::uint8_t prompt_class, std::int64_t after,
                   std::int64_t now) noexcept;
  void succeeded(unsigned thread, std::int64_t now) noexcept;
  void failed(unsigned thread, std::int64_t now) noexcept;
  /// It failed because no token came within `limit` ns.
  void timed_out(unsigned thread, std::uint8_t prompt_class, std::int64_t limit,
                 std::int64_t now) noexcept;
  void used_tokens(unsigned thread, std::uint64_t in, std::uint64_t out) noexcept;

  /// Of the thread's own exactly; others' as of at most 100 ms ago. Of that thread only.
  std::uint32_t in_flight(unsigned thread, std::int64_t now) noexcept;
  /// Likewise, with what is needed to compare deployments.
  meter_reading read(unsigned thread, std::uint8_t prompt_class, std::int64_t now) noexcept;

  struct totals {
    std::uint64_t requests = 0;
    std::uint64_t attempts = 0;
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::uint64_t tokens_in = 0;
    std::uint64_t tokens_out = 0;
  };
  // Sums over all threads. Any thread.
  totals all() const noexcept;
  std::uint32_t all_in_flight() const noexcept;
  outcome_window::counts within(std::int64_t now) const noexcept;
  std::uint64_t successes_within(std::int64_t now) const noexcept { return within(now).successes; }
  std::uint64_t failures_within(std::int64_t now) const noexcept { return within(now).failures; }
  /// Requests of the last five minutes.
  std::uint64_t lately(std::int64_t now) const noexcept;
  /// Time of the newest outcome; `never`.
  std::int64_t last_sample() const noexcept;

  // Of the whole process: one writer at a time, any reader.
  void set_load(load_state now) noexcept { load_.store(now, std::memory_order_relaxed); }
  load_state load() const noexcept { return load_.load(std::memory_order_relaxed); }
  /// Loading its model took so many nanoseconds.
  void took_to_load(std::int64_t duration) noexcept;
  /// Average, ns; 0: never seen.
  std::int64_t load_time() const noexcept { return load_time_.load(std::memory_order_relaxed); }
  /// It recovered or woke: weight ramps from here on, and samples of before do not count any more.
  void set_ready_since(std::int64_t at) noexcept { ready_.store(at, std::memory_order_relaxed); }
  std::int64_t ready_since() const noexcept { return ready_.load(std::memory_order_relaxed); }

private:
  struct slot;
  struct others;

  slot& of(unsigned thread) const noexcept;
  void count(slot& own, bool success, std::int64_t now) noexcept;
  void feed(slot& own, std::uint8_t prompt_class, std::int64_t sample, std::int64_t now) noexcept;
  const others& look_around(slot& own, std::int64_t now) noexcept;
  std::uint32_t busy(slot& own, std::int64_t now) noexcept;

  std::unique_ptr<slot[]> slots_;
  unsigned threads_;
  std::atomic<load_state> load_{load_state::unknown};
  std::atomic<std::int64_t> load_time_{0};
  std::atomic<std::int64_t> ready_{never};
};

} // namespace synapse::routing
