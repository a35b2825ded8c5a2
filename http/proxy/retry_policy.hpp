/// @file
/// What follows a failed attempt. Pure; one object per forwarded request, on its thread.
#pragma once

#include "config/settings.hpp"
#include "http/core/replay.hpp"
#include "http/proxy/failure.hpp"

#include <cstdint>

namespace synapse::proxy {

enum class retry : std::uint8_t {
  same, ///< at once, over a fresh connection and with the same permit: the kept one was stale
  next, ///< another attempt, after `pause`
  stop, ///< the failure is the answer
};

/// Counts a request's attempts against `retry.attempts`, and knows what may not be sent twice
/// (http/core/replay.hpp).
class retry_policy {
public:
  /// @param settings outlive this. @param replaced a kept connection was replaced for this request
  /// already.
  retry_policy(const config::retry_settings& settings, bool replaced) noexcept
      : settings_(settings), replaced_(replaced) {}

  /// @param lost what was sent; looked at when the connection ended without an answer.
  retry after(mishap what, const http::lost_request& lost) noexcept;
  /// The last decision.
  retry next() const noexcept { return next_; }

  /// A kept connection may be used: none was found stale yet.
  bool may_reuse() const noexcept { return !replaced_; }
  /// After `stop`: what failed last would have been sent again, were there attempts left.
  bool repeatable() const noexcept { return repeatable_; }
  /// Attempts that have failed, those over stale connections left out.
  unsigned failed() const noexcept { return failed_; }
  /// Before the next attempt, in nanoseconds. @param factor jitter, from [1-jitter, 1+jitter]
  std::int64_t pause(double factor) const noexcept;

private:
  const config::retry_settings& settings_;
  unsigned failed_ = 0;
  retry next_ = retry::stop;
  bool replaced_;
  bool repeatable_ = false;
};

} // namespace synapse::proxy
