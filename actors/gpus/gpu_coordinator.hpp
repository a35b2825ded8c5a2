/// @file
/// Keeps the right backends of one graphics card awake.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/gpus/lead/card_lease.hpp"
#include "actors/gpus/servers/vllm_client.hpp"
#include "actors/gpus/turns/gpu_schedule.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// What the coordinator tells others, e.g. metrics and the log. Called on its actor.
struct gpu_events {
  /// A backend's state is another one.
  std::function<void(const std::string& backend, gpu_state now)> changed = [](auto&, auto) {};
  /// It did not wake.
  std::function<void(const std::string& backend, const std::string& why)> wake_failed =
      [](auto&, auto&) {};
  /// It was to sleep and does not.
  std::function<void(const std::string& backend, const std::string& why)> sleep_refused =
      [](auto&, auto&) {};
  /// Requests that wait for backends, now.
  std::function<void(std::size_t waiting)> waiting = [](auto) {};
};

struct gpu_coordinator_parts {
  gpu_card_ptr card;
  std::size_t lanes = 0;  ///< I/O threads
  bool clustered = false; ///< there are other replicas: decides only by its lease
  gpu_events events;
};

/// Has the schedule decide, and does what it has decided. Talks to the DESKS, and by the LINKS of
/// its card to the backends.
class gpu_coordinator_state {
public:
  static constexpr const char* name = "gpu_coordinator";

  gpu_coordinator_state(gpu_coordinator_actor::pointer self, gpu_coordinator_parts parts);

  gpu_coordinator_actor::behavior_type make_behavior();

  /// The actor has ended: drops its handles. (Desks answer for themselves.)
  void let_go();

private:
  using desk_request = std::pair<std::uint32_t, std::uint64_t>;
  struct asker {
    gpu_desk_actor desk;
    desk_request request;
  };

  void on_demand(const gpu_demand& what);
  void on_gone(const gpu_demand_gone& what);
  void on_card(gpu_card_ptr card);
  void on_tick();

  void follow();
  void act(std::vector<gpus::action>& decided);
  void tell(const gpus::verdict& verdict);
  void publish();
  void compare(const gpu_view& fresh);
  void command(const gpus::action& what);
  void lead();
  void tick_later();
  const gpu_card::member* find(const std::string& member) const;

  gpu_coordinator_actor::pointer self_;
  gpu_card_ptr card_;
  gpu_events events_;
  gpus::gpu_schedule schedule_;
  gpus::card_lease lease_;
  vllm_client servers_;
  std::map<std::uint32_t, gpu_desk_actor> desks_;
  std::map<gpus::ticket_id, asker> askers_;
  std::map<desk_request, gpus::ticket_id> demands_;
  gpu_view_ptr view_ = std::make_shared<const gpu_view>();
  std::size_t told_waiting_ = 0;
  time_ns tick_at_ = 0; ///< of the earliest tick that is under way; 0: none
};

/// Spawns it on CAF's scheduler. It asks the card's backends at once.
gpu_coordinator_actor spawn_gpu_coordinator(caf::actor_system& system, gpu_coordinator_parts parts);

} // namespace synapse::actors
