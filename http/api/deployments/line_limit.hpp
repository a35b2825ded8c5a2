/// @file
/// Keeps one kind of log lines from filling the log when all requests have the same trouble.
#pragma once

#include <cstdint>

namespace synapse::api {

/// Of one thread. Times are nanoseconds of one monotonic clock.
class line_limit {
public:
  explicit line_limit(unsigned per_second) noexcept : most_(per_second) {}

  /// Whether the next line may be written. @param left_out how many were not, since the last one
  /// that was: to be told with it
  bool allows(std::int64_t now, std::uint64_t& left_out) noexcept {
    if (now - began_ >= second || now < began_) {
      began_ = now;
      written_ = 0;
    }
    if (written_ == most_) {
      ++left_out_;
      return false;
    }
    ++written_;
    left_out = left_out_;
    left_out_ = 0;
    return true;
  }

private:
  static constexpr std::int64_t second = 1'000'000'000;
  unsigned most_;
  unsigned written_ = 0;
  std::uint64_t left_out_ = 0;
  std::int64_t began_ = -second; ///< of the second that lines are counted in
};

} // namespace synapse::api
