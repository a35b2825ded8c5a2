#pragma once

#include <atomic>

namespace synapse::backends {

/// Tells a computation on another thread to end. Any thread may raise it; it stays raised.
class stop_signal {
public:
  stop_signal();
  ~stop_signal();
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;

  void raise();
  bool raised() const { return raised_.load(std::memory_order_acquire); }

  /// @returns a descriptor for poll(), readable once raised; -1 if there is none.
  int descriptor() const { return descriptor_; }

private:
  int descriptor_;
  std::atomic<bool> raised_{false};
};

} // namespace synapse::backends
