#include "actors/replicas/link/line_queue.hpp"

#include <algorithm>

namespace synapse::actors::cluster {

std::size_t line_queue::add(const std::vector<feed_event>& lines) {
  waiting_.insert(waiting_.end(), lines.begin(), lines.end());
  const std::size_t beyond = waiting_.size() > most_ ? waiting_.size() - most_ : 0;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(beyond));
  return beyond;
}

std::vector<feed_event> line_queue::next(std::size_t lines, std::size_t bytes) {
  std::vector<feed_event> batch;
  std::size_t sum = 0;
  while (!waiting_.empty() && batch.size() < lines && sum < bytes) {
    feed_event& line = waiting_.front();
    sum += line.instance.size() + line.source.size() + line.message.size() + 64;
    batch.push_back(std::move(line));
    waiting_.pop_front();
  }
  if (!batch.empty())
    given_.push_back(batch);
  return batch;
}

void line_queue::acknowledge() {
  if (!given_.empty())
    given_.pop_front();
}

void line_queue::rewind() {
  for (; !given_.empty(); given_.pop_back())
    waiting_.insert(waiting_.begin(), std::make_move_iterator(given_.back().begin()),
                    std::make_move_iterator(given_.back().end()));
}

void line_queue::forget(std::uint64_t origin, std::uint64_t last) {
  std::erase_if(waiting_, [&](const feed_event& line) {
    return line.origin == origin && line.number <= last;
  });
}

} // namespace synapse::actors::cluster
