#include "actors/replicas/gate/dialling.hpp"

#include "actors/protocol/error.hpp"
#include "actors/replicas/gate/knock.hpp"
#include "actors/replicas/gate/scribes.hpp"
#include "actors/replicas/gate/visit.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <memory>
#include <set>

namespace synapse::actors::cluster {

namespace {

/// What a thread has found out.
struct reached {
  channel connection; ///< past the gate, unless there is a problem
  bool local = false;
  bool nobody = false;
  bool refused = false;
  std::string problem;
};
using reached_ptr = std::shared_ptr<reached>;

reached_ptr reach(const config::host_port& address, const dial_means& means,
                  const dial_limits& limits) {
  auto result = std::make_shared<reached>();
  auto found = knock(address, limits.connect);
  result->local = found.local;
  result->nobody = found.nobody;
  result->problem = std::move(found.problem);
  if (!found.socket) {
    if (result->problem.empty())
      result->problem = "nobody answers";
    return result;
  }
  const auto due = std::chrono::steady_clock::now() + limits.greeting;
  ssl_ptr session;
  if (means.tls) {
    session = means.tls->begin(found.socket.get(), session_role::dialling, result->problem);
    if (!session)
      return result;
  }
  visit talk{channel{std::move(found.socket), std::move(session)}, session_role::dialling,
             means.secret};
  if (visit_until(talk, due, result->problem)) {
    result->connection = talk.release();
    return result;
  }
  const auto why = talk.why();
  result->refused =
      why == visit::cause::greeting || why == visit::cause::version || why == visit::cause::secret;
  return result;
}

/// Answers one question and ends.
class knocker : public caf::event_based_actor {
public:
  knocker(caf::actor_config& config, config::host_port address, dial_means means,
          dial_limits limits)
      : caf::event_based_actor(config), address_(std::move(address)), means_(std::move(means)),
        limits_(limits) {}
  const char* name() const override { return "cluster_knocker"; }
  caf::behavior make_behavior() override {
    return {[this](caf::connect_atom) {
      quit();
      return reach(address_, means_, limits_);
    }};
  }
  void on_exit() override { means_ = {}; }

private:
  config::host_port address_;
  dial_means means_;
  dial_limits limits_;
};

} // namespace
} // namespace synapse::actors::cluster

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
    std::shared_ptr<synapse::actors::cluster::reached>) // never leaves the process

namespace synapse::actors::cluster {

caf::actor broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

void dial(link_actor::pointer self, const config::host_port& address, const dial_means& means,
          dial_limits limits, std::function<void(dial_result)> done) {
  const auto failed = [done](const caf::error& error) {
    dial_result nobody;
    nobody.problem = render(error);
    done(std::move(nobody));
  };
  const auto connect = [self, port = address.port, broker = means.broker, limits, done,
                        failed](const reached_ptr& found) {
    if (!found->problem.empty()) {
      dial_result nobody;
      nobody.problem = found->problem;
      nobody.nobody = found->nobody;
      nobody.refused = found->refused;
      return done(std::move(nobody));
    }
    // CAF gives up by itself: at its next tick, or when the connection was silent for too long.
    self->request(broker, 4 * limits.connect, caf::connect_atom::value,
                  make_scribe(self->system(), std::move(found->connection)), port)
        .then(
            [self, done, local = found->local](const caf::node_id&, caf::strong_actor_ptr& peer,
                                               const std::set<std::string>& interface) {
              dial_result result;
              result.local = local;
              if (!peer)
                result.problem = "nothing is published there";
              else if (!self->system().assignable(interface,
                                                  self->system().message_types<cluster_peer>()))
                result.problem = "something else is published there";
              else
                result.peer = std::move(peer);
              done(std::move(result));
            },
            failed);
  };
  const auto knocks =
      self->system().spawn<knocker, caf::detached + caf::hidden>(address, means, limits);
  // The system's resolver may take its time; nothing waits for this but the link.
  self->request(knocks, std::chrono::minutes{5}, caf::connect_atom::value).then(connect, failed);
}

} // namespace synapse::actors::cluster
