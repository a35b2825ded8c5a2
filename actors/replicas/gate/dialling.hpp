/// @file
/// How a link gets a connection.
#pragma once

#include "actors/replicas/link/channel.hpp"
#include "actors/replicas/link/door.hpp"
#include "config/values/values.hpp"

#include <caf/actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace synapse::actors::cluster {

/// What it takes to reach another replica.
struct dial_means {
  caf::actor broker; ///< of CAF's network; it gets the connection
  std::shared_ptr<const std::string> secret;
  std::shared_ptr<tls_source> tls; ///< null: plain TCP
};

struct dial_limits {
  std::chrono::milliseconds connect{1'000};
  std::chrono::milliseconds greeting{4'000}; ///< until both sides have shown the secret
};

struct dial_result {
  caf::strong_actor_ptr peer; ///< null when nobody is there, or nobody who is a cluster_peer
  bool local = false;         ///< the address belongs to this machine
  bool nobody = false;        ///< its machine says that nobody listens there
  bool refused = false;       ///< somebody is there who is not one of us, see `problem`
  std::string problem;
};

/// Connects to `address` and shows that it has the secret, on a thread of its own that ends by
/// itself, then has CAF's broker greet the node there. Whoever accepts and is silent costs that
/// thread and `limits`, nothing else. `done` is called once on `self`'s thread, unless `self` ends
/// before.
void dial(link_actor::pointer self, const config::host_port& address, const dial_means& means,
          dial_limits limits, std::function<void(dial_result)> done);

/// CAF's broker of connections. @pre the system was prepared by configure_cluster
caf::actor broker_of(caf::actor_system& system);

} // namespace synapse::actors::cluster
