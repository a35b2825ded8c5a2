// What has room on the card beside what else.
#include "actors/gpus/turns/gpu_schedule.hpp"

#include <algorithm>

namespace synapse::gpus {

bool gpu_schedule::exclude(std::string_view one, std::string_view other) const {
  return std::any_of(limits_.exclusive.begin(), limits_.exclusive.end(), [&](const auto& group) {
    return std::find(group.begin(), group.end(), one) != group.end() &&
           std::find(group.begin(), group.end(), other) != group.end();
  });
}

std::size_t gpu_schedule::taken() const noexcept {
  std::size_t sum = 0;
  for (const auto& [name, of] : slots_)
    sum += of.taken();
  return sum;
}

/// @param when_all_has_ended what is closed counts as asleep.
bool gpu_schedule::fits(const entry& wanted, bool when_all_has_ended) const {
  std::size_t sum = wanted.second.limits.awake + limits_.reserve;
  for (const auto& other : slots_) {
    if (&other == &wanted)
      continue;
    const auto& of = other.second;
    sum += when_all_has_ended ? of.expected() : of.taken();
    const bool stays = of.holds() && !(when_all_has_ended && of.closed());
    if (stays && exclude(wanted.first, other.first))
      return false;
  }
  return sum <= limits_.vram;
}

/// Nothing that is awake for good is in its way.
bool gpu_schedule::possible(const entry& wanted) const {
  std::size_t sum = wanted.second.limits.awake + limits_.reserve;
  for (const auto& other : slots_) {
    if (&other == &wanted)
      continue;
    const auto& of = other.second;
    const bool stays = of.holds() && !of.may_sleep();
    sum += stays ? of.limits.awake : std::min(of.taken(), of.limits.asleep);
    if (stays && exclude(wanted.first, other.first))
      return false;
  }
  return sum <= limits_.vram;
}

/// More is awake than there is room for, e.g. because somebody else has woken it.
/// @param opened a closed one that counts as awake; null: none
bool gpu_schedule::crowded(const entry* opened) const {
  std::size_t sum = limits_.reserve;
  for (const auto& one : slots_) {
    const auto& of = one.second;
    if (of.now == phase::unknown)
      return false; // the next look says more
    const bool counts = of.now != phase::away && (of.now != phase::failed || of.confirmed);
    if (counts)
      sum += &one == opened ? of.limits.awake : of.expected();
  }
  return sum > limits_.vram;
}

/// Another one is awake that must not be while this one is.
bool gpu_schedule::in_conflict(const entry& one) const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const entry& other) {
    const auto now = other.second.now;
    return &other != &one && (now == phase::awake || now == phase::waking) &&
           exclude(one.first, other.first);
  });
}

/// One that did not wake: others have to sleep first, if there are any that can.
bool gpu_schedule::barred(const entry& wanted) const {
  if (wanted.second.now != phase::failed || sleeps_ > wanted.second.sleeps)
    return false;
  return std::any_of(slots_.begin(), slots_.end(), [&](const entry& other) {
    return &other != &wanted && other.second.may_sleep() && other.second.now != phase::away &&
           other.second.holds();
  });
}

} // namespace synapse::gpus
