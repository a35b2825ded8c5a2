#include "actors/feed/known_origins.hpp"

namespace synapse::feed {

bool known_origins::is_new(std::uint64_t origin, std::uint64_t number) {
  const auto found = entries_.find(origin);
  if (found == entries_.end()) {
    if (entries_.size() >= max_) {
      entries_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(origin);
    entries_.emplace(origin, entry{number, order_.begin()});
    return true;
  }
  order_.splice(order_.begin(), order_, found->second.place);
  if (number <= found->second.last)
    return false;
  found->second.last = number;
  return true;
}

} // namespace synapse::feed
