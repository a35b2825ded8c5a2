/// @file
/// What happens to a router and its models, for metrics and the log.
#pragma once

#include "actors/models/turns/schedule.hpp"
#include "actors/protocol/model_messages.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace synapse::actors {

/// What the manager tells others, e.g. metrics and the log. Called on its actor.
struct model_events {
  /// A model has become ready; `took` from the first request for it, in nanoseconds.
  std::function<void(const std::string& model, time_ns took)> loaded = [](auto&, auto) {};
  std::function<void(const std::string& model, const std::string& why)> load_failed = [](auto&,
                                                                                         auto&) {};
  std::function<void(const std::string& model)> unloaded = [](auto&) {};
  /// The router said no, and meant it. @param what such as "to unload a".
  std::function<void(const std::string& what, const std::string& why)> refused = [](auto&, auto&) {
  };
  /// Requests that wait for models, now.
  std::function<void(std::size_t waiting)> waiting = [](auto) {};
  /// The router stopped answering (with the reason), or answers again (empty).
  std::function<void(const std::string& why)> reachable = [](auto&) {};
};

/// Tells each of them once, when it becomes true.
class model_news {
public:
  explicit model_news(model_events events) : events_(std::move(events)) {}

  /// The router is told to load or unload a model.
  void told(bool load, const std::string& model, time_ns now);
  void load_failed(const std::string& model, const std::string& why);
  /// What has become ready, what has gone, as the schedule has it.
  void compare(const models::schedule& turns, time_ns now);
  void waiting(std::size_t requests);
  void router_away(const std::string& why);
  /// @returns true when it was away.
  bool router_answers();

  void let_go() { events_ = {}; }

private:
  void compare_one(const models::schedule& turns, const std::string& model, time_ns now);

  model_events events_;
  std::map<std::string, time_ns> asked_; ///< models to be loaded, since when
  std::set<std::string> ready_;
  std::size_t told_waiting_ = 0;
  bool away_ = false;
};

} // namespace synapse::actors
