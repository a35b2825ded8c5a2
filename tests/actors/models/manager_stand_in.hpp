/// @file
/// An actor in the manager's place for tests of its parts: they need one that asks for them.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

struct stand_in_script {
  /// Makes the part.
  std::function<void(model_manager_actor::pointer self)> begin;
  /// What it does with its next message of time.
  std::function<void()> next;
  std::function<caf::result<runtime_applied>(const apply_runtime&, const std::string&)> apply;
  std::vector<std::string> events; ///< their data
};

inline model_manager_actor spawn_stand_in(caf::actor_system& system,
                                          const std::shared_ptr<stand_in_script>& script) {
  return system.spawn(
      [script](model_manager_actor::pointer self) -> model_manager_actor::behavior_type {
        script->begin(self);
        return {[](const model_desk_actor&, std::uint32_t) {},
                [](const model_demand&) {},
                [](const model_demand_gone&) {},
                [](const model_usage&) {},
                [](const model_drained&) {},
                [](const model_suspect&) {},
                [](const model_command&) { return model_command_done{}; },
                [](list_atom) { return http_reply{}; },
                [script](const apply_runtime& what, const std::string& model) {
                  return script->apply(what, model);
                },
                [](const profile_map_ptr&) {},
                [](check_atom) { return true; },
                [](const settings_ptr&) {},
                [](const http_link_actor&, const std::string&) {},
                [script](const http_event& event) { script->events.push_back(event.data); },
                [script](tick_atom) {
                  if (script->next)
                    std::exchange(script->next, nullptr)();
                }};
      });
}

/// Has it do something, as from a handler of its own, with all that follows.
inline void do_within(test::deterministic_actor_system& actors, const model_manager_actor& who,
                      stand_in_script& script, std::function<void()> what) {
  script.next = std::move(what);
  caf::anon_send(who, tick_atom::value);
  actors.settle();
}

} // namespace synapse::actors
