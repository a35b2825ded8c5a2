// A change of the context size between a schedule and a cluster, in virtual time.
#include "actors/models/context_change.hpp"
#include "actors/protocol/error.hpp"
#include "tests/actors/models/fake_router.hpp"
#include "tests/actors/models/manager_stand_in.hpp"
#include "tests/actors/models/turns/schedule_rig.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using asked_sizes = std::vector<std::int64_t>;

struct context_changes : testing::Test {
  void SetUp() override {
    parts.limit = 30s;
    parts.look = [this] { ++looks; };
    parts.follow = [this] { follow(); };
    script->begin = [this](model_manager_actor::pointer me) {
      subject = std::make_unique<context_change>(me, turns, parts);
    };
    script->apply = [this](const apply_runtime& what, const std::string& model) {
      return subject->begin(what, model);
    };
  }
  void start(bool in_cluster = true) {
    if (in_cluster)
      parts.runtime = spawn_fake(actors.system(), runtime);
    self = spawn_stand_in(actors.system(), script);
    actors.settle();
    list(4096);
  }
  void TearDown() override {
    within([this] { subject->let_go(caf::make_error(ec::unavailable)); });
    actors.end(self);
    runtime->held.clear();
    if (parts.runtime)
      actors.end(parts.runtime);
    subject.reset();
    parts.runtime = nullptr;
  }
  void within(std::function<void()> what) { do_within(actors, self, *script, std::move(what)); }

  /// As the manager does.
  void follow() {
    ++follows;
    for (auto actions = turns.take_actions(); !actions.empty(); actions = turns.take_actions())
      for (const auto& one : actions)
        if (one.what == models::action::kind::decide && !subject->decided(one.verdict))
          others.push_back(one.verdict.ticket);
  }
  /// The router's list comes.
  void list(std::int64_t ctx_size) {
    within([&] {
      auto known = models::list_of({{"a", models::router_state::loaded}, {"b"}});
      for (auto& [name, model] : known.models)
        model.ctx_size = ctx_size;
      turns.listed(std::move(known), actors.now(), actors.now());
      subject->listed();
      follow();
    });
  }
  auto apply(std::int64_t ctx_size) {
    auto question =
        actors.begin_ask<runtime_applied>(self, apply_runtime(ctx_size), std::string{"a"});
    actors.settle();
    return question;
  }
  bool open() const { return turns.turn_of("a").open; }
  /// The schedule has its way again, as the next list shows.
  bool opens(std::int64_t ctx_size = 4096) {
    list(ctx_size);
    return open();
  }
  /// The requests that run have ended.
  void drain() {
    within([this] {
      turns.drained(0, "a", turns.turn_of("a").closing, actors.now());
      follow();
    });
  }
  void pass(std::chrono::milliseconds by) {
    actors.advance(by, 100ms);
    within([this] {
      turns.tick(actors.now());
      subject->tick();
      follow();
    });
  }
  /// Until the cluster is asked. The answer is looked at later.
  auto apply_and_drain(std::int64_t ctx_size) {
    auto question = apply(ctx_size);
    drain();
    return question;
  }
  template <class Question>
  static void expect_error(const Question& question, ec code, const std::string& text = {}) {
    ASSERT_TRUE(question.answered());
    ASSERT_FALSE(*question);
    EXPECT_EQ((*question).error(), code) << render((*question).error());
    EXPECT_NE(render((*question).error()).find(text), std::string::npos)
        << render((*question).error());
  }

  test::deterministic_actor_system actors;
  std::shared_ptr<fake_runtime> runtime = std::make_shared<fake_runtime>();
  std::shared_ptr<stand_in_script> script = std::make_shared<stand_in_script>();
  models::schedule turns{1, {}};
  context_change_parts parts;
  std::unique_ptr<context_change> subject;
  model_manager_actor self;
  std::vector<models::ticket_id> others;
  unsigned looks = 0;
  unsigned follows = 0;
};

TEST_F(context_changes, to_what_is_there_are_done_at_once) {
  start();
  auto change = apply(4096);
  ASSERT_TRUE(change.answered() && *change);
  EXPECT_FALSE(change->changed);
  EXPECT_FALSE(subject->under_way());
  EXPECT_TRUE(runtime->asked.empty());
}

TEST_F(context_changes, need_a_cluster) {
  start(false);
  expect_error(apply(8192), ec::not_in_cluster);
  EXPECT_FALSE(subject->under_way());
  EXPECT_TRUE(open());
}

TEST_F(context_changes, that_cannot_be_made_close_nothing) {
  runtime->refuses = caf::make_error(ec::cluster_refused, std::string{"forbidden"});
  start();
  expect_error(apply(8192), ec::cluster_refused, "forbidden");
  EXPECT_TRUE(open());
  EXPECT_FALSE(subject->under_way());
  runtime->refuses = {};
  apply(8192);
  EXPECT_TRUE(subject->under_way()) << "another one may try";
}

TEST_F(context_changes, go_step_by_step) {
  start();
  auto change = apply(8192);
  EXPECT_TRUE(subject->under_way());
  EXPECT_FALSE(open()) << "what comes waits";
  EXPECT_TRUE(runtime->asked.empty()) << "what runs goes on";
  drain();
  EXPECT_EQ(runtime->asked, asked_sizes{8192});
  list(8192);
  EXPECT_FALSE(change.answered()) << "the cluster has not said that it is done";
  EXPECT_EQ(looks, 0U);
  runtime->finish();
  actors.settle();
  EXPECT_EQ(looks, 1U);
  list(4096);
  EXPECT_FALSE(change.answered()) << "the router has not said so";
  EXPECT_FALSE(open());
  list(8192);
  ASSERT_TRUE(change.answered() && *change);
  EXPECT_TRUE(change->changed);
  EXPECT_EQ(change->generation, 7);
  EXPECT_FALSE(subject->under_way());
  EXPECT_TRUE(opens(8192));
}

TEST_F(context_changes, are_made_one_at_a_time) {
  start();
  auto first = apply(8192);
  expect_error(apply(1024), ec::unavailable, "being changed already");
  EXPECT_FALSE(first.answered());
  drain();
  EXPECT_EQ(runtime->asked, asked_sizes{8192});
}

TEST_F(context_changes, leave_verdicts_on_others_to_others) {
  start();
  apply(8192);
  models::ticket_id mine = 0;
  within([&] {
    mine = turns.ask("nobody", models::purpose::no_wait, actors.now());
    follow();
  });
  list(4096);
  EXPECT_EQ(others, std::vector<models::ticket_id>{mine});
  EXPECT_TRUE(runtime->asked.empty());
}

TEST_F(context_changes, end_when_requests_do_not) {
  start();
  auto change = apply(8192);
  pass(239s);
  EXPECT_FALSE(change.answered());
  pass(2s);
  expect_error(change, ec::rollout_timeout, "nothing was changed");
  EXPECT_TRUE(runtime->asked.empty());
  EXPECT_TRUE(open());
}

TEST_F(context_changes, that_fail_in_the_cluster_say_so) {
  start();
  auto change = apply_and_drain(8192);
  const auto before = follows;
  runtime->fail(caf::make_error(ec::rollout_failed, std::string{"no memory"}));
  actors.settle();
  expect_error(change, ec::rollout_failed, "no memory");
  EXPECT_GT(follows, before);
  EXPECT_TRUE(opens());
}

TEST_F(context_changes, that_the_cluster_never_answers_are_a_timeout) {
  start();
  auto change = apply_and_drain(8192);
  pass(34s);
  EXPECT_FALSE(change.answered());
  pass(2s);
  expect_error(change, ec::rollout_timeout);
  EXPECT_TRUE(opens());
}

TEST_F(context_changes, that_the_router_never_reports_are_a_timeout) {
  start();
  auto change = apply_and_drain(8192);
  runtime->finish();
  pass(29s);
  EXPECT_FALSE(change.answered());
  pass(1s);
  expect_error(change, ec::rollout_timeout, "does not report the new context size");
  EXPECT_TRUE(opens());
}

TEST_F(context_changes, end_when_the_router_will_not_report) {
  start();
  auto change = apply(8192);
  within([this] { subject->list_refused("it wants a key"); });
  EXPECT_FALSE(change.answered()) << "it is still the old one";
  drain();
  within([this] { subject->list_refused("it wants a key"); });
  EXPECT_FALSE(change.answered()) << "it is on its way";
  runtime->finish();
  actors.settle();
  within([this] { subject->list_refused("it wants a key"); });
  expect_error(change, ec::rollout_failed, "runs anew, but it wants a key");
  EXPECT_TRUE(opens());
}

TEST_F(context_changes, leave_nobody_waiting_when_their_actor_ends) {
  start();
  auto change = apply_and_drain(8192);
  within([this] { subject->let_go(caf::make_error(ec::unavailable)); });
  expect_error(change, ec::unavailable);
  EXPECT_FALSE(subject->under_way());
}

} // namespace
} // namespace synapse::actors
