#include "actors/models/model_desk.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

/// What desks tell a manager.
struct fake_manager {
  std::vector<model_demand> demands;
  std::vector<model_demand_gone> gone;
  std::vector<model_usage> usages;
  std::vector<model_drained> drained;
  std::vector<std::string> suspects;
};

model_manager_actor spawn_fake(caf::actor_system& system,
                               const std::shared_ptr<fake_manager>& record) {
  return system.spawn([record]() -> model_manager_actor::behavior_type {
    return {[](const model_desk_actor&, std::uint32_t) {},
            [record](const model_demand& what) { record->demands.push_back(what); },
            [record](const model_demand_gone& what) { record->gone.push_back(what); },
            [record](const model_usage& what) { record->usages.push_back(what); },
            [record](const model_drained& what) { record->drained.push_back(what); },
            [record](const model_suspect& what) { record->suspects.push_back(what.model); },
            [](const model_command&) { return model_command_done{}; },
            [](list_atom) { return http_reply{}; },
            [](const apply_runtime&, const std::string&) { return runtime_applied{}; },
            [](const profile_map_ptr&) {},
            [](check_atom) { return true; },
            [](const settings_ptr&) {},
            [](const http_link_actor&, const std::string&) {},
            [](const http_event&) {},
            [](tick_atom) {}};
  });
}

/// A desk whose manager writes down what it is told.
struct desks : testing::Test {
  void TearDown() override {
    actors.end(subject);
    actors.end(manager);
  }

  void view(model_view next) {
    next.known = true;
    caf::anon_send(subject, model_view_ptr{std::make_shared<const model_view>(std::move(next))});
    actors.settle();
  }
  static model_view with(bool open, std::uint32_t closing = 0, bool contended = false) {
    model_view result;
    result.contended = contended;
    result.models["a"] = {"a", open, closing};
    result.models["b"] = {"b", false, 0};
    result.names["alias"] = "a";
    return result;
  }
  auto ask(std::uint64_t request, const std::string& model = "a", bool wait = true) {
    auto question = actors.begin_ask<model_grant>(subject, model_request(request, model, wait));
    actors.settle();
    return question;
  }
  void grant(std::uint64_t request, model_denial why = model_denial::none) {
    model_grant message;
    message.request = request;
    message.why = why;
    message.model = "a";
    message.id = why == model_denial::none ? "a" : "";
    caf::anon_send(subject, message);
    actors.settle();
  }
  void abandon(std::uint64_t request) {
    caf::anon_send(subject, model_abandoned(request));
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
  client::model_desk& desk() { return client::model_desk::behind(subject); }

  test::deterministic_actor_system actors{1};
  std::shared_ptr<fake_manager> told = std::make_shared<fake_manager>();
  model_manager_actor manager = spawn_fake(actors.system(), told);
  model_desk_actor subject = spawn_pinned<client::model_desk>(actors.unit(), manager, 3U);
};

TEST_F(desks, let_requests_for_open_models_begin_without_a_word) {
  EXPECT_FALSE(enter()) << "nothing is known";
  view(with(true));
  EXPECT_TRUE(enter());
  EXPECT_TRUE(enter());
  EXPECT_FALSE(desk().enter("b"));
  EXPECT_FALSE(desk().enter("x"));
  EXPECT_FALSE(desk().enter("alias")) << "the view's name of it counts";
  leave();
  leave();
  EXPECT_TRUE(told->demands.empty());
  EXPECT_TRUE(told->usages.empty());
  EXPECT_TRUE(told->drained.empty());
  const auto* found = desk().view()->find("alias");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->first, "a");
}

TEST_F(desks, count_down_what_a_closing_model_has_left) {
  view(with(true));
  ASSERT_TRUE(enter() && enter() && enter());
  EXPECT_TRUE(told->usages.empty());
  view(with(false, 5, true));
  ASSERT_EQ(told->usages.size(), 1U);
  EXPECT_EQ(told->usages[0].in_use, 3U);
  leave();
  leave();
  ASSERT_EQ(told->usages.size(), 3U);
  EXPECT_EQ(told->usages[2].in_use, 1U);
  leave();
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(desks, say_when_the_last_use_of_a_closing_model_has_ended) {
  view(with(true));
  ASSERT_TRUE(enter() && enter());
  view(with(false, 5));
  EXPECT_FALSE(enter());
  leave();
  EXPECT_TRUE(told->drained.empty());
  leave();
  ASSERT_EQ(told->drained.size(), 1U);
  EXPECT_EQ(told->drained[0].lane, 3U);
  EXPECT_EQ(told->drained[0].model, "a");
  EXPECT_EQ(told->drained[0].closing, 5U);
  leave();
  EXPECT_EQ(told->drained.size(), 1U) << "one leave too many is not another end";
}

TEST_F(desks, say_at_once_that_they_do_not_use_a_closing_model) {
  view(with(false, 5));
  ASSERT_EQ(told->drained.size(), 1U);
  view(with(false, 5));
  EXPECT_EQ(told->drained.size(), 1U) << "once is enough";
  view(with(false, 6));
  ASSERT_EQ(told->drained.size(), 2U) << "another closing";
  EXPECT_EQ(told->drained[1].closing, 6U);
}

TEST_F(desks, say_nothing_of_a_closing_that_was_taken_back) {
  view(with(true));
  ASSERT_TRUE(enter());
  view(with(false, 5));
  view(with(true));
  EXPECT_TRUE(enter());
  leave();
  leave();
  EXPECT_TRUE(told->drained.empty());
}

TEST_F(desks, count_uses_that_outlive_the_models_place_in_the_list) {
  view(with(true));
  ASSERT_TRUE(enter());
  view({});
  view(with(false, 5));
  EXPECT_TRUE(told->drained.empty()) << "it runs, whatever the list said in between";
  leave();
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(desks, tell_their_use_while_others_wait) {
  view(with(true));
  ASSERT_TRUE(enter());
  EXPECT_TRUE(told->usages.empty());
  view(with(true, 0, true));
  ASSERT_EQ(told->usages.size(), 1U);
  EXPECT_EQ(told->usages[0].lane, 3U);
  EXPECT_EQ(told->usages[0].in_use, 1U);
  EXPECT_GT(told->usages[0].last_used, 0);
  ASSERT_TRUE(enter());
  leave();
  EXPECT_EQ(told->usages.size(), 1U) << "in use or not is what counts";
  leave();
  ASSERT_EQ(told->usages.size(), 2U);
  EXPECT_EQ(told->usages[1].in_use, 0U);
  ASSERT_TRUE(enter());
  EXPECT_EQ(told->usages.back().in_use, 1U);
  view(with(true));
  leave();
  EXPECT_EQ(told->usages.size(), 3U) << "nobody waits any more";
}

TEST_F(desks, tell_their_use_of_a_model_that_opens_while_others_wait) {
  view(with(false, 0, true));
  EXPECT_TRUE(told->usages.empty());
  view(with(true, 0, true));
  ASSERT_EQ(told->usages.size(), 1U);
  EXPECT_EQ(told->usages[0].model, "a");
  EXPECT_EQ(told->usages[0].in_use, 0U);
  EXPECT_EQ(told->usages[0].last_used, 0) << "it never was";
}

TEST_F(desks, pass_on_what_they_cannot_grant) {
  view(with(false));
  auto question = ask(7, "alias", false);
  ASSERT_EQ(told->demands.size(), 1U);
  EXPECT_EQ(told->demands[0].lane, 3U);
  EXPECT_EQ(told->demands[0].request, 7U);
  EXPECT_EQ(told->demands[0].model, "alias");
  EXPECT_FALSE(told->demands[0].wait);
  EXPECT_FALSE(question.answered());
  grant(7, model_denial::load_failed);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, model_denial::load_failed);
  view(with(false, 5));
  EXPECT_EQ(told->drained.size(), 1U) << "who was refused uses nothing";
}

TEST_F(desks, count_a_grant_as_a_use_until_it_has_ended) {
  view(with(false));
  auto question = ask(1);
  grant(1);
  ASSERT_TRUE(question.answered());
  desk().take(1);
  view(with(false, 5));
  EXPECT_TRUE(told->drained.empty());
  abandon(1);
  EXPECT_TRUE(told->drained.empty()) << "its session has it in hand";
  leave();
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(desks, tell_the_manager_that_an_asker_has_left) {
  view(with(false));
  auto question = ask(1);
  abandon(1);
  ASSERT_EQ(told->gone.size(), 1U);
  EXPECT_EQ(told->gone[0].lane, 3U);
  EXPECT_EQ(told->gone[0].request, 1U);
  grant(1); // was under way
  EXPECT_FALSE(question.answered());
  view(with(false, 5));
  EXPECT_EQ(told->drained.size(), 1U) << "nobody uses it";
  abandon(1);
  abandon(99);
  EXPECT_EQ(told->gone.size(), 1U);
}

TEST_F(desks, end_a_use_that_was_granted_to_an_asker_who_left) {
  view(with(false));
  ask(1);
  grant(1);
  view(with(false, 5));
  EXPECT_TRUE(told->drained.empty());
  abandon(1);
  EXPECT_EQ(told->drained.size(), 1U);
  EXPECT_TRUE(told->gone.empty()) << "the manager has nothing to forget";
  abandon(1);
  EXPECT_EQ(told->drained.size(), 1U);
}

TEST_F(desks, answer_all_who_wait_when_they_retire) {
  view(with(true));
  ASSERT_TRUE(enter());
  auto question = ask(1);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, model_denial::retired);
  EXPECT_FALSE(enter());
  EXPECT_EQ(told->demands.size(), 1U);
  leave(); // what runs ends as ever, and nobody wants to know
  EXPECT_TRUE(told->drained.empty());
}

TEST_F(desks, answer_all_who_wait_when_they_end) {
  auto question = ask(1);
  view(with(true));
  ASSERT_TRUE(enter());
  caf::anon_send_exit(subject, caf::exit_reason::user_shutdown);
  actors.settle();
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, model_denial::retired);
  EXPECT_FALSE(enter());
  desk().suspect("a");
  leave();
  EXPECT_TRUE(told->suspects.empty());
}

TEST_F(desks, pass_on_that_a_model_was_not_there) {
  desk().suspect("a");
  actors.settle();
  EXPECT_EQ(told->suspects, std::vector<std::string>{"a"});
}

} // namespace
} // namespace synapse::actors
