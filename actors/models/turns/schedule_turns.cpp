// Whose turn it is. What happened is noted in schedule.cpp; what follows from it is decided here.
#include "actors/models/turns/schedule.hpp"

#include <algorithm>
#include <limits>

namespace synapse::models {

namespace {
constexpr time_ns never = std::numeric_limits<time_ns>::max();
/// A router that has no room for so long (a quarter of `poll` apart) holds less than is thought.
constexpr unsigned max_no_rooms = 4;
} // namespace

void schedule::step(time_ns now) {
  expire(now);
  resolve_all(now);
  for (auto& one : slots_) {
    if (one.second.next_try <= now)
      one.second.next_try = 0;
    if (one.second.now == phase::open)
      serve(one, now);
  }
  if (wants_everything_ && !held_)
    hold_everything(now);
  else if (!held_)
    give_turns(now);
  if (contended() != was_contended_) {
    was_contended_ = !was_contended_;
    // The lanes tell from now on; until they have, every open model counts as used.
    if (was_contended_)
      for (auto& [model, of] : slots_)
        of.in_use.assign(lanes_, not_told);
    act(action::kind::view);
  }
}

/// Tickets are numbered as they come, so the oldest are first.
void schedule::expire(time_ns now) {
  while (!tickets_.empty()) {
    const auto id = tickets_.begin()->first;
    if (now - tickets_.begin()->second.since < limits_.max_wait)
      break;
    const auto reason = reason_text(tickets_.begin()->second.model, now);
    decide(id, denial::wait_timeout,
           "the model was not available for as long as one may wait" +
               (reason.empty() ? reason : "; it " + reason),
           now);
  }
  const auto patience = refused_ ? 0 : limits_.restart_patience;
  if (away_since_ != 0 && now - away_since_ >= patience && !held_) {
    // Who wants to change the router may: perhaps that is what it needs.
    std::vector<ticket_id> all;
    for (const auto& [id, one] : tickets_)
      if (one.what != purpose::everything)
        all.push_back(id);
    for (const auto id : all)
      decide(id, away_denial(), away_why_, now);
  }
  for (auto& [model, of] : slots_)
    if (of.hinted != 0 && now >= of.hint_until) {
      of.hinted = 0;
      of.returns = false;
    }
}

denial schedule::away_denial() const noexcept {
  return garbage_ || refused_ ? denial::router_error : denial::router_unavailable;
}

/// Finds the model that a ticket speaks of.
void schedule::resolve(ticket_id id, time_ns now) {
  auto& mine = tickets_.at(id);
  if (known_ && !known_->is_router) {
    decide(id, denial::none, {}, now); // there is nothing to be loaded
    return;
  }
  const auto* model = known_ ? known_->find(mine.name) : nullptr;
  const bool full = waiting() >= limits_.max_waiting;
  const auto* const too_many = "too many requests wait for their models";
  if (model == nullptr) {
    if (full) {
      decide(id, denial::queue_full, too_many, now);
    } else if (away_since_ != 0 && mine.what == purpose::no_wait) {
      decide(id, away_denial(), away_why_, now);
    } else {
      // It may be new: a list that is asked for from now on decides.
      unresolved_.push_back(id);
      if (known_ && away_since_ == 0)
        act(action::kind::list);
    }
    return;
  }
  mine.model = *model;
  auto& of = at(*model);
  if (mine.what == purpose::unload) {
    of.unloads.push_back(id);
    of.hinted = 0;
    of.returns = false;
    of.kept_until = 0;
  } else if (of.now == phase::open && of.unloads.empty()) {
    decide(id, denial::none, {}, now);
  } else if (mine.what == purpose::no_wait && refused_) {
    decide(id, away_denial(), away_why_, now);
  } else if (mine.what == purpose::no_wait) {
    hint(of, true, now);
    decide(id, denial::loading, "the model is being loaded", now);
  } else if (mine.what == purpose::load && of.now == phase::loading) {
    hint(of, false, now);
    decide(id, denial::none, {}, now);
  } else if (full) {
    decide(id, denial::queue_full, too_many, now);
  } else {
    of.waiting.push_back(id);
    ++waiting_;
  }
}

void schedule::resolve_all(time_ns now) {
  for (const auto id : std::deque<ticket_id>{unresolved_}) {
    auto& mine = tickets_.at(id);
    if (mine.anew && known_ && away_since_ == 0) {
      if (listed_at_ < mine.since) {
        act(action::kind::list);
        continue;
      }
      mine.anew = false;
    }
    if (away_since_ != 0) {
      if (mine.what == purpose::no_wait)
        decide(id, away_denial(), away_why_, now);
    } else if (known_ && known_->find(mine.name) != nullptr) {
      std::erase(unresolved_, id);
      resolve(id, now);
    } else if (known_ && listed_at_ >= mine.since) {
      decide(id, denial::unknown_model, "the router has no model '" + mine.name + "'", now);
    } else if (known_) {
      act(action::kind::list);
    }
  }
}

/// Those who waited for a model that is open now.
void schedule::serve(entry& one, time_ns now) {
  auto& of = one.second;
  // Whoever came before it was to be unloaded is served first.
  const auto until =
      of.unloads.empty() ? std::numeric_limits<ticket_id>::max() : of.unloads.front();
  while (!of.waiting.empty() && of.waiting.front() < until)
    decide(of.waiting.front(), denial::none, {}, now);
  if (!of.unloads.empty())
    close(one);
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

/// Where the router says again and again that it has none, another model has to go.
bool schedule::room_for(const slot& wanted_one) const {
  if (!has_room())
    return false;
  return wanted_one.no_rooms < max_no_rooms ||
         std::all_of(slots_.begin(), slots_.end(), [](const entry& one) {
           return one.second.now == phase::away || one.second.now == phase::yielding;
         });
}

bool schedule::informed() const {
  return known_ && away_since_ == 0 && listed_at_ >= fresh_from_;
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

/// Else the one whose lanes speak first would go, not the one that was used longest ago.
bool schedule::all_told() const {
  return std::all_of(slots_.begin(), slots_.end(), [](const entry& one) {
    const auto& of = one.second;
    return of.now != phase::open ||
           std::find(of.in_use.begin(), of.in_use.end(), not_told) == of.in_use.end();
  });
}

/// From when on an open model may be closed for one that is wanted.
time_ns schedule::may_close(const slot& of, const slot& wanted_one) const {
  if (of.now == phase::loading)
    return of.ours && !wanted(of) ? of.load_began : never; // its askers have left
  if (of.now != phase::open)
    return never;
  const auto turn_ends = std::max(wanted_since(wanted_one), of.opened) + limits_.batch_window;
  if (!idle(of) || !all_told())
    return turn_ends;
  // Where nobody has used it, nobody thinks for a moment between two requests.
  const auto lingers = of.used == 0 ? of.opened : of.used + limits_.linger;
  return std::min(turn_ends, std::max(lingers, of.kept_until));
}

/// Who has to go: of those that may, the one that was used longest ago.
schedule::entry* schedule::victim(const slot& wanted_one, time_ns now) {
  entry* best = nullptr;
  const auto rank = [](const slot& of) {
    return std::pair{of.now != phase::loading && !idle(of), std::max(of.used, of.opened)};
  };
  for (auto& one : slots_)
    if (may_close(one.second, wanted_one) <= now &&
        (best == nullptr || rank(one.second) < rank(best->second)))
      best = &one;
  return best;
}

void schedule::give_turns(time_ns now) {
  if (!informed())
    return;
  for (auto& one : slots_) {
    const auto& of = one.second;
    // One that is not there, as far as is known, is told to go, too: the router says so itself.
    if (!of.unloads.empty() &&
        (of.now == phase::away || (of.now == phase::loading && of.waiting.empty())))
      send_away(one);
  }
  bool anybody = false; ///< wants a model that is not there yet
  for (auto* one : wanted_in_order()) {
    auto& of = one->second;
    anybody =
        anybody || of.now == phase::away || of.now == phase::asked || of.now == phase::loading;
    if (of.now != phase::away)
      continue;
    if (of.next_try > now)
      break; // what keeps the first one would keep all others, and they are not to overtake it
    if (room_for(of)) {
      of.now = phase::asked;
      of.ours = true;
      of.load_began = now;
      act(action::kind::load, one->first);
      continue;
    }
    if (making_room())
      break;
    if (auto* going = victim(of, now); going != nullptr) {
      of.no_rooms = 0;
      if (going->second.now == phase::loading)
        send_away(*going);
      else
        close(*going);
    }
    break;
  }
  // As long as a load is on its way, the router may be sending them away.
  const bool evicting = std::any_of(slots_.begin(), slots_.end(), [](const entry& one) {
    const auto now_is = one.second.now;
    return now_is == phase::asked || (now_is == phase::loading && one.second.ours);
  });
  for (auto& one : slots_) {
    auto& of = one.second;
    const bool yields = of.now == phase::yielding && of.unloads.empty() && (anybody || evicting);
    if ((of.now != phase::closing && of.now != phase::yielding) || yields)
      continue;
    if (anybody || !of.unloads.empty()) {
      unload_if_drained(one);
    } else {
      reopen(one, now);
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
      close(one);
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
  if (!tickets_.empty())
    at_latest(tickets_.begin()->second.since + limits_.max_wait);
  const auto others =
      tickets_.size() - (wants_everything_ ? tickets_.count(*wants_everything_) : 0);
  if (others > 0 && away_since_ != 0 && !held_)
    at_latest(away_since_ + limits_.restart_patience);
  const slot* next = nullptr;
  for (const auto& [model, of] : slots_) {
    if (of.now == phase::asked || of.now == phase::loading)
      at_latest(of.load_began + limits_.load_timeout);
    if (of.hinted != 0)
      at_latest(of.hint_until);
    if (of.now == phase::away && wanted(of) &&
        (next == nullptr || wanted_since(of) < wanted_since(*next)))
      next = &of;
  }
  if (next != nullptr && informed() && !wants_everything_) {
    if (next->next_try != 0)
      at_latest(next->next_try);
    else if (!making_room() && !room_for(*next))
      for (const auto& [model, of] : slots_)
        if (const auto when = may_close(of, *next); when != never)
          at_latest(when);
  }
  return first == never ? 0 : first;
}

} // namespace synapse::models
