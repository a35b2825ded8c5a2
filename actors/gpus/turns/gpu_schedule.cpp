#include "actors/gpus/turns/gpu_schedule.hpp"

#include <algorithm>
#include <utility>

namespace synapse::gpus {

namespace {
constexpr time_ns one_second = 1'000'000'000;
constexpr std::uint32_t usual_retry_after_s = 5;

member_state state_in(phase what) noexcept {
  switch (what) {
  case phase::unknown:
    return member_state::unknown;
  case phase::away:
    return member_state::away;
  case phase::awake:
    return member_state::awake;
  case phase::draining:
  case phase::measuring:
  case phase::falling:
    return member_state::draining;
  case phase::asleep:
    return member_state::asleep;
  case phase::waking:
    return member_state::waking;
  case phase::failed:
    break;
  }
  return member_state::failed;
}

std::uint32_t retry_after(const member_slot& of, time_ns now) {
  if (of.now != phase::failed)
    return usual_retry_after_s;
  const time_ns left = (of.retry_at - now + one_second - 1) / one_second;
  return static_cast<std::uint32_t>(std::clamp<time_ns>(left, 1, 60));
}
} // namespace

std::string_view to_string(member_state what) noexcept {
  switch (what) {
  case member_state::unknown:
    return "unknown";
  case member_state::away:
    return "away";
  case member_state::awake:
    return "awake";
  case member_state::draining:
    return "draining";
  case member_state::asleep:
    return "asleep";
  case member_state::waking:
    return "waking";
  case member_state::failed:
    break;
  }
  return "failed";
}

// ---- members ----

void gpu_schedule::set_limits(card_limits limits, time_ns now) {
  limits_ = std::move(limits);
  step(now);
}

void gpu_schedule::set_member(std::string_view member, const member_limits& limits, time_ns now) {
  const auto [found, is_new] = slots_.try_emplace(std::string{member});
  auto& of = found->second;
  const bool other = is_new || of.limits.can_sleep != limits.can_sleep;
  of.limits = limits;
  if (other && limits.can_sleep)
    forget(member, now);
  else if (other)
    open(*found, now);
  act(action::kind::view);
  step(now);
}

void gpu_schedule::forget(std::string_view member, time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || !found->second.limits.can_sleep)
    return;
  auto& of = found->second;
  of.sleepless = false;
  of.failures = 0;
  turn_to(of, phase::unknown, now);
  of.look_at = now;
  tick(now);
}

void gpu_schedule::remove_member(std::string_view member, time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end())
    return;
  decide_all(*found, denial::removed, "it has left the card", now);
  slots_.erase(found);
  act(action::kind::view);
  step(now);
}

void gpu_schedule::lead(bool leads, time_ns now, bool led) {
  if (leads == leads_)
    return;
  leads_ = leads;
  led_ = led && !leads;
  asked_to_tell_ = false;
  settled_at_ = now + limits_.settle;
  for (auto& one : slots_) {
    auto& of = one.second;
    of.led.reset();
    if (of.now == phase::waking)
      turn_to(of, phase::unknown, now); // whoever leads now has it its own way
    if (of.limits.can_sleep && of.look == 0)
      of.look_at = now;
  }
  tick(now);
}

// ---- other processes ----

std::size_t gpu_schedule::add_lane(time_ns now) {
  gone_.resize(lanes_, false);
  auto lane = static_cast<std::size_t>(std::find(gone_.begin(), gone_.end(), true) - gone_.begin());
  if (lane == lanes_)
    gone_.resize(++lanes_);
  gone_[lane] = false;
  for (auto& [name, of] : slots_) {
    of.in_use.resize(lanes_, member_slot::not_told);
    of.in_use[lane] = member_slot::not_told;
    of.undrained.resize(lanes_, false);
    of.undrained[lane] = of.now == phase::draining || of.announces();
  }
  step(now);
  return lane;
}

void gpu_schedule::remove_lane(std::size_t lane, time_ns now) {
  if (!has_lane(lane))
    return;
  gone_.resize(lanes_, false);
  gone_[lane] = true;
  for (auto& one : slots_) {
    auto& of = one.second;
    if (lane < of.in_use.size())
      of.in_use[lane] = 0;
    if (lane < of.undrained.size())
      of.undrained[lane] = false;
    wake_if_known(one);
  }
  step(now);
}

std::vector<bool> gpu_schedule::all_undrained() const {
  std::vector<bool> result(lanes_, true);
  for (std::size_t lane = 0; lane < gone_.size(); ++lane)
    result[lane] = !gone_[lane];
  return result;
}

std::vector<std::uint32_t> gpu_schedule::nothing_told() const {
  std::vector<std::uint32_t> result(lanes_, member_slot::not_told);
  for (std::size_t lane = 0; lane < gone_.size(); ++lane)
    if (gone_[lane])
      result[lane] = 0;
  return result;
}

void gpu_schedule::follow(bool led, bool contended, time_ns now) {
  led = led && !leads_;
  if (led == led_ && contended == asked_to_tell_)
    return;
  led_ = led;
  asked_to_tell_ = contended && led;
  step(now);
}

void gpu_schedule::told(std::string_view member, std::optional<leader_word> word, time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || leads_ || !found->second.can_sleep())
    return;
  auto& of = found->second;
  const bool was = of.led.has_value();
  if (was == word.has_value() &&
      (!was || (of.led->state == word->state && of.led->retry_at == word->retry_at)))
    return;
  of.led = std::move(word);
  if (of.held() && of.now == phase::awake)
    close(*found, false, now);
  else if (!of.held() && of.now != phase::awake && !of.closed() && of.look == 0)
    of.look_at = now; // it says so itself before anybody begins
  act(action::kind::view);
  step(now);
}

void gpu_schedule::refuse(std::string_view member, denial why, const std::string& detail,
                          time_ns now) {
  if (const auto found = slots_.find(member); found != slots_.end() && !leads_) {
    decide_all(*found, why, detail, now);
    step(now);
  }
}

void gpu_schedule::know_what_was_told(time_ns now) {
  settled_at_ = std::min(settled_at_, now + limits_.poll);
}

void gpu_schedule::woken_elsewhere(std::string_view member, time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || !leads_)
    return;
  auto& of = found->second;
  if (of.now != phase::unknown && of.now != phase::asleep && of.now != phase::failed)
    return;
  turn_to(of, phase::waking, now);
  of.step = wake_step::confirm;
  of.look_at = now;
  step(now);
}

std::uint32_t gpu_schedule::to_confirm(std::string_view member) const {
  const auto found = slots_.find(member);
  if (found == slots_.end())
    return 0;
  const auto& of = found->second;
  return of.now == phase::draining || of.announces() ? of.number : 0;
}

ticket_id gpu_schedule::first_waiting(std::string_view member) const {
  const auto found = slots_.find(member);
  return found == slots_.end() || found->second.waiting.empty() ? 0 : found->second.waiting.front();
}

bool gpu_schedule::at_rest(std::string_view member) const {
  const auto found = slots_.find(member);
  if (found == slots_.end())
    return true;
  const auto& of = found->second;
  return of.now != phase::awake && (!of.closed() || of.drained());
}

std::optional<bool> gpu_schedule::in_use(std::string_view member) const {
  const auto found = slots_.find(member);
  if (found == slots_.end() || found->second.now != phase::awake)
    return false;
  if (!was_contended_ || !found->second.told())
    return std::nullopt;
  return !found->second.unused();
}

time_ns gpu_schedule::used(std::string_view member) const {
  const auto found = slots_.find(member);
  return found == slots_.end() ? 0 : found->second.used;
}

// ---- requests ----

ticket_id gpu_schedule::ask(std::string_view member, time_ns now) {
  const auto id = ++last_ticket_;
  auto& mine = tickets_[id];
  mine.member = member;
  mine.since = now;
  const auto found = slots_.find(member);
  if (found == slots_.end()) {
    decide(id, denial::removed, "it is not on the card", now);
    return id;
  }
  auto& of = found->second;
  if (of.now == phase::awake)
    decide(id, denial::none, {}, now);
  else if (of.now == phase::away)
    decide(id, denial::unreachable, of.word, now);
  else if (of.now == phase::failed && now < of.retry_at)
    decide(id, denial::failed, of.word, now);
  else if (of.led && of.led->state == member_state::failed && now < of.led->retry_at)
    decide(id, denial::failed, of.led->reason, now);
  else if (tickets_.size() > limits_.max_waiting)
    decide(id, denial::queue_full, "too many requests wait for the card", now);
  else
    of.waiting.push_back(id);
  step(now);
  return id;
}

void gpu_schedule::abandon(ticket_id ticket, time_ns now) {
  erase_ticket(ticket);
  step(now);
}

void gpu_schedule::usage(std::size_t lane, std::string_view member, std::uint32_t in_use,
                         time_ns last_used, time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || !has_lane(lane))
    return;
  auto& of = found->second;
  of.in_use.resize(lanes_, member_slot::not_told);
  of.in_use[lane] = in_use;
  of.used = std::max(of.used, in_use > 0 ? now : std::min(last_used, now));
  step(now);
}

void gpu_schedule::drained(std::size_t lane, std::string_view member, std::uint32_t number,
                           time_ns now) {
  const auto found = slots_.find(member);
  if (found == slots_.end() || !has_lane(lane))
    return;
  auto& of = found->second;
  if ((of.now != phase::draining && !of.announces()) || of.number != number)
    return;
  of.undrained[lane] = false;
  wake_if_known(*found);
  step(now);
}

// ---- tickets ----

void gpu_schedule::decide(ticket_id id, denial why, const std::string& detail, time_ns now) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end())
    return;
  action one;
  one.what = action::kind::decide;
  one.member = found->second.member;
  one.verdict.ticket = id;
  one.verdict.why = why;
  one.verdict.member = one.member;
  one.verdict.detail = detail;
  if (const auto of = slots_.find(one.member); of != slots_.end()) {
    if (why == denial::none)
      of->second.used = now;
    else
      one.verdict.retry_after_s = retry_after(of->second, now);
  }
  erase_ticket(id);
  actions_.push_back(std::move(one));
}

void gpu_schedule::decide_all(entry& one, denial why, const std::string& detail, time_ns now) {
  for (const auto id : std::deque<ticket_id>{one.second.waiting})
    decide(id, why, detail, now);
}

void gpu_schedule::erase_ticket(ticket_id id) {
  const auto found = tickets_.find(id);
  if (found == tickets_.end())
    return;
  if (const auto of = slots_.find(found->second.member); of != slots_.end())
    std::erase(of->second.waiting, id);
  tickets_.erase(found);
}

void gpu_schedule::act(action::kind what, const std::string& member, call_id call) {
  if (what == action::kind::view &&
      std::any_of(actions_.begin(), actions_.end(),
                  [](const action& one) { return one.what == action::kind::view; }))
    return;
  action one;
  one.what = what;
  one.member = member;
  one.call = call;
  if (const auto of = slots_.find(member); of != slots_.end()) {
    one.level = of->second.limits.level;
    one.verdict.detail = of->second.word;
  }
  actions_.push_back(std::move(one));
}

// ---- what is ----

bool gpu_schedule::contended() const noexcept {
  return asked_to_tell_ || std::any_of(slots_.begin(), slots_.end(), [](const entry& one) {
           return !one.second.waiting.empty() || one.second.curious;
         });
}

turn gpu_schedule::turn_of(std::string_view member) const {
  turn result;
  if (const auto found = slots_.find(member); found != slots_.end()) {
    result.open = found->second.now == phase::awake;
    result.closing = found->second.now == phase::draining ? found->second.number : 0;
  }
  return result;
}

member_state gpu_schedule::state_of(std::string_view member) const {
  const auto found = slots_.find(member);
  return found == slots_.end() ? member_state::unknown : state_in(found->second.now);
}

std::map<std::string, member_view, std::less<>> gpu_schedule::view() const {
  std::map<std::string, member_view, std::less<>> result;
  for (const auto& one : slots_) {
    const auto& of = one.second;
    auto& seen = result[one.first];
    seen.state = state_in(of.now);
    seen.turn = turn_of(one.first);
    seen.since = of.since;
    const bool cold = of.now == phase::asleep || of.now == phase::failed;
    seen.fits = !cold || fits(one, false);
    if (of.now == phase::failed)
      seen.retry_at = of.retry_at;
    if (of.now == phase::failed || of.now == phase::away)
      seen.reason = of.word;
    if (of.led && of.now != phase::away && of.now != phase::awake) {
      seen.state = of.led->state;
      seen.retry_at = of.led->retry_at;
      seen.reason = of.led->reason;
    }
  }
  return result;
}

} // namespace synapse::gpus
