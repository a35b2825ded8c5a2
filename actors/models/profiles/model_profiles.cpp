#include "actors/models/profiles/model_profiles.hpp"

#include "actors/models/profiles/profile_store.hpp"
#include "actors/protocol/error.hpp"

#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace synapse::actors {

namespace {

/// This process's hand on the file. Its changes are made here, one after the other and in turns
/// with other processes.
class model_profiles : public model_profiles_actor::base {
public:
  model_profiles(caf::actor_config& config, model_profiles_parts parts)
      : model_profiles_actor::base(config), file_(parts.file.string()),
        report_(std::move(parts.report)), look_interval_(parts.look_interval),
        store_(std::move(parts.file), {.ops = std::move(parts.ops), .now = std::move(parts.now)}) {
    set_down_handler([this](caf::down_msg& down) {
      std::erase_if(listeners_,
                    [&](const profile_listener& one) { return one.address() == down.source; });
    });
  }
  const char* name() const override { return "model_profiles"; }

  void on_exit() override {
    // Not when the last handle goes: a listener may hold one of us as we hold one of it.
    listeners_.clear();
  }

  model_profiles_actor::behavior_type make_behavior() override {
    load();
    look_again();
    return {
        [this](list_atom) { return on_list(); },
        [this](const put_profile& change) { return on_put(change); },
        [this](listen_atom, const profile_listener& listener) { on_listen(listener); },
        [this](tick_atom) { on_tick(); },
    };
  }

private:
  // ---- the file ----

  static caf::error failed(const std::string& why) {
    return caf::make_error(ec::storage_failed, why);
  }

  void report(const std::string& text) { report_(file_ + ": " + text); }

  void pass_problems_on() {
    for (const auto& problem : store_.take_problems())
      report(problem);
  }

  /// @returns no error when the file has been read, as it is now.
  caf::error load() {
    const auto problem = store_.load();
    pass_problems_on();
    if (problem) {
      // With every question it is tried again; said is only what is new.
      if (std::exchange(last_problem_, *problem) != *problem)
        report(*problem);
      return failed(*problem);
    }
    last_problem_.clear();
    tell_if_changed();
    return {};
  }

  // ---- those who ask ----

  caf::result<profile_map_ptr> on_list() {
    if (auto problem = load())
      return problem;
    return store_.all();
  }

  caf::result<profile_map_ptr> on_put(const put_profile& change) {
    if (auto problem = load())
      return problem;
    const auto problem = store_.put(change);
    pass_problems_on();
    if (problem) {
      report("the profile of " + change.model + " was not stored: " + *problem);
      return failed(*problem);
    }
    tell_if_changed();
    return store_.all();
  }

  // ---- those who listen ----

  void on_listen(const profile_listener& listener) {
    static_cast<void>(load()); // what is new now is told to the others, and below to this one
    if (std::find(listeners_.begin(), listeners_.end(), listener) == listeners_.end()) {
      monitor(listener);
      listeners_.push_back(listener);
    }
    send(listener, store_.all());
  }

  void tell_if_changed() {
    if (std::exchange(told_, store_.all()) == store_.all())
      return;
    for (const auto& listener : listeners_)
      send(listener, told_);
  }

  // ---- time ----

  /// Other processes change the file, too.
  void on_tick() {
    load();
    look_again();
  }

  void look_again() { delayed_send(this, look_interval_, tick_atom::value); }

  std::string file_;
  std::function<void(const std::string&)> report_;
  std::chrono::milliseconds look_interval_;
  models::profile_store store_;
  std::vector<profile_listener> listeners_;
  profile_map_ptr told_ = store_.all();
  std::string last_problem_;
};

} // namespace

model_profiles_actor spawn_model_profiles(caf::actor_system& system, model_profiles_parts parts) {
  if (parts.thread == model_profiles_thread::shared)
    return system.spawn<model_profiles>(std::move(parts));
  return system.spawn<model_profiles, caf::detached>(std::move(parts));
}

} // namespace synapse::actors
