/// @file
/// A thread's part in who uses which backend of a graphics card.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/runtime/pinned.hpp"
#include "routing/pick/meter.hpp"

#include <caf/typed_response_promise.hpp>

#include <map>
#include <string>
#include <string_view>

namespace synapse::client {

/// Answers for backends that are awake from its own copy of the coordinator's view, and counts who
/// uses them: one is put to sleep only when every desk says that nothing runs there. All calls on
/// its own thread, while a handle is held.
class gpu_desk : public actors::pinned<actors::gpu_desk_actor::base> {
public:
  /// @param lane number of the I/O thread.
  gpu_desk(caf::actor_config& config, actors::io_unit& unit,
           actors::gpu_coordinator_actor coordinator, std::uint32_t lane);
  ~gpu_desk() override;

  actors::gpu_desk_actor::behavior_type make_behavior() override;
  const char* name() const override { return "gpu_desk"; }
  void on_exit() override;

  /// What is known now. The pointer is never null; it stays valid while it is held.
  const actors::gpu_view_ptr& view() const noexcept { return view_; }
  /// What is known of a backend; null: it is not on the card.
  const actors::gpu_view::entry* find(std::string_view member) const noexcept;
  /// For picking: is it awake, and what does it cost to wake it? Unknown where nothing is known.
  routing::load_state load_of(std::string_view member) const noexcept;
  /// A request for it would be denied at once: it is away, or has failed not long ago.
  /// @param now of the thread's clock
  bool hopeless(std::string_view member, net::time_ns now) const noexcept;

  /// Begins to use a backend that is awake; `leave` has to follow. @returns false when it is not:
  /// ask with a gpu_request, then, or go elsewhere.
  bool enter(std::string_view member);
  /// A granted request has seen its answer; from now on `leave` ends its use. (Until then a
  /// `gpu_abandoned` does.)
  void take(std::uint64_t request) { granted_.erase(request); }
  /// One use of the backend has ended.
  void leave(std::string_view member);

  /// The object behind a handle. On its thread only, valid while the handle is held.
  static gpu_desk& behind(const actors::gpu_desk_actor& handle);

private:
  struct use {
    std::uint32_t count = 0;
    net::time_ns last = 0;
  };
  caf::result<actors::gpu_grant> ask(const actors::gpu_request& what);
  void on_grant(actors::gpu_grant& granted);
  void on_view(const actors::gpu_view_ptr& view);
  void began(const std::string& member);
  void tell_usage(const std::string& member, const use& of);
  void tell_if_drained(const std::string& member, std::uint32_t closing);
  void refuse_all();

  actors::gpu_coordinator_actor coordinator_;
  std::uint32_t lane_;
  actors::gpu_view_ptr view_ = std::make_shared<const actors::gpu_view>();
  std::map<std::string, use, std::less<>> uses_;
  std::map<std::uint64_t, caf::typed_response_promise<actors::gpu_grant>> asked_;
  std::map<std::uint64_t, std::string> granted_; ///< answers that are on their way, by request
  bool retired_ = false;
};

} // namespace synapse::client
