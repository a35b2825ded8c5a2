#include "actors/replicas/link/session_keys.hpp"
#include "tests/actors/replicas/stranger.hpp"
#include "tests/support/watchdog.hpp"

#include <caf/actor_registry.hpp>
#include <caf/io/basp_broker.hpp>
#include <gtest/gtest.h>

namespace synapse::test {
namespace {

namespace cluster = actors::cluster;

struct strangers : testing::Test {
  watchdog limit{std::chrono::seconds{support::sanitized ? 240 : 120}};

  /// The replica works: another one finds it and is heard.
  static void expect_alive(replica& a) {
    replica b{named("witness", 77, {a.address()})};
    EXPECT_TRUE(b.wait_for("a", member_state::up));
    EXPECT_TRUE(a.wait_for("witness", member_state::up));
    b.say(3);
    EXPECT_TRUE(support::wait_until([&] { return a.numbers(77).size() == 3; }));
  }
};

TEST_F(strangers, with_another_secret_are_refused_both_ways) {
  replica a{named("a", 1)};
  auto how = named("b", 2, {a.address()});
  how.secret = "quite another secret of replicas";
  replica b{how};
  a.say(5);
  b.say(5);
  b.note("chat", circuit::open);
  ASSERT_TRUE(support::wait_until([&] {
    const auto list = b.members();
    return list.size() == 2 && list[1].state == member_state::refused;
  }));
  EXPECT_EQ(b.members()[1].reason, "has another secret");
  EXPECT_TRUE(support::wait_until([&] {
    return a.reports().find("has another secret") != std::string::npos;
  })) << a.reports();
  // It is tried again, and never taken.
  EXPECT_EQ(a.members().size(), 1u) << "somebody without the secret is no reason to dial";
  EXPECT_EQ(a.received, 0u);
  EXPECT_EQ(b.received, 0u);
  EXPECT_TRUE(a.notes().empty());
  for (const auto* text : {"quite another", "of the replicas in tests"}) {
    EXPECT_EQ(a.reports().find(text), std::string::npos);
    EXPECT_EQ(b.reports().find(text), std::string::npos);
  }
}

TEST_F(strangers, with_another_secret_are_refused_by_who_dials_them_too) {
  auto how = named("b", 2);
  how.secret = "quite another secret of replicas";
  replica b{how};
  replica a{named("a", 1, {b.address()})};
  ASSERT_TRUE(support::wait_until([&] {
    const auto list = a.members();
    return list.size() == 2 && list[1].state == member_state::refused;
  }));
  a.say(5);
  EXPECT_EQ(a.members()[1].reason, "has another secret");
  EXPECT_EQ(b.received, 0u);
  EXPECT_EQ(a.sent, 0u);
}

TEST_F(strangers, of_another_protocol_are_told_so_and_so_are_we) {
  auto how = named("b", 2);
  how.protocol = 7;
  replica b{how};
  replica a{named("a", 1, {b.address()})};
  replica c{[&] {
    auto third = named("c", 3, {a.address()});
    third.protocol = 7;
    return third;
  }()};
  const auto refused = [](replica& whom) {
    const auto list = whom.members();
    return list.size() == 2 && list[1].state == member_state::refused;
  };
  ASSERT_TRUE(support::wait_until([&] { return refused(a) && refused(c); }));
  EXPECT_EQ(a.members()[1].reason, "speaks protocol 7 (gateway 0.1.0), this one 1");
  EXPECT_EQ(c.members()[1].reason, "speaks protocol 1 (gateway 0.1.0), this one 7");
  EXPECT_NE(b.reports().find("speaks protocol 1"), std::string::npos) << b.reports();
  expect_alive(a);
}

TEST_F(strangers, do_not_reach_the_actors_that_caf_registers) {
  replica a{named("a", 1)};
  stranger s{a.address()};
  ASSERT_TRUE(s.door());
  const auto wait = 300ms;
  EXPECT_FALSE(s.ask_named(caf::atom("ConfigServ"), wait, caf::get_atom::value, "*"));
  EXPECT_FALSE(
      s.ask_named(caf::atom("ConfigServ"), wait, caf::get_atom::value, caf::atom("SpawnServ")));
  EXPECT_FALSE(s.ask_named(caf::atom("SpawnServ"), wait, caf::sys_atom::value, caf::get_atom::value,
                           "info"));
  s.ask_named(caf::atom("ConfigServ"), 0ms, caf::put_atom::value, "key", caf::make_message(1));
  EXPECT_EQ(a.system().registry().get(caf::atom("ConfigServ")), nullptr);
  EXPECT_EQ(a.system().registry().get(caf::atom("SpawnServ")), nullptr);
  // The test would see them if they were there.
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  config.set("middleman.app-identifiers", std::vector<std::string>{"synapse-cluster"});
  config.add_message_type<cluster::peer_packet>(cluster::packet_type_name());
  caf::actor_system open{config};
  const auto target = open.spawn([]() -> cluster::cluster_peer::behavior_type {
    return {[](const cluster::peer_packet&) {}};
  });
  const auto port = open.middleman().publish(target, 0, "127.0.0.1");
  ASSERT_TRUE(port);
  {
    stranger other{"127.0.0.1:" + std::to_string(*port), false};
    EXPECT_TRUE(other.ask_named(caf::atom("SpawnServ"), 10s, caf::sys_atom::value,
                                caf::get_atom::value, "info"));
  }
  caf::anon_send_exit(target, caf::exit_reason::kill);
}

TEST_F(strangers, cannot_end_the_door_or_make_it_answer) {
  replica a{named("a", 1)};
  stranger s{a.address()};
  ASSERT_TRUE(s.door());
  caf::scoped_actor self{s.system()};
  s.send(self, caf::exit_msg{s.door().address(), caf::exit_reason::kill});
  s.send(self, caf::exit_msg{self->address(), caf::exit_reason::user_shutdown});
  s.send(self, caf::down_msg{self->address(), caf::exit_reason::kill});
  s.send(self, caf::sys_atom::value, caf::get_atom::value, std::string{"info"});
  s.send(self, 42);
  s.send(self, std::string(1000, 'x'));
  bool answered = false;
  self->receive([&](caf::ok_atom, const std::string&, const caf::strong_actor_ptr&,
                    const std::string&) { answered = true; },
                caf::after(200ms) >> [] {});
  EXPECT_FALSE(answered);
  expect_alive(a);
}

TEST_F(strangers, are_not_heard_before_they_have_shown_the_secret) {
  replica a{named("a", 1)};
  stranger s{a.address()};
  ASSERT_TRUE(s.door());
  caf::scoped_actor self{s.system()};
  const auto packet = [&](cluster::packet_kind kind, std::uint64_t to, std::string body) {
    cluster::peer_packet result;
    result.kind = static_cast<std::uint8_t>(kind);
    result.to = to;
    result.from = 5;
    result.number = 1;
    result.body = std::move(body);
    result.seal = std::string(32, 's');
    return result;
  };
  cluster::introduction who;
  who.origin = 66;
  who.instance = "evil\n\x1b[31m";
  who.address = "127.0.0.1:1";
  s.send(self, packet(cluster::packet_kind::hello, 0, cluster::encode(s.system(), who)));
  std::uint64_t session = 0;
  self->receive([&](const cluster::peer_packet& offer) { session = offer.from; },
                caf::after(10s) >> [] {});
  ASSERT_NE(session, 0u);
  std::vector<feed_event> lines(1);
  lines[0].origin = 66;
  lines[0].number = 1;
  for (int i = 1; i < 12; ++i)
    s.send(self, packet(static_cast<cluster::packet_kind>(i), session,
                        cluster::encode(s.system(), lines)));
  s.send(self, packet(cluster::packet_kind::hello, 0, std::string(100'000, 'h')));
  s.send(self, packet(cluster::packet_kind::lines, session, std::string(3'000'000, 'l')));
  EXPECT_TRUE(support::wait_until([&] {
    return a.reports().find("turned away: evil??[31m") != std::string::npos;
  })) << a.reports();
  expect_alive(a);
  EXPECT_TRUE(a.numbers(66).empty());
}

TEST_F(strangers, that_fill_all_places_keep_nobody_out_for_long) {
  replica a{named("a", 1)};
  stranger s{a.address()};
  ASSERT_TRUE(s.door());
  caf::scoped_actor self{s.system()};
  cluster::introduction who;
  for (std::uint64_t i = 1; i <= 5'000; ++i) {
    cluster::peer_packet hello;
    hello.kind = static_cast<std::uint8_t>(cluster::packet_kind::hello);
    hello.from = i;
    who.origin = i;
    hello.body = cluster::encode(s.system(), who);
    s.send(self, std::move(hello));
  }
  std::size_t offers = 0;
  self->receive([&](const cluster::peer_packet&) { ++offers; },
                caf::after(support::patience) >> [] {});
  bool more = true;
  while (more)
    self->receive([&](const cluster::peer_packet&) { ++offers; },
                  caf::after(200ms) >> [&] { more = false; });
  EXPECT_GT(offers, 0u);
  EXPECT_LE(offers, 100u);
  expect_alive(a);
}

} // namespace
} // namespace synapse::test
