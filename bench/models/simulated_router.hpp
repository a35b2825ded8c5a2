/// @file
/// A llama.cpp router without network, processes and clock, for the test of the schedule and for
/// the simulation in bench/models.
#pragma once

#include "actors/models/turns/schedule.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace synapse::models {

/// Loads and unloads as a router does: the answer comes at once, the effect later, and there is no
/// room for a model before another one's process has ended.
class simulated_router {
public:
  struct model {
    router_state state = router_state::unloaded;
    time_ns until = 0;   ///< of loading and unloading
    bool breaks = false; ///< this load is going to fail
  };

  /// @param room models at once; 0: no limit.
  simulated_router(const std::vector<std::string>& names, unsigned room) : room_(room) {
    for (const auto& name : names)
      models_[name];
  }

  /// What has happened until now.
  void pass(time_ns now) {
    for (auto& [name, one] : models_) {
      if (one.until == 0 || one.until > now)
        continue;
      one.until = 0;
      if (one.state == router_state::loading)
        one.state = one.breaks ? router_state::failed : router_state::loaded;
      else
        one.state = router_state::unloaded;
    }
  }

  router_answer load(const std::string& name, time_ns ready, bool breaks = false) {
    const auto found = models_.find(name);
    if (found == models_.end())
      return router_answer::not_found;
    if (is_resident(found->second) && found->second.state != router_state::unloading)
      return router_answer::accepted; // "already running"
    if (is_resident(found->second) || (room_ != 0 && resident() >= room_))
      return router_answer::no_room;
    found->second = {router_state::loading, ready, breaks};
    most_ = std::max(most_, resident());
    return router_answer::accepted;
  }

  router_answer unload(const std::string& name, time_ns gone) {
    const auto found = models_.find(name);
    if (found == models_.end())
      return router_answer::not_found;
    if (is_resident(found->second))
      found->second = {router_state::unloading, gone, false};
    return router_answer::accepted; // or "not running"
  }

  /// Its process has ended, and with it all models.
  void restart() {
    for (auto& [name, one] : models_)
      one = {};
  }

  catalog list() const {
    catalog all;
    all.is_router = true;
    for (const auto& [name, one] : models_) {
      router_model listed;
      listed.id = name;
      // The real one calls a model that is being unloaded loaded until its process has ended.
      listed.state = one.state == router_state::unloading ? router_state::loaded : one.state;
      all.models.emplace(name, std::move(listed));
    }
    return all;
  }

  router_state state_of(const std::string& name) const { return models_.at(name).state; }
  bool can_answer(const std::string& name) const {
    return state_of(name) == router_state::loaded || state_of(name) == router_state::sleeping;
  }
  void set(const std::string& name, router_state state, time_ns until = 0) {
    models_.at(name) = {state, until, false};
  }
  unsigned resident() const {
    return static_cast<unsigned>(std::count_if(
        models_.begin(), models_.end(), [](const auto& one) { return is_resident(one.second); }));
  }
  /// The most models there ever were at once.
  unsigned most() const { return most_; }
  /// When the next load or unload has its effect; 0: none is under way.
  time_ns next() const {
    time_ns first = 0;
    for (const auto& [name, one] : models_)
      if (one.until != 0 && (first == 0 || one.until < first))
        first = one.until;
    return first;
  }

private:
  static bool is_resident(const model& one) {
    return one.state != router_state::unloaded && one.state != router_state::failed;
  }

  std::map<std::string, model> models_;
  unsigned room_;
  unsigned most_ = 0;
};

} // namespace synapse::models
