#include "actors/gpus/gpu_coordinator.hpp"
#include "actors/gpus/gpu_desk.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/gpus/played_vllms.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t gib = std::size_t{1} << 30;

/// A coordinator with real desks, between vLLMs that a test plays.
struct gpu_bed : testing::Test {
  gpu_bed() {
    told->state.addresses = {address(1, 8001)};
    control = spawn_fake(actors.system(), told);
    card.name = "gpu0";
    card.settings.vram = 32 * gib;
    for (const auto* name : {"a", "b"}) {
      servers[name] = std::make_shared<played_vllm>();
      links[name] = spawn_fake(actors.system(), servers[name]);
      card.members.push_back(member(name));
    }
    parts.lanes = 2;
    parts.events.wake_failed = [this](const std::string& who, const std::string& why) {
      failed.emplace_back(who, why);
    };
    parts.events.changed = [this](const std::string& who, gpu_state now) { states[who] = now; };
    parts.events.waiting = [this](std::size_t now) { waiting = now; };
  }
  gpu_card::member member(const std::string& name) {
    gpu_card::member one;
    one.settings = backend_named(name);
    one.settings.type = config::backend_type::vllm;
    one.settings.vram = {20 * gib, 2 * gib};
    one.control = control;
    one.link = links.at(name);
    one.bearer = "key-of-" + name;
    return one;
  }
  void start() {
    parts.card = std::make_shared<const gpu_card>(card);
    coordinator = spawn_gpu_coordinator(actors.system(), parts);
    for (std::uint32_t lane = 0; lane < 2; ++lane) {
      desks.push_back(spawn_pinned<client::gpu_desk>(actors.unit(lane), coordinator, lane));
      caf::anon_send(coordinator, desks.back(), lane);
    }
    pass(4s); // what led before has had its time
  }
  void TearDown() override {
    for (auto& desk : std::exchange(desks, {}))
      actors.end(desk);
    actors.end(coordinator);
    for (auto& [name, server] : servers)
      server->held.clear();
    for (auto& [name, link] : links)
      actors.end(link);
    actors.end(control);
  }
  void pass(std::chrono::milliseconds by) { actors.advance(by, 50ms); }
  auto ask(const std::string& name, std::size_t lane = 0) {
    auto question = actors.begin_ask<gpu_grant>(desks[lane], gpu_request(++requests, name));
    actors.settle();
    return question;
  }
  client::gpu_desk& desk(std::size_t lane = 0) { return client::gpu_desk::behind(desks[lane]); }
  void leave(const std::string& name, std::size_t lane = 0) {
    desk(lane).leave(name);
    actors.settle();
  }
  void change_card() {
    caf::anon_send(coordinator, gpu_card_ptr{std::make_shared<const gpu_card>(card)});
    actors.settle();
  }

  test::deterministic_actor_system actors{2};
  std::shared_ptr<fake_backend> told = std::make_shared<fake_backend>();
  backend_actor control;
  std::map<std::string, std::shared_ptr<played_vllm>> servers;
  std::map<std::string, http_link_actor> links;
  gpu_card card;
  gpu_coordinator_parts parts;
  gpu_coordinator_actor coordinator;
  std::vector<gpu_desk_actor> desks;
  std::vector<std::pair<std::string, std::string>> failed;
  std::map<std::string, gpu_state> states;
  std::size_t waiting = 0;
  std::uint64_t requests = 0;
};

TEST_F(gpu_bed, a_sleeper_is_woken_once_and_nobody_is_let_in_before_it_says_it_is_awake) {
  start();
  auto& a = *servers["a"];
  a.hold = true;
  std::vector<decltype(ask("a"))> asked;
  for (std::size_t i = 0; i < 100; ++i)
    asked.push_back(ask("a", i % 2));
  EXPECT_EQ(a.commands(), std::vector<std::string>{"/wake_up"});
  EXPECT_EQ(waiting, 100U);
  EXPECT_EQ(desk().load_of("a"), routing::load_state::loading);
  pass(5s);
  for (const auto& one : asked)
    EXPECT_FALSE(one.answered());
  a.release();
  actors.settle();
  for (const auto& one : asked) {
    ASSERT_TRUE(one.answered());
    EXPECT_EQ(one->why, gpu_denial::none);
  }
  EXPECT_EQ(a.count("/wake_up"), 1U);
  EXPECT_TRUE(desk(1).enter("a"));
  EXPECT_EQ(waiting, 0U);
}

TEST_F(gpu_bed, its_own_key_goes_with_every_word_and_a_command_without_body_says_so) {
  start();
  ask("a");
  for (const auto& call : servers["a"]->calls)
    EXPECT_NE(call.fields.find("Authorization: Bearer key-of-a\r\n"), std::string::npos);
  const auto& wake = servers["a"]->calls;
  EXPECT_TRUE(std::any_of(wake.begin(), wake.end(), [](const auto& call) {
    return call.target == "/wake_up" && call.fields.find("Content-Length: 0") != std::string::npos;
  }));
}

TEST_F(gpu_bed, one_sleeps_for_another_only_when_its_requests_have_ended_here_and_there) {
  servers["a"]->asleep = false;
  start();
  pass(40s);
  ASSERT_TRUE(desk(1).enter("a"));
  servers["a"]->running = 2;
  const auto b = ask("b");
  pass(20s);
  EXPECT_FALSE(desk().enter("a")) << "it is closed";
  EXPECT_EQ(servers["a"]->count("/metrics"), 0U);
  leave("a", 1);
  pass(5s);
  EXPECT_GE(servers["a"]->count("/metrics"), 3U);
  EXPECT_TRUE(servers["a"]->commands().empty()) << "somebody else's request runs there";
  servers["a"]->running = 0;
  pass(2s);
  EXPECT_EQ(servers["a"]->commands(), std::vector<std::string>{"/sleep?level=1"});
  ASSERT_TRUE(b.answered());
  EXPECT_EQ(b->why, gpu_denial::none);
}

TEST_F(gpu_bed, two_in_turn_are_never_awake_together) {
  start();
  for (int round = 0; round < 6; ++round) {
    const auto* name = round % 2 == 0 ? "a" : "b";
    const auto question = ask(name);
    for (int i = 0; i < 800 && !question.answered(); ++i) {
      pass(50ms);
      EXPECT_TRUE(servers["a"]->asleep || servers["b"]->asleep);
    }
    ASSERT_TRUE(question.answered());
    leave(name);
  }
  EXPECT_EQ(servers["a"]->count("/wake_up"), 3U);
}

TEST_F(gpu_bed, level_two_goes_step_by_step_and_warms_up) {
  card.members[0].settings.sleep.level = 2;
  card.members[0].settings.sleep.warm_up = true;
  start();
  const auto question = ask("a");
  pass(1s);
  const std::vector<std::string> steps{"/wake_up?tags=weights", "/collective_rpc",
                                       "/wake_up?tags=kv_cache", "/v1/completions"};
  EXPECT_EQ(servers["a"]->commands(), steps);
  const auto& last = servers["a"]->calls.back();
  EXPECT_NE(last.body.find("its-model"), std::string::npos);
  EXPECT_NE(last.body.find("\"max_tokens\":1"), std::string::npos);
  EXPECT_TRUE(question.answered());
}

TEST_F(gpu_bed, a_wake_that_fails_is_told_and_not_repeated_for_every_request) {
  servers["a"]->wake = answer(500, "CUDA out of memory");
  start();
  const auto first = ask("a");
  ASSERT_TRUE(first.answered());
  EXPECT_EQ(first->why, gpu_denial::failed);
  ASSERT_EQ(failed.size(), 1U);
  for (int i = 0; i < 20; ++i) {
    const auto next = ask("a");
    ASSERT_TRUE(next.answered());
    EXPECT_GT(next->retry_after_s, 0U);
    pass(1s);
  }
  EXPECT_EQ(servers["a"]->count("/wake_up"), 1U);
  EXPECT_TRUE(desk().hopeless("a", desk().view()->members.at("a").retry_at - 1));
}

TEST_F(gpu_bed, one_who_leaves_does_not_keep_it_waking_for_nobody) {
  servers["a"]->asleep = false;
  start();
  pass(40s);
  ASSERT_TRUE(desk().enter("a"));
  ask("b");
  caf::anon_send(desks[0], gpu_abandoned(requests));
  pass(60s);
  EXPECT_TRUE(desk().enter("a"));
  EXPECT_EQ(servers["b"]->count("/wake_up"), 0U);
}

TEST_F(gpu_bed, a_backend_whose_name_is_not_resolved_yet_is_asked_when_it_is) {
  told->state.addresses.clear();
  told->state.resolved = false;
  parts.card = std::make_shared<const gpu_card>(card);
  start();
  const auto question = ask("a");
  EXPECT_FALSE(question.answered());
  told->state.addresses = {address(1, 8001)};
  told->state.resolved = true;
  pass(4s);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, gpu_denial::none);
}

TEST_F(gpu_bed, members_come_and_go_with_the_configuration) {
  start();
  servers["c"] = std::make_shared<played_vllm>();
  servers["c"]->asleep = false;
  links["c"] = spawn_fake(actors.system(), servers["c"]);
  servers["a"]->hold = true;
  const auto waiting_for_a = ask("a");
  card.members.erase(card.members.begin());
  card.members.push_back(member("c"));
  change_card();
  ASSERT_TRUE(waiting_for_a.answered());
  EXPECT_EQ(waiting_for_a->why, gpu_denial::removed);
  EXPECT_TRUE(desk().enter("c"));
  EXPECT_EQ(desk().find("a"), nullptr);
  servers["a"]->release(); // an answer that nobody waits for
  actors.settle();
}

TEST_F(gpu_bed, another_address_is_another_server) {
  servers["a"]->asleep = false;
  start();
  ASSERT_TRUE(desk().enter("a"));
  leave("a");
  servers["a"]->asleep = true;
  card.members[0].settings.url.host = "elsewhere.example";
  change_card();
  EXPECT_FALSE(desk().enter("a"));
  EXPECT_EQ(states["a"], gpu_state::asleep);
}

TEST_F(gpu_bed, nothing_is_asked_more_than_now_and_then_while_nothing_happens) {
  start();
  pass(20s);
  const auto before = servers["a"]->calls.size();
  pass(60s);
  EXPECT_LE(servers["a"]->calls.size(), before + 5);
}

} // namespace
} // namespace synapse::actors
