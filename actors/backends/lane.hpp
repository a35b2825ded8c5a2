/// @file
/// The part of a backend that lives on one I/O thread.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <unordered_map>

namespace synapse::actors {

/// Hears that a cell has shut, and of what routing::trouble. On the lane's thread.
using shut_listener = std::function<void(std::uint64_t cell, std::uint8_t why)>;

/// Owns the thread's copy of the backend's state and the permits leased to it.
/// Talks to its BACKEND. Ends when it was retired and its last permit is back.
class lane : public pinned<lane_actor::base> {
public:
  /// @param index number of the I/O thread.
  lane(caf::actor_config& config, io_unit& unit, backend_actor backend, std::uint32_t index);

  lane_actor::behavior_type make_behavior() override;
  const char* name() const override { return "lane"; }
  void on_exit() override;

  /// What is known of the backend now. On its thread.
  const lane_view& view() const noexcept { return view_; }
  /// Of a deployment's cell; null: it is closed, and was lately.
  const cell_view* find_cell(std::uint64_t cell) const noexcept;
  /// The object behind a handle. On its thread only, valid while the handle is held.
  static const lane& behind(const lane_actor& handle);
  /// In place of who has listened before; empty: nobody does. On its thread only.
  static void listen(const lane_actor& handle, shut_listener listener);

private:
  caf::result<permit> on_request(const permit_request& request);
  void on_abandoned(const permit_abandoned& message);
  void on_outcome(const outcome& message);
  void on_completed(const completed& message);
  void on_cell(cell_report& report);
  void on_view(lane_view& view);
  void tell_shut(const lane_view& next) const;
  void on_answer(const lease_answer& answer);
  void on_retire();

  struct granted {
    bool probe = false;
    bool counted = false; ///< taken from the backend's concurrency limit
    bool cell_probe = false;
  };
  struct waiter {
    caf::typed_response_promise<permit> promise;
    std::uint64_t cell = 0; ///< whose probe the request is; 0: of none
  };
  permit grant(std::uint64_t request, granted how);
  void release(std::uint64_t request, attempt_result result);
  void give_back_probe(std::uint64_t cell);
  permit deny(deny_reason reason, std::uint32_t retry_after_ms) const;
  /// Returns a permit that was granted to a request which cannot use it.
  void decline(const lease_answer& answer);
  void give_back(std::uint32_t count);
  void end_if_idle();

  backend_actor backend_;
  std::uint32_t index_;
  lane_view view_;
  shut_listener on_shut_;
  std::uint32_t idle_permits_ = 0; ///< leased to this lane and not in use
  std::size_t next_address_ = 0;
  bool retired_ = false;
  /// Requests at the backend. Kept by id, so that a permit comes back exactly once, whatever became
  /// of the session.
  std::unordered_map<std::uint64_t, granted> granted_;
  /// Requests that wait for the backend's word.
  std::unordered_map<std::uint64_t, waiter> waiting_;
};

} // namespace synapse::actors
