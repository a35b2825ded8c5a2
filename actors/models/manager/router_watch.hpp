/// @file
/// Looks at a router, and lets the schedule know.
#pragma once

#include "actors/models/context_change.hpp"
#include "actors/models/manager/model_news.hpp"
#include "actors/models/router/list_rounds.hpp"
#include "actors/models/router/router_client.hpp"
#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Who hears of what is seen; all outlive the watch.
struct router_watch_parts {
  router_client& router;
  models::schedule& turns;
  context_change& change;
  model_news& news;
  /// It is known how many models the router holds; the list follows.
  std::function<void()> capacity_learned;
  /// The schedule has something to do.
  std::function<void()> follow;
};

/// Has the router's list read when somebody wants it, when it is time and when the router says that
/// something has happened. One question at a time, whoever wants its answer. Part of the manager
/// and used on its thread only.
class router_watch {
public:
  router_watch(model_manager_actor::pointer self, router_watch_parts parts)
      : self_(self), router_(parts.router), turns_(parts.turns), change_(parts.change),
        news_(parts.news), capacity_learned_(std::move(parts.capacity_learned)),
        follow_(std::move(parts.follow)) {}
  router_watch(const router_watch&) = delete;
  router_watch& operator=(const router_watch&) = delete;

  /// The list is to be read now; also anew, if that is under way.
  void look();
  /// Within a handler of the manager's, whose answer it is: the router's own list, with what those
  /// wait for who wait for a model.
  caf::result<http_reply> list();
  /// Listens to a router's events, unless it is known to be none.
  void listen();
  void on_event(const http_event& event);

  /// The router was told to do something: what comes of it is looked at soon.
  void router_commanded() { rounds_.command_given(); }
  /// Looks if it is time. @param pace how often.
  void tick(const config::model_settings& pace);
  /// When it is time.
  time_ns due(const config::model_settings& pace) const;

  /// The actor ends: those who wait for the list are told.
  void let_go(const caf::error& why);

private:
  void on_list(router_listing found);
  void on_capacity(models::catalog list, time_ns asked);
  void look_anew();
  void take(models::catalog list, time_ns asked);
  void take_none(const router_listing& found);
  void answer_askers(const router_listing& found);
  time_ns next_look(const config::model_settings& pace) const;

  model_manager_actor::pointer self_;
  router_client& router_;
  models::schedule& turns_;
  context_change& change_;
  model_news& news_;
  std::function<void()> capacity_learned_;
  std::function<void()> follow_;
  models::list_rounds rounds_;
  std::vector<caf::typed_response_promise<http_reply>> askers_; ///< for the list
};

} // namespace synapse::actors
