/// @file
/// Time that a test moves.
#pragma once

#include "http/net/timer_wheel.hpp"

#include <functional>
#include <vector>

namespace synapse::net {

class io_thread;

/// While it lives, `io_thread::now()` of the thread that made it returns its time, and the ticks of
/// the io_threads that are used there come with `advance` alone. One at a time per thread. Made
/// before those io_threads; not moved on any more when one of them has gone.
class virtual_clock {
public:
  explicit virtual_clock(time_ns start);
  virtual_clock(const virtual_clock&) = delete;
  virtual_clock& operator=(const virtual_clock&) = delete;
  ~virtual_clock();

  time_ns now() const noexcept { return now_; }
  /// Moves on in one step: what becomes due by then is done at its end.
  void advance(time_ns by);

  /// The calling thread stands for the one that would run this: a test polls its context.
  static void stand_for(io_thread* thread) noexcept;

private:
  friend class io_thread;
  struct event {
    time_ns due;
    std::function<void()> what;
  };

  time_ns now_;
  std::vector<event> events_; ///< ticks
};

} // namespace synapse::net
