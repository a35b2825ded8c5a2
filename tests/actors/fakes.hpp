/// @file
/// Stand-ins for neighbours of the actor under test. They are typed actors as the real ones are,
/// and write down what they were told.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

inline backend_address address(std::uint8_t last, std::uint16_t port = 80) {
  backend_address result;
  result.ip = {10, 0, 0, last};
  result.port = port;
  return result;
}

/// A resolver whose answers the test chooses, and may hold back.
struct fake_resolver {
  std::vector<resolve_request> asked;
  std::vector<backend_address> addresses{address(1)};
  bool hold = false;
  std::vector<caf::typed_response_promise<resolution>> held;
  resolver_actor::pointer self = nullptr; ///< while it lives

  /// Answers a question that was held back.
  void release(std::size_t which, resolution answer) {
    // Outside of the scheduler: what context it ran in last has gone.
    self->context(self->system().dummy_execution_unit());
    held.at(which).deliver(std::move(answer));
  }

  resolution answer_for(const std::string& host) const {
    resolution result;
    result.host = host;
    result.addresses = addresses;
    if (addresses.empty())
      result.error = "no such host";
    return result;
  }
};

inline resolver_actor spawn_fake(caf::actor_system& system,
                                 const std::shared_ptr<fake_resolver>& script) {
  return system.spawn([script](resolver_actor::pointer self) -> resolver_actor::behavior_type {
    script->self = self;
    return {[self, script](const resolve_request& request) -> caf::result<resolution> {
      script->asked.push_back(request);
      if (!script->hold)
        return script->answer_for(request.host);
      auto promise = self->make_response_promise<resolution>();
      script->held.push_back(promise);
      return promise;
    }};
  });
}

/// What a backend tells a lane.
struct fake_lane {
  std::vector<lane_view> views;
  std::vector<lease_answer> answers;
  std::vector<completed> good_ends;
  bool retired = false;

  const lane_view& view() const { return views.back(); }
};

inline lane_actor spawn_fake(caf::actor_system& system, const std::shared_ptr<fake_lane>& record) {
  return system.spawn([record]() -> lane_actor::behavior_type {
    return {[](const permit_request&) { return permit{}; },
            [](const permit_abandoned&) {},
            [](const outcome&) {},
            [record](const completed& message) { record->good_ends.push_back(message); },
            [](const cell_report&) {},
            [record](const lane_view& view) { record->views.push_back(view); },
            [record](const lease_answer& answer) { record->answers.push_back(answer); },
            [record](retire_atom) { record->retired = true; }};
  });
}

/// What lanes (and others) tell a backend.
struct fake_backend {
  std::vector<lease_request> requests;
  std::vector<lease_abandon> abandons;
  std::vector<lease_return> returns;
  std::vector<result_report> reports;
  std::vector<cell_report> cells;
  int comebacks = 0; ///< how often it was told that it answers again
  backend_snapshot state;

  std::uint32_t returned() const {
    std::uint32_t sum = 0;
    for (const auto& message : returns)
      sum += message.count;
    return sum;
  }
};

inline backend_actor spawn_fake(caf::actor_system& system,
                                const std::shared_ptr<fake_backend>& record) {
  return system.spawn([record]() -> backend_actor::behavior_type {
    return {[](const lane_actor&, std::uint32_t) {},
            [record](const lease_request& message) { record->requests.push_back(message); },
            [record](const lease_abandon& message) { record->abandons.push_back(message); },
            [record](const lease_return& message) { record->returns.push_back(message); },
            [record](return_atom) { ++record->comebacks; },
            [](away_atom) {},
            [](const peer_note&) {},
            [](const peer_cell&) {},
            [record](const result_report& message) { record->reports.push_back(message); },
            [record](const cell_report& message) { record->cells.push_back(message); },
            [](const settings_ptr&) {},
            [](const resolution&) {},
            [record](snap_atom) { return record->state; },
            [](tick_atom) {}};
  });
}

/// Settings with one backend.
inline std::shared_ptr<config::settings> settings_with(const config::backend_settings& backend) {
  auto settings = std::make_shared<config::settings>();
  settings->backends[backend.name] = backend;
  return settings;
}

inline config::backend_settings backend_named(const std::string& name) {
  config::backend_settings settings;
  settings.name = name;
  settings.url.host = name + ".example";
  return settings;
}

} // namespace synapse::actors
