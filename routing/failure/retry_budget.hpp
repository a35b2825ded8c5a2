/// @file
/// How many further attempts the requests of a public name may cost.
#pragma once

#include "routing/failure/sliding_count.hpp"

#include <cstdint>

namespace synapse::routing {

struct retry_budget_settings {
  std::uint32_t percent = 10; ///< of the requests in the window
  std::uint32_t least = 10;   ///< further attempts in the window whatever the number of requests
  std::int64_t window = 10'000'000'000;
};

/// When everything fails, further attempts would multiply the load. One object per public name and
/// I/O thread: its share and its least number are those of this thread. Repetitions free of charge
/// are not taken from it. Times are nanoseconds.
class retry_budget {
public:
  explicit retry_budget(retry_budget_settings settings = {}) noexcept;

  /// A request has come, of whose first attempt nothing needs to be said.
  void on_request(std::int64_t now) noexcept;
  /// A further attempt is about to begin. @returns false when there is to be none: its request is
  /// answered with the failure that it has
  bool take(std::int64_t now) noexcept;

private:
  retry_budget_settings settings_;
  sliding_count requests_;
  sliding_count further_;
};

} // namespace synapse::routing
