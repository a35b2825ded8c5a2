/// @file
/// The circuit breaker's state machine: no actor, no clock of its own.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "config/settings.hpp"

namespace synapse::actors {

/// Counts failures of the connection, answers that did not come in time, and those of a proxy that
/// has not reached the backend. The backend's own statuses never count, nor does what the client
/// did.
class breaker {
public:
  explicit breaker(config::breaker_settings settings) : settings_(settings) {}

  void reconfigure(config::breaker_settings settings);

  /// Takes an attempt's result into account. @returns true when anything a lane sees has changed.
  bool on_result(attempt_result result, bool probe, time_ns now);

  /// @returns true when the cooldown is over: open has become half open.
  bool on_time(time_ns now);

  /// The backend has answered the gateway's own question after it had been away: there is no reason
  /// to wait for the end of a cooldown. @returns true when something has changed.
  bool on_return();

  /// The gateway's own question has met no connection, and another replica has found the same:
  /// opens without waiting for more failures. @returns true when it has.
  bool on_away(time_ns now);

  /// Opens at once, for at least so many nanoseconds; nothing: for the usual cooldown. @returns
  /// true when something has changed.
  bool shut(time_ns now, time_ns length);

  /// @returns true for exactly one caller while half open, until that probe's result is there.
  bool take_probe();

  circuit state() const noexcept { return state_; }
  /// End of the cooldown; meaningful while open.
  time_ns open_until() const noexcept { return open_until_; }
  unsigned consecutive_failures() const noexcept { return failures_; }
  std::uint64_t times_opened() const noexcept { return times_opened_; }
  /// True while a success would change something.
  bool suspect() const noexcept { return failures_ > 0 || state_ != circuit::closed; }

  /// True for results that speak against the backend itself.
  static bool is_failure(attempt_result result) noexcept;

private:
  void open(time_ns now);
  void close();

  config::breaker_settings settings_;
  circuit state_ = circuit::closed;
  unsigned failures_ = 0;
  bool probing_ = false;
  time_ns open_until_ = 0;
  std::uint64_t times_opened_ = 0;
};

} // namespace synapse::actors
