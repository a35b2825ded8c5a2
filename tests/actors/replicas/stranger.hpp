/// @file
/// A CAF node that has come past the gate and tries what CAF lets it try. It opens no session.
#pragma once

#include "actors/replicas/gate/dialling.hpp"
#include "actors/replicas/gate/knock.hpp"
#include "actors/replicas/gate/scribes.hpp"
#include "actors/replicas/gate/visit.hpp"
#include "tests/actors/replicas/replica.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <set>

namespace synapse::test {

class stranger {
public:
  /// @param peer host:port of a replica's cluster port. @param gate false: of a node without one
  explicit stranger(const std::string& peer, bool gate = true) {
    actors::configure_cluster(config_, replica_options::quick());
    system_ = std::make_unique<caf::actor_system>(config_);
    const auto address = *config::parse_host_port(peer);
    if (gate)
      pass(address);
    else if (auto door = system_->middleman().remote_actor<actors::cluster::cluster_peer>(
                 address.host, address.port))
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
  void pass(const config::host_port& address) {
    auto found = actors::cluster::knock(address, 2s);
    actors::cluster::visit talk{actors::cluster::channel{std::move(found.socket), nullptr},
                                actors::cluster::session_role::dialling,
                                std::make_shared<const std::string>(a_secret)};
    std::string problem;
    if (!actors::cluster::visit_until(talk, std::chrono::steady_clock::now() + 10s, problem))
      return;
    caf::scoped_actor self{*system_};
    self->request(actors::cluster::broker_of(*system_), 10s, caf::connect_atom::value,
                  actors::cluster::make_scribe(*system_, talk.release()), address.port)
        .receive(
            [&](const caf::node_id&, caf::strong_actor_ptr& door, const std::set<std::string>&) {
              door_ = caf::actor_cast<actors::cluster::cluster_peer>(door);
            },
            [](caf::error&) {});
  }

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  actors::cluster::cluster_peer door_;
};

} // namespace synapse::test
