#include "actors/health_watch.hpp"

#include <caf/event_based_actor.hpp>

#include <utility>

namespace synapse::actors {

namespace {
/// Longer than the aggregator waits for a probe.
constexpr auto round_patience = std::chrono::seconds{75};
/// The first round: when the backends' names have been resolved, usually.
constexpr auto first_round = std::chrono::milliseconds{1'000};

class health_watch : public caf::event_based_actor {
public:
  health_watch(caf::actor_config& config, health_watch_parts parts)
      : event_based_actor(config), parts_(std::move(parts)) {}
  const char* name() const override { return "health_watch"; }
  void on_exit() override { parts_ = {}; }

  caf::behavior make_behavior() override {
    delayed_send(this, first_round, tick_atom::value);
    return {[this](tick_atom) {
      request(parts_.supervisor, round_patience, check_atom::value)
          .then(
              [this](const health_report& round) {
                parts_.on_round(round);
                delayed_send(this, parts_.interval, tick_atom::value);
              },
              [this](const caf::error&) { delayed_send(this, parts_.interval, tick_atom::value); });
    }};
  }

private:
  health_watch_parts parts_;
};
} // namespace

caf::actor spawn_health_watch(caf::actor_system& system, health_watch_parts parts) {
  return system.spawn<health_watch>(std::move(parts));
}

} // namespace synapse::actors
