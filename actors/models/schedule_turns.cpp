// Whose turn it is. What happened is noted in schedule.cpp; what follows from it is decided here.
#include "actors/models/schedule.hpp"

#include <algorithm>
#include <limits>

namespace synapse::models {

namespace {
constexpr time_ns never = std::numeric_limits<time_ns>::max();
}

void schedule::step(time_ns now) {
  expire(now);
  resolve_all(now);
  for (auto& one : slots_)
    if (one.second.now == phase::open)
      serve(one, now);
  if (wants_everything_ && !held_)
    hold_everything(now);
  else if (!held_)
    give_turns(now);
  if (contended() != was_contended_) {
    was_contended_ = !was_contended_;
    // The lanes tell from now on; until they have, every open model counts as used.
    if (was_contended_)
      for (auto& [model, of] : slots_)
        of.in_use.assign(lanes_, std::numeric_limits<std::uint32_t>::max());
    act(action::kind::view);
  }
}

/// Tickets are numbered as they come, so the oldest are first.
void schedule::expire(time_ns now) {
  while (!tickets_.empty()) {
    const auto id = tickets_.begin()->first;
    if (now - tickets_.begin()->second.since < limits_.max_wait)
      break;
    decide(id, denial::wait_timeout, "the model was not available for as long as one may wait",
           now);
  }
  if (away_since_ != 0 && now - away_since_ >= limits_.restart_patience && !held_)
    while (!tickets_.empty())
      decide(tickets_.begin()->first, garbage_ ? denial::router_error : denial::router_unavailable,
             away_why_, now);
  for (auto& [model, of] : slots_)
    if (of.hinted != 0 && now - of.hinted >= limits_.max_wait)
      of.hinted = 0;
}

/// Finds the model that a ticket speaks of.
void schedule::resolve(ticket_id id, time_ns now) {
  auto& mine = tickets_.at(id);
  if (known_ && !known_->is_router) {
    decide(id, denial::none, {}, now); // there is nothing to be loaded
    return;
  }
  const auto* model = known_ ? known_->find(mine.name) : nullptr;
  if (model == nullptr) {
    // It may be new: a list that is asked for from now on decides.
    unresolved_.push_back(id);
    act(action::kind::list);
    return;
  }
  mine.model = *model;
  auto& of = at(*model);
  switch (mine.what) {
  case purpose::no_wait:
    if (of.now != phase::open) {
      of.hinted = now;
      decide(id, denial::loading, "the model is being loaded", now);
      return;
    }
    decide(id, denial::none, {}, now);
    return;
  case purpose::unload:
    of.unloads.push_back(id);
    return;
  default:
    of.waiting.push_back(id);
    ++waiting_;
  }
}

void schedule::resolve_all(time_ns now) {
  if (!known_)
    return;
  for (const auto id : std::deque<ticket_id>{unresolved_}) {
    auto& mine = tickets_.at(id);
    if (mine.anew && listed_at_ < mine.since) {
      act(action::kind::list);
      continue;
    }
    mine.anew = false;
    if (known_->is_router && known_->find(mine.name) == nullptr) {
      if (listed_at_ >= mine.since)
        decide(id, denial::unknown_model, "the router has no model '" + mine.name + "'", now);
      else
        act(action::kind::list);
      continue;
    }
    std::erase(unresolved_, id);
    resolve(id, now);
  }
}

/// Those who waited for a model that is open now.
void schedule::serve(entry& one, time_ns now) {
  auto& of = one.second;
  if (!of.unloads.empty()) {
    close(one, now);
    return;
  }
  while (!of.waiting.empty())
    decide(of.waiting.front(), denial::none, {}, now);
}

bool schedule::wanted(const slot& of) noexcept {
  return !of.waiting.empty() || of.hinted != 0;
}

time_ns schedule::wanted_since(const slot& of) const {
  auto since = of.hinted != 0 ? of.hinted : never;
  if (!of.waiting.empty())
    since = std::min(since, tickets_.at(of.waiting.front()).since);
  return since;
}

std::vector<schedule::entry*> schedule::wanted_in_order() {
  std::vector<entry*> result;
  for (auto& one : slots_)
    if (wanted(one.second))
      result.push_back(&one);
  std::sort(result.begin(), result.end(), [this](const entry* a, const entry* b) {
    return wanted_since(a->second) < wanted_since(b->second);
  });
  return result;
}

bool schedule::has_room() const {
  if (limits_.max_loaded == 0)
    return true;
  const auto there = std::count_if(slots_.begin(), slots_.end(), [](const entry& one) {
    return one.second.now != phase::away && one.second.now != phase::yielding;
  });
  return static_cast<std::size_t>(there) < limits_.max_loaded;
}

bool schedule::making_room() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const entry& one) {
    const auto now = one.second.now;
    return now == phase::closing || now == phase::leaving || now == phase::unloading;
  });
}

bool schedule::idle(const slot& of) noexcept {
  return std::all_of(of.in_use.begin(), of.in_use.end(), [](auto count) { return count == 0; });
}

/// From when on an open model may be closed for one that is wanted.
time_ns schedule::may_close(const slot& of, const slot& wanted_one) const {
  if (of.now == phase::loading)
    return of.ours && !wanted(of) ? 0 : never; // its askers have left
  if (of.now != phase::open)
    return never;
  const auto turn_ends = std::max(wanted_since(wanted_one), of.opened) + limits_.batch_window;
  if (!idle(of))
    return turn_ends;
  return std::min(turn_ends, std::max(of.used + limits_.linger, of.kept_until));
}

/// Who has to go: of those that may, the one that was used longest ago.
schedule::entry* schedule::victim(const slot& wanted_one, time_ns now) {
  entry* best = nullptr;
  const auto rank = [](const slot& of) {
    return std::pair{of.now != phase::loading && !idle(of), of.used};
  };
  for (auto& one : slots_)
    if (may_close(one.second, wanted_one) <= now &&
        (best == nullptr || rank(one.second) < rank(best->second)))
      best = &one;
  return best;
}

void schedule::give_turns(time_ns now) {
  for (auto& one : slots_)
    if (!one.second.unloads.empty() && one.second.now == phase::away && known_ &&
        away_since_ == 0) {
      // It is not there as far as is known: the router says so itself.
      one.second.now = phase::leaving;
      act(action::kind::unload, one.first);
    }
  if (!known_ || away_since_ != 0)
    return;
  bool anybody = false; ///< wants a model that has to come first
  for (auto* one : wanted_in_order()) {
    auto& of = one->second;
    anybody =
        anybody || of.now == phase::away || of.now == phase::asked || of.now == phase::loading;
    if (of.now != phase::away)
      continue;
    if (of.next_try > now)
      continue;
    if (has_room()) {
      of.now = phase::asked;
      of.ours = true;
      if (of.next_try == 0)
        of.load_began = now;
      act(action::kind::load, one->first);
      continue;
    }
    if (making_room())
      break;
    auto* going = victim(of, now);
    if (going == nullptr)
      break;
    if (going->second.now == phase::loading) {
      going->second.now = phase::leaving;
      act(action::kind::unload, going->first);
    } else {
      close(*going, now);
    }
    break;
  }
  for (auto& one : slots_) {
    auto& of = one.second;
    if (of.now == phase::yielding && !of.unloads.empty())
      of.now = phase::closing; // somebody wants it gone in any case
    if (of.now != phase::closing && of.now != phase::yielding)
      continue;
    if (anybody || !of.unloads.empty()) {
      unload_if_drained(one, now);
    } else {
      reopen(one);
      serve(one, now);
    }
  }
}

/// Everything is closed; when all has ended, the one who wants the router has it.
void schedule::hold_everything(time_ns now) {
  bool quiet = true;
  for (auto& one : slots_) {
    auto& of = one.second;
    if (of.now == phase::open)
      close(one, now);
    const bool ended =
        of.now == phase::yielding ||
        (of.now == phase::closing &&
         std::find(of.undrained.begin(), of.undrained.end(), true) == of.undrained.end());
    quiet = quiet && (of.now == phase::away || ended);
  }
  if (!quiet)
    return;
  held_ = true;
  const auto id = *wants_everything_;
  decide(id, denial::none, {}, now);
}

time_ns schedule::due() const {
  auto first = never;
  const auto at_latest = [&](time_ns when) { first = std::min(first, when); };
  if (!tickets_.empty()) {
    at_latest(tickets_.begin()->second.since + limits_.max_wait);
    if (away_since_ != 0 && !held_)
      at_latest(away_since_ + limits_.restart_patience);
  }
  const slot* next = nullptr;
  for (const auto& [model, of] : slots_) {
    if (of.now == phase::asked || of.now == phase::loading)
      at_latest(of.load_began + limits_.load_timeout);
    if (of.hinted != 0)
      at_latest(of.hinted + limits_.max_wait);
    if (of.now != phase::away || !wanted(of))
      continue;
    if (of.next_try != 0)
      at_latest(of.next_try);
    if (next == nullptr || wanted_since(of) < wanted_since(*next))
      next = &of;
  }
  if (next != nullptr && away_since_ == 0 && !making_room() && !has_room())
    for (const auto& [model, of] : slots_)
      if (const auto when = may_close(of, *next); when != never)
        at_latest(when);
  return first == never ? 0 : first;
}

} // namespace synapse::models
