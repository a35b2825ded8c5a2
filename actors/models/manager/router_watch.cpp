#include "actors/models/manager/router_watch.hpp"

#include "actors/models/actor_time.hpp"
#include "actors/models/router/list_notes.hpp"
#include "actors/models/router/router_event.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace synapse::actors {

namespace {
time_ns duration_of(config::milliseconds value) {
  return std::chrono::nanoseconds{value}.count();
}
} // namespace

// ---- its list ----

void router_watch::look() {
  if (rounds_.begin(actor_time(self_)))
    router_.list([this](router_listing found) { on_list(std::move(found)); });
}

void router_watch::on_list(router_listing found) {
  if (found.how == router_listing::kind::outdated)
    return look_anew();
  const auto asked = rounds_.asked();
  rounds_.answered(actor_time(self_));
  answer_askers(found);
  if (found.list) {
    if (news_.router_answers())
      router_.report_return();
    if (found.list->is_router && !router_.capacity_known()) {
      // Before anything is decided. Until then this round is still under way.
      auto kept = std::make_shared<models::catalog>(std::move(*found.list));
      router_.learn_capacity([this, kept, asked](bool outdated) {
        if (outdated)
          look_anew();
        else
          on_capacity(std::move(*kept), asked);
      });
      return;
    }
    rounds_.end();
    take(std::move(*found.list), asked);
  } else {
    rounds_.end();
    take_none(found);
  }
  if (rounds_.again())
    look();
  follow_();
}

/// What was asked for came from a router that is configured no more.
void router_watch::look_anew() {
  rounds_.end();
  look();
  follow_();
}

void router_watch::on_capacity(models::catalog list, time_ns asked) {
  capacity_learned_();
  rounds_.end();
  rounds_.answered(actor_time(self_));
  take(std::move(list), asked);
  // Whoever asked meanwhile has not had that list.
  if (rounds_.again() || !askers_.empty())
    look();
}

void router_watch::take(models::catalog list, time_ns asked) {
  turns_.listed(std::move(list), asked, actor_time(self_));
  change_.listed();
  listen();
  follow_();
}

void router_watch::take_none(const router_listing& found) {
  news_.router_away(found.problem);
  if (found.how == router_listing::kind::refused) {
    turns_.list_refused(found.problem, actor_time(self_));
    change_.list_refused(found.problem);
    return;
  }
  turns_.list_failed(found.how == router_listing::kind::gone,
                     found.how == router_listing::kind::garbage, found.problem, actor_time(self_));
}

// ---- those who want it ----

caf::result<http_reply> router_watch::list() {
  auto promise = self_->make_response_promise<http_reply>();
  askers_.push_back(promise);
  if (!rounds_.under_way())
    look();
  return promise;
}

void router_watch::answer_askers(const router_listing& found) {
  if (askers_.empty())
    return;
  models::wait_notes notes;
  if (found.list && turns_.contended())
    for (const auto& [name, model] : found.list->models)
      if (auto why = turns_.waits_for(name, actor_time(self_)))
        notes.emplace(name, std::move(*why));
  auto told = found.reply;
  if (!notes.empty())
    told.body = models::with_notes(std::move(told.body), *found.list, notes);
  for (auto& promise : std::exchange(askers_, {}))
    promise.deliver(told);
}

void router_watch::let_go(const caf::error& why) {
  for (auto& promise : std::exchange(askers_, {}))
    promise.deliver(why);
}

// ---- its events ----

void router_watch::listen() {
  if (turns_.known() && turns_.known()->is_router)
    router_.listen();
}

void router_watch::on_event(const http_event& event) {
  const auto said = models::read_event(event.data);
  if (said.progress && turns_.progress(said.model, *said.progress))
    return;
  if (said.is_reason)
    look();
}

// ---- time ----

void router_watch::tick(const config::model_settings& pace) {
  if (rounds_.under_way() || actor_time(self_) < next_look(pace))
    return;
  rounds_.looked();
  look();
}

time_ns router_watch::due(const config::model_settings& pace) const {
  if (rounds_.under_way())
    return actor_time(self_) + duration_of(pace.refresh); // its answer comes first
  return next_look(pace);
}

time_ns router_watch::next_look(const config::model_settings& pace) const {
  return rounds_.due(turns_.changing() || change_.under_way(), duration_of(pace.poll),
                     duration_of(pace.refresh));
}

} // namespace synapse::actors
