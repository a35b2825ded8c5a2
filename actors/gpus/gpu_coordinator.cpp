#include "actors/gpus/gpu_coordinator.hpp"

#include "actors/gpus/actor_time.hpp"
#include "actors/gpus/card_words.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::actors {

namespace {

using gpus::action;

constexpr time_ns min_tick_gap = 1'000'000;
/// Others hear at most so often that a backend is used or is not; of all else at once.
constexpr time_ns usage_gap = 100'000'000;

bool wakes(action::kind what) noexcept {
  return what == action::kind::wake || what == action::kind::wake_weights ||
         what == action::kind::reload_weights || what == action::kind::wake_cache;
}

class gpu_coordinator_impl : public gpu_coordinator_actor::base {
public:
  gpu_coordinator_impl(caf::actor_config& config, gpu_coordinator_parts parts)
      : gpu_coordinator_actor::base(config), state_(this, std::move(parts)) {}
  gpu_coordinator_actor::behavior_type make_behavior() override { return state_.make_behavior(); }
  const char* name() const override { return gpu_coordinator_state::name; }
  void on_exit() override { state_.let_go(); }

private:
  gpu_coordinator_state state_;
};

} // namespace

gpu_coordinator_actor spawn_gpu_coordinator(caf::actor_system& system,
                                            gpu_coordinator_parts parts) {
  return system.spawn<gpu_coordinator_impl>(std::move(parts));
}

gpu_coordinator_state::gpu_coordinator_state(gpu_coordinator_actor::pointer self,
                                             gpu_coordinator_parts parts)
    : self_(self), card_(std::move(parts.card)), events_(std::move(parts.events)),
      schedule_(parts.lanes, card_limits_of(*card_)), lease_(!parts.clustered),
      clustered_(parts.clustered), servers_(self) {}

gpu_coordinator_actor::behavior_type gpu_coordinator_state::make_behavior() {
  if (clustered_)
    led_until_ = gpu_time(self_) + gpus::card_lease::term; // until it knows who else there is
  lead();
  on_card(card_);
  return {
      [this](const gpu_desk_actor& desk, std::uint32_t lane) {
        desks_[lane] = desk;
        self_->send(desk, view_);
      },
      [this](const gpu_demand& what) { on_demand(what); },
      [this](const gpu_demand_gone& what) { on_gone(what); },
      [this](const gpu_usage& what) {
        schedule_.usage(what.lane, what.member, what.in_use, what.last_used, gpu_time(self_));
        follow();
      },
      [this](const gpu_drained& what) {
        schedule_.drained(what.lane, what.member, what.closing, gpu_time(self_));
        follow();
      },
      [this](const gpu_card_ptr& card) { on_card(card); },
      [this](const gpu_peers& peers) { on_peers(peers); },
      [this](const peer_gpu& what) { on_peer(what); },
      [this](tick_atom) { on_tick(); },
  };
}

void gpu_coordinator_state::let_go() {
  servers_.let_go();
  desks_.clear();
  askers_.clear();
  demands_.clear();
  events_ = {};
  card_ = std::make_shared<const gpu_card>();
}

// ---- desks and their sessions ----

void gpu_coordinator_state::on_demand(const gpu_demand& what) {
  const auto known = desks_.find(what.lane);
  // It may not have been introduced yet.
  auto desk = known != desks_.end() ? known->second
                                    : caf::actor_cast<gpu_desk_actor>(self_->current_sender());
  if (!desk)
    return;
  asker who;
  who.desk = std::move(desk);
  who.request = {what.lane, what.request};
  const auto ticket = schedule_.ask(what.member, gpu_time(self_));
  demands_[who.request] = ticket;
  askers_[ticket] = std::move(who);
  follow();
}

void gpu_coordinator_state::on_gone(const gpu_demand_gone& what) {
  const auto found = demands_.extract({what.lane, what.request});
  if (!found)
    return;
  askers_.erase(found.mapped());
  schedule_.abandon(found.mapped(), gpu_time(self_));
  follow();
}

void gpu_coordinator_state::tell(const gpus::verdict& verdict) {
  const auto node = askers_.extract(verdict.ticket);
  if (!node) {
    was_wish(verdict);
    return;
  }
  const auto& who = node.mapped();
  if (const auto known = demands_.find(who.request);
      known != demands_.end() && known->second == verdict.ticket)
    demands_.erase(known);
  gpu_grant grant;
  grant.request = who.request.second;
  grant.why = denial_of(verdict.why);
  grant.member = verdict.member;
  grant.detail = verdict.detail;
  grant.retry_after_s = verdict.retry_after_s;
  self_->send(who.desk, std::move(grant));
}

// ---- the card ----

const gpu_card::member* gpu_coordinator_state::find(const std::string& member) const {
  const auto found = std::find_if(card_->members.begin(), card_->members.end(),
                                  [&](const auto& one) { return one.settings.name == member; });
  return found == card_->members.end() ? nullptr : &*found;
}

void gpu_coordinator_state::on_card(gpu_card_ptr card) {
  const auto now = gpu_time(self_);
  const auto before = std::exchange(card_, std::move(card));
  peers_.set_place(card_->place);
  schedule_.set_limits(card_limits_of(*card_), now);
  for (const auto& old : before->members)
    if (find(old.settings.name) == nullptr)
      schedule_.remove_member(old.settings.name, now);
  for (const auto& one : card_->members) {
    schedule_.set_member(one.settings.name, member_limits_of(one.settings), now);
    for (const auto& old : before->members)
      if (old.settings.name == one.settings.name && old.settings.url != one.settings.url)
        schedule_.forget(one.settings.name, now);
  }
  follow();
}

// ---- other replicas ----

void gpu_coordinator_state::lead() {
  const auto now = gpu_time(self_);
  const bool leads = lease_.holds(now);
  if (leads != schedule_.leads()) {
    for (const auto& [member, entry] : view_->members)
      if (!leads && entry.state == gpu_state::waking)
        wakes_[member] = entry.since;
    schedule_.lead(leads, now, is_led(now));
    for (const auto& [peer, lane] : std::exchange(lanes_, {}))
      schedule_.remove_lane(lane, now);
    for (const auto& [who, one] : std::exchange(wishes_, {}))
      schedule_.abandon(one.ticket, now);
    leader_.clear();
    if (leads && clustered_)
      begin_to_lead(now);
  }
  if (clustered_)
    hear_leader(now);
}

void gpu_coordinator_state::begin_to_lead(time_ns now) {
  for (const auto& [member, since] : std::exchange(wakes_, {}))
    if (const auto* one = find(member);
        one != nullptr &&
        now - since < std::chrono::nanoseconds{one->settings.sleep.wake_timeout}.count())
      schedule_.woken_elsewhere(member, now);
  if (heard_leader_)
    schedule_.know_what_was_told(now);
  for (const auto& peer : peers_.live())
    serve_peer(peer, *peers_.note_of(peer));
}

bool gpu_coordinator_state::is_led(time_ns now) {
  if (lease_.has_most() || !peers_.leader().empty())
    led_until_ = now + gpus::card_lease::term;
  return now < led_until_;
}

void gpu_coordinator_state::hear_leader(time_ns now) {
  auto leader = schedule_.leads() ? std::string{} : peers_.leader();
  if (leader != leader_)
    refused_.clear();
  leader_ = std::move(leader);
  const auto* says = leader_.empty() ? nullptr : peers_.note_of(leader_);
  schedule_.follow(is_led(now), says != nullptr && says->contended, now);
  for (const auto& one : card_->members) {
    const auto& member = one.settings.name;
    const auto word = says == nullptr
                          ? std::vector<gpu_word>::const_iterator{}
                          : std::find_if(says->members.begin(), says->members.end(),
                                         [&](const auto& of) { return of.member == member; });
    if (says == nullptr || word == says->members.end()) {
      schedule_.told(member, std::nullopt, now);
      continue;
    }
    schedule_.told(member, leader_word_of(*word), now);
    const auto [known, first] = refused_.try_emplace(member, word->refused);
    if (!first && known->second != word->refused) {
      known->second = word->refused;
      schedule_.refuse(member, denial_of(word->why), word->reason, now);
    }
  }
}

void gpu_coordinator_state::on_peers(const gpu_peers& peers) {
  const auto now = gpu_time(self_);
  for (const auto& peer : peers_.heard(peers)) {
    end_wishes(peer);
    if (const auto lane = lanes_.extract(peer))
      schedule_.remove_lane(lane.mapped(), now);
  }
  heard_ = peers;
  heard_at_ = now;
  lease_.heard(heard_.self, peers_.live(), peers_.silent(), heard_.notice, heard_at_);
  lead();
  if (schedule_.leads())
    for (const auto& peer : peers_.live())
      if (!lanes_.contains(peer))
        serve_peer(peer, *peers_.note_of(peer));
  follow();
}

void gpu_coordinator_state::on_peer(const peer_gpu& what) {
  if (!clustered_ || !peers_.said(what.peer, what.note))
    return;
  const auto now = gpu_time(self_);
  remember_wakes(what.note, now);
  // It may be the first time that it speaks of this card. That says nothing new of who is there.
  lease_.heard(heard_.self, peers_.live(), peers_.silent(), heard_.notice, heard_at_);
  lead();
  if (const auto* note = peers_.note_of(what.peer); note != nullptr && schedule_.leads())
    serve_peer(what.peer, *note);
  follow();
}

/// What one that leads has told to wake is not told again by whoever leads next.
void gpu_coordinator_state::remember_wakes(const gpu_note& note, time_ns now) {
  if (!note.leads || schedule_.leads())
    return;
  heard_leader_ = true;
  for (const auto& word : note.members)
    if (word.state == gpu_state::waking)
      wakes_.try_emplace(word.member, now);
    else
      wakes_.erase(word.member);
}

/// @pre this one leads
void gpu_coordinator_state::serve_peer(const std::string& peer, const gpu_note& note) {
  const auto now = gpu_time(self_);
  if (!lanes_.contains(peer))
    lanes_[peer] = schedule_.add_lane(now);
  const auto lane = lanes_.at(peer);
  for (const auto& word : note.members) {
    if (word.in_use != gpu_word::not_told)
      schedule_.usage(lane, word.member, word.in_use, word.used, now);
    if (word.drained != 0)
      schedule_.drained(lane, word.member, word.drained, now);
    auto& wish = wishes_[{peer, word.member}];
    if (wish.number == word.wanted)
      continue;
    wish.number = word.wanted;
    // One that goes on wanting it keeps its place.
    if (word.wanted == 0)
      schedule_.abandon(std::exchange(wish.ticket, 0), now);
    else if (wish.ticket == 0)
      wish.ticket = schedule_.ask(word.member, now);
  }
}

/// Another replica may not have all of the card's backends: of the others it has nothing to say.
void gpu_coordinator_state::answer_for_strangers() {
  for (const auto& [peer, lane] : lanes_) {
    const auto* note = peers_.note_of(peer);
    for (const auto& one : card_->members) {
      const auto number = schedule_.to_confirm(one.settings.name);
      const bool speaks =
          number == 0 || note == nullptr ||
          std::any_of(note->members.begin(), note->members.end(),
                      [&](const auto& word) { return word.member == one.settings.name; });
      if (!speaks)
        schedule_.drained(lane, one.settings.name, number, gpu_time(self_));
    }
  }
}

void gpu_coordinator_state::end_wishes(const std::string& peer) {
  for (auto at = wishes_.begin(); at != wishes_.end();) {
    if (at->first.first != peer) {
      ++at;
      continue;
    }
    schedule_.abandon(at->second.ticket, gpu_time(self_));
    at = wishes_.erase(at);
  }
}

/// What was wished by another replica shows in the next note.
bool gpu_coordinator_state::was_wish(const gpus::verdict& verdict) {
  const auto found = std::find_if(wishes_.begin(), wishes_.end(), [&](const auto& one) {
    return one.second.ticket == verdict.ticket;
  });
  if (found == wishes_.end())
    return false;
  found->second.ticket = 0;
  if (verdict.why != gpus::denial::none) {
    auto& of = refusals_[verdict.member];
    ++of.count;
    of.why = denial_of(verdict.why);
    of.reason = verdict.detail;
  }
  return true;
}

gpu_note gpu_coordinator_state::note() const {
  gpu_note result;
  result.card = card_->name;
  result.place = card_->place;
  result.leads = schedule_.leads();
  result.contended = result.leads && schedule_.contended();
  const auto* leader = leader_.empty() ? nullptr : peers_.note_of(leader_);
  for (const auto& [member, entry] : view_of(schedule_).members) {
    auto& word = result.members.emplace_back();
    word.member = member;
    if (result.leads) {
      word.state = entry.state;
      word.closing = schedule_.to_confirm(member);
      word.retry_at = entry.retry_at;
      word.reason = entry.reason;
      if (const auto refused = refusals_.find(member); refused != refusals_.end()) {
        word.refused = refused->second.count;
        word.why = refused->second.why;
        word.reason = refused->second.reason;
      }
      continue;
    }
    word.wanted = schedule_.first_waiting(member);
    if (leader == nullptr)
      continue;
    for (const auto& of : leader->members)
      if (of.member == member && schedule_.at_rest(member))
        word.drained = of.closing;
    if (const auto used = schedule_.in_use(member); leader->contended && used) {
      word.in_use = *used ? 1 : 0;
      word.used = schedule_.used(member);
    }
  }
  return result;
}

/// Before a command, so that who takes over knows of it.
void gpu_coordinator_state::tell_others() {
  if (!clustered_)
    return;
  auto fresh = note();
  const auto how = compare_notes(told_, fresh);
  if (how == note_change::none) {
    tell_at_ = 0;
    return;
  }
  const auto now = gpu_time(self_);
  if (how == note_change::usage && now < told_at_ + usage_gap) {
    tell_at_ = told_at_ + usage_gap;
    return;
  }
  tell_at_ = 0;
  told_at_ = now;
  told_ = std::move(fresh);
  events_.told(told_);
}

// ---- what follows ----

/// Does what the schedule has decided.
void gpu_coordinator_state::follow() {
  lead(); // a process that was stopped for a while finds out here that it leads no more
  for (auto decided = schedule_.take_actions(); !decided.empty();
       decided = schedule_.take_actions()) {
    act(decided);
    answer_for_strangers();
  }
  tell_others();
  if (const auto waiting = schedule_.waiting(); waiting != told_waiting_) {
    told_waiting_ = waiting;
    events_.waiting(waiting);
  }
  tick_later();
}

/// Verdicts go out before a view that closes backends: a desk counts them before it says that
/// nobody uses one.
void gpu_coordinator_state::act(std::vector<action>& decided) {
  bool view = false;
  for (const auto& one : decided) {
    view = view || one.what == action::kind::view;
    if (one.what == action::kind::decide)
      tell(one.verdict);
  }
  if (view)
    publish();
  tell_others();
  for (const auto& one : decided)
    if (one.what == action::kind::failed)
      events_.wake_failed(one.member, one.verdict.detail);
    else if (one.what == action::kind::refused)
      events_.sleep_refused(one.member, one.verdict.detail);
    else
      command(one);
}

void gpu_coordinator_state::publish() {
  auto fresh = std::make_shared<gpu_view>(view_of(schedule_));
  fresh->card = card_->name;
  compare(*fresh);
  view_ = std::move(fresh);
  for (const auto& [lane, desk] : desks_)
    self_->send(desk, view_);
}

void gpu_coordinator_state::compare(const gpu_view& fresh) {
  for (const auto& [member, entry] : fresh.members) {
    const auto old = view_->members.find(member);
    if (old == view_->members.end() || old->second.state != entry.state)
      events_.changed(member, entry.state);
  }
}

void gpu_coordinator_state::command(const action& what) {
  const auto* whom = find(what.member);
  if (whom == nullptr)
    return;
  if (wakes(what.what) && !schedule_.leads())
    return; // decided before it was noticed that another one leads
  const auto then = [this, member = what.member, call = what.call](gpus::outcome how,
                                                                   std::string why) {
    schedule_.answered(member, call, how, std::move(why), gpu_time(self_));
    follow();
  };
  switch (what.what) {
  case action::kind::look:
    servers_.look(*whom, [this, member = what.member, call = what.call](gpus::sighting seen,
                                                                        std::string why) {
      schedule_.looked(member, call, seen, std::move(why), gpu_time(self_));
      follow();
    });
    break;
  case action::kind::measure:
    servers_.measure(*whom, [this, member = what.member, call = what.call](
                                std::optional<std::uint64_t> requests, std::string why) {
      schedule_.measured(member, call, requests, std::move(why), gpu_time(self_));
      follow();
    });
    break;
  case action::kind::sleep:
    servers_.sleep(*whom, what.level, then);
    break;
  case action::kind::wake:
    servers_.wake(*whom, {}, then);
    break;
  case action::kind::wake_weights:
    servers_.wake(*whom, "weights", then);
    break;
  case action::kind::reload_weights:
    servers_.reload_weights(*whom, then);
    break;
  case action::kind::wake_cache:
    servers_.wake(*whom, "kv_cache", then);
    break;
  case action::kind::warm_up:
    servers_.warm_up(*whom, then);
    break;
  default:
    break;
  }
}

// ---- time ----

void gpu_coordinator_state::on_tick() {
  if (tick_at_ == 0 || gpu_time(self_) < tick_at_)
    return; // an earlier one was wanted after this had been sent off
  tick_at_ = 0;
  lead();
  servers_.try_again();
  schedule_.tick(gpu_time(self_));
  follow();
}

void gpu_coordinator_state::tick_later() {
  const auto now = gpu_time(self_);
  time_ns due = 0;
  const auto at_latest = [&](time_ns when) {
    if (when != 0 && (due == 0 || when < due))
      due = when;
  };
  at_latest(schedule_.due(now));
  at_latest(lease_.due(now));
  at_latest(tell_at_);
  if (led_until_ > now && !schedule_.leads())
    at_latest(led_until_);
  if (servers_.wants_address())
    at_latest(now + std::chrono::nanoseconds{vllm_client::address_again}.count());
  if (due == 0)
    return;
  due = std::max(due, now + min_tick_gap);
  if (tick_at_ != 0 && tick_at_ <= due)
    return; // an earlier one is under way
  tick_at_ = due;
  self_->delayed_send(self_, std::chrono::nanoseconds{due - now}, tick_atom::value);
}

} // namespace synapse::actors
