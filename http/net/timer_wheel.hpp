/// @file
/// Coarse deadlines for one I/O thread. Arming costs a few stores, so that every phase of every
/// request can have one; moving a deadline later costs one store.
#pragma once

#include <array>
#include <cstdint>

namespace synapse::net {

/// Nanoseconds of std::chrono::steady_clock, or of a test's own clock.
using time_ns = std::int64_t;

class timer_wheel;

/// A deadline that can be queued in one wheel. Not copyable; unlinks itself.
class timer_node {
public:
  timer_node() = default;
  timer_node(const timer_node&) = delete;
  timer_node& operator=(const timer_node&) = delete;
  virtual ~timer_node() { unlink(); }

  /// Called by `timer_wheel::advance` once `due` has passed; the node is disarmed by then and may
  /// be armed again or destroyed in here.
  virtual void on_timer() = 0;

  bool armed() const noexcept { return due_ != 0; }
  time_ns due() const noexcept { return due_; }

private:
  friend class timer_wheel;
  void unlink() noexcept;

  timer_wheel* wheel_ = nullptr;
  timer_node* previous_ = nullptr;
  timer_node* next_ = nullptr;
  time_ns due_ = 0;    ///< when it is to fire; 0 = disarmed
  time_ns queued_ = 0; ///< end of the slot it waits in; never later than due_ allows
};

class timer_wheel {
public:
  static constexpr time_ns tick = 10'000'000; ///< 10 ms: the precision of every deadline

  explicit timer_wheel(time_ns now) : current_(now / tick) { slots_.fill(nullptr); }
  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;
  ~timer_wheel();

  /// (Re)arms `node` for `due`. It fires in the first `advance` at or after `due`.
  void arm(timer_node& node, time_ns due);
  void disarm(timer_node& node) noexcept;

  /// Fires what is due at `now`. @returns how many nodes fired.
  unsigned advance(time_ns now);

  bool empty() const noexcept { return count_ == 0; }

private:
  friend class timer_node;
  static constexpr std::size_t slot_count = 1024; // one turn: about 10 s; longer waits go round
  void link(timer_node& node, time_ns slot_tick);

  std::array<timer_node*, slot_count> slots_;
  time_ns current_; ///< last tick that was handled
  std::size_t count_ = 0;
};

} // namespace synapse::net
