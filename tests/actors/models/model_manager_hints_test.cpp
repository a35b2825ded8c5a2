// What routers say by themselves, and what is set.
#include "tests/actors/models/model_manager_rig.hpp"

namespace synapse::actors {
namespace {

using names = std::vector<std::string>;

struct routers_told : manager_rig {};

TEST_F(routers_told, events_are_reason_to_look_at_the_list) {
  start();
  ASSERT_EQ(router->count("/models/sse"), 1U);
  auto asker = ask("a");
  becomes("a", "loading");
  pass(1s);
  becomes("a", "loaded");
  event(R"({"model":"a","event":"model_status","data":{"status":"loaded","info":{}}})");
  EXPECT_TRUE(asker.answered()) << "without a poll";
}

TEST_F(routers_told, bits_of_progress_are_no_reason_to_look_at_the_list) {
  start();
  ask("a");
  becomes("a", "loading");
  pass(1s);
  const auto lists = router->count("/models");
  for (int i = 0; i < 50; ++i)
    event(R"({"model":"a","event":"status_change","data":{"status":"loading",)"
          R"("progress":{"stages":["text_model"],"current":"text_model","value":0.25}}})");
  EXPECT_EQ(router->count("/models"), lists);
  EXPECT_DOUBLE_EQ(ask("a", false)->progress, 0.25);
}

TEST_F(routers_told, events_that_make_no_sense_do_no_harm) {
  start();
  for (const auto* data :
       {"", "{", "[]", "null", R"({"event":7})", R"({"event":"x","model":7,"data":"x"})",
        R"({"model":"a","event":"model_status","data":{"progress":{"value":"x"}}})",
        R"({"model":"nobody","event":"model_remove","data":{"progress":{"value":1e999}}})"})
    event(data);
  EXPECT_FALSE(ask("a").answered());
  EXPECT_EQ(router->loads(), names{"a"});
}

TEST_F(routers_told, event_streams_are_opened_anew_when_they_end) {
  start();
  router->end_events(success());
  pass(2s);
  EXPECT_EQ(router->count("/models/sse"), 1U) << "not in a hurry";
  pass(20s);
  EXPECT_EQ(router->count("/models/sse"), 2U);
  router->end_events(error_answer(404, "File Not Found"));
  pass(60s);
  EXPECT_EQ(router->count("/models/sse"), 2U) << "an old router has none";
}

TEST_F(routers_told, routers_say_how_many_models_they_hold) {
  router->props = answer(200, R"({"role":"router","max_instances":2})");
  becomes("a", "loaded");
  start();
  ask("b");
  EXPECT_EQ(router->loads(), names{"b"});
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_told, routers_that_hold_any_number_say_zero_and_no_number_is_taken_for_it) {
  router->props = answer(200, R"({"role":"router","max_instances":4294967296})");
  becomes("a", "loaded");
  start();
  ask("b");
  ask("c");
  EXPECT_EQ(router->loads().size(), 2U);
  EXPECT_TRUE(open("a"));
}

TEST_F(routers_told, routers_that_do_not_say_hold_one) {
  router->props = error_answer(404, "File Not Found");
  becomes("a", "loaded");
  start();
  ask("b");
  EXPECT_TRUE(router->loads().empty());
  pass(30s);
  EXPECT_EQ(router->count("/props"), 1U);
}

TEST_F(routers_told, routers_that_could_not_say_are_asked_again) {
  router->props = fault(http_fault::timeout, "no answer in time");
  becomes("a", "loaded");
  start();
  router->props = answer(200, R"({"role":"router","max_instances":2})");
  pass(16s);
  EXPECT_EQ(router->count("/props"), 2U);
  ask("b");
  EXPECT_EQ(router->loads(), names{"b"});
}

TEST_F(routers_told, settings_count_more_than_what_the_router_says) {
  becomes("a", "loaded");
  start();
  ASSERT_TRUE(desk().enter("a"));
  auto asker = ask("b");
  EXPECT_TRUE(router->loads().empty());
  auto changed = settings_with(parts.backend);
  changed->models.max_loaded = 2;
  caf::anon_send(manager, settings_ptr{changed});
  actors.settle();
  EXPECT_EQ(router->loads(), names{"b"}) << "at once";
  EXPECT_FALSE(asker.answered());
}

TEST_F(routers_told, settings_of_others_change_nothing) {
  start();
  const auto before = router->calls.size();
  caf::anon_send(manager, settings_ptr{settings_with(backend_named("other"))});
  actors.settle();
  EXPECT_EQ(router->calls.size(), before);
}

} // namespace
} // namespace synapse::actors
