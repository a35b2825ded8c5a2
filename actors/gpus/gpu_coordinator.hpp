/// @file
/// Keeps the right backends of one graphics card awake.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/gpus/lead/card_lease.hpp"
#include "actors/gpus/lead/card_peers.hpp"
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
  /// To be told to the other replicas, in place of what was before. Only where there are any.
  std::function<void(const gpu_note&)> told = [](auto&) {};
};

struct gpu_coordinator_parts {
  gpu_card_ptr card;
  std::size_t lanes = 0;  ///< I/O threads
  bool clustered = false; ///< there are other replicas: decides only by its lease
  gpu_events events;
};

/// Has the schedule decide, and does what it has decided. Talks to the DESKS, and by the LINKS of
/// its card to the backends. Of several replicas one leads: the requests of the others are a lane
/// of its schedule each, which says in notes what waits and what is used there, and hears in the
/// leader's what is open. Whoever begins to lead knows of such notes which backends have been told
/// to wake, and waits for those.
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
  // other replicas
  void lead();
  void begin_to_lead(time_ns now);
  void hear_leader(time_ns now);
  bool is_led(time_ns now);
  void on_peers(const gpu_peers& peers);
  void on_peer(const peer_gpu& what);
  void remember_wakes(const gpu_note& note, time_ns now);
  void serve_peer(const std::string& peer, const gpu_note& note);
  void answer_for_strangers();
  void end_wishes(const std::string& peer);
  bool was_wish(const gpus::verdict& verdict);
  gpu_note note() const;
  void tell_others();
  void tick_later();
  const gpu_card::member* find(const std::string& member) const;

  gpu_coordinator_actor::pointer self_;
  gpu_card_ptr card_;
  gpu_events events_;
  gpus::gpu_schedule schedule_;
  gpus::card_lease lease_;
  bool clustered_;
  vllm_client servers_;
  std::map<std::uint32_t, gpu_desk_actor> desks_;
  std::map<gpus::ticket_id, asker> askers_;
  std::map<desk_request, gpus::ticket_id> demands_;
  gpu_view_ptr view_ = std::make_shared<const gpu_view>();
  std::size_t told_waiting_ = 0;
  time_ns tick_at_ = 0; ///< of the earliest tick that is under way; 0: none

  // Where there are other replicas.
  struct wish { ///< of another replica, for a backend
    std::uint64_t number = 0;
    gpus::ticket_id ticket = 0; ///< 0: it was decided
  };
  struct refusal {
    std::uint32_t count = 0;
    gpu_denial why = gpu_denial::none;
    std::string reason;
  };
  gpus::card_peers peers_;
  gpu_peers heard_;      ///< the latest
  time_ns heard_at_ = 0; ///< when that was
  /// Somebody decides, or is about to: for a term longer than it looks so, as a moment passes until
  /// it shows whether one that does not answer has ended.
  time_ns led_until_ = 0;
  bool heard_leader_ = false; ///< what it has told is in `wakes_`
  std::string leader_;        ///< whom this one follows; empty: nobody
  std::map<std::string, std::size_t> lanes_;
  std::map<std::pair<std::string, std::string>, wish> wishes_; ///< by replica and backend
  std::map<std::string, refusal> refusals_;                    ///< of such wishes, by backend
  std::map<std::string, std::uint32_t> refused_;               ///< the leader's, as far as heard
  std::map<std::string, time_ns> wakes_; ///< told by others, or before it led no more
  gpu_note told_;
  time_ns told_at_ = 0;
  time_ns tell_at_ = 0; ///< there is something to tell then; 0: there is not
};

/// Spawns it on CAF's scheduler. It asks the card's backends at once.
gpu_coordinator_actor spawn_gpu_coordinator(caf::actor_system& system, gpu_coordinator_parts parts);

} // namespace synapse::actors
