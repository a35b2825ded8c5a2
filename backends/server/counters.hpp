#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace synapse::backends {

/// What one service has done so far. Written on the host's thread, readable from any thread.
struct service_counters {
  std::atomic<std::uint64_t> connections_opened{0};
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> requests_started{0};
  /// Requests whose answer was written to the end (as far as a misbehavior let it).
  std::atomic<std::uint64_t> requests_finished{0};
  /// Requests whose client went away before the answer was complete.
  std::atomic<std::uint64_t> requests_canceled{0};
  /// Tokens handed out by text models.
  std::atomic<std::uint64_t> tokens_generated{0};
  /// Nanoseconds of std::chrono::steady_clock when a connection was last closed; 0 = never.
  std::atomic<std::int64_t> last_close_ns{0};
};

} // namespace synapse::backends
