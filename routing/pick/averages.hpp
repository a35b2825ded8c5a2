/// @file
/// Averages that forget, kept by several threads and joined by who reads them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace synapse::routing {

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t half_life = 10'000'000'000; ///< ns
/// A sample that is older says nothing any more, ns.
inline constexpr std::int64_t sample_lasts = 60'000'000'000;

/// What is left of a weight after so many nanoseconds; 1 for none and for less than none.
inline float faded(std::int64_t age) noexcept {
  return age <= 0 ? 1 : std::exp2(static_cast<float>(age) / -static_cast<float>(half_life));
}

/// Whether a sample of `at` still counts.
inline bool counts(std::int64_t at, std::int64_t now) noexcept {
  return at != never && now - at <= sample_lasts;
}

/// An average that a high sample lifts at once and lower ones pull down slowly: what is slow now is
/// believed at once, that it is quick again is not.
struct peak_average {
  float value = 0;
  std::int64_t at = never; ///< of the last sample

  /// @param fresh whether what it holds still counts
  void feed(float sample, std::int64_t now, bool fresh) noexcept {
    value = !fresh || sample >= value ? sample : sample + (value - sample) * faded(now - at);
    at = now;
  }
  /// What both threads saw: the higher one, the older one faded by as much as it is older.
  void join(const peak_average& other) noexcept {
    if (other.at == never)
      return;
    if (at == never) {
      *this = other;
    } else if (other.at > at) {
      value = std::max(value * faded(other.at - at), other.value);
      at = other.at;
    } else {
      value = std::max(value, other.value * faded(at - other.at));
    }
  }
};

/// A share of successes. Each thread goes on from the newest one of all: that one has seen the
/// most. (A mean over the threads would wait for the last of them to fail.)
struct success_share {
  float value = 1;
  std::int64_t at = never; ///< of the last sample

  void join(const success_share& other) noexcept {
    if (other.at > at)
      *this = other;
  }
};

/// A share of successes after one outcome more. Goes by samples, so that a burst of failures is
/// seen within the burst; after a silence by time, so that what was then does not count for long.
/// @param age of the last sample, ns; 0 where there is none
inline float next_share(float share, bool success, std::int64_t age) noexcept {
  constexpr float least_step = 0.1F;
  // One failure after a silence is not yet a broken backend; one success is a working one.
  constexpr float most_step_down = 0.5F;
  const float step = std::max(least_step, 1 - faded(age));
  return success ? share + (1 - share) * step : share - share * std::min(step, most_step_down);
}

} // namespace synapse::routing
