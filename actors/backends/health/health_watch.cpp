#include "actors/backends/health/health_watch.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace synapse::actors {

namespace {
/// Longer than the aggregator waits for a probe.
constexpr auto round_patience = std::chrono::seconds{75};

class health_watch : public health_watch_actor::base {
public:
  health_watch(caf::actor_config& config, health_watch_parts parts)
      : health_watch_actor::base(config), parts_(std::move(parts)) {}
  const char* name() const override { return "health_watch"; }
  void on_exit() override { parts_ = {}; }

  health_watch_actor::behavior_type make_behavior() override {
    tick_later();
    return {
        [this](tick_atom) { on_tick(); },
        [this](check_atom) { begin_round(); },
    };
  }

private:
  void tick_later() { delayed_send(this, parts_.interval, tick_atom::value); }

  void on_tick() {
    tick_later();
    begin_round();
  }

  void begin_round() {
    if (std::exchange(running_, true))
      return;
    request(parts_.supervisor, round_patience, check_atom::value)
        .then(
            [this](const health_report& round) {
              running_ = false;
              parts_.on_round(round);
            },
            [this](const caf::error&) { running_ = false; });
  }

  health_watch_parts parts_;
  bool running_ = false;
};
} // namespace

health_watch_actor spawn_health_watch(caf::actor_system& system, health_watch_parts parts) {
  return system.spawn<health_watch>(std::move(parts));
}

} // namespace synapse::actors
