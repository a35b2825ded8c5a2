// What becomes of one model: by what is decided here, and by what the router's list says.
#include "actors/models/turns/schedule.hpp"

#include <algorithm>
#include <utility>

namespace synapse::models {

namespace {
constexpr unsigned max_tries = 3;
}

schedule::slot& schedule::at(std::string_view model) {
  return slots_.try_emplace(std::string{model}).first->second;
}

void schedule::open(entry& one, time_ns now) {
  auto& of = one.second;
  const bool ours = of.now == phase::loading && of.ours;
  if (ours) {
    const auto took = now - of.load_began;
    of.usual_load = (of.usual_load + took) / 2;
  }
  of.now = phase::open;
  of.opened = now;
  of.used = ours ? 0 : now; // whoever else has loaded it may be about to use it
  of.stays = false;
  of.word.clear();
  of.tries = 0;
  of.next_try = 0;
  of.progress = -1;
  of.in_use.assign(lanes_, not_told);
  of.no_rooms = 0;
  of.kept_until = 0;
  keep_for_hint(of, now);
  act(action::kind::view);
}

/// Somebody wants it and has gone; whoever asks again and again keeps the place of the first time.
/// @param returns they were told to come again; else they only wanted it loaded.
void schedule::hint(slot& of, bool returns, time_ns now) const {
  if (of.hinted == 0)
    of.hinted = now;
  of.hint_until = now + limits_.max_wait;
  of.returns = of.returns || returns;
}

/// The one who was told to come again is to find it.
void schedule::keep_for_hint(slot& of, time_ns now) const {
  if (of.hinted != 0 && of.returns)
    of.kept_until = now + limits_.batch_window;
  of.hinted = 0;
  of.returns = false;
}

void schedule::close(entry& one) {
  auto& of = one.second;
  of.now = phase::closing;
  ++of.number;
  of.undrained.assign(lanes_, true);
  act(action::kind::view);
}

/// It was to make room for somebody who is not there any more.
void schedule::reopen(entry& one, time_ns now) {
  auto& of = one.second;
  of.now = phase::open;
  of.in_use.assign(lanes_, not_told);
  keep_for_hint(of, now);
  act(action::kind::view);
}

void schedule::unload_if_drained(entry& one) {
  auto& of = one.second;
  if (std::find(of.undrained.begin(), of.undrained.end(), true) != of.undrained.end())
    return;
  if (limits_.load_evicts && of.unloads.empty()) {
    of.now = phase::yielding;
    act(action::kind::view);
  } else {
    send_away(one);
  }
}

void schedule::send_away(entry& one) {
  auto& of = one.second;
  of.now = phase::leaving;
  of.ours = true;
  of.stays = false;
  of.tries = 0;
  act(action::kind::unload, one.first);
}

/// The router does not have it any more, or nobody knows.
void schedule::lose(slot& of) {
  if (of.now == phase::away || of.now == phase::asked || of.now == phase::leaving)
    return;
  of.now = phase::away;
  of.progress = -1;
  of.next_try = 0;
  act(action::kind::view);
}

/// The router keeps a model that was to make room: who waits for that need not wait any longer.
void schedule::gives_no_room(entry& one, const std::string& detail, time_ns now) {
  for (auto& other : slots_)
    if (other.second.now == phase::away && wanted(other.second))
      fail(other, denial::router_error, "model " + one.first + " makes no room: " + detail, now);
}

void schedule::fail(entry& one, denial why, const std::string& detail, time_ns now) {
  auto& of = one.second;
  if ((of.now == phase::asked || of.now == phase::loading) && of.ours)
    act(action::kind::failed, one.first, detail);
  for (const auto id : std::deque<ticket_id>{of.waiting})
    decide(id, why, detail, now);
  of.now = phase::away;
  of.hinted = 0;
  of.returns = false;
  of.word.clear();
  of.tries = 0;
  of.progress = -1;
  of.next_try = 0;
}

void schedule::end_unloads(slot& of, denial why, const std::string& detail, time_ns now) {
  for (const auto id : std::exchange(of.unloads, {}))
    decide(id, why, detail, now);
}

void schedule::look_at_load(entry& one, const router_model& listed, time_ns asked_at, time_ns now) {
  auto& of = one.second;
  switch (listed.state) {
  case router_state::loaded:
  case router_state::sleeping:
    open(one, now);
    return;
  case router_state::loading:
    of.seen_away = 0;
    of.progress = listed.progress.value_or(of.progress);
    return;
  case router_state::failed:
    fail(one, denial::load_failed,
         "the model could not be loaded (its server ended with exit code " +
             std::to_string(listed.exit_code) + ")",
         now);
    return;
  default:
    break;
  }
  if (!of.ours) {
    lose(of); // whoever began it has given it up
    look_at(one, listed, asked_at, now);
    return;
  }
  // A router that was started anew in between knows nothing of the load.
  if (of.seen_away == 0)
    of.seen_away = now;
  else if (now - of.seen_away >= 2 * limits_.poll) {
    const auto tries = of.tries + 1;
    if (tries >= max_tries)
      fail(one, denial::load_failed, "the router accepted the load and did not begin it", now);
    else
      lose(of);
    of.tries = tries;
  }
}

void schedule::look_at_unload(entry& one, const router_model& listed, time_ns asked_at,
                              time_ns now) {
  auto& of = one.second;
  if (listed.state == router_state::unloading)
    return;
  const bool gone = listed.state == router_state::unloaded || listed.state == router_state::failed;
  if (gone || !of.ours) {
    if (gone)
      end_unloads(of, denial::none, {}, now);
    lose(of);
    look_at(one, listed, asked_at, now);
    return;
  }
  if (of.stays) {
    if (!of.unloads.empty()) {
      send_away(one); // somebody asks for it once more
      return;
    }
    if (!limits_.load_evicts)
      gives_no_room(one, of.word, now);
    lose(of);
    look_at(one, listed, asked_at, now);
    return;
  }
  if (now < of.retry_at)
    return;
  if (const auto tries = of.tries + 1; tries < max_tries) {
    send_away(one);
    of.tries = tries;
  } else {
    lose(of); // it does not go: then it is there
    look_at(one, listed, asked_at, now);
  }
}

void schedule::look_at(entry& one, const router_model& listed, time_ns asked_at, time_ns now) {
  auto& of = one.second;
  const bool ready = listed.state == router_state::loaded || listed.state == router_state::sleeping;
  const bool gone =
      !ready && listed.state != router_state::loading && listed.state != router_state::unloading;
  switch (of.now) {
  case phase::away:
    if (ready) {
      open(one, now);
    } else if (listed.state == router_state::loading || listed.state == router_state::unloading) {
      // Somebody else's doing; its end is waited for.
      of.now = listed.state == router_state::loading ? phase::loading : phase::unloading;
      of.load_began = now;
      of.accepted = asked_at;
      of.ours = false;
      of.progress = listed.progress.value_or(-1);
    }
    break;
  case phase::loading:
    if (asked_at >= of.accepted)
      look_at_load(one, listed, asked_at, now);
    break;
  case phase::open:
    if (asked_at > of.opened && !ready) {
      lose(of);
      if (!gone)
        look_at(one, listed, asked_at, now);
    }
    break;
  case phase::closing:
  case phase::yielding:
    if (gone) {
      end_unloads(of, denial::none, {}, now);
      lose(of);
    }
    break;
  case phase::unloading:
    if (asked_at >= of.accepted)
      look_at_unload(one, listed, asked_at, now);
    break;
  case phase::asked:
  case phase::leaving:
    break; // the answer comes
  }
}

} // namespace synapse::models
