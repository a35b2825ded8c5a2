#include "actors/supervision/config_publisher.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>
#include <memory>

namespace synapse::actors {

namespace {

constexpr auto snapshot_patience = std::chrono::seconds{5};

/// Owns the current snapshot. Talks to the SWITCHBOARDS and, for states, to the BACKENDS.
class config_publisher : public config_publisher_actor::base {
public:
  config_publisher(caf::actor_config& config, std::vector<switchboard_actor> switchboards)
      : config_publisher_actor::base(config), switchboards_(std::move(switchboards)) {}
  const char* name() const override { return "config_publisher"; }

  void on_exit() override {
    // The snapshot holds a handle of this actor: without this they would keep each other.
    current_.reset();
    switchboards_.clear();
  }

  config_publisher_actor::behavior_type make_behavior() override {
    return {
        [this](const snapshot_ptr& snapshot) { return on_snapshot(snapshot); },
        [this](snap_atom) { return states(); },
    };
  }

private:
  caf::result<bool> on_snapshot(const snapshot_ptr& snapshot) {
    current_ = snapshot;
    auto promise = make_response_promise<bool>();
    auto open = std::make_shared<std::size_t>(switchboards_.size());
    auto one_done = [promise, open](bool) mutable {
      if (--*open == 0)
        promise.deliver(true);
    };
    for (const auto& switchboard : switchboards_)
      request(switchboard, snapshot_patience, snapshot)
          .then(one_done, [one_done](const caf::error&) mutable { one_done(false); });
    return promise;
  }

  caf::result<std::vector<backend_snapshot>> states() {
    auto promise = make_response_promise<std::vector<backend_snapshot>>();
    if (!current_ || current_->backends.empty()) {
      promise.deliver(std::vector<backend_snapshot>{});
      return promise;
    }
    struct gathering {
      std::vector<backend_snapshot> states;
      std::size_t open = 0;
    };
    auto all = std::make_shared<gathering>();
    all->open = current_->backends.size();
    auto finish = [promise, all]() mutable {
      if (--all->open > 0)
        return;
      std::sort(all->states.begin(), all->states.end(),
                [](const auto& a, const auto& b) { return a.name < b.name; });
      promise.deliver(std::move(all->states));
    };
    for (const auto& entry : current_->backends)
      request(entry.control, snapshot_patience, snap_atom::value)
          .then(
              [all, finish](backend_snapshot& state) mutable {
                all->states.push_back(std::move(state));
                finish();
              },
              [finish](const caf::error&) mutable { finish(); });
    return promise;
  }

  std::vector<switchboard_actor> switchboards_;
  snapshot_ptr current_;
};

} // namespace

config_publisher_actor spawn_config_publisher(caf::actor_system& system,
                                              std::vector<switchboard_actor> switchboards) {
  return system.spawn<config_publisher>(std::move(switchboards));
}

} // namespace synapse::actors
