// Routers that are none, that are away, and that come back with other arguments.
#include "tests/actors/models/model_manager_rig.hpp"

namespace synapse::actors {
namespace {

using names = std::vector<std::string>;

struct routers_away : manager_rig {
  void refuse() { router->every = fault(http_fault::connect_failure, "connection refused"); }
};
struct routers_changed : manager_rig {};

TEST_F(routers_away, and_servers_that_are_none_need_no_turns) {
  router->list = error_answer(404, "File Not Found");
  start();
  EXPECT_TRUE(view().known);
  EXPECT_FALSE(view().managed);
  auto asker = ask("anything");
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
  EXPECT_EQ(asker->id, "anything");
  EXPECT_TRUE(router->loads().empty());
  EXPECT_EQ(router->count("/props"), 0U);
  expect_quiet();
}

TEST_F(routers_away, and_servers_of_one_model_need_no_turns) {
  router->list = answer(200, R"({"object":"list","data":[{"id":"/m/a.gguf","object":"model"}]})");
  start();
  EXPECT_FALSE(view().managed);
  EXPECT_EQ(ask("a")->why, model_denial::none);
  expect_quiet();
}

TEST_F(routers_away, in_their_minds_are_an_error_after_the_patience) {
  router->list = answer(200, "<html>");
  start();
  auto asker = ask("a");
  pass(44s);
  EXPECT_FALSE(asker.answered());
  pass(2s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::router_error);
  ASSERT_EQ(reachable.size(), 1U);
  router->list.reset();
  pass(1s);
  EXPECT_EQ(reachable.back(), "");
  EXPECT_FALSE(ask("a").answered());
  EXPECT_EQ(router->loads(), names{"a"});
}

TEST_F(routers_away, are_waited_for_and_then_load_again) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(open("a"));
  refuse();
  desk().suspect("a");
  actors.settle();
  EXPECT_FALSE(open("a"));
  EXPECT_EQ(reachable, names{"connection refused"});
  auto asker = ask("a");
  auto unknown = ask("x");
  const auto before = router->calls.size();
  pass(30s);
  EXPECT_LE(router->calls.size(), before + 35) << "one look a second";
  EXPECT_GE(router->calls.size(), before + 25);
  EXPECT_FALSE(asker.answered());
  router->every.reset();
  becomes("a", "unloaded");
  pass(1s);
  EXPECT_EQ(router->loads(), names{"a"});
  EXPECT_EQ(unknown->why, model_denial::unknown_model);
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
  EXPECT_EQ(reachable.back(), "");
}

TEST_F(routers_away, for_too_long_cost_nobody_more_time) {
  start();
  refuse();
  auto asker = ask("a");
  pass(46s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::router_unavailable);
  EXPECT_EQ(asker->detail, "connection refused");
  EXPECT_EQ(ask("a")->why, model_denial::router_unavailable) << "at once";
  EXPECT_EQ(command(true, "a")->why, model_denial::router_unavailable);
  EXPECT_EQ(waiting, 0U);
}

TEST_F(routers_away, only_for_the_name_server_keep_their_models) {
  becomes("a", "loaded");
  start();
  told->state.addresses.clear();
  desk().suspect("a");
  actors.settle();
  EXPECT_TRUE(open("a"));
  EXPECT_EQ(reachable.size(), 1U);
}

TEST_F(routers_away, until_their_name_is_resolved_are_not_away) {
  told->state.addresses.clear();
  told->state.resolved = false;
  start();
  EXPECT_TRUE(router->calls.empty());
  auto asker = ask("a", false);
  told->state.addresses = {address(1)};
  told->state.resolved = true;
  pass(100ms);
  EXPECT_TRUE(reachable.empty());
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::loading);
}

TEST_F(routers_away, because_nobody_resolves_their_name_are_said_to_be) {
  told->state.addresses.clear();
  told->state.resolved = false;
  start();
  pass(6s);
  EXPECT_EQ(reachable.size(), 1U);
  EXPECT_TRUE(router->calls.empty());
}

TEST_F(routers_away, while_they_answer_loads_with_503_are_asked_again) {
  start();
  router->load = [](auto&) { return error_answer(503, "Loading model"); };
  auto asker = ask("a");
  pass(5s);
  EXPECT_GE(router->loads().size(), 4U);
  EXPECT_LE(router->loads().size(), 7U);
  EXPECT_FALSE(asker.answered());
  router->load = [](auto&) { return success(); };
  pass(1s);
  becomes("a", "loaded");
  pass(1s);
  EXPECT_TRUE(asker.answered());
}

TEST_F(routers_away, with_a_model_are_forgotten) {
  becomes("a", "loaded");
  start();
  router->models.erase("a");
  pass(16s);
  EXPECT_EQ(unloaded, names{"a"});
  EXPECT_FALSE(open("a"));
  EXPECT_EQ(ask("a")->why, model_denial::unknown_model);
}

// ---- other arguments ----

TEST_F(routers_changed, outside_of_a_cluster_stay_as_they_are) {
  with_runtime = false;
  becomes("a", "loaded");
  start();
  auto change = apply(8192);
  ASSERT_TRUE(change.answered());
  ASSERT_FALSE(*change);
  EXPECT_EQ((*change).error(), ec::not_in_cluster);
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_changed, that_the_cluster_refuses_cost_nobody_a_turn) {
  runtime->refuses = caf::make_error(ec::cluster_refused, std::string{"forbidden"});
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto change = apply(8192);
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::cluster_refused);
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(runtime->asked.empty());
  EXPECT_EQ((*apply(8192)).error(), ec::cluster_refused) << "another one may try";
}

TEST_F(routers_changed, to_what_they_are_are_left_alone) {
  becomes("a", "loaded");
  start();
  auto change = apply(4096);
  ASSERT_TRUE(change.answered() && *change);
  EXPECT_FALSE(change->changed);
  EXPECT_TRUE(runtime->asked.empty());
}

TEST_F(routers_changed, end_what_runs_restart_and_are_believed_when_they_say_so) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto change = apply(8192);
  EXPECT_FALSE(open("a"));
  pass(5s);
  EXPECT_TRUE(runtime->asked.empty()) << "a request runs";
  auto late = ask("a");
  leave("a");
  EXPECT_EQ(runtime->asked, std::vector<std::int64_t>{8192});
  EXPECT_TRUE(router->unloads().empty());
  auto second = apply(1024);
  ASSERT_TRUE(second.answered());
  EXPECT_EQ((*second).error(), ec::unavailable) << "one at a time";
  router->every = fault(http_fault::connect_failure, "connection refused");
  pass(60s);
  EXPECT_FALSE(late.answered()) << "it is known why the router is away";
  runtime->finish();
  pass(2s);
  EXPECT_FALSE(change.answered()) << "the router has not said so";
  router->every.reset();
  becomes("a", "unloaded");
  pass(1s);
  EXPECT_FALSE(change.answered()) << "it still says 4096";
  EXPECT_TRUE(router->loads().empty());
  router->ctx_size = 8192;
  pass(1s);
  ASSERT_TRUE(change.answered());
  ASSERT_TRUE(*change);
  EXPECT_TRUE(change->changed);
  EXPECT_EQ(change->generation, 7);
  EXPECT_EQ(router->loads(), names{"a"}) << "for the one who waits";
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(late.answered());
  EXPECT_EQ(late->why, model_denial::none);
}

TEST_F(routers_changed, in_vain_go_on_as_before) {
  becomes("a", "loaded");
  start();
  auto change = apply(8192);
  ASSERT_EQ(runtime->asked.size(), 1U);
  EXPECT_FALSE(open("a"));
  auto late = ask("a");
  pass(1500ms);
  runtime->fail(caf::make_error(ec::rollout_failed, std::string{"no memory"}));
  actors.settle();
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::rollout_failed);
  EXPECT_TRUE(open("a"));
  ASSERT_TRUE(late.answered());
  EXPECT_EQ(late->why, model_denial::none);
  EXPECT_TRUE(router->loads().empty()) << "it was loaded all the time";
  apply(8192);
  EXPECT_EQ(runtime->asked.size(), 1U) << "a request runs";
  desk().leave("a");
  actors.settle();
  EXPECT_EQ(runtime->asked.size(), 2U) << "another try is another change";
}

TEST_F(routers_changed, that_never_say_so_are_a_timeout) {
  parts.reconfigure_timeout_s = 30;
  becomes("a", "loaded");
  start();
  auto change = apply(8192);
  runtime->finish();
  pass(29s);
  EXPECT_FALSE(change.answered());
  pass(3s);
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::rollout_timeout);
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_changed, by_somebody_who_never_answers_are_a_timeout) {
  parts.reconfigure_timeout_s = 30;
  becomes("a", "loaded");
  start();
  auto change = apply(8192);
  pass(36s);
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::rollout_timeout);
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_changed, while_requests_never_end_are_a_timeout_and_not_changed) {
  parts.models.max_wait = 20s;
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto change = apply(8192);
  pass(21s);
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::rollout_timeout);
  EXPECT_TRUE(runtime->asked.empty());
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_changed, because_they_do_not_come_up_can_be) {
  start();
  router->every = fault(http_fault::connect_failure, "connection refused");
  caf::anon_send(manager, model_suspect("a"));
  pass(60s);
  apply(512);
  EXPECT_EQ(runtime->asked, std::vector<std::int64_t>{512});
}

TEST_F(routers_changed, and_left_by_their_manager_leave_nobody_waiting) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto change = apply(8192);
  auto load = command(true, "b");
  router->hold_lists = true;
  auto list = actors.begin_ask<http_reply>(manager, list_atom::value);
  actors.settle();
  actors.end(manager);
  ASSERT_TRUE(change.answered() && load.answered() && list.answered());
  EXPECT_EQ((*change).error(), ec::unavailable);
  EXPECT_EQ((*load).error(), ec::unavailable);
  EXPECT_EQ((*list).error(), ec::unavailable);
}

} // namespace
} // namespace synapse::actors
