// What members say, and when they are to be asked.
#include "actors/gpus/turns/gpu_schedule.hpp"

#include <algorithm>

namespace synapse::gpus {

namespace {
/// From its word that it will sleep until it says that it does.
constexpr time_ns sleep_patience = 30'000'000'000;
} // namespace

// ---- answers ----

void gpu_schedule::looked(std::string_view member, call_id call, sighting what, std::string detail,
                          time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || call == 0 || found->second.look != call)
    return;
  auto& of = found->second;
  of.look = 0;
  look_later(of, now);
  switch (what) {
  case sighting::awake:
    of.sleepless = false;
    seen_awake(*found, now);
    break;
  case sighting::asleep:
    of.sleepless = false;
    if (of.now == phase::failed && !of.confirmed) {
      of.confirmed = true;
      act(action::kind::view);
    } else if (of.now != phase::failed && of.now != phase::waking && of.now != phase::asleep) {
      sleeps(*found, now);
    }
    break;
  case sighting::missing:
    of.sleepless = true;
    if (of.now != phase::awake)
      open(*found, now);
    break;
  case sighting::gone:
    go_away(*found, true, detail, now);
    break;
  case sighting::silent: // what is awake may only be busy
    if (of.now == phase::unknown || of.now == phase::away)
      go_away(*found, false, detail, now);
    break;
  }
  step(now);
}

void gpu_schedule::seen_awake(entry& one, time_ns now) {
  auto& of = one.second;
  if (of.now == phase::waking) {
    if (of.step == wake_step::confirm)
      next_wake_step(one, now);
  } else if (of.now != phase::awake && !of.closed() && !of.held()) {
    open(one, now);
  }
}

void gpu_schedule::measured(std::string_view member, call_id call,
                            std::optional<std::uint64_t> requests, std::string detail,
                            time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || call == 0 || found->second.call != call ||
      found->second.now != phase::measuring)
    return;
  auto& of = found->second;
  of.call = 0;
  if (!requests)
    stays_awake(*found, detail, now);
  else if (*requests > 0)
    of.measure_at = now + limits_.poll;
  else
    fall(*found, now);
  step(now);
}

void gpu_schedule::answered(std::string_view member, call_id call, outcome how, std::string detail,
                            time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || call == 0 || found->second.call != call)
    return;
  auto& of = found->second;
  of.call = 0;
  if (how == outcome::gone)
    go_away(*found, true, detail, now);
  else if (of.now == phase::waking)
    wake_answered(*found, how, detail, now);
  else if (of.now == phase::falling)
    sleep_answered(*found, how, detail, now);
  step(now);
}

void gpu_schedule::wake_answered(entry& one, outcome how, const std::string& detail, time_ns now) {
  auto& of = one.second;
  // A warm-up only saves time.
  if (how == outcome::done || of.step == wake_step::warm_up)
    return next_wake_step(one, now);
  // It may be on its way; a second command is never sent.
  if (how == outcome::silent && (of.step == wake_step::all || of.step == wake_step::cache))
    return next_wake_step(one, now);
  fail(one, detail, now);
}

void gpu_schedule::sleep_answered(entry& one, outcome how, const std::string& detail, time_ns now) {
  auto& of = one.second;
  if (how == outcome::done || how == outcome::silent) {
    of.look_at = now;
    return;
  }
  of.sleepless = how == outcome::missing;
  stays_awake(one, detail, now);
}

// ---- time ----

void gpu_schedule::tick(time_ns now) {
  for (auto& one : slots_) {
    auto& of = one.second;
    if (of.now == phase::waking && now - of.since >= of.limits.wake_timeout)
      fail(one, "it did not wake in time", now);
    if (of.now == phase::falling && of.call == 0 && now - of.since >= sleep_patience)
      stays_awake(one, "it does not say that it sleeps", now);
  }
  step(now);
}

/// The questions for which it is time.
void gpu_schedule::ask_members(time_ns now) {
  for (auto& one : slots_) {
    auto& of = one.second;
    if (of.measure_at != 0 && of.measure_at <= now) {
      of.measure_at = 0;
      of.call = ++last_call_;
      act(action::kind::measure, one.first, of.call);
    }
    if (of.look_at != 0 && of.look_at <= now && of.look == 0) {
      of.look_at = 0;
      of.look = ++last_call_;
      act(action::kind::look, one.first, of.look);
    }
  }
}

time_ns gpu_schedule::due(time_ns now) const {
  time_ns first = 0;
  const auto at_latest = [&](time_ns when) {
    if (when != 0 && (first == 0 || when < first))
      first = when;
  };
  if (!tickets_.empty()) {
    at_latest(tickets_.begin()->second.since + limits_.max_wait);
    at_latest(now + limits_.poll); // turns end, pauses pass
    if (settled_at_ > now)
      at_latest(settled_at_);
  }
  const auto* next = first_in_line();
  for (const auto& [name, of] : slots_) {
    if (of.look == 0)
      at_latest(of.look_at);
    at_latest(of.measure_at);
    if (of.now == phase::waking)
      at_latest(of.since + of.limits.wake_timeout);
    if (of.now == phase::falling && of.call == 0)
      at_latest(of.since + sleep_patience);
    if (of.now != phase::awake || !leads_ || !of.may_sleep())
      continue;
    if (of.kept_until > now)
      at_latest(of.kept_until);
    if (of.limits.idle != 0 && !of.curious)
      at_latest(std::max({of.opened, of.used, of.kept_until}) + of.limits.idle);
    if (next != nullptr)
      if (const auto when = may_close(of, wanted_since(*next)); when > now)
        at_latest(when);
  }
  return first;
}

} // namespace synapse::gpus
