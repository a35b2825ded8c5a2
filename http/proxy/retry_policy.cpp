#include "http/proxy/retry_policy.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::proxy {

retry retry_policy::after(mishap what, const http::lost_request& lost) noexcept {
  repeatable_ = row_of(what).repeatable;
  if (what == mishap::reset_before_answer) {
    auto asked = lost;
    asked.replaced = replaced_;
    const auto replay = http::replay_of(asked);
    if (replay == http::replay::at_once) {
      replaced_ = true;
      return next_ = retry::same;
    }
    repeatable_ = replay == http::replay::again;
  }
  ++failed_;
  const bool again = repeatable_ && lost.repeatable && failed_ < std::max(1u, settings_.attempts);
  return next_ = again ? retry::next : retry::stop;
}

std::int64_t retry_policy::pause(double factor) const noexcept {
  const auto& waits = settings_.waits;
  if (waits.empty() || failed_ == 0)
    return 0;
  const std::chrono::nanoseconds base = waits[std::min<std::size_t>(failed_, waits.size()) - 1];
  return static_cast<std::int64_t>(static_cast<double>(base.count()) * factor);
}

} // namespace synapse::proxy
