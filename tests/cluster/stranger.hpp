/// @file
/// A CAF node without a secret that tries what CAF lets it try.
#pragma once

#include "tests/cluster/replica.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

namespace synapse::test {

class stranger {
public:
  /// @param peer host:port of a replica's cluster port
  explicit stranger(const std::string& peer) {
    actors::configure_cluster(config_, replica_options::quick());
    system_ = std::make_unique<caf::actor_system>(config_);
    const auto address = config::parse_host_port(peer);
    auto door = system_->middleman().remote_actor<actors::cluster::cluster_peer>(address->host,
                                                                                 address->port);
    if (door)
      door_ = *door;
  }

  caf::actor_system& system() { return *system_; }
  /// What the replica has published; null when it did not let us connect.
  const actors::cluster::cluster_peer& door() const { return door_; }
  caf::node_id node() const { return door_.node(); }

  /// Sends something from `self` to the door, whatever it is.
  template <class... Values>
  void send(caf::scoped_actor& self, Values&&... values) {
    self->send(caf::actor_cast<caf::actor>(door_), std::forward<Values>(values)...);
  }

  /// Asks an actor that the replica may have registered under `name`. @returns whether anything
  /// but an error came back within `limit`.
  template <class... Values>
  bool ask_named(caf::atom_value name, std::chrono::milliseconds limit, Values&&... values) {
    caf::scoped_actor self{*system_};
    auto broker = system_->middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
    self->send(broker, caf::forward_atom::value, node(), name,
               caf::make_message(std::forward<Values>(values)...));
    bool answered = false;
    self->receive([&](const caf::strong_actor_ptr&) { answered = true; },
                  [&](const caf::message&) { answered = true; },
                  [&](caf::ok_atom, const std::string&, const caf::strong_actor_ptr&,
                      const std::string&) { answered = true; },
                  caf::after(limit) >> [] {});
    return answered;
  }

private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  actors::cluster::cluster_peer door_;
};

} // namespace synapse::test
