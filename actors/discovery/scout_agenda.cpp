#include "actors/discovery/scout_agenda.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::actors {

namespace {
std::int64_t ns(std::chrono::nanoseconds time) {
  return time.count();
}
} // namespace

bool scout_agenda::item::due(const providers::pace& every, bool busy,
                             std::int64_t now) const noexcept {
  return asked == 0 || now >= asked + std::max(ns(busy ? every.busy : every.idle), pause);
}

bool scout_agenda::is_hourly() const noexcept {
  return what_.discovery.every.busy >= std::chrono::hours{1};
}

scout_plan scout_agenda::plan(bool busy, bool circuit_open, std::int64_t now) const noexcept {
  scout_plan plan;
  plan.health = has_health_ && (lost_ || circuit_open);
  if (lost_)
    return plan; // what nobody answers is not asked
  const auto& every = what_.discovery.every;
  if (what_.discovery.read != nullptr)
    // After a failure of a seldom question its pause counts alone.
    plan.discovery = failures_ != 0 && is_hourly() ? now >= discovery_.asked + discovery_.pause
                                                   : discovery_.due(every, busy, now);
  plan.load = what_.load.read != nullptr && load_.due(providers::usual_pace, busy, now);
  plan.queue = what_.queue.read != nullptr && queue_.due(providers::usual_pace, busy, now);
  return plan;
}

void scout_agenda::discovered(std::int64_t now) noexcept {
  failures_ = 0;
  discovery_ = {now, 0};
}

void scout_agenda::not_discovered(std::int64_t now) noexcept {
  const auto first = is_hourly() ? paid_pause : ns(what_.discovery.every.idle);
  const auto most = is_hourly() ? ns(what_.discovery.every.idle) : longest_pause;
  discovery_ = {now, std::min(first << std::min(failures_, 10U), most)};
  ++failures_;
}

void scout_agenda::told_load(bool absent, std::int64_t now) noexcept {
  load_ = {now, absent ? absent_pause : 0};
}

void scout_agenda::told_queue(bool absent, std::int64_t now) noexcept {
  queue_ = {now, absent ? absent_pause : 0};
}

bool scout_agenda::well() noexcept {
  if (!lost_)
    return false;
  lost_ = false;
  // It may be another one than before.
  failures_ = 0;
  discovery_ = load_ = queue_ = {};
  return true;
}

} // namespace synapse::actors
