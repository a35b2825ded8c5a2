/// @file
/// The one actor of a replica that other nodes can reach: what they send is looked at here.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/replicas/link/session_keys.hpp"
#include "actors/replicas/link/wire.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace synapse::actors::cluster {

/// A packet that came for the session of a link.
struct arrival {
  caf::actor_addr sender;
  peer_packet packet;
};
using arrival_ptr = std::shared_ptr<const arrival>;
using finding_list_ptr = std::shared_ptr<const finding_list>;

/// One per address that is dialled, see link.hpp.
using link_actor = caf::typed_actor<
    // From the door: packets of this link's session.
    caf::reacts_to<arrival_ptr>,
    // Lines of this process; queued until the other side has them.
    caf::reacts_to<feed_batch_ptr>,
    // Notes of this process that have changed.
    caf::reacts_to<finding_list_ptr>,
    // INTERNAL: a heartbeat.
    caf::reacts_to<tick_atom>,
    // INTERNAL: the pause before an attempt is over; its number.
    caf::reacts_to<tick_atom, std::uint64_t>>;

/// What the door is asked to do by actors of this process. Orders travel as pointers, a type that
/// is not known on the wire: no other node can give one.
struct transmit_order {
  caf::strong_actor_ptr to;
  peer_packet packet;
};
struct enroll_order { ///< packets for `session` go to `link`
  std::uint64_t session;
  link_actor link;
};
struct dismiss_order {
  std::uint64_t session;
};
struct look_order {}; ///< time has passed
struct close_order {};
using door_order =
    std::variant<transmit_order, enroll_order, dismiss_order, look_order, close_order>;
using door_order_ptr = std::shared_ptr<const door_order>;

using door_actor = caf::typed_actor<caf::reacts_to<peer_packet>, caf::reacts_to<door_order_ptr>>;

/// What guests (replicas that have dialled this one and shown that they have the secret) do; called
/// on the door's thread.
struct guest_events {
  /// @param node where it is, for finding out its address
  std::function<void(const introduction&, const caf::node_id& node)> joined;
  std::function<void(std::uint64_t origin, bool good_bye)> left;
  std::function<void(std::vector<feed_event>)> lines;
  std::function<void(std::uint64_t origin, finding_list)> notes;
  /// Somebody was turned away; `what` is for people and may be a stranger's invention.
  std::function<void(const std::string& what)> refused;
};

struct door_parts {
  introduction self; ///< without a nonce
  std::shared_ptr<const std::string> secret;
  std::chrono::milliseconds timeout{1'000}; ///< of a greeting, and of a guest's silence
  std::size_t max_guests = 64;
  guest_events events;
};

/// Spawns the door on CAF's scheduler; it ends with a close_order only. Packets that it cannot take
/// at once are dropped beyond a bound, exit and down messages and whatever else CAF's protocol can
/// carry always: a node needs no secret to send an actor of another one a message that kills it.
door_actor spawn_door(caf::actor_system& system, door_parts parts);

/// Tells the door; any thread.
void tell(const door_actor& door, door_order order);

} // namespace synapse::actors::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::cluster::arrival_ptr) // never leaves the process
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::cluster::finding_list_ptr) // likewise
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::cluster::door_order_ptr)   // likewise
