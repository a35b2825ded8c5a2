// Routers that definitely say no, to each of the calls that are made to them.
#include "tests/actors/models/model_manager_rig.hpp"

namespace synapse::actors {
namespace {

using names = std::vector<std::string>;

struct routers_refusing : manager_rig {
  static http_reply no_key() { return error_answer(401, "Invalid API Key"); }
  static bool tells(const std::string& text) {
    return text.find("401: Invalid API Key") != std::string::npos;
  }
};

TEST_F(routers_refusing, an_unload_fail_those_who_need_the_room_at_once) {
  becomes("a", "loaded");
  start();
  router->unload = [](auto&) { return no_key(); };
  auto chat = ask("b");
  auto hand = command(true, "c");
  pass(600ms); // the linger
  ASSERT_TRUE(chat.answered() && hand.answered());
  EXPECT_EQ(chat->why, model_denial::router_error);
  EXPECT_TRUE(tells(chat->detail)) << chat->detail;
  EXPECT_EQ(hand->why, model_denial::router_error);
  ASSERT_EQ(refused.size(), 1U) << "one line of the log";
  EXPECT_EQ(refused[0].first, "to unload a");
  EXPECT_TRUE(tells(refused[0].second));
  EXPECT_EQ(router->unloads(), names{"a"});
  EXPECT_TRUE(open("a")) << "it is still there";
  expect_quiet();
  EXPECT_EQ(router->unloads(), names{"a"});
}

TEST_F(routers_refusing, an_unload_by_hand_tell_the_one_who_asked) {
  becomes("a", "loaded");
  start();
  for (const std::uint16_t status : {400, 401, 403, 404, 501}) {
    router->unload = [&](auto&) { return error_answer(status, "no"); };
    auto hand = command(false, "a");
    ASSERT_TRUE(hand.answered()) << status;
    EXPECT_EQ(hand->why, model_denial::router_error) << status;
    EXPECT_EQ(hand->detail.find("the router answered " + std::to_string(status) + ": no"), 0U);
    EXPECT_TRUE(open("a"));
  }
}

TEST_F(routers_refusing, a_load_tell_all_who_wait_for_it) {
  start();
  router->load = [](auto&) { return no_key(); };
  auto chat = ask("a");
  ASSERT_TRUE(chat.answered());
  EXPECT_EQ(chat->why, model_denial::load_failed);
  EXPECT_TRUE(tells(chat->detail));
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_TRUE(tells(failed[0].second));
}

TEST_F(routers_refusing, their_list_are_waited_for_by_nobody) {
  start();
  router->list = no_key();
  caf::anon_send(manager, model_suspect("a"));
  actors.settle();
  for (auto& asker : {ask("a"), ask("nobody"), ask("a", false)}) {
    ASSERT_TRUE(asker.answered());
    EXPECT_EQ(asker->why, model_denial::router_error);
    EXPECT_TRUE(tells(asker->detail)) << asker->detail;
  }
  EXPECT_EQ(command(true, "a")->why, model_denial::router_error);
  EXPECT_EQ(command(false, "a")->why, model_denial::router_error);
  ASSERT_EQ(reachable.size(), 1U) << "one line of the log, however often it is asked";
  EXPECT_TRUE(tells(reachable[0]));
  router->list.reset();
  pass(1s);
  EXPECT_EQ(reachable.back(), "");
  EXPECT_FALSE(ask("a").answered());
  EXPECT_EQ(router->loads(), names{"a"});
}

TEST_F(routers_refusing, their_list_after_a_rollout_end_the_change_at_once) {
  parts.reconfigure_timeout_s = 300;
  becomes("a", "loaded");
  start();
  auto change = apply(8192);
  router->list = no_key();
  runtime->finish();
  pass(1s);
  ASSERT_TRUE(change.answered());
  EXPECT_EQ((*change).error(), ec::rollout_failed);
  EXPECT_TRUE(tells(render((*change).error()))) << render((*change).error());
}

TEST_F(routers_refusing, their_properties_hold_one_model_and_say_so_once) {
  router->props = no_key();
  becomes("a", "loaded");
  start();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_TRUE(tells(refused[0].second));
  auto asker = ask("b");
  EXPECT_TRUE(router->loads().empty());
  pass(60s);
  EXPECT_EQ(router->count("/props"), 1U);
  EXPECT_EQ(refused.size(), 1U);
}

TEST_F(routers_refusing, their_events_are_looked_at_now_and_then) {
  start();
  router->end_events(no_key());
  pass(60s);
  EXPECT_EQ(router->count("/models/sse"), 1U);
  ASSERT_EQ(refused.size(), 1U);
  router->end_events(no_key());
  pass(60s);
  EXPECT_EQ(refused.size(), 1U);
}

TEST_F(routers_refusing, nothing_but_asking_for_patience_are_asked_again) {
  becomes("a", "loaded");
  start();
  router->unload = [](auto&) { return error_answer(409, "the router is busy"); };
  auto chat = ask("b");
  pass(3s);
  EXPECT_FALSE(chat.answered());
  EXPECT_GE(router->unloads().size(), 2U);
  router->unload = [this](auto&) {
    becomes("a", "unloaded");
    return success();
  };
  router->load = [this](auto& model) {
    becomes(model, "loading");
    return success();
  };
  pass(15s);
  EXPECT_EQ(router->loads(), names{"b"});
  EXPECT_TRUE(refused.empty());
}

} // namespace
} // namespace synapse::actors
