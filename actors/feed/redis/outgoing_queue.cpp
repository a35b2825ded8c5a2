#include "actors/feed/redis/outgoing_queue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace synapse::actors {

std::size_t outgoing_queue::push(const feed_batch_ptr& batch) {
  const std::lock_guard guard{mutex_};
  for (std::size_t i = 0; i < batch->size(); ++i) {
    events_.push_back({batch, i});
    bytes_ += cost(events_.back());
  }
  return shrink();
}

std::vector<outgoing_event> outgoing_queue::take(std::size_t most) {
  const std::lock_guard guard{mutex_};
  std::vector<outgoing_event> taken;
  taken.reserve(std::min(most, events_.size()));
  while (!events_.empty() && taken.size() < most) {
    bytes_ -= cost(events_.front());
    taken.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  return taken;
}

std::size_t outgoing_queue::put_back(std::vector<outgoing_event> events) {
  const std::lock_guard guard{mutex_};
  for (const auto& one : events)
    bytes_ += cost(one);
  events_.insert(events_.begin(), std::make_move_iterator(events.begin()),
                 std::make_move_iterator(events.end()));
  return shrink();
}

std::size_t outgoing_queue::size() const {
  const std::lock_guard guard{mutex_};
  return events_.size();
}

std::size_t outgoing_queue::cost(const outgoing_event& event) {
  return sizeof(feed_event) + sizeof(outgoing_event) + (*event).instance.size() +
         (*event).source.size() + (*event).message.size();
}

std::size_t outgoing_queue::shrink() {
  std::size_t dropped = 0;
  while (!events_.empty() && (events_.size() > limits_.events || bytes_ > limits_.bytes)) {
    bytes_ -= cost(events_.front());
    events_.pop_front();
    ++dropped;
  }
  return dropped;
}

} // namespace synapse::actors
