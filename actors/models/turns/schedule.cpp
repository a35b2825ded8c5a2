#include "actors/models/turns/schedule.hpp"

#include <algorithm>
#include <utility>

namespace synapse::models {

namespace {
/// A router gives its children 10 s to end, then kills them.
constexpr time_ns unload_patience = 15'000'000'000;
constexpr time_ns second = 1'000'000'000;
} // namespace

// ---- what happens ----

ticket_id schedule::ask(std::string_view name, purpose what, time_ns now) {
  const auto id = ++last_ticket_;
  auto& mine = tickets_[id];
  mine.name = name;
  mine.what = what;
  mine.since = now;
  if (what == purpose::everything) {
    if (wants_everything_)
      decide(id, denial::queue_full, "the router is being reconfigured already", now);
    else
      wants_everything_ = id;
  } else {
    resolve(id, now);
  }
  step(now);
  return id;
}

ticket_id schedule::ask_anew(std::string_view name, purpose what, time_ns now) {
  const auto id = ++last_ticket_;
  auto& mine = tickets_[id];
  mine.name = name;
  mine.what = what;
  mine.since = now;
  mine.anew = true;
  if (waiting() >= limits_.max_waiting) {
    decide(id, denial::queue_full, "too many requests wait for their models", now);
    return id;
  }
  unresolved_.push_back(id);
  if (known_ && away_since_ == 0)
    act(action::kind::list);
  step(now);
  return id;
}

void schedule::abandon(ticket_id id, time_ns now) {
  if (!tickets_.contains(id))
    return;
  forget(id);
  step(now);
}

void schedule::usage(std::size_t lane, std::string_view model, std::uint32_t in_use,
                     time_ns last_used, time_ns now) {
  const auto found = slots_.find(model);
  if (found == slots_.end() || lane >= lanes_)
    return;
  auto& of = found->second;
  of.in_use.resize(lanes_, not_told);
  of.in_use[lane] = in_use;
  of.used = std::max(of.used, in_use > 0 ? now : std::min(last_used, now));
  if (in_use > 0)
    of.kept_until = 0;
  step(now);
}

void schedule::drained(std::size_t lane, std::string_view model, std::uint32_t number,
                       time_ns now) {
  const auto found = slots_.find(model);
  if (found == slots_.end() || lane >= lanes_)
    return;
  auto& of = found->second;
  if (of.now != phase::closing || of.number != number)
    return;
  of.undrained[lane] = false;
  step(now);
}

void schedule::listed(catalog list, time_ns asked_at, time_ns now) {
  known_ = std::move(list);
  listed_at_ = asked_at;
  away_since_ = 0;
  refused_ = false;
  if (held_)
    return; // whoever has everything changes the router itself
  if (!known_->is_router) {
    is_no_router(now);
    return;
  }
  if (asked_at < fresh_from_) {
    act(action::kind::list);
    step(now);
    return;
  }
  for (const auto& [model, listed] : known_->models)
    look_at(*slots_.try_emplace(model).first, listed, asked_at, now);
  for (auto& one : slots_)
    if (!known_->models.contains(one.first)) {
      lose(one.second);
      fail(one, denial::unknown_model, "the router has no such model any more", now);
    }
  std::erase_if(slots_, [this](const entry& one) {
    return !known_->models.contains(one.first) && one.second.unloads.empty();
  });
  act(action::kind::view);
  step(now);
}

/// There is nothing to be loaded: whoever waits may go on, and the server answers for itself.
void schedule::is_no_router(time_ns now) {
  std::vector<ticket_id> all;
  for (const auto& [id, one] : tickets_)
    if (one.what != purpose::everything)
      all.push_back(id);
  for (const auto id : all)
    decide(id, denial::none, {}, now);
  slots_.clear();
  act(action::kind::view);
  step(now);
}

void schedule::list_failed(bool gone, bool garbage, std::string why, time_ns now) {
  if (away_since_ == 0)
    away_since_ = now;
  garbage_ = garbage;
  refused_ = false;
  away_why_ = std::move(why);
  // One that listens but does not answer may only be busy: what is open stays open.
  if (gone && !held_)
    for (auto& [model, of] : slots_)
      lose(of);
  step(now);
}

void schedule::list_refused(std::string why, time_ns now) {
  if (away_since_ == 0)
    away_since_ = now;
  garbage_ = false;
  refused_ = true;
  away_why_ = std::move(why);
  step(now);
}

void schedule::load_answered(std::string_view model, router_answer how, std::string detail,
                             time_ns now) {
  const auto found = slots_.find(model);
  if (found == slots_.end() || found->second.now != phase::asked)
    return;
  auto& of = found->second;
  switch (how) {
  case router_answer::accepted:
    of.now = phase::loading;
    of.accepted = now;
    of.seen_away = 0;
    of.no_rooms = 0;
    of.word.clear();
    ++loads_;
    // Who wanted it loaded has what they wanted; it is not to be lost before it was used.
    for (const auto id : std::deque<ticket_id>{of.waiting})
      if (tickets_.at(id).what == purpose::load) {
        hint(of, false, now);
        decide(id, denial::none, {}, now);
      }
    break;
  case router_answer::not_found:
    fail(*found, denial::unknown_model, detail, now);
    break;
  case router_answer::no_room:
    of.now = phase::away;
    of.word = std::move(detail);
    ++of.no_rooms;
    of.next_try = now + limits_.poll / 4;
    break;
  case router_answer::unreachable:
    of.now = phase::away;
    of.word = std::move(detail);
    of.next_try = now + limits_.poll;
    break;
  case router_answer::no_route:
  case router_answer::refused:
    fail(*found, denial::load_failed, detail, now);
    break;
  }
  act(action::kind::list);
  step(now);
}

void schedule::unload_answered(std::string_view model, router_answer how, std::string detail,
                               time_ns now) {
  const auto found = slots_.find(model);
  if (found == slots_.end() || found->second.now != phase::leaving)
    return;
  auto& of = found->second;
  const bool done = how == router_answer::accepted || how == router_answer::not_found;
  const bool passing = how == router_answer::unreachable || how == router_answer::no_room;
  // Its list says what became of it, also when it refused.
  of.now = phase::unloading;
  of.accepted = now;
  of.retry_at = now + (done ? unload_patience : limits_.poll);
  of.stays = how != router_answer::accepted && !passing;
  of.word = detail;
  end_unloads(of,
              done      ? denial::none
              : passing ? denial::router_unavailable
                        : denial::router_error,
              detail, now);
  if (!done && !passing && !limits_.load_evicts)
    gives_no_room(*found, detail, now);
  act(action::kind::list);
  step(now);
}

void schedule::suspect(std::string_view, time_ns now) {
  act(action::kind::list);
  step(now);
}

void schedule::release(time_ns now) {
  if (!held_)
    return;
  held_ = false;
  wants_everything_.reset();
  fresh_from_ = now; // it may be another router by now, with other models loaded
  for (auto& [model, of] : slots_)
    lose(of);
  act(action::kind::list);
  step(now);
}

bool schedule::progress(std::string_view model, double value) {
  const auto* name = known_ ? known_->find(model) : nullptr;
  const auto found = name != nullptr ? slots_.find(*name) : slots_.end();
  if (found == slots_.end() || found->second.now != phase::loading)
    return false;
  found->second.progress = std::clamp(value, 0.0, 1.0);
  return true;
}

void schedule::tick(time_ns now) {
  for (auto& one : slots_) {
    auto& of = one.second;
    const bool loads = of.now == phase::asked || of.now == phase::loading;
    if (!loads || now - of.load_began < limits_.load_timeout)
      continue;
    fail(one, denial::load_timeout, "the model did not become ready in time", now);
    const bool in_the_way = std::any_of(slots_.begin(), slots_.end(), [](const entry& other) {
      return other.second.now == phase::away && wanted(other.second);
    });
    if (of.ours || in_the_way) {
      send_away(one); // whatever it does there, it must not keep the room
    } else {
      of.now = phase::loading; // somebody else's, and it is in nobody's way
      of.load_began = now;
    }
  }
  step(now);
}

// ---- tickets ----

std::string schedule::id_of(std::string_view model) const {
  if (!known_)
    return std::string{model};
  const auto found = known_->models.find(model);
  return found == known_->models.end() ? std::string{model} : found->second.id;
}

std::uint32_t schedule::retry_after(const slot& of, time_ns now) const {
  time_ns left = of.usual_load;
  if (of.now == phase::loading || of.now == phase::asked)
    left -= now - of.load_began;
  return static_cast<std::uint32_t>(std::clamp<time_ns>((left + second - 1) / second, 1, 60));
}

void schedule::decide(ticket_id id, denial why, const std::string& detail, time_ns now) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end())
    return;
  action one;
  one.what = action::kind::decide;
  one.verdict.ticket = id;
  one.verdict.why = why;
  one.verdict.detail = detail;
  one.verdict.model = found->second.model.empty() ? found->second.name : found->second.model;
  if (const auto of = slots_.find(one.verdict.model); of != slots_.end()) {
    one.verdict.progress = of->second.now == phase::loading ? of->second.progress : -1;
    one.verdict.retry_after_s = retry_after(of->second, now);
    const auto what = found->second.what;
    if (why == denial::none && (what == purpose::request || what == purpose::no_wait)) {
      of->second.used = now;
      of->second.kept_until = 0;
    }
  }
  if (why == denial::none)
    one.verdict.id = id_of(one.verdict.model);
  forget(id);
  actions_.push_back(std::move(one));
}

void schedule::forget(ticket_id id) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end())
    return;
  std::erase(unresolved_, id);
  if (wants_everything_ == id && !held_)
    wants_everything_.reset();
  if (const auto of = slots_.find(found->second.model); of != slots_.end()) {
    waiting_ -= std::erase(of->second.waiting, id);
    std::erase(of->second.unloads, id);
  }
  tickets_.erase(found);
}

// ---- what is ----

bool schedule::contended() const noexcept {
  if (wants_everything_)
    return true;
  return std::any_of(slots_.begin(), slots_.end(),
                     [](const entry& one) { return wanted(one.second); });
}

turn schedule::turn_of(std::string_view model) const {
  turn result;
  if (const auto found = slots_.find(model); found != slots_.end()) {
    result.open = found->second.now == phase::open;
    result.closing = found->second.now == phase::closing ? found->second.number : 0;
  }
  return result;
}

bool schedule::present(std::string_view model) const {
  const auto found = slots_.find(model);
  if (found == slots_.end())
    return false;
  const auto now = found->second.now;
  return now != phase::away && now != phase::asked && now != phase::loading;
}

bool schedule::loading(std::string_view model) const {
  const auto found = slots_.find(model);
  return found != slots_.end() &&
         (found->second.now == phase::asked || found->second.now == phase::loading);
}

bool schedule::changing() const {
  if (!known_ || away_since_ != 0 || !unresolved_.empty())
    return true;
  return std::any_of(slots_.begin(), slots_.end(), [](const entry& one) {
    return one.second.now != phase::away && one.second.now != phase::open;
  });
}

std::vector<action> schedule::take_actions() {
  return std::exchange(actions_, {});
}

void schedule::act(action::kind what, const std::string& model, const std::string& detail) {
  const bool once = what == action::kind::view || what == action::kind::list;
  if (once && std::any_of(actions_.begin(), actions_.end(),
                          [&](const action& one) { return one.what == what; }))
    return;
  action one;
  one.what = what;
  one.model = model;
  one.id = model.empty() ? model : id_of(model);
  one.verdict.detail = detail;
  actions_.push_back(std::move(one));
}

} // namespace synapse::models
