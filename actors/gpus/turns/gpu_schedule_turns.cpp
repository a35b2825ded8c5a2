// Whose turn it is. What happened is noted in gpu_schedule.cpp and gpu_schedule_members.cpp; what
// follows from it is decided here.
#include "actors/gpus/turns/gpu_schedule.hpp"

#include <algorithm>

namespace synapse::gpus {

void gpu_schedule::step(time_ns now) {
  expire(now);
  for (auto& one : slots_) {
    const auto& of = one.second;
    if (of.now == phase::awake)
      serve(one, now);
    else if (!leads_ && !led_ && (of.now == phase::asleep || of.now == phase::failed))
      decide_all(one, denial::elsewhere, "another replica decides about the card", now);
  }
  if (leads_)
    give_turns(now);
  for (auto& one : slots_)
    if (one.second.closed())
      advance_closed(one, now);
  if (leads_) {
    for (auto& one : slots_)
      rest(one, now);
    relieve(now);
  }
  ask_members(now);
  if (contended() != was_contended_) {
    was_contended_ = !was_contended_;
    // The lanes tell from now on; until they have, every open member counts as used.
    if (was_contended_)
      for (auto& [name, of] : slots_)
        of.in_use = nothing_told();
    act(action::kind::view);
  }
}

/// Tickets are numbered as they come, so the oldest are first.
void gpu_schedule::expire(time_ns now) {
  while (!tickets_.empty() && now - tickets_.begin()->second.since >= limits_.max_wait)
    decide(tickets_.begin()->first, denial::timeout,
           "the card was not free for as long as one may wait", now);
}

void gpu_schedule::serve(entry& one, time_ns now) {
  decide_all(one, denial::none, {}, now);
}

// ---- on the way to sleep ----

bool gpu_schedule::must_stay_closed(const entry& one) const {
  const auto& of = one.second;
  if (!leads_)
    return of.held();
  if (of.resting && of.waiting.empty())
    return true;
  if (in_conflict(one) || crowded(&one))
    return true;
  return std::any_of(slots_.begin(), slots_.end(), [&](const entry& other) {
    const auto now = other.second.now;
    const bool wants =
        (now == phase::asleep || now == phase::failed) && !other.second.waiting.empty();
    return &other != &one && wants && (!fits(other, false) || barred(other));
  });
}

void gpu_schedule::advance_closed(entry& one, time_ns now) {
  auto& of = one.second;
  if (of.now == phase::falling)
    return;
  if (!must_stay_closed(one)) {
    reopen(one, now);
  } else if (leads_ && of.now == phase::draining && of.drained()) {
    turn_to(of, phase::measuring, now);
    of.call = ++last_call_;
    act(action::kind::measure, one.first, of.call);
  }
}

/// Puts one to sleep that nobody has used for long.
void gpu_schedule::rest(entry& one, time_ns now) {
  auto& of = one.second;
  const auto idle_since = std::max({of.opened, of.used, of.kept_until});
  if (of.now != phase::awake || of.limits.idle == 0 || !of.may_sleep() ||
      now < idle_since + of.limits.idle) {
    of.curious = false;
    return;
  }
  of.curious = true;
  if (!was_contended_ || !of.told())
    return; // the lanes are about to say who uses it
  of.curious = false;
  if (of.unused())
    close(one, true, now);
  else
    of.used = now;
}

/// More is awake than may be, because others have woken it or the figures have changed.
void gpu_schedule::relieve(time_ns now) {
  const bool full = crowded(nullptr);
  entry* last = nullptr;
  for (auto& one : slots_) {
    const auto& of = one.second;
    if (of.now != phase::awake || !of.may_sleep() || of.kept_until > now)
      continue;
    const bool candidate = full || in_conflict(one);
    if (candidate && (last == nullptr || std::max(of.used, of.opened) <
                                             std::max(last->second.used, last->second.opened)))
      last = &one;
  }
  if (last != nullptr)
    close(*last, false, now);
}

// ---- room for those that are wanted ----

time_ns gpu_schedule::wanted_since(const member_slot& of) const {
  return tickets_.at(of.waiting.front()).since;
}

std::vector<gpu_schedule::entry*> gpu_schedule::wanted_in_order() {
  std::vector<entry*> result;
  for (auto& one : slots_) {
    const auto now = one.second.now;
    if ((now == phase::asleep || now == phase::failed) && !one.second.waiting.empty())
      result.push_back(&one);
  }
  std::sort(result.begin(), result.end(), [](const entry* a, const entry* b) {
    return a->second.waiting.front() < b->second.waiting.front();
  });
  return result;
}

const member_slot* gpu_schedule::first_in_line() const {
  const member_slot* first = nullptr;
  for (const auto& [name, of] : slots_)
    if ((of.now == phase::asleep || of.now == phase::failed) && !of.waiting.empty() &&
        (first == nullptr || of.waiting.front() < first->waiting.front()))
      first = &of;
  return first;
}

void gpu_schedule::give_turns(time_ns now) {
  for (auto* wanted : wanted_in_order())
    if (!give_turn(*wanted, now))
      return; // what keeps the first one is not to be taken by those behind it
}

/// @returns false when those behind it have to wait, too.
bool gpu_schedule::give_turn(entry& wanted, time_ns now) {
  if (!possible(wanted)) {
    decide_all(wanted, denial::no_room, "what stays awake on the card leaves no room for it", now);
    return true;
  }
  if (now < settled_at_)
    return false;
  const bool others_first = barred(wanted);
  if (!others_first && fits(wanted, false)) {
    begin_wake(wanted, now);
    return true;
  }
  const bool ending = std::any_of(slots_.begin(), slots_.end(),
                                  [](const entry& one) { return one.second.closed(); });
  if (fits(wanted, true) && (ending || !others_first))
    return false; // room is being made
  for (auto* going : victims(wanted, now))
    close(*going, false, now);
  return false;
}

/// Else the one whose lanes speak first would go, not the one that was used longest ago.
bool gpu_schedule::all_told() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const entry& one) {
    return one.second.now != phase::awake || one.second.told();
  });
}

/// From when on one that is awake may be put to sleep for one that is wanted since `since`.
time_ns gpu_schedule::may_close(const member_slot& of, time_ns since) const {
  const auto least =
      std::max(of.opened + std::min(limits_.min_awake, limits_.max_wait / 4), of.kept_until);
  const auto turn_ends = std::max(since, of.opened) + limits_.batch_window;
  if (!of.unused() || !all_told())
    return std::max(least, turn_ends);
  // Where nobody has used it, nobody thinks for a moment between two requests.
  const auto lingers = of.used == 0 ? of.opened : of.used + limits_.linger;
  return std::max(least, std::min(turn_ends, lingers));
}

/// Who goes for it; nobody when that would not be enough yet.
std::vector<gpu_schedule::entry*> gpu_schedule::victims(const entry& wanted, time_ns now) {
  const auto since = wanted_since(wanted.second);
  auto need = static_cast<std::int64_t>(wanted.second.limits.awake + limits_.reserve) -
              static_cast<std::int64_t>(limits_.vram);
  std::vector<entry*> can;
  std::vector<entry*> chosen;
  const auto freed = [](const entry* one) {
    return static_cast<std::int64_t>(one->second.limits.awake) -
           static_cast<std::int64_t>(one->second.limits.asleep);
  };
  for (auto& other : slots_) {
    auto& of = other.second;
    if (&other == &wanted)
      continue;
    need += static_cast<std::int64_t>(of.expected());
    const bool ready = of.now == phase::awake && of.may_sleep() && may_close(of, since) <= now;
    const bool must = of.holds() && !of.closed() && exclude(wanted.first, other.first);
    if (must && !ready)
      return {};
    if (ready)
      (must ? chosen : can).push_back(&other);
  }
  for (const auto* one : chosen)
    need -= freed(one);
  if (chosen.empty() && barred(wanted))
    need = std::max<std::int64_t>(need, 1);
  const auto rank = [](const entry* one) {
    return std::pair{!one->second.unused(), std::max(one->second.used, one->second.opened)};
  };
  std::sort(can.begin(), can.end(),
            [&](const entry* a, const entry* b) { return rank(a) < rank(b); });
  for (auto* one : can) {
    if (need <= 0)
      break;
    chosen.push_back(one);
    need -= std::max<std::int64_t>(freed(one), 1);
  }
  return need > 0 ? std::vector<entry*>{} : chosen;
}

} // namespace synapse::gpus
