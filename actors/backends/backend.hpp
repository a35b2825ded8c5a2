/// @file
/// The truth about one configured backend.
#pragma once

#include "actors/backends/breaker.hpp"
#include "actors/backends/cell_board.hpp"
#include "actors/backends/permit_ledger.hpp"
#include "actors/protocol/actor_interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace synapse::actors {

/// What happens to a backend that people want to see; called on the backend's actor.
struct backend_events {
  std::function<void(circuit from, circuit to)> circuit_changed = [](circuit, circuit) {};
  std::function<void(std::uint32_t waiting)> waiting_changed = [](std::uint32_t) {};
  /// This process has found out something about one of its deployments.
  std::function<void(const cell_note&)> cell_changed = [](const cell_note&) {};
  /// Another replica has, and it is taken over. @param left of its time, where it is open
  std::function<void(const peer_cell&, time_ns left)> cell_heard = [](const peer_cell&, time_ns) {};
};

/// Owns breaker, counted permits and addresses. Talks to its LANES and the RESOLVER. Ends with
/// its last lane, or when it is told to exit.
class backend_state {
public:
  static constexpr const char* name = "backend";

  backend_state(backend_actor::pointer self, config::backend_settings settings,
                const config::cell_settings& cells, resolver_actor resolver, backend_events events);

  backend_actor::behavior_type make_behavior();

  /// The actor has ended: drops its handles, so that nothing keeps anything else alive.
  void let_go();

  /// A monitored lane has ended. @returns true when it was the last one.
  bool on_lane_down(const caf::actor_addr& lane);

private:
  struct pending {
    std::uint32_t lane;
    std::uint64_t request;
    bool probe;
    std::uint64_t cell;
    bool at_once;
  };

  void on_lane(const lane_actor& lane, std::uint32_t index);
  void on_lease_request(const lease_request& message);
  void on_return();
  void on_away();
  void on_peer_note(const peer_note& message);
  void on_peer_cell(const peer_cell& message);
  void tell_cells();
  void on_result(const result_report& message);
  void on_cell(const cell_report& message);
  void shut(const cell_report& message);
  void on_settings(const settings_ptr& settings);
  void on_resolution(const resolution& message);
  void on_tick();
  backend_snapshot snapshot() const;

  void on_opened(circuit before);
  void decide(const pending& asker);
  void decide_on_circuit(const pending& asker);
  void answer(const pending& asker, bool probe);
  void deny(std::uint32_t lane, std::uint64_t request, deny_reason reason,
            std::uint32_t retry_after_ms);
  void send_to(std::uint32_t lane, const lease_answer& message);
  void serve(const std::vector<permit_ledger::grant>& grants);
  void publish();
  void publish_if_recall_changed();
  void resolve();
  void schedule_tick();
  time_ns refresh_due() const;
  time_ns now() const;

  backend_actor::pointer self_;
  config::backend_settings settings_;
  resolver_actor resolver_;
  backend_events events_;
  breaker breaker_;
  permit_ledger ledger_;
  cell_board cells_;
  lane_view view_; ///< what the lanes were told last
  attempt_result last_failure_ = attempt_result::ok;
  std::int64_t last_failure_ms_ = 0;
  std::map<std::uint32_t, lane_actor> lanes_;
  std::vector<pending> unresolved_;           ///< asked before the first resolution had ended
  std::map<std::string, peer_opinion> peers_; ///< by instance
  std::uint32_t waiting_told_ = 0;
  bool resolving_ = false;
  std::uint32_t probing_lane_ = 0; ///< whose request the last half-open probe is
  unsigned place_ = 0;             ///< goes up when a reload moves the backend
  time_ns tick_due_ = 0;           ///< of the earliest tick that is under way; 0 = none
  time_ns next_resolution_ = 0;
};

/// Spawns a backend on CAF's scheduler.
/// @param cells when deployments are taken out
backend_actor spawn_backend(caf::actor_system& system, config::backend_settings settings,
                            resolver_actor resolver, backend_events events,
                            const config::cell_settings& cells = {});

} // namespace synapse::actors
