/// @file
/// What a bus has done so far, for metrics.
#pragma once

#include <atomic>
#include <cstdint>

namespace synapse::actors {

/// Written by the bus, read by any thread at any time. Counters only grow.
struct feed_bus_stats {
  std::atomic<bool> connected{false};
  std::atomic<std::uint64_t> reconnects{0}; ///< connections made after the first one
  std::atomic<std::uint64_t> faults{0};     ///< attempts that failed and connections that were lost
  std::atomic<std::uint64_t> published{0};  ///< lines that the server has taken
  std::atomic<std::uint64_t> dropped{0};    ///< own lines that never got there
  std::atomic<std::uint64_t> received{0};   ///< lines of others that were handed to the feed
  std::atomic<std::uint64_t> overflowed{0}; ///< lines of others that came faster than it took them
  std::atomic<std::uint64_t> garbage{0};    ///< messages that are no lines
  std::atomic<std::uint64_t> oversize{0};   ///< messages that are too large
  std::atomic<std::uint64_t> other_versions{0}; ///< messages of another version of the format
};

} // namespace synapse::actors
