/// @file
/// How a link gets a connection from CAF.
#pragma once

#include "actors/cluster/door.hpp"
#include "actors/cluster/knock.hpp"
#include "config/values.hpp"

#include <caf/io/middleman_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace synapse::actors::cluster {

using knock_result_ptr = std::shared_ptr<const knock_result>;

struct dial_result {
  caf::strong_actor_ptr peer; ///< null when nobody is there, or nobody who is a cluster_peer
  bool local = false;         ///< the address belongs to this machine
  std::string problem;
};

/// Finds out whether somebody listens at `address` (on a thread of its own that ends by itself),
/// then has `middleman` connect. `done` is called once on `self`'s thread, unless `self` ends
/// before.
void dial(link_actor::pointer self, const config::host_port& address,
          const caf::io::middleman_actor& middleman, std::chrono::milliseconds limit,
          std::function<void(dial_result)> done);

} // namespace synapse::actors::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    synapse::actors::cluster::knock_result_ptr) // never leaves the process
