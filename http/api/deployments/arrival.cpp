// How a request comes to a deployment: where the journey leads, what has to be waited for or done
// before, and what follows where it cannot be asked after all.
#include "http/api/deployments/attempt_facts.hpp"
#include "http/api/deployments/deployment_targets.hpp"
#include "http/api/llm/model_targets.hpp"
#include "http/api/request/desk_wait.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/sites/thread_standing.hpp"
#include "routing/catalog.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace synapse::api {

using proxy::onward;

namespace {
constexpr std::int64_t second = 1'000'000'000;
}

routing::random_source& random_of_requests() {
  static thread_local routing::random_source source{
      static_cast<std::uint64_t>(net::io_thread::now()) ^
      routing::mix_bits(reinterpret_cast<std::uintptr_t>(&source))};
  return source;
}

bool deployment_targets::begin_at_once() {
  const auto now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  state_ = settle(journey_.first(known, random_of_requests(), now));
  return state_ == arrival::there;
}

net::task<bool> deployment_targets::begin() {
  const auto how = co_await come_there();
  co_return how == onward::target;
}

/// Of one that was not asked. @param again when it may be, if it is full; ns
routing::move deployment_targets::denied(bool full, std::int64_t again) {
  const auto now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after_denial(full, again, known, random_of_requests(), now);
}

/// Goes where the journey leads, and further while there is no room.
/// @returns `there`, `nobody`, `waits` or `unprepared`
deployment_targets::arrival deployment_targets::settle(routing::move next) {
  const auto now = net::io_thread::recent();
  while (next.to != nullptr) {
    std::int64_t full_until = 0;
    const auto how = arrive(next, now, full_until);
    if (how != arrival::no_room && how != arrival::unfit)
      return how;
    if (how == arrival::no_room && !waited_out_)
      trace_.not_asked(*at_, full_until != 0);
    next = denied(full_until != 0, full_until);
  }
  return arrival::nobody;
}

/// @param full_until set where there is `no_room`; 0: somebody else probes it
deployment_targets::arrival deployment_targets::arrive(const routing::move& next, std::int64_t now,
                                                       std::int64_t& full_until) {
  const bool stays = at_ == next.to;
  if (!stays)
    heals_ = 0;
  at_ = next.to;
  site_ = ex_.routes()->sites[at_->backend];
  auto& record = ex_.routes()->record(at_->place);
  if (!stays && journey_.is_probe() && !record.may_probe(now))
    return arrival::no_room;
  full_until = record.enter(wish_.tokens, now);
  if (full_until != 0)
    return arrival::no_room;
  record_ = &record;
  entered_ = now;
  begun_ = false;
  without_extras_ = next.without_extras;
  const auto asked = journey_.asked().empty() ? wish_.routing.asked : journey_.asked();
  model_ = routing::served_model(*journey_.name().settings, at_->settings->model, asked);
  turn_.reset();
  card_.reset();
  if (site_->gpu != nullptr) {
    card_.emplace(ex_, site_);
    if (!card_->take_at_once())
      return arrival::waits;
  }
  if (is_managed(*site_)) {
    turn_.emplace(ex_, site_);
    if (!turn_->take_at_once(model_))
      return arrival::waits;
  }
  return ready();
}

attempt_place deployment_targets::place() {
  const bool loaded = turn_ && turn_->managed();
  return {*at_,
          *site_,
          model_,
          without_extras_,
          loaded ? turn_->desk().view()->profile(turn_->model()) : nullptr,
          wish_.routing.deadline};
}

/// Nothing has to be waited for. @returns `there`, `unfit` or `unprepared`
deployment_targets::arrival deployment_targets::ready() {
  if (turn_ && turn_->managed())
    model_ = turn_->id();
  dressed_ = {};
  return dress_.has_to_prepare(place()) ? arrival::unprepared : dress_up();
}

/// The request as this deployment is asked. @returns `there` or `unfit`
deployment_targets::arrival deployment_targets::dress_up() {
  auto why = dress_.dress(place(), dressed_);
  if (!why) {
    trace_.going(*at_, journey_.why_here());
    return arrival::there;
  }
  unfit_.emplace_back(at_, std::move(*why));
  leave(false);
  return arrival::unfit;
}

/// Elsewhere, if the present one cannot be asked.
void deployment_targets::stay_or_go(arrival how) {
  state_ = how == arrival::unfit ? settle(denied(false, 0)) : how;
}

net::task<void> deployment_targets::go_on(routing::move next) {
  // A client that leaves meanwhile is noticed by whatever comes next.
  if (next.wait > 0 && next.to != nullptr)
    co_await pause(ex_, next.wait);
  state_ = settle(next);
}

/// Until a deployment can be asked. Somebody else is asked rather than waiting, where there is
/// anybody. @returns `ended` when the client has its answer, or has left; `none`: the last answer
/// is the client's
net::task<onward> deployment_targets::come_there() {
  while (state_ != arrival::there) {
    bool stayed = false;
    if (state_ == arrival::nobody && !may_wait_out())
      break;
    if (state_ == arrival::nobody)
      stayed = co_await wait_out();
    else if (state_ == arrival::unprepared)
      stayed = co_await prepare_there();
    else if (turn_)
      stayed = co_await wait_for_model();
    else
      stayed = co_await wait_for_card();
    if (!stayed)
      co_return onward::ended;
  }
  if (state_ == arrival::there)
    co_return onward::target;
  trace_.nowhere();
  const auto how = co_await tell_end();
  co_return how;
}

/// `routing.on_exhausted: wait`: all that would do are out of service or full, none has been asked,
/// and one of them may be asked again in time.
bool deployment_targets::may_wait_out() const {
  const auto deadline = wish_.routing.deadline;
  if (!ex_.settings().routing.wait_when_exhausted || deadline == 0 || !unfit_.empty())
    return false;
  using cause = routing::farewell::cause;
  const auto now = net::io_thread::recent();
  const auto why = journey_.farewell(now);
  return (why.why == cause::shut || why.why == cause::full) &&
         std::max(why.retry_at, now) + second < deadline;
}

/// Until the soonest may be asked, or a second: one may come back earlier than it was expected.
/// @returns false when the client has left.
net::task<bool> deployment_targets::wait_out() {
  constexpr net::time_ns least = 50'000'000;
  auto now = net::io_thread::recent();
  const auto soonest = journey_.farewell(now).retry_at;
  if (!std::exchange(waited_out_, true))
    spdlog::info("request {}: {}: waits until a deployment may be asked", ex_.id(),
                 wish_.name->settings->name);
  const auto due = soonest == 0 ? now + second : std::clamp(soonest, now + least, now + second);
  wait_comments comments;
  const auto interval = comment_interval(ex_, wish_.streams);
  if (interval != 0) {
    if (next_comment_ <= now)
      next_comment_ = now + interval;
    comments.every = next_comment_ - now;
  }
  comments.text = [] { return std::string{"no deployment is free yet"}; };
  const auto end = co_await wait_with_comments(
      ex_, [] { return false; }, due, std::move(comments));
  if (end == wait_end::left)
    co_return false;
  now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  state_ = settle(journey_.again(known, random_of_requests(), now));
  co_return true;
}

/// @returns false when the client has left.
net::task<bool> deployment_targets::wait_for_model() {
  client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
  model_turn::wish wish;
  wish.model = model_;
  wish.wait = !journey_.has_others(known);
  wish.stream = wish_.streams;
  wish.anew = heals_ > 0;
  wish.quiet = true;
  wish.due = wish_.routing.deadline;
  const auto how = co_await turn_->take(std::move(wish));
  if (how == model_turn::outcome::granted)
    stay_or_go(ready());
  else if (how == model_turn::outcome::denied)
    state_ = settle(without_turn());
  else if (how == model_turn::outcome::late)
    state_ = settle(out_of_time());
  else
    co_return false;
  co_return true;
}

/// The request's time is up while its model is waited for: nobody's failure.
routing::move deployment_targets::out_of_time() {
  leave(false);
  turn_.reset();
  return denied(true, 0);
}

/// A deployment whose model is not to be had now.
routing::move deployment_targets::without_turn() {
  const auto now = net::io_thread::recent();
  const auto facts = facts_of(turn_->denial());
  note(turn_->why_not());
  last_answer_ = nullptr;
  if (!facts) {
    leave(false);
    turn_.reset();
    return denied(true, now + second);
  }
  const auto verdict = routing::judge(*facts);
  judge(verdict, false, true);
  leave(false);
  turn_.reset();
  client::thread_standing known{*ex_.routes(), now};
  return journey_.after(verdict, known, random_of_requests(), now);
}

/// The backend sleeps: it is woken, and others are asked when that takes too long; it wakes all the
/// same. @returns false when the client has left.
net::task<bool> deployment_targets::wait_for_card() {
  const auto now = net::io_thread::recent();
  client::thread_standing known{*ex_.routes(), now};
  auto due = wish_.routing.deadline;
  if (journey_.has_others(known))
    due = proxy::sooner(due, now + proxy::in_ns(journey_.name().settings->spill.wait));
  const auto how = co_await card_->take(due, wish_.streams);
  if (how == gpu_turn::outcome::gone)
    co_return false;
  if (how == gpu_turn::outcome::granted) {
    stay_or_go(ready());
    co_return true;
  }
  const bool late = how == gpu_turn::outcome::late;
  if (!late)
    note(card_->why_not());
  leave(false);
  state_ = settle(denied(late, net::io_thread::recent() + second));
  co_return true;
}

/// What has to be done before the deployment can be asked. What fails there is the deployment's
/// failure. @returns false when the client has its answer, or has left.
net::task<bool> deployment_targets::prepare_there() {
  using outcome = preparation::outcome;
  preparation done;
  const auto before = ex_.record().attempts;
  co_await dress_.prepare(place(), done);
  if (done.how == outcome::faulty) {
    sign();
    co_await refuse(ex_, std::move(done.why));
  }
  if (done.how == outcome::faulty || done.how == outcome::gone)
    co_return false;
  if (done.how == outcome::ready) {
    stay_or_go(dress_up());
  } else if (done.how == outcome::unfit) {
    unfit_.emplace_back(at_, std::move(done.why));
    leave(false);
    stay_or_go(arrival::unfit);
  } else if (done.how == outcome::denied) {
    const auto next = after_denial(done.as_miss());
    co_await go_on(next);
  } else {
    trace_.going(*at_, journey_.why_here());
    if (ex_.record().attempts == before)
      ++ex_.record().attempts; // a question that fails is an attempt as well
    const auto next = after_attempt(done.as_miss());
    if (last_answer_ != nullptr) {
      kept_answer_ = std::move(done.answer);
      last_answer_ = &kept_answer_;
    }
    co_await go_on(next);
  }
  co_return true;
}

/// The router should have the model, and has not: sent again once a newer list has it. @returns
/// whether it is to be
net::task<bool> deployment_targets::heal(const proxy::miss& what) {
  if (!turn_ || heals_ == model_turn::most_heals)
    co_return false;
  client::thread_standing known{*ex_.routes(), net::io_thread::recent()};
  // A router that is being started again is worth waiting for where nobody else has the model.
  const bool missing = what.answer != nullptr ? says_not_there(*what.answer, heals_ == 0)
                                              : what.unreachable && !journey_.has_others(known);
  if (!missing)
    co_return false;
  co_await turn_->suspect(heals_++);
  state_ = arrival::waits;
  co_return true;
}

/// The dress had taken something for granted of this deployment. @returns whether it is asked again
bool deployment_targets::corrects(const proxy::miss& what) {
  if (!dress_.corrects(place(), what))
    return false;
  routing::move same;
  same.to = at_;
  same.without_extras = without_extras_;
  leave(true);
  state_ = settle(same);
  return true;
}

} // namespace synapse::api
