#include "actors/gpus/gpu_coordinator.hpp"

#include "actors/gpus/actor_time.hpp"
#include "actors/gpus/card_words.hpp"

#include <algorithm>
#include <chrono>

namespace synapse::actors {

namespace {

using gpus::action;

constexpr time_ns min_tick_gap = 1'000'000;

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
      schedule_(parts.lanes, card_limits_of(*card_)), lease_(!parts.clustered), servers_(self) {}

gpu_coordinator_actor::behavior_type gpu_coordinator_state::make_behavior() {
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
      [this](const gpu_peers& peers) {
        lease_.heard(peers.self, peers.live, gpu_time(self_));
        lead();
        follow();
      },
      [](const peer_gpu&) {},
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
  if (!node)
    return;
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

void gpu_coordinator_state::lead() {
  const auto now = gpu_time(self_);
  schedule_.lead(lease_.holds(now), now);
}

// ---- what follows ----

/// Does what the schedule has decided.
void gpu_coordinator_state::follow() {
  for (auto decided = schedule_.take_actions(); !decided.empty();
       decided = schedule_.take_actions())
    act(decided);
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
