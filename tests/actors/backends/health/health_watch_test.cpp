#include "actors/backends/health/health_watch.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

/// A supervisor of which only rounds are asked.
struct asked_supervisor {
  int asked = 0;
  bool hold = false;
  std::vector<caf::typed_response_promise<health_report>> held;
  supervisor_actor::pointer self = nullptr;

  static health_report round(const std::string& backend) {
    health_report report;
    report.backends.emplace_back();
    report.backends.back().backend = backend;
    return report;
  }
  void release(const std::string& backend) {
    self->context(self->system().dummy_execution_unit());
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(round(backend));
  }
  caf::result<health_report> answer() {
    ++asked;
    if (!hold)
      return round("round " + std::to_string(asked));
    held.push_back(self->make_response_promise<health_report>());
    return held.back();
  }
};

struct health_watch_test : testing::Test {
  void SetUp() override {
    supervisor = actors.system().spawn(
        [script = script](supervisor_actor::pointer self) -> supervisor_actor::behavior_type {
          script->self = self;
          return {[](const settings_ptr&) { return true; },
                  [](snap_atom) { return std::vector<backend_snapshot>{}; },
                  [script](check_atom) { return script->answer(); },
                  [](const peer_note&) {},
                  [](const peer_cell&) {},
                  [](const gpu_peers&) {},
                  [](const peer_gpu&) {},
                  [](tick_atom, const std::string&) {},
                  [](tick_atom) {}};
        });
    watch = spawn_health_watch(actors.system(),
                               {supervisor, 15s, [rounds = rounds](const health_report& round) {
                                  rounds->push_back(
                                      round.backends.empty() ? "" : round.backends[0].backend);
                                }});
    actors.settle();
  }
  void TearDown() override {
    script->held.clear();
    actors.end(watch);
    actors.end(supervisor);
  }
  void check() {
    caf::anon_send(watch, check_atom::value);
    actors.settle();
  }

  test::deterministic_actor_system actors;
  std::shared_ptr<asked_supervisor> script = std::make_shared<asked_supervisor>();
  std::shared_ptr<std::vector<std::string>> rounds = std::make_shared<std::vector<std::string>>();
  supervisor_actor supervisor;
  health_watch_actor watch;
};

using list = std::vector<std::string>;

TEST_F(health_watch_test, asks_for_a_round_every_interval) {
  actors.advance(14'990ms);
  EXPECT_EQ(*rounds, list{}) << "not when it starts: nobody has asked for anything yet";
  actors.advance(10ms);
  EXPECT_EQ(*rounds, list{"round 1"});
  actors.advance(30s);
  EXPECT_EQ(*rounds, (list{"round 1", "round 2", "round 3"}));
}

TEST_F(health_watch_test, asks_at_once_when_it_is_told_and_keeps_its_beat) {
  actors.advance(5s);
  check();
  EXPECT_EQ(*rounds, list{"round 1"});
  actors.advance(9'990ms);
  EXPECT_EQ(script->asked, 1);
  actors.advance(10ms);
  EXPECT_EQ(script->asked, 2);
}

TEST_F(health_watch_test, has_one_round_at_a_time) {
  script->hold = true;
  check();
  check();
  actors.advance(30s);
  EXPECT_EQ(script->asked, 1);
  EXPECT_EQ(*rounds, list{});
  script->release("late");
  actors.settle();
  EXPECT_EQ(*rounds, list{"late"});
  script->hold = false;
  check();
  EXPECT_EQ(*rounds, (list{"late", "round 2"}));
}

TEST_F(health_watch_test, gives_up_a_round_that_is_not_answered) {
  script->hold = true;
  actors.advance(5s); // its end is not at a beat
  check();
  actors.advance(74s, 1s);
  EXPECT_EQ(script->asked, 1);
  actors.advance(2s, 1s);
  script->hold = false;
  check();
  EXPECT_EQ(script->asked, 2);
  EXPECT_EQ(*rounds, list{"round 2"});
}

TEST_F(health_watch_test, goes_on_after_a_round_that_failed) {
  script->hold = true;
  check();
  script->self->context(script->self->system().dummy_execution_unit());
  for (auto& promise : std::exchange(script->held, {}))
    promise.deliver(caf::make_error(caf::sec::request_receiver_down));
  actors.settle();
  EXPECT_EQ(*rounds, list{});
  script->hold = false;
  actors.advance(15s);
  EXPECT_EQ(*rounds, list{"round 2"});
}

TEST_F(health_watch_test, keeps_nothing_of_its_owner_when_it_ends) {
  EXPECT_EQ(rounds.use_count(), 2);
  actors.end(watch);
  EXPECT_EQ(rounds.use_count(), 1) << "what its callback holds is let go";
}

} // namespace
} // namespace synapse::actors
