#include "tests/actors/replicas/replica.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace synapse::test {
namespace {

struct members : testing::Test {
  watchdog limit{std::chrono::seconds{support::sanitized ? 240 : 120}};
};

void print_delays(const char* what, std::vector<std::int64_t> delays) {
  ASSERT_FALSE(delays.empty());
  std::sort(delays.begin(), delays.end());
  std::printf("%s: %zu, p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", what, delays.size(),
              static_cast<double>(delays[delays.size() / 2]) / 1000,
              static_cast<double>(delays[delays.size() * 99 / 100]) / 1000,
              static_cast<double>(delays.back()) / 1000);
}

TEST_F(members, find_each_other_although_one_side_only_has_a_list) {
  replica a{named("a", 1)};
  replica b{named("b", 2, {a.address()})};
  ASSERT_TRUE(a.wait_for("b", member_state::up));
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  const auto list = b.members();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_TRUE(list[0].self);
  EXPECT_EQ(list[0].instance, "b");
  EXPECT_EQ(list[1].version, "0.1.0");
  EXPECT_EQ(list[1].address, a.address());
  EXPECT_TRUE(support::wait_until([&] { return b.member("a")->round_trip_us > 0; }));
  EXPECT_GE(list[1].last_seen_ms, 0);
  EXPECT_NE(a.reports().find("replica b at "), std::string::npos) << a.reports();
}

TEST_F(members, get_every_line_of_the_others_once_and_in_order) {
  replica a{named("a", 1)};
  replica b{named("b", 2, {a.address()})};
  replica c{named("c", 3, {a.address(), b.address()})};
  for (auto* one : {&a, &b, &c})
    ASSERT_TRUE(one->wait_for_up(2));
  constexpr std::size_t count = 500;
  for (std::size_t i = 0; i < count; ++i) {
    for (auto* one : {&a, &b, &c})
      one->say(1);
    if (i % 10 == 0)
      support::pace(2ms); // as a log does it
  }
  const auto all = numbers_from(1, count);
  std::uint64_t own = 0;
  std::vector<std::int64_t> delays;
  for (auto* one : {&a, &b, &c}) {
    ++own;
    EXPECT_TRUE(one->wait_for_lines(2 * count)) << one->lines().size();
    for (std::uint64_t origin = 1; origin <= 3; ++origin)
      EXPECT_EQ(one->numbers(origin), origin == own ? std::vector<std::uint64_t>{} : all);
    for (const auto& line : one->lines())
      delays.push_back(line.delay_us);
    EXPECT_TRUE(support::wait_until([&] { return one->sent == 2 * count; })) << one->sent;
    EXPECT_EQ(one->received, 2 * count);
    EXPECT_EQ(one->dropped, 0u);
  }
  print_delays("lines between three replicas in one process", delays);
}

TEST_F(members, take_many_lines_at_once) {
  replica a{named("a", 1)};
  auto how = named("b", 2, {a.address()});
  how.settings.queue = 100'000;
  replica b{how};
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  constexpr std::size_t count = 20'000;
  const auto begin = std::chrono::steady_clock::now();
  b.say(count, 200);
  EXPECT_TRUE(a.wait_for_lines(count)) << a.received;
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin);
  std::printf("%zu lines of 200 bytes in %.0f ms: %.0f lines/s\n", count, took.count() * 1000,
              static_cast<double>(count) / took.count());
  EXPECT_EQ(a.numbers(2), numbers_from(1, count));
}

TEST_F(members, know_their_own_address_and_do_not_list_it) {
  // A free port that the replica can find in its own list.
  std::string own;
  {
    replica first{named("x", 9)};
    own = first.address();
  }
  auto how = named("a", 1, {own, "127.0.0.1:1"});
  how.settings.port = config::parse_host_port(own)->port;
  replica a{how};
  EXPECT_EQ(a.address(), own);
  EXPECT_TRUE(support::wait_until([&] {
    const auto list = a.members();
    return list.size() == 2 && !list[1].reason.empty();
  }));
  const auto list = a.members();
  EXPECT_EQ(list[1].address, "127.0.0.1:1");
  EXPECT_EQ(list[1].state, member_state::connecting);
  EXPECT_EQ(list[1].reason, "Connection refused");
}

TEST_F(members, are_listed_once_although_they_have_two_addresses) {
  replica a{named("a", 1)};
  const auto port = config::parse_host_port(a.address())->port;
  replica b{named("b", 2, {a.address(), "localhost:" + std::to_string(port)})};
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  ASSERT_TRUE(support::wait_until([&] { return b.members().size() == 2; }));
  b.say(10);
  EXPECT_TRUE(a.wait_for_lines(10)) << a.received;
  EXPECT_EQ(a.numbers(2), numbers_from(1, 10));
  EXPECT_EQ(b.reports().find(" is down"), std::string::npos) << b.reports();
}

TEST_F(members, are_found_by_a_name) {
  replica a{named("a", 1)};
  auto how = named("b", 2);
  how.settings.dns = "localhost";
  how.settings.dns_port = config::parse_host_port(a.address())->port;
  how.settings.dns_refresh = 200ms;
  replica b{how};
  EXPECT_TRUE(b.wait_for("a", member_state::up));
  EXPECT_TRUE(a.wait_for("b", member_state::up));
}

TEST_F(members, that_leave_are_down_and_forgotten_notes_are_told) {
  replica a{named("a", 1)};
  auto b = std::make_unique<replica>(named("b", 2, {a.address()}));
  ASSERT_TRUE(a.wait_for("b", member_state::up));
  b->note("chat", circuit::open);
  ASSERT_TRUE(support::wait_until([&] { return a.notes().size() == 1; }));
  EXPECT_EQ(a.member("b")->backends.size(), 1u);
  b.reset();
  EXPECT_TRUE(a.wait_for("b", member_state::down));
  EXPECT_TRUE(support::wait_until([&] { return a.notes().size() == 2; }));
  const auto last = a.notes().back();
  EXPECT_EQ(last.instance, "b");
  EXPECT_EQ(last.note.backend, "chat");
  EXPECT_EQ(last.note.state, circuit::closed);
  EXPECT_TRUE(last.note.healthy);
  EXPECT_TRUE(a.member("b")->backends.empty());
}

TEST_F(members, tell_notes_at_once_and_all_of_them_to_who_joins) {
  replica a{named("a", 1)};
  a.note("chat", circuit::open);
  a.note("speech", circuit::closed);
  replica b{named("b", 2, {a.address()})};
  ASSERT_TRUE(support::wait_until([&] { return b.notes().size() == 2; }));
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  std::vector<std::int64_t> delays;
  for (int i = 0; i < 50; ++i) {
    const auto before = b.notes().size();
    const auto begin = now_us();
    a.note("chat", i % 2 == 0 ? circuit::closed : circuit::open);
    ASSERT_TRUE(support::wait_until([&] { return b.notes().size() > before; }));
    delays.push_back(now_us() - begin);
  }
  if (!support::sanitized) {
    EXPECT_LT(*std::max_element(delays.begin(), delays.end()), 100'000);
  }
  print_delays("notes (seen by polling)", delays);
}

TEST_F(members, tell_of_deployments_that_are_shut_and_of_their_end) {
  replica a{named("a", 1)};
  a.cell(1, circuit::open, 60s);
  a.cell(2, circuit::open, 60s);
  a.cell(3, circuit::open, 60s);
  a.cell(2, circuit::closed);
  replica b{named("b", 2, {a.address()})};
  ASSERT_TRUE(support::wait_until([&] { return b.cells().size() == 2; })) << "as it is now";
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  const auto now = actors::cluster::steady_ns(std::chrono::steady_clock::now());
  for (const auto& one : b.cells()) {
    EXPECT_EQ(one.instance, "a");
    EXPECT_EQ(one.note.backend, "chat");
    EXPECT_EQ(one.note.place, 5u);
    EXPECT_EQ(one.note.state, circuit::open);
    EXPECT_LE(one.note.found, now);
    EXPECT_GT(one.note.until, now + 1'000'000'000);
    EXPECT_LE(one.note.until, now + 61'000'000'000);
  }
  a.cell(1, circuit::closed);
  ASSERT_TRUE(support::wait_until([&] { return b.cells().size() == 3; })) << "and what changes";
  EXPECT_EQ(b.cells().back().note.cell, 1u);
  EXPECT_EQ(b.cells().back().note.state, circuit::closed);
  EXPECT_TRUE(a.cells().empty());
}

TEST_F(members, tell_what_they_do_with_cards_and_who_joins_hears_the_latest) {
  replica a{named("a", 1)};
  actors::gpu_note note;
  note.card = "gpu0";
  note.place = 7;
  note.members.resize(1);
  note.members[0].member = "chat";
  caf::anon_send(a.cluster(), note);
  note.leads = true;
  note.members[0].state = actors::gpu_state::waking;
  caf::anon_send(a.cluster(), note);
  replica b{named("b", 2, {a.address()})};
  ASSERT_TRUE(support::wait_until([&] { return b.cards().size() == 1; }));
  const auto first = b.cards()[0];
  EXPECT_EQ(first.peer, "a#0000000000000001");
  EXPECT_EQ(first.note.place, 7u);
  EXPECT_TRUE(first.note.leads);
  ASSERT_EQ(first.note.members.size(), 1u);
  EXPECT_EQ(first.note.members[0].state, actors::gpu_state::waking);
  note.members[0].state = actors::gpu_state::awake;
  caf::anon_send(a.cluster(), note);
  ASSERT_TRUE(support::wait_until([&] { return b.cards().size() == 2; }));
  EXPECT_EQ(b.cards()[1].note.members[0].state, actors::gpu_state::awake);
}

TEST_F(members, tell_more_deployments_than_a_packet_holds) {
  replica a{named("a", 1)};
  constexpr std::size_t many = actors::cluster::max_batch_cells + 500;
  for (std::size_t i = 1; i <= many; ++i)
    a.cell(i, circuit::open, 600s);
  replica b{named("b", 2, {a.address()})};
  EXPECT_TRUE(support::wait_until([&] { return b.cells().size() == many; }));
}

TEST_F(members, can_take_the_port_of_one_that_was_killed_in_the_same_process) {
  replica a{named("a", 1)};
  const auto address = a.address();
  replica b{named("b", 2, {address})};
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  caf::anon_send_exit(a.cluster(), caf::exit_reason::kill);
  ASSERT_TRUE(b.wait_for("a", member_state::down));
  actors::replica_parts parts;
  parts.settings = replica_options::quick();
  parts.settings.port = config::parse_host_port(address)->port;
  parts.secret = a_secret;
  parts.origin = 5;
  parts.instance = "again";
  const auto next = actors::spawn_cluster(a.system(), std::move(parts));
  EXPECT_TRUE(b.wait_for("again", member_state::up));
  caf::anon_send_exit(next, caf::exit_reason::user_shutdown);
}

TEST_F(members, that_are_too_many_are_left_out) {
  auto how = named("a", 1);
  how.settings.max_members = 1;
  replica a{how};
  replica b{named("b", 2, {a.address()})};
  ASSERT_TRUE(b.wait_for("a", member_state::up));
  replica c{named("c", 3, {a.address()})};
  EXPECT_TRUE(support::wait_until([&] {
    const auto list = c.members();
    return list.size() == 2 && list[1].state == member_state::refused;
  }));
  EXPECT_EQ(c.members()[1].reason, "has as many members as it takes");
}

} // namespace
} // namespace synapse::test
