// What is said to a router, in virtual time.
#include "actors/models/router/router_client.hpp"
#include "config/backend_types.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/models/fake_router.hpp"
#include "tests/actors/models/manager_stand_in.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {
namespace {

using listing = router_listing::kind;
using models::router_answer;

struct router_client_bed : testing::Test {
  void SetUp() override {
    told->state.addresses = {address(1, 8082)};
    control = spawn_fake(actors.system(), told);
    link = spawn_fake(actors.system(), router);
    parts.url = backend_named("router").url;
    parts.key_field = config::key_field(backend_named("router"));
    parts.control = control;
    parts.link = link;
    parts.refused = [this](auto& what, auto& why) { refused.emplace_back(what, why); };
    parts.address_wanted = [this] { ++address_wanted; };
    script->begin = [this](model_manager_actor::pointer self) {
      subject = std::make_unique<router_client>(self, parts);
    };
  }
  void TearDown() override {
    actors.end(self);
    router->held.clear();
    router->held_props.clear();
    router->events.clear();
    actors.end(link);
    actors.end(control);
  }
  void start() {
    self = spawn_stand_in(actors.system(), script);
    actors.settle();
  }
  void within(std::function<void()> what) { do_within(actors, self, *script, std::move(what)); }

  void ask_list() {
    within([this] {
      subject->list([this](router_listing found) { listings.push_back(std::move(found)); });
    });
  }
  listing list_says(const http_reply& reply) {
    router->list = reply;
    ask_list();
    return listings.back().how;
  }
  void ask_capacity() {
    within([this] { subject->learn_capacity([this](bool old) { outdated.push_back(old); }); });
  }
  void load(const std::string& id) {
    within([&] {
      subject->load(id, [this](const http_reply&, const models::router_word& word) {
        words.push_back(word);
      });
    });
  }
  void unload(const std::string& id, const std::string& model) {
    within([&] {
      subject->unload(id, model, [this](const http_reply&, const models::router_word& word) {
        words.push_back(word);
      });
    });
  }
  void listen() {
    within([this] { subject->listen(); });
  }
  void move(const std::string& host) {
    within([&] { subject->move_to(backend_named(host)); });
  }

  test::deterministic_actor_system actors;
  std::shared_ptr<fake_backend> told = std::make_shared<fake_backend>();
  std::shared_ptr<fake_router> router = std::make_shared<fake_router>();
  std::shared_ptr<stand_in_script> script = std::make_shared<stand_in_script>();
  backend_actor control;
  http_link_actor link;
  model_manager_actor self;
  router_client_parts parts;
  std::unique_ptr<router_client> subject;
  std::vector<router_listing> listings;
  std::vector<models::router_word> words;
  std::vector<bool> outdated;
  std::vector<std::pair<std::string, std::string>> refused;
  unsigned address_wanted = 0;
};

// ---- lists ----

TEST_F(router_client_bed, asks_below_the_base_path_with_the_key) {
  parts.url.base_path = "/llm";
  parts.bearer = "key";
  start();
  ask_list();
  ASSERT_EQ(router->calls.size(), 1U);
  const auto& call = router->calls[0];
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.target, "/llm/models");
  EXPECT_EQ(call.authority, parts.url.authority());
  EXPECT_EQ(call.fields, "Authorization: Bearer key\r\n");
  EXPECT_EQ(call.address, address(1, 8082));
  EXPECT_EQ(call.timeout_ms, 5000U);
}

TEST_F(router_client_bed, sends_the_key_in_the_field_that_the_settings_name) {
  parts.bearer = "key";
  start();
  auto keyed = backend_named("router");
  keyed.authorization.header = "X-Key";
  within([&] { subject->move_to(keyed); });
  ask_list();
  ASSERT_EQ(router->calls.size(), 1U);
  EXPECT_EQ(router->calls[0].fields, "X-Key: key\r\n");
}

TEST_F(router_client_bed, reads_lists) {
  start();
  ask_list();
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].how, listing::listed);
  ASSERT_TRUE(listings[0].list);
  EXPECT_TRUE(listings[0].list->is_router);
  EXPECT_EQ(listings[0].list->models.size(), 3U);
  EXPECT_EQ(listings[0].reply.body, router->list_body());
}

TEST_F(router_client_bed, takes_servers_without_a_list_for_no_router) {
  start();
  EXPECT_EQ(list_says(error_answer(404, "File Not Found")), listing::listed);
  ASSERT_TRUE(listings.back().list);
  EXPECT_FALSE(listings.back().list->is_router);
}

TEST_F(router_client_bed, tells_apart_why_there_is_no_list) {
  start();
  EXPECT_EQ(list_says(fault(http_fault::connect_failure, "refused")), listing::gone);
  EXPECT_EQ(listings.back().problem, "refused");
  EXPECT_EQ(list_says(fault(http_fault::timeout, "late")), listing::silent);
  EXPECT_EQ(list_says(fault(http_fault::reset, "lost")), listing::silent);
  EXPECT_EQ(list_says(error_answer(503, "Loading model")), listing::silent);
  EXPECT_EQ(list_says(fault(http_fault::bad_response, "no HTTP")), listing::garbage);
  EXPECT_EQ(list_says(answer(200, "<html>")), listing::garbage);
  EXPECT_FALSE(listings.back().problem.empty());
  EXPECT_EQ(list_says(error_answer(401, "Invalid API Key")), listing::refused);
  EXPECT_NE(listings.back().problem.find("401: Invalid API Key"), std::string::npos);
  for (const auto& one : listings)
    EXPECT_FALSE(one.list);
  EXPECT_TRUE(refused.empty()) << "who asks for the list says so";
}

TEST_F(router_client_bed, gives_up_when_the_link_never_answers) {
  router->hold_lists = true;
  start();
  ask_list();
  actors.advance(9900ms, 100ms);
  EXPECT_TRUE(listings.empty());
  actors.advance(200ms, 100ms);
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].how, listing::silent);
}

// ---- addresses ----

TEST_F(router_client_bed, waits_until_the_name_is_resolved) {
  told->state.addresses.clear();
  told->state.resolved = false;
  start();
  ask_list();
  EXPECT_TRUE(router->calls.empty());
  EXPECT_EQ(address_wanted, 1U);
  EXPECT_TRUE(subject->wants_address());
  within([this] { subject->try_again(); });
  EXPECT_EQ(address_wanted, 2U);
  told->state.addresses = {address(7)};
  told->state.resolved = true;
  within([this] { subject->try_again(); });
  EXPECT_FALSE(subject->wants_address());
  ASSERT_EQ(router->calls.size(), 1U);
  EXPECT_EQ(router->calls[0].address, address(7));
  EXPECT_EQ(listings.size(), 1U);
}

TEST_F(router_client_bed, does_not_wait_for_a_name_for_ever) {
  told->state.addresses.clear();
  told->state.resolved = false;
  start();
  ask_list();
  actors.advance(5s, 100ms);
  within([this] { subject->try_again(); });
  EXPECT_FALSE(subject->wants_address());
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].how, listing::silent) << "which says nothing about its models";
  EXPECT_EQ(listings[0].problem, "the host name does not resolve");
  EXPECT_TRUE(router->calls.empty());
}

TEST_F(router_client_bed, says_of_answers_from_an_earlier_address_that_they_are_outdated) {
  router->hold_lists = true;
  router->hold_props = true;
  start();
  ask_list();
  ask_capacity();
  move("elsewhere");
  router->props = answer(200, R"({"max_instances":2})");
  router->release();
  router->release_props();
  actors.settle();
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].how, listing::outdated);
  EXPECT_FALSE(listings[0].list);
  EXPECT_EQ(outdated, std::vector<bool>{true});
  EXPECT_FALSE(subject->capacity_known());
  EXPECT_FALSE(subject->capacity());
  router->hold_lists = false;
  ask_list();
  EXPECT_EQ(router->calls.back().authority, backend_named("elsewhere").url.authority());
  EXPECT_EQ(listings.back().how, listing::listed);
}

TEST_F(router_client_bed, takes_the_same_address_for_the_same_router) {
  router->hold_lists = true;
  start();
  ask_list();
  move("router");
  router->release();
  actors.settle();
  ASSERT_EQ(listings.size(), 1U);
  EXPECT_EQ(listings[0].how, listing::listed);
}

// ---- commands ----

TEST_F(router_client_bed, has_models_loaded_and_unloaded_by_their_ids) {
  start();
  load("a \"b\"");
  unload("c", "c-model");
  ASSERT_EQ(router->calls.size(), 2U);
  EXPECT_EQ(router->calls[0].method, "POST");
  EXPECT_EQ(router->calls[0].target, "/models/load");
  EXPECT_EQ(router->calls[0].content_type, "application/json");
  EXPECT_EQ(router->calls[0].body, R"({"model":"a \"b\""})");
  EXPECT_EQ(router->calls[0].timeout_ms, 30'000U);
  EXPECT_EQ(router->calls[1].target, "/models/unload");
  EXPECT_EQ(router->calls[1].body, R"({"model":"c"})");
  ASSERT_EQ(words.size(), 2U);
  EXPECT_EQ(words[0].means, router_answer::accepted);
  EXPECT_EQ(words[1].means, router_answer::accepted);
  EXPECT_TRUE(refused.empty());
}

TEST_F(router_client_bed, understands_what_is_said_to_commands) {
  start();
  router->load = [](auto&) { return error_answer(500, "model limit reached, try again later"); };
  load("a");
  EXPECT_EQ(words.back().means, router_answer::no_room);
  router->load = [](auto&) { return error_answer(401, "Invalid API Key"); };
  load("a");
  EXPECT_EQ(words.back().means, router_answer::refused);
  EXPECT_TRUE(refused.empty()) << "all who wait for it hear of it";
  router->unload = router->load;
  unload("id-of-a", "a");
  EXPECT_EQ(words.back().means, router_answer::refused);
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].first, "to unload a");
  EXPECT_EQ(refused[0].second, words.back().reason);
}

// ---- what it holds ----

TEST_F(router_client_bed, learns_how_many_models_the_router_holds) {
  router->props = answer(200, R"({"role":"router","max_instances":3})");
  start();
  EXPECT_FALSE(subject->capacity_known());
  ask_capacity();
  EXPECT_EQ(outdated, std::vector<bool>{false});
  EXPECT_TRUE(subject->capacity_known());
  EXPECT_EQ(subject->capacity(), 3U);
  router->props = answer(200, R"({"max_instances":4294967296})");
  ask_capacity();
  EXPECT_EQ(subject->capacity(), 1000U);
  for (const auto* none : {R"({"role":"router"})", R"({"max_instances":-1})", "[]", "<html>"}) {
    router->props = answer(200, none);
    ask_capacity();
    EXPECT_TRUE(subject->capacity_known()) << none;
    EXPECT_FALSE(subject->capacity()) << none;
  }
}

TEST_F(router_client_bed, keeps_the_number_while_the_router_cannot_say) {
  router->props = answer(200, R"({"max_instances":2})");
  start();
  ask_capacity();
  router->props = error_answer(503, "Loading model");
  ask_capacity();
  EXPECT_FALSE(subject->capacity_known()) << "it is to be asked again";
  EXPECT_EQ(subject->capacity(), 2U);
  router->props = error_answer(404, "File Not Found");
  ask_capacity();
  EXPECT_TRUE(subject->capacity_known()) << "an old one never says";
  EXPECT_FALSE(subject->capacity());
  EXPECT_TRUE(refused.empty());
  router->props = error_answer(401, "Invalid API Key");
  ask_capacity();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].first, "to tell how many models it holds");
}

TEST_F(router_client_bed, does_not_trust_the_number_once_the_router_has_gone) {
  router->props = answer(200, R"({"max_instances":2})");
  start();
  ask_capacity();
  list_says(fault(http_fault::timeout, "late"));
  EXPECT_TRUE(subject->capacity_known());
  list_says(fault(http_fault::connect_failure, "refused"));
  EXPECT_FALSE(subject->capacity_known());
  EXPECT_EQ(subject->capacity(), 2U) << "as long as nothing else is known";
  move("elsewhere");
  EXPECT_FALSE(subject->capacity());
}

// ---- its events ----

TEST_F(router_client_bed, listens_once_and_again_when_the_stream_has_ended) {
  start();
  listen();
  listen();
  ASSERT_EQ(router->count("/models/sse"), 1U);
  EXPECT_TRUE(router->calls[0].events);
  EXPECT_EQ(router->calls[0].timeout_ms, 300'000U);
  router->end_events(success());
  actors.settle();
  listen();
  EXPECT_EQ(router->count("/models/sse"), 1U) << "not in a hurry";
  actors.advance(5s, 100ms);
  listen();
  EXPECT_EQ(router->count("/models/sse"), 2U);
}

TEST_F(router_client_bed, rarely_listens_to_routers_without_events) {
  start();
  for (const auto& none : {error_answer(404, "File Not Found"), error_answer(401, "no key")}) {
    listen();
    const auto before = router->count("/models/sse");
    router->end_events(none);
    actors.advance(590s, 1s);
    listen();
    EXPECT_EQ(router->count("/models/sse"), before);
    actors.advance(11s, 1s);
    listen();
    EXPECT_EQ(router->count("/models/sse"), before + 1);
  }
  ASSERT_EQ(refused.size(), 1U) << "a missing route is no refusal";
  EXPECT_EQ(refused[0].first, "to tell what happens to its models");
}

TEST_F(router_client_bed, listens_anew_over_another_link) {
  start();
  listen();
  within([this] { subject->use(link, "new"); });
  listen();
  ASSERT_EQ(router->count("/models/sse"), 2U);
  EXPECT_EQ(router->calls.back().fields, "Authorization: Bearer new\r\n");
  auto streams = std::exchange(router->events, {});
  router->events = {streams[0]};
  router->end_events(success());
  actors.advance(10s, 100ms);
  listen();
  EXPECT_EQ(router->count("/models/sse"), 2U) << "the end of the old one does not count";
  router->events = {streams[1]};
  streams.clear();
}

} // namespace
} // namespace synapse::actors
