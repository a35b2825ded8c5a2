#include "actors/backends/health/health_aggregator.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

/// A prober whose answer the test gives.
struct fake_prober {
  std::string backend;
  int asked = 0;
  bool hold = false;
  std::vector<caf::typed_response_promise<probe_result>> held;
  prober_actor::pointer self = nullptr;

  probe_result answer(int code = 200) const {
    probe_result result;
    result.backend = backend;
    result.code = code;
    return result;
  }
  void release(int code) {
    self->context(self->system().dummy_execution_unit());
    for (auto& promise : std::exchange(held, {}))
      promise.deliver(answer(code));
  }
};

struct health_aggregator : testing::Test {
  void TearDown() override {
    for (auto& prober : scripts)
      prober->held.clear();
    actors.end(health);
    for (auto& prober : probers)
      actors.end(prober);
  }

  void add(const std::string& backend, bool hold = false) {
    auto script = std::make_shared<fake_prober>();
    script->backend = backend;
    script->hold = hold;
    scripts.push_back(script);
    probers.push_back(
        actors.system().spawn([script](prober_actor::pointer self) -> prober_actor::behavior_type {
          script->self = self;
          return {[self, script](check_atom) -> caf::result<probe_result> {
            ++script->asked;
            if (!script->hold)
              return script->answer();
            auto promise = self->make_response_promise<probe_result>();
            script->held.push_back(promise);
            return promise;
          }};
        }));
  }
  void introduce(std::uint32_t max_age_ms = 1000) {
    caf::anon_send(health, probers, max_age_ms);
    actors.settle();
  }
  std::vector<std::string> names(const health_report& report) {
    std::vector<std::string> result;
    for (const auto& one : report.backends)
      result.push_back(one.backend);
    return result;
  }

  test::deterministic_actor_system actors;
  health_aggregator_actor health = spawn_health_aggregator(actors.system());
  std::vector<std::shared_ptr<fake_prober>> scripts;
  std::vector<prober_actor> probers;
};

using names_list = std::vector<std::string>;

TEST_F(health_aggregator, answers_without_probers) {
  const auto report = actors.ask<health_report>(health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->backends.empty());
}

TEST_F(health_aggregator, asks_all_and_sorts_by_name) {
  add("c");
  add("a");
  add("b");
  introduce();
  const auto report = actors.ask<health_report>(health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_EQ(names(*report), (names_list{"a", "b", "c"}));
  EXPECT_EQ(report->backends[0].code, 200);
}

TEST_F(health_aggregator, runs_one_round_for_all_who_ask_meanwhile) {
  add("fast");
  add("slow", true);
  introduce();
  std::vector<test::deterministic_actor_system::pending<health_report>> questions;
  for (int i = 0; i < 20; ++i) {
    questions.push_back(actors.begin_ask<health_report>(health, check_atom::value));
    actors.advance(100ms);
  }
  EXPECT_FALSE(questions[0].answered()) << "a slow backend is waited for";
  scripts[1]->release(503);
  actors.settle();
  for (auto& question : questions) {
    ASSERT_TRUE(question.answered());
    ASSERT_EQ(names(**question), (names_list{"fast", "slow"}));
    EXPECT_EQ(question->backends[1].code, 503);
  }
  EXPECT_EQ(scripts[0]->asked, 1);
  EXPECT_EQ(scripts[1]->asked, 1);
}

TEST_F(health_aggregator, answers_from_a_young_round) {
  add("a");
  introduce(1000);
  actors.ask<health_report>(health, check_atom::value);
  actors.advance(990ms);
  EXPECT_TRUE(actors.ask<health_report>(health, check_atom::value));
  EXPECT_EQ(scripts[0]->asked, 1);
  actors.advance(20ms);
  EXPECT_TRUE(actors.ask<health_report>(health, check_atom::value));
  EXPECT_EQ(scripts[0]->asked, 2);
}

TEST_F(health_aggregator, keeps_nothing_when_the_age_is_zero) {
  add("a");
  introduce(0);
  for (int i = 1; i <= 3; ++i) {
    actors.ask<health_report>(health, check_atom::value);
    EXPECT_EQ(scripts[0]->asked, i);
  }
}

TEST_F(health_aggregator, does_not_wait_for_a_dead_prober) {
  add("alive");
  add("dead");
  introduce();
  actors.end(probers[1]);
  const auto report = actors.ask<health_report>(health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_EQ(names(*report), names_list{"alive"});
}

TEST_F(health_aggregator, asks_the_new_prober_when_one_died_meanwhile) {
  add("alive");
  add("dying", true);
  introduce();
  auto question = actors.begin_ask<health_report>(health, check_atom::value);
  actors.settle();
  EXPECT_FALSE(question.answered());
  scripts[1]->held.clear();
  caf::anon_send_exit(probers[1], caf::exit_reason::kill);
  probers.pop_back();
  scripts.pop_back();
  add("dying");
  introduce(); // as the supervisor does after a restart and after a reload
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(names(**question), (names_list{"alive", "dying"}));
  EXPECT_EQ(scripts[0]->asked, 2);
}

TEST_F(health_aggregator, does_not_wait_for_ever_for_a_prober_that_hangs) {
  add("alive");
  add("hanging", true);
  introduce();
  auto question = actors.begin_ask<health_report>(health, check_atom::value);
  actors.advance(69s, 1s);
  EXPECT_FALSE(question.answered());
  actors.advance(2s, 1s);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(names(**question), names_list{"alive"});
  // Its late answer is of no round any more.
  scripts[1]->hold = false;
  scripts[1]->release(200);
  actors.settle();
  EXPECT_TRUE(actors.ask<health_report>(health, check_atom::value));
}

TEST_F(health_aggregator, asks_anew_when_the_configuration_has_changed) {
  add("a");
  introduce(60'000);
  actors.ask<health_report>(health, check_atom::value);
  add("b");
  introduce(60'000);
  const auto report = actors.ask<health_report>(health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_EQ(names(*report), (names_list{"a", "b"}));
}

TEST_F(health_aggregator, begins_anew_when_a_reload_overtakes_a_round) {
  add("old", true);
  introduce(60'000);
  auto during = actors.begin_ask<health_report>(health, check_atom::value);
  actors.settle();
  auto old_prober = probers.front();
  auto old_script = scripts.front();
  probers.clear();
  scripts.clear();
  add("new");
  introduce(60'000);
  ASSERT_TRUE(during.answered());
  EXPECT_EQ(names(**during), names_list{"new"});
  old_script->release(200);
  actors.settle();
  const auto report = actors.ask<health_report>(health, check_atom::value);
  ASSERT_TRUE(report);
  EXPECT_EQ(names(*report), names_list{"new"}) << "results of the old configuration are not kept";
  actors.end(old_prober);
}

} // namespace
} // namespace synapse::actors
