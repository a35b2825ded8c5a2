/// @file
/// Lines on their way to one replica: bounded, in order, and each taken once. No actor in it.
#pragma once

#include "actors/protocol/feed_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace synapse::actors::cluster {

class line_queue {
public:
  explicit line_queue(std::size_t most) : most_(most) {}

  /// Appends; the oldest that wait give way. @returns how many did.
  std::size_t add(const std::vector<feed_event>& lines);
  /// The next batch, at most `lines` of them and `bytes` (but one line in any case); empty when
  /// nothing waits. It is kept until it is acknowledged.
  std::vector<feed_event> next(std::size_t lines, std::size_t bytes);
  /// The other side has the oldest batch that was given out.
  void acknowledge();
  /// What was given out and not acknowledged waits again, in its place.
  void rewind();
  /// The other side has these already. @param last number of the last such line of `origin`
  void forget(std::uint64_t origin, std::uint64_t last);
  /// Whether lines wait that were not given out.
  bool empty() const noexcept { return waiting_.empty(); }
  std::size_t size() const noexcept { return waiting_.size(); }

private:
  std::size_t most_;
  std::deque<feed_event> waiting_;
  std::deque<std::vector<feed_event>> given_;
};

} // namespace synapse::actors::cluster
