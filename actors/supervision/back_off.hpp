/// @file
/// How long to wait before something is started again. Pure: no clock, no timer.
#pragma once

#include <algorithm>
#include <chrono>

namespace synapse::actors {

/// 100 ms, doubling to half a minute; from the beginning again after a minute without an end.
class back_off {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using milliseconds = std::chrono::milliseconds;
  static constexpr milliseconds first{100};
  static constexpr milliseconds longest{30'000};
  static constexpr milliseconds calm{60'000};

  /// It has ended at `now`, unexpectedly. @returns what to wait
  milliseconds next(time_point now) {
    const bool anew = wait_ == milliseconds::zero() || now - last_ > calm;
    wait_ = anew ? first : std::min(wait_ * 2, longest);
    last_ = now;
    return wait_;
  }

private:
  milliseconds wait_{0};
  time_point last_; ///< end
};

} // namespace synapse::actors
