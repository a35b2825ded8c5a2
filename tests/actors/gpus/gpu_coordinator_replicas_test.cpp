// Coordinators of several replicas at one card, with a cluster between them that a test plays.
#include "actors/gpus/gpu_coordinator.hpp"
#include "actors/gpus/gpu_desk.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/gpus/played_vllms.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t one_gib = std::size_t{1} << 30;

struct played_replica {
  std::string name;
  gpu_coordinator_actor coordinator;
  gpu_desk_actor desk;
  std::deque<gpu_note> told;
  bool alive = true;
};

struct replicas_bed : testing::Test {
  replicas_bed() {
    backend->state.addresses = {address(1, 8001)};
    control = spawn_fake(actors.system(), backend);
    for (const auto* name : {"x", "y"}) {
      servers[name] = std::make_shared<played_vllm>();
      links[name] = spawn_fake(actors.system(), servers[name]);
    }
  }
  gpu_card card() const {
    gpu_card made;
    made.name = "gpu0";
    made.settings.vram = 32 * one_gib;
    for (const auto& [name, link] : links) {
      auto& one = made.members.emplace_back();
      one.settings = backend_named(name);
      one.settings.type = config::backend_type::vllm;
      one.settings.vram = {20 * one_gib, 2 * one_gib};
      one.control = control;
      one.link = link;
    }
    return made;
  }
  played_replica& start(const std::string& name) { return start(name, card()); }
  played_replica& start(const std::string& name, const gpu_card& its_card) {
    auto& one = *(replicas[name] = std::make_unique<played_replica>());
    one.name = name;
    gpu_coordinator_parts parts;
    parts.card = std::make_shared<const gpu_card>(its_card);
    parts.lanes = 1;
    parts.clustered = true;
    parts.events.told = [&one](const gpu_note& note) { one.told.push_back(note); };
    one.coordinator = spawn_gpu_coordinator(actors.system(), std::move(parts));
    one.desk = spawn_pinned<client::gpu_desk>(actors.unit(0), one.coordinator, 0U);
    caf::anon_send(one.coordinator, one.desk, 0U);
    actors.settle();
    for (auto& [other, replica] : replicas) // who joins hears what there is to say
      if (other != name && !replica->told.empty())
        deliver(*replica, replica->told.back(), one);
    return one;
  }
  void kill(const std::string& name) {
    auto& one = *replicas.at(name);
    one.alive = false;
    actors.end(one.desk);
    actors.end(one.coordinator);
    one.desk = nullptr;
    one.coordinator = nullptr;
    tell_peers();
  }
  void TearDown() override {
    for (auto& [name, one] : replicas)
      if (one->alive)
        kill(name);
    for (auto& [name, server] : servers)
      server->held.clear();
    for (auto& [name, link] : links)
      actors.end(link);
    actors.end(control);
  }

  bool reach(const std::string& a, const std::string& b) const { return !apart.contains({a, b}); }
  void deliver(const played_replica& from, const gpu_note& note, const played_replica& to) {
    peer_gpu what;
    what.peer = from.name;
    what.note = note;
    caf::anon_send(to.coordinator, what);
  }
  void tell_peers() {
    for (auto& [name, one] : replicas) {
      if (!one->alive)
        continue;
      gpu_peers peers;
      peers.self = name;
      for (auto& [other, replica] : replicas)
        if (other != name && replica->alive)
          (reach(name, other) ? peers.live : peers.silent).push_back(other);
      caf::anon_send(one->coordinator, peers);
    }
    actors.settle();
  }
  void carry() {
    bool more = true;
    while (std::exchange(more, false))
      for (auto& [name, one] : replicas) {
        if (!one->alive || one->told.size() <= carried[name])
          continue;
        const auto note = one->told[carried[name]++];
        for (auto& [other, replica] : replicas)
          if (other != name && replica->alive && reach(name, other))
            deliver(*one, note, *replica);
        actors.settle();
        more = true;
      }
  }
  void pass(std::chrono::milliseconds by) {
    for (auto left = by; left > 0ms; left -= 50ms) {
      actors.advance(50ms, 50ms);
      if (beat++ % 20 == 0)
        tell_peers();
      carry();
    }
  }
  auto ask(const std::string& at, const std::string& member) {
    auto question =
        actors.begin_ask<gpu_grant>(replicas.at(at)->desk, gpu_request(++requests, member));
    actors.settle();
    carry();
    return question;
  }
  client::gpu_desk& desk(const std::string& at) {
    return client::gpu_desk::behind(replicas.at(at)->desk);
  }
  void leave(const std::string& at, const std::string& member) {
    desk(at).leave(member);
    actors.settle();
    carry();
  }
  bool leads(const std::string& name) const {
    return !replicas.at(name)->told.empty() && replicas.at(name)->told.back().leads;
  }

  test::deterministic_actor_system actors{1};
  std::shared_ptr<fake_backend> backend = std::make_shared<fake_backend>();
  backend_actor control;
  std::map<std::string, std::shared_ptr<played_vllm>> servers;
  std::map<std::string, http_link_actor> links;
  std::map<std::string, std::unique_ptr<played_replica>> replicas;
  std::map<std::string, std::size_t> carried;
  std::set<std::pair<std::string, std::string>> apart;
  std::size_t beat = 0;
  std::uint64_t requests = 0;
};

TEST_F(replicas_bed, the_lowest_decides_and_wakes_what_another_one_wants) {
  start("a");
  start("b");
  pass(10s);
  EXPECT_TRUE(leads("a"));
  EXPECT_FALSE(leads("b"));
  const auto first = ask("b", "x");
  const auto second = ask("b", "x");
  const auto own = ask("a", "x");
  pass(3s);
  ASSERT_TRUE(first.answered());
  ASSERT_TRUE(second.answered());
  ASSERT_TRUE(own.answered());
  EXPECT_EQ(first->why, gpu_denial::none);
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
  EXPECT_TRUE(desk("b").enter("x")) << "now without asking";
}

TEST_F(replicas_bed, one_does_not_sleep_while_another_replica_uses_it) {
  servers["x"]->asleep = false;
  start("a");
  start("b");
  pass(40s);
  ASSERT_TRUE(desk("b").enter("x"));
  const auto wanted = ask("a", "y");
  pass(30s);
  EXPECT_FALSE(wanted.answered());
  EXPECT_FALSE(desk("b").enter("x")) << "it is closed there, too";
  EXPECT_TRUE(servers["x"]->commands().empty());
  leave("b", "x");
  pass(5s);
  ASSERT_TRUE(wanted.answered());
  EXPECT_EQ(wanted->why, gpu_denial::none);
  EXPECT_EQ(servers["x"]->commands(), std::vector<std::string>{"/sleep?level=1"});
  EXPECT_FALSE(desk("b").enter("x"));
}

TEST_F(replicas_bed, who_takes_over_while_one_wakes_waits_for_it_and_does_not_wake_it_again) {
  start("a");
  start("b");
  pass(10s);
  servers["x"]->hold = true;
  const auto lost = ask("a", "x");
  const auto waits = ask("b", "x");
  ASSERT_EQ(servers["x"]->count("/wake_up"), 1U);
  pass(1s);
  kill("a");
  int seconds = 0;
  for (; seconds < 20 && !leads("b"); ++seconds)
    pass(1s);
  EXPECT_LE(seconds, 10);
  pass(20s);
  EXPECT_FALSE(waits.answered());
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U) << "it is on its way";
  servers["x"]->asleep = false;
  pass(2s);
  ASSERT_TRUE(waits.answered());
  EXPECT_EQ(waits->why, gpu_denial::none);
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
}

TEST_F(replicas_bed, a_wake_is_known_to_the_others_before_it_is_told) {
  start("a");
  start("b");
  pass(10s);
  const auto question = actors.begin_ask<gpu_grant>(replicas.at("a")->desk, gpu_request(1, "x"));
  actors.settle();
  EXPECT_EQ(servers["x"]->count("/wake_up"), 0U) << "nothing has been carried yet";
  carry();
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
  pass(1s);
  EXPECT_TRUE(question.answered());
}

TEST_F(replicas_bed, one_that_dies_before_it_has_confirmed_a_wake_does_not_stop_it) {
  start("a");
  start("b");
  pass(10s);
  const auto question = actors.begin_ask<gpu_grant>(replicas.at("a")->desk, gpu_request(1, "x"));
  actors.settle();
  kill("b");
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
  pass(1s);
  EXPECT_TRUE(question.answered());
}

TEST_F(replicas_bed, one_that_does_not_have_a_backend_is_not_asked_about_it) {
  start("a");
  auto reduced = card();
  std::erase_if(reduced.members, [](const auto& one) { return one.settings.name == "x"; });
  start("b", reduced);
  pass(10s);
  const auto question = ask("a", "x");
  pass(2s);
  EXPECT_TRUE(question.answered());
  pass(40s);
  leave("a", "x");
  const auto other = ask("b", "y");
  pass(20s);
  EXPECT_TRUE(other.answered()) << "x has gone to sleep for it";
}

TEST_F(replicas_bed, who_takes_over_wakes_what_nobody_has_woken) {
  start("a");
  start("b");
  pass(10s);
  kill("a");
  const auto waits = ask("b", "x");
  pass(8s);
  ASSERT_TRUE(waits.answered());
  EXPECT_EQ(waits->why, gpu_denial::none);
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
}

TEST_F(replicas_bed, one_that_comes_back_leads_and_waits_for_what_the_other_one_has_begun) {
  start("b");
  pass(10s);
  ASSERT_TRUE(leads("b"));
  start("a");
  pass(1s);
  EXPECT_FALSE(leads("b")) << "it stops at once";
  pass(10s);
  EXPECT_TRUE(leads("a"));
  servers["x"]->hold = true;
  const auto asked = ask("a", "x");
  ASSERT_EQ(servers["x"]->count("/wake_up"), 1U);
  start("0");
  pass(8s);
  EXPECT_TRUE(leads("0"));
  EXPECT_FALSE(leads("a"));
  servers["x"]->asleep = false;
  pass(3s);
  EXPECT_TRUE(asked.answered());
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
}

TEST_F(replicas_bed, two_parts_of_a_cluster_never_wake_both) {
  start("a");
  start("b");
  pass(10s);
  apart = {{"a", "b"}, {"b", "a"}};
  tell_peers();
  for (int i = 0; i < 60; ++i) {
    pass(1s);
    EXPECT_TRUE(leads("a"));
    EXPECT_FALSE(leads("b")) << "the other one may be alive";
  }
  const auto there = ask("b", "x");
  ASSERT_TRUE(there.answered());
  EXPECT_EQ(there->why, gpu_denial::elsewhere);
  EXPECT_EQ(servers["x"]->count("/wake_up"), 0U);
  apart.clear();
  pass(2s);
  const auto again = ask("b", "x");
  pass(3s);
  ASSERT_TRUE(again.answered());
  EXPECT_EQ(again->why, gpu_denial::none);
}

TEST_F(replicas_bed, of_three_the_two_that_reach_each_other_go_on) {
  start("a");
  start("b");
  start("c");
  pass(10s);
  ASSERT_TRUE(leads("a"));
  apart = {{"a", "b"}, {"b", "a"}, {"a", "c"}, {"c", "a"}};
  tell_peers();
  EXPECT_FALSE(leads("a")) << "it is alone";
  for (int i = 0; i < 10; ++i) {
    pass(1s);
    EXPECT_FALSE(leads("a") && leads("b"));
  }
  EXPECT_TRUE(leads("b"));
  const auto question = ask("c", "y");
  pass(3s);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, gpu_denial::none);
}

TEST_F(replicas_bed, what_the_leader_refuses_is_refused_where_it_is_wanted) {
  servers["x"]->wake = answer(500, "CUDA out of memory");
  start("a");
  start("b");
  pass(10s);
  const auto question = ask("b", "x");
  pass(2s);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->why, gpu_denial::failed);
  EXPECT_NE(question->detail.find("out of memory"), std::string::npos) << question->detail;
  const auto next = ask("b", "x");
  ASSERT_TRUE(next.answered()) << "it is known not to be tried yet";
  EXPECT_EQ(next->why, gpu_denial::failed);
  EXPECT_GT(next->retry_after_s, 0U);
  EXPECT_EQ(servers["x"]->count("/wake_up"), 1U);
}

TEST_F(replicas_bed, one_that_leaves_or_dies_is_not_waited_for) {
  servers["y"]->asleep = false;
  start("a");
  start("b");
  pass(10s);
  ASSERT_TRUE(desk("b").enter("y"));
  const auto question = ask("a", "x");
  pass(40s);
  EXPECT_FALSE(question.answered());
  kill("b");
  pass(5s);
  EXPECT_TRUE(question.answered());
}

TEST_F(replicas_bed, little_is_said_while_nothing_happens_and_requests_are_served) {
  servers["x"]->asleep = false;
  start("a");
  start("b");
  pass(40s);
  const auto before = replicas["a"]->told.size() + replicas["b"]->told.size();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(desk("b").enter("x"));
    leave("b", "x");
    pass(50ms);
  }
  EXPECT_EQ(replicas["a"]->told.size() + replicas["b"]->told.size(), before);
}

} // namespace
} // namespace synapse::actors
