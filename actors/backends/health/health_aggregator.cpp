#include "actors/backends/health/health_aggregator.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <chrono>

namespace synapse::actors {

namespace {

/// Longer than any probe's own limit: only a prober that died is waited for in vain.
constexpr auto prober_patience = std::chrono::seconds{70};

/// Owns the last round's results. Talks to the PROBERS; they are asked side by side.
class health_aggregator : public health_aggregator_actor::base {
public:
  explicit health_aggregator(caf::actor_config& config) : health_aggregator_actor::base(config) {}
  const char* name() const override { return "health_aggregator"; }

  health_aggregator_actor::behavior_type make_behavior() override {
    return {
        [this](check_atom) { return on_check(); },
        [this](std::vector<prober_actor>& probers, std::uint32_t max_age_ms) {
          on_probers(std::move(probers), std::chrono::milliseconds{max_age_ms});
        },
    };
  }

private:
  // ---- who asks, and who is asked ----

  caf::result<health_report> on_check() {
    if (has_report_ && system().clock().now() - finished_ < max_age_)
      return report_;
    auto promise = make_response_promise<health_report>();
    waiting_.push_back(promise);
    // A round that is under way answers those who come meanwhile.
    if (waiting_.size() == 1)
      begin_round();
    return promise;
  }

  void on_probers(std::vector<prober_actor> probers, std::chrono::milliseconds max_age) {
    probers_ = std::move(probers);
    max_age_ = max_age;
    has_report_ = false;
    // Probers of the old configuration end without an answer: whoever waits gets the new ones'.
    if (!waiting_.empty())
      begin_round();
  }

  // ---- a round ----

  void begin_round() {
    ++round_;
    report_.backends.clear();
    open_ = probers_.size();
    if (open_ == 0)
      finish();
    for (const auto& prober : probers_)
      request(prober, prober_patience, check_atom::value)
          .then(
              [this, round = round_](probe_result& result) { on_result(round, std::move(result)); },
              [this, round = round_](const caf::error&) {
                // It has died; the supervisor makes another one.
                on_result(round, {});
              });
  }

  void on_result(std::uint64_t round, probe_result result) {
    if (round != round_ || open_ == 0)
      return;
    if (!result.backend.empty())
      report_.backends.push_back(std::move(result));
    if (--open_ == 0)
      finish();
  }

  void finish() {
    std::sort(report_.backends.begin(), report_.backends.end(),
              [](const probe_result& a, const probe_result& b) { return a.backend < b.backend; });
    has_report_ = true;
    finished_ = system().clock().now();
    for (auto& promise : std::exchange(waiting_, {}))
      promise.deliver(report_);
  }

  std::vector<prober_actor> probers_;
  std::chrono::milliseconds max_age_{1000};
  std::vector<caf::typed_response_promise<health_report>> waiting_;
  health_report report_;
  bool has_report_ = false;
  caf::actor_clock::time_point finished_;
  std::uint64_t round_ = 0;
  std::size_t open_ = 0;
};

} // namespace

health_aggregator_actor spawn_health_aggregator(caf::actor_system& system) {
  return system.spawn<health_aggregator>();
}

} // namespace synapse::actors
