#include "http/net/timer_wheel.hpp"

#include <algorithm>

namespace synapse::net {

void timer_node::unlink() noexcept {
  if (!wheel_)
    return;
  auto slot = static_cast<std::size_t>((queued_ / timer_wheel::tick) % timer_wheel::slot_count);
  if (previous_)
    previous_->next_ = next_;
  else if (wheel_->slots_[slot] == this)
    wheel_->slots_[slot] = next_;
  if (next_)
    next_->previous_ = previous_;
  previous_ = next_ = nullptr;
  --wheel_->count_;
  wheel_ = nullptr;
  due_ = queued_ = 0;
}

timer_wheel::~timer_wheel() {
  for (auto* head : slots_)
    while (head) {
      auto* node = head;
      head = node->next_;
      node->wheel_ = nullptr;
      node->previous_ = node->next_ = nullptr;
      node->due_ = node->queued_ = 0;
    }
}

void timer_wheel::link(timer_node& node, time_ns slot_tick) {
  auto& head = slots_[static_cast<std::size_t>(slot_tick % slot_count)];
  node.wheel_ = this;
  node.queued_ = slot_tick * tick;
  node.previous_ = nullptr;
  node.next_ = head;
  if (head)
    head->previous_ = &node;
  head = &node;
  ++count_;
}

void timer_wheel::arm(timer_node& node, time_ns due) {
  due = std::max<time_ns>(due, 1);
  // Later than where it waits already: leave it there, it is moved on when that slot comes up.
  if (node.wheel_ == this && due >= node.queued_) {
    node.due_ = due;
    return;
  }
  node.unlink();
  auto slot = std::max((due + tick - 1) / tick, current_ + 1);
  slot = std::min(slot, current_ + static_cast<time_ns>(slot_count) - 1);
  link(node, slot);
  node.due_ = due;
}

void timer_wheel::disarm(timer_node& node) noexcept {
  if (node.wheel_ != this)
    return;
  // Stays queued: most deadlines are armed again before their slot comes up.
  node.due_ = 0;
}

unsigned timer_wheel::advance(time_ns now) {
  unsigned fired = 0;
  const auto target = now / tick;
  // After a long pause one turn visits every slot.
  if (target - current_ > static_cast<time_ns>(slot_count))
    current_ = target - static_cast<time_ns>(slot_count);
  while (current_ < target) {
    ++current_;
    auto& head = slots_[static_cast<std::size_t>(current_ % slot_count)];
    // Nodes armed from inside on_timer() land in later slots, so this list only shrinks.
    while (head) {
      auto* node = head;
      const auto due = node->due_;
      node->unlink();
      if (due == 0)
        continue;
      if (due <= now) {
        ++fired;
        node->on_timer();
      } else {
        arm(*node, due);
      }
    }
  }
  return fired;
}

} // namespace synapse::net
