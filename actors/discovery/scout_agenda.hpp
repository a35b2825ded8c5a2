/// @file
/// When a backend is asked what. Pure: no clock, no timer.
#pragma once

#include "providers/descriptor.hpp"

#include <cstdint>

namespace synapse::actors {

/// What is due now.
struct scout_plan {
  bool health = false;
  bool discovery = false;
  bool load = false;
  bool queue = false;
  bool any() const noexcept { return health || discovery || load || queue; }
};

/// Of one backend. Times are nanoseconds of one monotonic clock.
class scout_agenda {
public:
  /// What an unanswered question says; how often it is repeated.
  static constexpr std::int64_t absent_pause = 60'000'000'000; ///< after a 404
  static constexpr std::int64_t longest_pause = 300'000'000'000;
  static constexpr std::int64_t paid_pause = 60'000'000'000; ///< the first one of those

  /// @param has_health whether there is a path that may be asked for it
  scout_agenda(const providers::descriptor& what, bool has_health) noexcept
      : what_(what), has_health_(has_health) {}

  /// @param busy there are requests @param circuit_open requests are kept away from it
  scout_plan plan(bool busy, bool circuit_open, std::int64_t now) const noexcept;

  // How questions went.
  void discovered(std::int64_t now) noexcept;
  void not_discovered(std::int64_t now) noexcept;
  /// @param absent its route is not there: it is asked less often
  void told_load(bool absent, std::int64_t now) noexcept;
  void told_queue(bool absent, std::int64_t now) noexcept;
  /// Nobody has answered, whatever was asked.
  void unreachable() noexcept { lost_ = has_health_; }
  /// @returns true when that is news: nobody has answered before
  bool well() noexcept;
  bool lost() const noexcept { return lost_; }

private:
  struct item {
    std::int64_t asked = 0; ///< 0: never
    std::int64_t pause = 0; ///< that has to pass in any case
    bool due(const providers::pace& every, bool busy, std::int64_t now) const noexcept;
  };
  bool is_hourly() const noexcept;

  const providers::descriptor& what_;
  bool has_health_;
  bool lost_ = false;
  unsigned failures_ = 0; ///< of discovery, one after the other
  item discovery_;
  item load_;
  item queue_;
};

} // namespace synapse::actors
