/// @file
/// How slowly a client may send a request body. Pure; times are the caller's.
#pragma once

#include "config/settings.hpp"
#include "http/net/timer_wheel.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace synapse::server {

/// Only time in which there was nothing to read counts: a client that is not read from, because a
/// backend takes its time, is not slow. Three limits: silence, the average rate once it has been
/// waited for as long as it may be silent, and the wait in all.
class body_pace {
public:
  struct rules {
    net::time_ns silence = 0;   ///< between two bytes
    std::uint64_t min_rate = 0; ///< bytes per second of waiting; 0 = any
    net::time_ns total = 0;     ///< of waiting; 0 = no limit
  };

  /// @param counted what the counter of the connection's bytes stands at before the body.
  body_pace(rules limits, std::uint64_t counted) noexcept
      : limits_(limits), before_(counted), seen_(counted) {}

  static rules rules_of(const config::limit_settings& limits) noexcept {
    using std::chrono::nanoseconds;
    return {nanoseconds{limits.body_timeout}.count(), limits.min_body_rate,
            nanoseconds{limits.max_body_time}.count()};
  }

  /// There is nothing to read. @param counted the connection's bytes so far. @returns when the
  /// client will have been too slow unless more comes; from then on its time is over.
  net::time_ns wait(net::time_ns now, std::uint64_t counted) noexcept {
    if (!waiting_) {
      waiting_ = true;
      since_ = silent_since_ = now;
    }
    if (counted != seen_) { // less than a piece of the body, perhaps, but something
      seen_ = counted;
      silent_since_ = now;
    }
    auto due = silent_since_ + limits_.silence;
    if (limits_.min_rate != 0)
      due = std::min(due, since_ + std::max(limits_.silence, earned(counted - before_)) - waited_);
    if (limits_.total != 0)
      due = std::min(due, since_ + limits_.total - waited_);
    return due;
  }

  /// There is something to read, or the client is not waited for any more.
  void go_on(net::time_ns now) noexcept {
    if (waiting_)
      waited_ += now - since_;
    waiting_ = false;
  }

private:
  /// How long so many bytes may take.
  net::time_ns earned(std::uint64_t bytes) const noexcept {
    constexpr std::uint64_t second = 1'000'000'000;
    const auto seconds = bytes / limits_.min_rate;
    if (seconds >= std::numeric_limits<net::time_ns>::max() / second / 4)
      return std::numeric_limits<net::time_ns>::max() / 4;
    return static_cast<net::time_ns>(seconds * second +
                                     bytes % limits_.min_rate * second / limits_.min_rate);
  }

  rules limits_;
  bool waiting_ = false;
  net::time_ns since_ = 0;        ///< when this wait began
  net::time_ns waited_ = 0;       ///< before it
  net::time_ns silent_since_ = 0; ///< when bytes came last, or this wait began
  std::uint64_t before_;
  std::uint64_t seen_;
};

} // namespace synapse::server
