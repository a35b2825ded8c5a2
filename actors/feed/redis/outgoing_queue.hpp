/// @file
/// Lines that wait to be sent: bounded in number and bytes, the oldest give way.
#pragma once

#include "actors/protocol/feed_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace synapse::actors {

struct queue_limits {
  std::size_t events = 2000;
  std::size_t bytes = 4 * 1024 * 1024; ///< of texts and what they cost to hold
};

/// One line of a batch, which lives as long as one of its lines does.
struct outgoing_event {
  feed_batch_ptr batch;
  std::size_t index = 0;

  const feed_event& operator*() const { return (*batch)[index]; }
};

/// All members may be called from any thread; none holds its lock for long.
class outgoing_queue {
public:
  explicit outgoing_queue(queue_limits limits) : limits_(limits) {}

  /// Appends the lines of a batch. @returns how many lines, old or new, had to give way.
  std::size_t push(const feed_batch_ptr& batch);

  /// Takes the oldest lines, at most `most` of them.
  std::vector<outgoing_event> take(std::size_t most);

  /// Puts lines that were taken before all others again, in their order. @returns as `push`.
  std::size_t put_back(std::vector<outgoing_event> events);

  std::size_t size() const;

private:
  static std::size_t cost(const outgoing_event& event);
  std::size_t shrink();

  const queue_limits limits_;
  mutable std::mutex mutex_;
  std::deque<outgoing_event> events_;
  std::size_t bytes_ = 0;
};

} // namespace synapse::actors
