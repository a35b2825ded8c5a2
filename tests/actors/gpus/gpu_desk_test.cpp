#include "actors/gpus/gpu_desk.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace synapse::actors {
namespace {

/// What desks tell a coordinator.
struct told_coordinator {
  std::vector<gpu_demand> demands;
  std::vector<gpu_demand_gone> gone;
  std::vector<gpu_usage> usages;
  std::vector<gpu_drained> drained;
};

gpu_coordinator_actor spawn_told(caf::actor_system& system,
                                 const std::shared_ptr<told_coordinator>& record) {
  return system.spawn([record]() -> gpu_coordinator_actor::behavior_type {
    return {[](const gpu_desk_actor&, std::uint32_t) {},
            [record](const gpu_demand& what) { record->demands.push_back(what); },
            [record](const gpu_demand_gone& what) { record->gone.push_back(what); },
            [record](const gpu_usage& what) { record->usages.push_back(what); },
            [record](const gpu_drained& what) { record->drained.push_back(what); },
            [](const gpu_card_ptr&) {},
            [](const gpu_peers&) {},
            [](const peer_gpu&) {},
            [](tick_atom) {}};
  });
}

/// A desk whose coordinator writes down what it is told.
struct gpu_desks : testing::Test {
  void TearDown() override {
    actors.end(subject);
    actors.end(coordinator);
  }
  void view(gpu_state state, std::uint32_t closing = 0, bool contended = false) {
    gpu_view next;
    next.contended = contended;
    auto& entry = next.members["a"];
    entry.state = state;
    entry.open = state == gpu_state::awake;
    entry.closing = closing;
    view(next);
  }
  void view(const gpu_view& next) {
    caf::anon_send(subject, gpu_view_ptr{std::make_shared<const gpu_view>(next)});
    actors.settle();
  }
  auto ask(std::uint64_t request) {
    auto question = actors.begin_ask<gpu_grant>(subject, gpu_request(request, "a"));
    actors.settle();
    return question;
  }
  void grant(std::uint64_t request, gpu_denial why = gpu_denial::none) {
    gpu_grant message;
    message.request = request;
    message.why = why;
    message.member = "a";
    caf::anon_send(subject, message);
    actors.settle();
  }
  void abandon(std::uint64_t request) {
    caf::anon_send(subject, gpu_abandoned(request));
    actors.settle();
  }
  bool enter() {
    const bool entered = desk().enter("a");
    actors.settle();
    return entered;
  }
  void leave() {
    desk().leave("a");
    actors.settle();
  }
  client::gpu_desk& desk() { return client::gpu_desk::behind(subject); }

  test::deterministic_actor_system actors{1};
  std::shared_ptr<told_coordinator> told = std::make_shared<told_coordinator>();
  gpu_coordinator_actor coordinator = spawn_told(actors.system(), told);
  gpu_desk_actor subject = spawn_pinned<client::gpu_desk>(actors.unit(), coordinator, 3U);
};

TEST_F(gpu_desks, let_requests_for_what_is_awake_begin_without_a_word) {
  EXPECT_FALSE(enter()) << "nothing is known";
  view(gpu_state::awake);
  EXPECT_TRUE(enter());
  EXPECT_FALSE(desk().enter("x"));
  leave();
  leave(); // once too often
  EXPECT_TRUE(told->demands.empty());
  EXPECT_TRUE(told->usages.empty());
  EXPECT_TRUE(told->drained.empty());
}

TEST_F(gpu_desks, let_nothing_begin_at_one_that_is_not_awake) {
  for (const auto state : {gpu_state::unknown, gpu_state::away, gpu_state::draining,
                           gpu_state::asleep, gpu_state::waking, gpu_state::failed}) {
    view(state);
    EXPECT_FALSE(enter());
  }
}

TEST_F(gpu_desks, say_when_the_last_use_of_a_closing_one_has_ended) {
  view(gpu_state::awake);
  ASSERT_TRUE(enter() && enter());
  view(gpu_state::draining, 7);
  leave();
  EXPECT_TRUE(told->drained.empty());
  leave();
  ASSERT_EQ(told->drained.size(), 1U);
  EXPECT_EQ(told->drained[0].lane, 3U);
  EXPECT_EQ(told->drained[0].closing, 7U);
}

TEST_F(gpu_desks, say_at_once_that_nobody_uses_a_closing_one) {
  view(gpu_state::awake);
  view(gpu_state::draining, 7);
  view(gpu_state::draining, 7);
  EXPECT_EQ(told->drained.size(), 1U);
  view(gpu_state::awake);
  view(gpu_state::draining, 8);
  EXPECT_EQ(told->drained.size(), 2U);
}

TEST_F(gpu_desks, tell_uses_while_somebody_waits) {
  view(gpu_state::awake);
  ASSERT_TRUE(enter());
  EXPECT_TRUE(told->usages.empty());
  view(gpu_state::awake, 0, true);
  ASSERT_EQ(told->usages.size(), 1U);
  EXPECT_EQ(told->usages[0].in_use, 1U);
  leave();
  ASSERT_EQ(told->usages.size(), 2U);
  EXPECT_EQ(told->usages[1].in_use, 0U);
}

TEST_F(gpu_desks, a_granted_request_uses_it_until_it_leaves) {
  view(gpu_state::asleep);
  const auto question = ask(1);
  ASSERT_EQ(told->demands.size(), 1U);
  EXPECT_EQ(told->demands[0].member, "a");
  grant(1);
  ASSERT_TRUE(question.answered());
  desk().take(1);
  view(gpu_state::draining, 5);
  EXPECT_TRUE(told->drained.empty());
  leave();
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(gpu_desks, one_who_left_before_or_after_the_grant_uses_nothing) {
  view(gpu_state::asleep);
  ask(1);
  abandon(1);
  ASSERT_EQ(told->gone.size(), 1U);
  EXPECT_EQ(told->gone[0].request, 1U);
  grant(1); // was on its way
  ask(2);
  grant(2);
  abandon(2);
  EXPECT_EQ(told->gone.size(), 1U);
  view(gpu_state::draining, 5);
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(gpu_desks, a_denial_is_no_use) {
  view(gpu_state::asleep);
  const auto question = ask(1);
  grant(1, gpu_denial::failed);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, gpu_denial::failed);
  view(gpu_state::draining, 5);
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(gpu_desks, those_who_wait_are_told_when_the_card_leaves) {
  const auto question = ask(1);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, gpu_denial::retired);
}

TEST_F(gpu_desks, tell_what_a_wake_would_cost) {
  using routing::load_state;
  EXPECT_EQ(desk().load_of("a"), load_state::unknown);
  view(gpu_state::awake);
  EXPECT_EQ(desk().load_of("a"), load_state::loaded);
  view(gpu_state::waking);
  EXPECT_EQ(desk().load_of("a"), load_state::loading);
  view(gpu_state::asleep);
  EXPECT_EQ(desk().load_of("a"), load_state::cold_fits);
  gpu_view crowded;
  crowded.members["a"].state = gpu_state::asleep;
  crowded.members["a"].fits = false;
  view(crowded);
  EXPECT_EQ(desk().load_of("a"), load_state::cold_evicts);
  view(gpu_state::draining);
  EXPECT_EQ(desk().load_of("a"), load_state::cold_evicts);
}

TEST_F(gpu_desks, know_where_waiting_is_no_use) {
  EXPECT_FALSE(desk().hopeless("a", 0));
  view(gpu_state::away);
  EXPECT_TRUE(desk().hopeless("a", 0));
  gpu_view failed;
  failed.members["a"].state = gpu_state::failed;
  failed.members["a"].retry_at = 100;
  view(failed);
  EXPECT_TRUE(desk().hopeless("a", 99));
  EXPECT_FALSE(desk().hopeless("a", 100)) << "it may be tried again";
  failed.led = false;
  view(failed);
  EXPECT_TRUE(desk().hopeless("a", 100)) << "not from here";
}

} // namespace
} // namespace synapse::actors
