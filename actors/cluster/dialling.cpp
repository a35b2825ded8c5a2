#include "actors/cluster/dialling.hpp"

#include "actors/cluster/knock.hpp"
#include "actors/protocol/error.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <set>

namespace synapse::actors::cluster {

namespace {

/// Answers one question and ends.
class knocker : public caf::event_based_actor {
public:
  explicit knocker(caf::actor_config& config) : caf::event_based_actor(config) {}
  const char* name() const override { return "cluster_knocker"; }
  caf::behavior make_behavior() override {
    return {[this](const std::string& host, std::uint16_t port, std::uint32_t limit_ms) {
      quit();
      return knock_result_ptr{std::make_shared<knock_result>(
          knock(config::host_port{host, port}, std::chrono::milliseconds{limit_ms}))};
    }};
  }
};

} // namespace

void dial(link_actor::pointer self, const config::host_port& address,
          const caf::io::middleman_actor& middleman, std::chrono::milliseconds limit,
          std::function<void(dial_result)> done) {
  const auto failed = [done](const caf::error& error) {
    dial_result nobody;
    nobody.problem = render(error);
    done(std::move(nobody));
  };
  const auto connect = [self, port = address.port, middleman, limit, done,
                        failed](const knock_result_ptr& found) {
    if (found->ip.empty()) {
      dial_result nobody;
      nobody.problem = found->problem;
      return done(std::move(nobody));
    }
    // CAF gives up by itself: at its next tick, or when the connection was silent for too long.
    self->request(middleman, 4 * limit, caf::connect_atom::value, found->ip, port)
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
  const auto knocks = self->system().spawn<knocker, caf::detached + caf::hidden>();
  // The system's resolver may take its time; nothing waits for this but the link.
  self->request(knocks, std::chrono::minutes{5}, address.host, address.port,
                static_cast<std::uint32_t>(limit.count()))
      .then(connect, failed);
}

} // namespace synapse::actors::cluster
