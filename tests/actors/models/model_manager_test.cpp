#include "tests/actors/models/model_manager_rig.hpp"

namespace synapse::actors {
namespace {

using names = std::vector<std::string>;

struct managed : manager_rig {};

// ---- the way to a model ----

TEST_F(managed, routers_are_asked_for_their_list_at_the_start) {
  parts.bearer = "key";
  parts.backend.url.base_path = "/llm";
  start();
  ASSERT_GE(router->calls.size(), 1U);
  const auto& call = router->calls[0];
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.target, "/llm/models");
  EXPECT_EQ(call.authority, parts.backend.url.authority());
  EXPECT_EQ(call.fields, "Authorization: Bearer key\r\n");
  EXPECT_EQ(call.address, address(1, 8082));
}

TEST_F(managed, models_are_loaded_for_the_first_who_asks_and_given_to_all) {
  start();
  EXPECT_TRUE(view().known);
  EXPECT_TRUE(view().managed);
  auto first = ask("a");
  auto second = ask("a", true, 1);
  EXPECT_EQ(router->loads(), names{"a"});
  EXPECT_EQ(router->calls.back().target, "/models") << "what came of it is looked at at once";
  EXPECT_EQ(waiting, 2U);
  becomes("a", "loading");
  pass(3s);
  EXPECT_FALSE(first.answered());
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(first.answered() && second.answered());
  EXPECT_EQ(first->why, model_denial::none);
  EXPECT_EQ(first->model, "a");
  EXPECT_EQ(first->id, "a");
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(desk().enter("a")) << "whoever comes now asks nobody";
  EXPECT_EQ(router->loads().size(), 1U);
  EXPECT_EQ(waiting, 0U);
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].first, "a");
  EXPECT_GE(loaded[0].second, 3'000'000'000);
  EXPECT_LE(loaded[0].second, 4'100'000'000);
  leave("a");
  expect_quiet();
}

TEST_F(managed, old_routers_that_accept_a_load_under_way_are_understood) {
  start();
  becomes("a", "loading"); // somebody else was faster
  auto asker = ask("a");
  EXPECT_EQ(router->loads(), names{"a"});
  becomes("a", "loaded");
  pass(1s);
  EXPECT_TRUE(asker.answered());
}

TEST_F(managed, new_routers_that_call_a_load_under_way_an_error_are_understood) {
  start();
  router->load = [](auto&) { return error_answer(400, "model is already running"); };
  becomes("a", "loading");
  auto asker = ask("a");
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
}

TEST_F(managed, routers_without_room_yet_are_asked_again) {
  start();
  int refusals = 2;
  router->load = [&](auto&) {
    return refusals-- > 0 ? error_answer(500, "model limit reached, try again later") : success();
  };
  auto asker = ask("a");
  pass(1s);
  EXPECT_EQ(router->loads().size(), 3U);
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
  EXPECT_TRUE(failed.empty());
}

TEST_F(managed, models_that_the_router_does_not_know_are_refused) {
  start();
  router->load = [](auto&) { return error_answer(404, "File Not Found"); };
  auto asker = ask("a");
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::unknown_model);
  EXPECT_EQ(asker->detail, "File Not Found");
  const auto lists = router->count("/models");
  auto other = ask("x");
  ASSERT_TRUE(other.answered());
  EXPECT_EQ(other->why, model_denial::unknown_model);
  EXPECT_EQ(router->count("/models"), lists + 1) << "a newer list decides";
  expect_quiet();
}

TEST_F(managed, loads_that_fail_are_told_with_the_routers_words) {
  start();
  router->load = [](auto&) { return error_answer(500, "out of memory"); };
  auto asker = ask("a");
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::load_failed);
  EXPECT_EQ(asker->detail, "the router answered 500: out of memory");
  ASSERT_EQ(failed.size(), 1U);
  router->load = [](auto&) { return success(); };
  auto other = ask("a");
  becomes("a", "unloaded");
  router->models["a"].failed = true;
  pass(1s);
  ASSERT_TRUE(other.answered());
  EXPECT_EQ(other->why, model_denial::load_failed);
  ASSERT_EQ(failed.size(), 2U);
  EXPECT_NE(failed[1].second.find("exit code 9"), std::string::npos);
  expect_quiet();
}

TEST_F(managed, loads_that_take_too_long_are_ended_and_counted) {
  parts.models.load_timeout = 20s;
  start();
  auto asker = ask("a");
  becomes("a", "loading");
  pass(20s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::load_timeout);
  EXPECT_EQ(router->unloads(), names{"a"});
  EXPECT_EQ(failed.size(), 1U);
  becomes("a", "unloaded");
  pass(1s);
  auto again = ask("a");
  becomes("a", "loaded");
  pass(1s);
  EXPECT_TRUE(again.answered());
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_LE(loaded[0].second, 1'100'000'000) << "the time of this load only";
}

TEST_F(managed, models_make_room_when_they_are_idle_and_have_really_gone) {
  becomes("a", "loaded");
  start();
  auto asker = ask("b", true, 1);
  EXPECT_TRUE(view().contended);
  pass(400ms);
  EXPECT_TRUE(router->unloads().empty());
  pass(200ms);
  EXPECT_FALSE(open("a"));
  EXPECT_EQ(router->unloads(), names{"a"});
  pass(2s);
  EXPECT_TRUE(router->loads().empty()) << "it is still there";
  becomes("a", "unloaded");
  pass(1s);
  EXPECT_EQ(router->loads(), names{"b"});
  becomes("b", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
  EXPECT_EQ(unloaded, names{"a"});
  EXPECT_FALSE(view().contended);
}

TEST_F(managed, routers_of_one_model_make_room_themselves) {
  router->props = answer(200, R"({"role":"router","max_instances":1})");
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk(0).enter("a"));
  auto asker = ask("b", true, 1);
  pass(60s);
  EXPECT_FALSE(desk(1).enter("a"));
  EXPECT_TRUE(router->loads().empty()) << "it would be told while a is in use";
  // Somebody else uses it there, too.
  router->load = [](auto&) { return error_answer(500, "model limit reached, try again later"); };
  leave("a", 0);
  pass(10s);
  EXPECT_GT(router->loads().size(), 3U);
  EXPECT_FALSE(asker.answered());
  router->load = [](auto&) { return success(); };
  pass(1s);
  becomes("a", "unloaded");
  becomes("b", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
  EXPECT_TRUE(router->unloads().empty());
  EXPECT_EQ(unloaded, names{"a"});
}

TEST_F(managed, models_that_have_made_room_for_nobody_are_there_again) {
  router->props = answer(200, R"({"role":"router","max_instances":1})");
  router->load = [](auto&) { return error_answer(500, "model limit reached, try again later"); };
  becomes("a", "loaded");
  start();
  ask("b");
  pass(5s);
  EXPECT_FALSE(open("a"));
  caf::anon_send(desks[0], model_abandoned(requests));
  pass(1s);
  EXPECT_TRUE(open("a"));
  auto asker = ask("a");
  EXPECT_TRUE(asker.answered());
}

TEST_F(managed, models_stay_closed_while_a_load_may_be_sending_them_away) {
  router->props = answer(200, R"({"role":"router","max_instances":1})");
  becomes("a", "loaded");
  start();
  ask("b");
  pass(2s);
  ASSERT_EQ(router->loads(), names{"b"});
  caf::anon_send(desks[0], model_abandoned(requests));
  auto asker = ask("a");
  pass(1s);
  EXPECT_FALSE(open("a")) << "the router has been told to load b";
  EXPECT_FALSE(asker.answered());
  becomes("a", "unloaded");
  becomes("b", "loaded");
  pass(2s);
  becomes("b", "unloaded");
  becomes("a", "loaded");
  pass(2s);
  EXPECT_TRUE(asker.answered());
}

TEST_F(managed, lists_asked_for_while_the_properties_are_awaited_are_answered) {
  router->hold_props = true;
  start();
  ASSERT_EQ(router->held_props.size(), 1U);
  auto asker = ask("a");
  auto list = actors.begin_ask<http_reply>(manager, list_atom::value);
  actors.settle();
  pass(1s);
  EXPECT_FALSE(list.answered());
  EXPECT_EQ(router->count("/models"), 1U) << "nothing is decided before the properties are known";
  EXPECT_TRUE(router->loads().empty());
  router->release_props();
  actors.settle();
  EXPECT_TRUE(list.answered());
  EXPECT_EQ(router->loads(), names{"a"});
  becomes("a", "loaded");
  pass(1s);
  EXPECT_TRUE(asker.answered());
}

TEST_F(managed, askers_anew_are_answered_by_a_newer_list) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk(0).enter("a"));
  becomes("a", "unloaded"); // the router has been restarted, and nobody has seen it yet
  pass(10ms);
  auto asker = ask_anew("a");
  pass(1s);
  EXPECT_FALSE(asker.answered());
  EXPECT_EQ(router->loads(), names{"a"});
  becomes("a", "loaded");
  pass(1s);
  ASSERT_TRUE(asker.answered());
  EXPECT_EQ(asker->why, model_denial::none);
}

TEST_F(managed, models_in_use_are_never_unloaded) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk(0).enter("a"));
  ASSERT_TRUE(desk(1).enter("a"));
  auto asker = ask("b");
  pass(60s);
  EXPECT_FALSE(open("a")) << "its turn is over";
  EXPECT_FALSE(desk().enter("a"));
  EXPECT_TRUE(router->unloads().empty());
  leave("a", 0);
  pass(60s);
  EXPECT_TRUE(router->unloads().empty());
  leave("a", 1);
  EXPECT_EQ(router->unloads(), names{"a"});
  EXPECT_FALSE(asker.answered());
}

TEST_F(managed, turns_granted_to_those_who_have_left_end) {
  start();
  auto asker = ask("a");
  caf::anon_send(desks[0], model_abandoned(requests));
  becomes("a", "loaded");
  pass(1s);
  EXPECT_FALSE(asker.answered());
  EXPECT_EQ(waiting, 0U);
  auto other = ask("b");
  pass(1s);
  EXPECT_EQ(router->unloads(), names{"a"}) << "nobody uses it";
}

TEST_F(managed, askers_who_do_not_wait_hear_how_far_it_is) {
  start();
  auto first = ask("a", false);
  ASSERT_TRUE(first.answered());
  EXPECT_EQ(first->why, model_denial::loading);
  EXPECT_GE(first->retry_after_s, 1U);
  EXPECT_EQ(router->loads(), names{"a"});
  becomes("a", "loading");
  router->models["a"].progress = 0.5;
  pass(1s);
  EXPECT_DOUBLE_EQ(ask("a", false)->progress, 0.5);
}

// ---- answers for somebody else ----

TEST_F(managed, lists_are_passed_on_and_shared) {
  start();
  router->hold_lists = true;
  const auto before = router->count("/models");
  auto first = actors.begin_ask<http_reply>(manager, list_atom::value);
  auto second = actors.begin_ask<http_reply>(manager, list_atom::value);
  actors.settle();
  EXPECT_FALSE(first.answered());
  EXPECT_EQ(router->count("/models"), before + 1);
  router->release();
  actors.settle();
  ASSERT_TRUE(first.answered() && second.answered());
  EXPECT_EQ(first->body, router->list_body());
  EXPECT_EQ(router->count("/models"), before + 1) << "one round for both";
}

TEST_F(managed, commands_are_answered_with_what_the_router_said) {
  start();
  router->load = [](auto&) { return answer(200, R"({"success":true,"more":1})"); };
  auto load = command(true, "a");
  ASSERT_TRUE(load.answered());
  EXPECT_EQ(load->why, model_denial::none);
  EXPECT_EQ(load->status, 200);
  EXPECT_EQ(load->body, R"({"success":true,"more":1})");
  EXPECT_FALSE(load->ready);
  becomes("a", "loading");
  pass(1s);
  auto again = command(true, "a");
  ASSERT_TRUE(again.answered()) << "it is under way";
  EXPECT_EQ(again->status, 200);
  becomes("a", "loaded");
  pass(1s);
  auto there = command(true, "a");
  ASSERT_TRUE(there.answered());
  EXPECT_TRUE(there->ready);
  EXPECT_EQ(there->status, 0) << "the router was not asked";
  router->unload = [](auto&) { return answer(200, R"({"gone":true})"); };
  auto unload = command(false, "a");
  ASSERT_TRUE(unload.answered());
  EXPECT_EQ(unload->status, 200);
  EXPECT_EQ(unload->body, R"({"gone":true})");
  becomes("a", "unloaded");
  pass(1s);
  router->load = [](auto&) { return error_answer(404, "File Not Found"); };
  auto unknown = command(true, "a");
  ASSERT_TRUE(unknown.answered());
  EXPECT_EQ(unknown->why, model_denial::unknown_model);
  EXPECT_EQ(unknown->status, 404);
  expect_quiet();
}

TEST_F(managed, commands_at_once_share_one_load_and_take_turns) {
  start();
  auto first = command(true, "a");
  auto second = command(true, "a");
  auto other = command(true, "b");
  EXPECT_TRUE(first.answered() && second.answered());
  EXPECT_FALSE(other.answered());
  EXPECT_EQ(router->loads(), names{"a"});
  becomes("a", "loaded");
  pass(12s); // it is kept for whoever wanted it
  EXPECT_EQ(router->unloads(), names{"a"});
  becomes("a", "unloaded");
  pass(1s);
  EXPECT_TRUE(other.answered());
  EXPECT_EQ(router->loads(), (names{"a", "b"}));
}

TEST_F(managed, commands_that_time_out_have_no_answer_of_an_earlier_one) {
  becomes("a", "loaded");
  parts.models.max_wait = 5s;
  parts.models.batch_window = 60s;
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto command_for_b = command(true, "b");
  pass(6s);
  ASSERT_TRUE(command_for_b.answered());
  EXPECT_EQ(command_for_b->why, model_denial::wait_timeout);
  EXPECT_EQ(command_for_b->status, 0);
  EXPECT_TRUE(command_for_b->body.empty());
}

} // namespace
} // namespace synapse::actors
