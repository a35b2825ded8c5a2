// What becomes of one member, and what it says.
#include "actors/gpus/turns/gpu_schedule.hpp"

#include <algorithm>

namespace synapse::gpus {

namespace {
/// One that would not go to sleep is left alone for so long.
constexpr time_ns left_alone = 30'000'000'000;
constexpr time_ns first_pause = 30'000'000'000;
constexpr time_ns longest_pause = 600'000'000'000;
constexpr unsigned most_doublings = 5;
} // namespace

void gpu_schedule::turn_to(member_slot& of, phase next, time_ns now) {
  of.now = next;
  of.since = now;
  of.call = 0;
  of.look = 0; // what it would say is about what was
  of.measure_at = 0;
  look_later(of, now);
  act(action::kind::view);
}

void gpu_schedule::look_later(member_slot& of, time_ns now) const {
  of.look_at = 0;
  if (!of.limits.can_sleep)
    return;
  switch (of.now) {
  case phase::falling:
  case phase::waking:
    if (of.call == 0)
      of.look_at = now + limits_.poll / 4;
    break;
  case phase::unknown:
    of.look_at = now + limits_.poll / 4;
    break;
  case phase::awake:
  case phase::asleep:
    // In the beginning it may be about to change because of the one that led before.
    of.look_at = now + (now < settled_at_ ? limits_.poll / 4
                        : leads_          ? limits_.refresh
                                          : limits_.poll);
    break;
  case phase::failed:
    of.look_at = now + (of.confirmed ? limits_.refresh : limits_.poll);
    break;
  default:
    of.look_at = now + limits_.poll;
  }
}

void gpu_schedule::open(entry& one, time_ns now) {
  auto& of = one.second;
  of.opened = now;
  of.in_use = nothing_told();
  of.failures = 0;
  of.resting = false;
  of.curious = false;
  of.word.clear();
  turn_to(of, phase::awake, now);
  serve(one, now);
}

/// It has not been asleep.
void gpu_schedule::reopen(entry& one, time_ns now) {
  const auto opened = one.second.opened;
  open(one, now);
  one.second.opened = opened;
}

void gpu_schedule::close(entry& one, bool resting, time_ns now) {
  auto& of = one.second;
  ++of.number;
  of.undrained = all_undrained();
  of.resting = resting;
  of.curious = false;
  turn_to(of, phase::draining, now);
}

void gpu_schedule::fall(entry& one, time_ns now) {
  auto& of = one.second;
  turn_to(of, phase::falling, now);
  of.call = ++last_call_;
  of.look_at = 0;
  act(action::kind::sleep, one.first, of.call);
}

void gpu_schedule::sleeps(entry& one, time_ns now) {
  auto& of = one.second;
  if (of.holds() && of.now != phase::unknown && of.now != phase::away)
    ++sleeps_;
  of.kept_until = 0;
  of.resting = false;
  of.curious = false;
  of.word.clear();
  turn_to(of, phase::asleep, now);
}

/// It was to sleep and does not; whether it is awake is asked.
void gpu_schedule::stays_awake(entry& one, const std::string& why, time_ns now) {
  auto& of = one.second;
  const bool untouched = of.now == phase::measuring;
  of.kept_until = now + left_alone;
  of.word = why;
  act(action::kind::refused, one.first);
  of.word.clear();
  if (untouched)
    return reopen(one, now);
  turn_to(of, phase::unknown, now);
  of.look_at = now;
}

void gpu_schedule::go_away(entry& one, bool gone, const std::string& why, time_ns now) {
  auto& of = one.second;
  of.word = why;
  if (of.now != phase::away || of.gone != gone) {
    of.gone = gone;
    of.curious = false;
    turn_to(of, phase::away, now);
  }
  decide_all(one, denial::unreachable, why, now);
}

// ---- waking ----

void gpu_schedule::begin_wake(entry& one, time_ns now) {
  auto& of = one.second;
  of.step = wake_step::announce;
  ++of.number;
  of.undrained = all_undrained();
  std::fill_n(of.undrained.begin(), own_lanes_, false); // they see it by the view
  turn_to(of, phase::waking, now);
  of.look_at = 0;
  wake_if_known(one);
}

void gpu_schedule::wake_if_known(entry& one) {
  auto& of = one.second;
  if (!of.announces() || !of.drained())
    return;
  of.step = of.limits.level == 2 ? wake_step::weights : wake_step::all;
  act(action::kind::view);
  command_wake(one);
}

void gpu_schedule::command_wake(entry& one) {
  auto& of = one.second;
  of.call = ++last_call_;
  of.look_at = 0;
  auto what = action::kind::wake;
  if (of.step == wake_step::weights)
    what = action::kind::wake_weights;
  else if (of.step == wake_step::reload)
    what = action::kind::reload_weights;
  else if (of.step == wake_step::cache)
    what = action::kind::wake_cache;
  else if (of.step == wake_step::warm_up)
    what = action::kind::warm_up;
  act(what, one.first, of.call);
}

void gpu_schedule::next_wake_step(entry& one, time_ns now) {
  auto& of = one.second;
  of.call = 0;
  switch (of.step) {
  case wake_step::announce:
    return;
  case wake_step::weights:
    of.step = wake_step::reload;
    return command_wake(one);
  case wake_step::reload:
    of.step = wake_step::cache;
    return command_wake(one);
  case wake_step::cache:
  case wake_step::all:
    of.step = wake_step::confirm;
    of.look_at = now;
    return;
  case wake_step::confirm:
    of.step = wake_step::warm_up;
    if (of.limits.warm_up)
      return command_wake(one);
    return open(one, now);
  case wake_step::warm_up:
    return open(one, now);
  }
}

void gpu_schedule::fail(entry& one, const std::string& why, time_ns now) {
  auto& of = one.second;
  of.word = why;
  of.confirmed = false;
  of.retry_at = now + std::min(longest_pause, first_pause << std::min(of.failures, most_doublings));
  ++of.failures;
  of.sleeps = sleeps_;
  turn_to(of, phase::failed, now);
  act(action::kind::failed, one.first);
  decide_all(one, denial::failed, why, now);
}

} // namespace synapse::gpus
