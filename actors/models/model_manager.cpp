#include "actors/models/model_manager.hpp"

#include "actors/models/actor_time.hpp"
#include "actors/protocol/error.hpp"
#include "config/backend_types.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace synapse::actors {

namespace {

using models::action;
using models::purpose;

constexpr time_ns min_tick_gap = 1'000'000;

time_ns in_ns(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}

/// @param told_by_router how many models it holds; nothing when it does not say.
models::schedule_limits limits_of(const config::model_settings& from,
                                  std::optional<unsigned> told_by_router) {
  models::schedule_limits limits;
  limits.batch_window = in_ns(from.batch_window);
  limits.linger = in_ns(from.linger);
  limits.max_wait = in_ns(from.max_wait);
  limits.load_timeout = in_ns(from.load_timeout);
  limits.restart_patience = in_ns(from.restart_patience);
  limits.poll = in_ns(from.poll);
  limits.max_waiting = from.max_waiting;
  limits.max_loaded = from.max_loaded != 0 ? from.max_loaded : told_by_router.value_or(1);
  // Of several it may choose another one than we would.
  limits.load_evicts = limits.max_loaded == 1 && told_by_router == 1u;
  return limits;
}

class model_manager_impl : public model_manager_actor::base {
public:
  model_manager_impl(caf::actor_config& config, model_manager_parts parts)
      : model_manager_actor::base(config), state_(this, std::move(parts)) {}
  model_manager_actor::behavior_type make_behavior() override { return state_.make_behavior(); }
  const char* name() const override { return model_manager_state::name; }
  void on_exit() override { state_.let_go(); }

private:
  model_manager_state state_;
};

} // namespace

model_manager_actor spawn_model_manager(caf::actor_system& system, model_manager_parts parts) {
  return system.spawn<model_manager_impl>(std::move(parts));
}

model_manager_state::model_manager_state(model_manager_actor::pointer self,
                                         model_manager_parts parts)
    : self_(self), backend_(parts.backend.name), settings_(parts.models),
      schedule_(parts.lanes, limits_of(parts.models, {})),
      router_(self, {.url = parts.backend.url,
                     .control = parts.control,
                     .link = parts.link,
                     .bearer = parts.bearer,
                     .key_field = config::key_field(parts.backend),
                     .refused = parts.events.refused,
                     .address_wanted = [this] { tick_later(); }}),
      change_(self, schedule_,
              {.runtime = parts.runtime,
               .limit = std::chrono::seconds{parts.reconfigure_timeout_s},
               .look = [this] { watch_.look(); },
               .follow = [this] { follow(); }}),
      views_(self), askers_(self), news_(std::move(parts.events)),
      watch_(self, {.router = router_,
                    .turns = schedule_,
                    .change = change_,
                    .news = news_,
                    .capacity_learned = [this] { set_limits(); },
                    .follow = [this] { follow(); }}) {}

model_manager_actor::behavior_type model_manager_state::make_behavior() {
  watch_.look();
  tick_later();
  return {
      [this](const model_desk_actor& desk, std::uint32_t lane) { views_.add(desk, lane); },
      [this](const model_demand& what) { on_demand(what); },
      [this](const model_demand_gone& what) { on_gone(what); },
      [this](const model_usage& what) {
        schedule_.usage(what.lane, what.model, what.in_use, what.last_used, actor_time(self_));
        follow();
      },
      [this](const model_drained& what) {
        schedule_.drained(what.lane, what.model, what.closing, actor_time(self_));
        follow();
      },
      [this](const model_suspect& what) {
        schedule_.suspect(what.model, actor_time(self_));
        follow();
      },
      [this](const model_command& what) { return on_command(what); },
      [this](list_atom) { return watch_.list(); },
      [this](const apply_runtime& what, const std::string& model) {
        return change_.begin(what, model);
      },
      [this](const profile_map_ptr& profiles) {
        views_.set_profiles(profiles);
        publish();
      },
      [](check_atom) { return true; },
      [this](const settings_ptr& settings) { on_settings(settings); },
      [this](const http_link_actor& link, const std::string& bearer) {
        router_.use(link, bearer);
        watch_.listen();
      },
      [this](const http_event& event) { watch_.on_event(event); },
      [this](tick_atom) { on_tick(); },
  };
}

void model_manager_state::let_go() {
  // CAF lets askers wait whose promise is dropped.
  const auto ended = caf::make_error(ec::unavailable);
  askers_.let_go(ended);
  watch_.let_go(ended);
  change_.let_go(ended);
  router_.let_go();
  views_.let_go();
  news_.let_go();
}

// ---- desks and their sessions ----

void model_manager_state::on_demand(const model_demand& what) {
  auto desk = views_.desk(what.lane);
  if (!desk) // it has not been introduced yet
    desk = caf::actor_cast<model_desk_actor>(self_->current_sender());
  if (!desk)
    return;
  const auto why = what.wait ? purpose::request : purpose::no_wait;
  const auto ticket = what.anew ? schedule_.ask_anew(what.model, why, actor_time(self_))
                                : schedule_.ask(what.model, why, actor_time(self_));
  askers_.add_demand(ticket, std::move(desk), what.lane, what.request);
  follow();
}

void model_manager_state::on_gone(const model_demand_gone& what) {
  const auto ticket = askers_.remove_demand(what.lane, what.request);
  if (!ticket)
    return;
  schedule_.abandon(*ticket, actor_time(self_));
  follow();
}

caf::result<model_command_done> model_manager_state::on_command(const model_command& what) {
  const auto ticket =
      schedule_.ask(what.model, what.load ? purpose::load : purpose::unload, actor_time(self_));
  auto promise = askers_.add_command(ticket, what.load);
  follow();
  return promise;
}

// ---- what follows ----

/// Does what the schedule has decided.
void model_manager_state::follow() {
  for (auto decided = schedule_.take_actions(); !decided.empty();
       decided = schedule_.take_actions())
    act(decided);
  askers_.forget_replies(schedule_);
  news_.waiting(schedule_.waiting());
  tick_later();
}

/// Verdicts go out before a view that closes models: a desk counts them before it says that nobody
/// uses a model.
void model_manager_state::act(const std::vector<action>& decided) {
  for (const auto& one : decided)
    if (one.what == action::kind::decide && !change_.decided(one.verdict))
      askers_.tell(one.verdict, schedule_);
  const auto has = [&](action::kind what) {
    return std::any_of(decided.begin(), decided.end(),
                       [&](const action& one) { return one.what == what; });
  };
  if (has(action::kind::view))
    publish();
  for (const auto& one : decided)
    if (one.what == action::kind::load || one.what == action::kind::unload)
      command_router(one.what == action::kind::load, one);
  for (const auto& one : decided)
    if (one.what == action::kind::failed)
      news_.load_failed(one.model, one.verdict.detail);
  if (has(action::kind::list))
    watch_.look();
}

void model_manager_state::publish() {
  news_.compare(schedule_, actor_time(self_));
  views_.publish(schedule_);
}

void model_manager_state::command_router(bool load, const action& what) {
  watch_.router_commanded();
  news_.told(load, what.model, actor_time(self_));
  const auto then = [this, load, model = what.model](const http_reply& reply,
                                                     models::router_word word) {
    askers_.router_said(load, model, reply);
    if (load)
      schedule_.load_answered(model, word.means, std::move(word.reason), actor_time(self_));
    else
      schedule_.unload_answered(model, word.means, std::move(word.reason), actor_time(self_));
    follow();
  };
  if (load)
    router_.load(what.id, then);
  else
    router_.unload(what.id, what.model, then);
}

// ---- settings and time ----

void model_manager_state::on_settings(const settings_ptr& settings) {
  const auto found = settings->backends.find(backend_);
  if (found == settings->backends.end())
    return;
  router_.move_to(found->second);
  settings_ = settings->models;
  set_limits();
  schedule_.tick(actor_time(self_));
  watch_.look();
  follow();
}

void model_manager_state::set_limits() {
  schedule_.set_limits(limits_of(settings_, router_.capacity()));
}

void model_manager_state::on_tick() {
  if (tick_at_ == 0 || actor_time(self_) < tick_at_)
    return; // an earlier one was wanted after this had been sent off
  tick_at_ = 0;
  router_.try_again();
  schedule_.tick(actor_time(self_));
  change_.tick();
  watch_.tick(settings_);
  follow();
}

void model_manager_state::tick_later() {
  const auto now = actor_time(self_);
  auto due = watch_.due(settings_);
  if (const auto wanted = schedule_.due(); wanted != 0)
    due = std::min(due, wanted);
  if (router_.wants_address())
    due = now + in_ns(router_client::address_again);
  due = std::max(due, now + min_tick_gap);
  if (tick_at_ != 0 && tick_at_ <= due)
    return; // an earlier one is under way
  tick_at_ = due;
  self_->delayed_send(self_, std::chrono::nanoseconds{due - now}, tick_atom::value);
}

} // namespace synapse::actors
