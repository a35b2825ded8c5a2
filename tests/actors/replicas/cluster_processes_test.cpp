#include "tests/actors/replicas/child.hpp"
#include "tests/actors/replicas/replica.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>

namespace synapse::test {
namespace {

struct processes : testing::Test {
  watchdog limit{std::chrono::seconds{support::sanitized ? 280 : 150}};

  static std::vector<std::uint64_t> from_to(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> result;
    for (; first <= last; ++first)
      result.push_back(first);
    return result;
  }
  static std::uint16_t port_of(const std::string& address) {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  static bool gets(child& whom, std::uint64_t origin, std::size_t count) {
    return support::wait_until([&] { return whom.numbers(origin).size() >= count; });
  }
  template <class Condition>
  static long long milliseconds_until(Condition&& holds) {
    const auto begin = support::clock::now();
    EXPECT_TRUE(support::wait_until(holds));
    return std::chrono::duration_cast<std::chrono::milliseconds>(support::clock::now() - begin)
        .count();
  }
};

TEST_F(processes, three_of_them_share_lines_and_one_comes_back_after_it_was_killed) {
  child a{"a", 1, "127.0.0.1", 0, {}};
  child b{"b", 2, "127.0.0.1", 0, {a.address()}};
  auto c = std::make_unique<child>("c", 3, "127.0.0.1", 0,
                                   std::vector<std::string>{a.address(), b.address()});
  const std::string c_address = c->address();
  for (const auto& [whom, others] : std::vector<std::pair<child*, std::vector<std::string>>>{
           {&a, {"b", "c"}}, {&b, {"a", "c"}}, {c.get(), {"a", "b"}}})
    for (const auto& other : others)
      ASSERT_TRUE(whom->wait_for(other, up)) << whom->output();
  for (int i = 0; i < 100; ++i) {
    for (auto* one : {&a, &b, c.get()})
      one->command("say 1");
    support::pace(std::chrono::milliseconds{3}); // as a log does it
  }
  std::vector<std::int64_t> delays;
  for (auto* one : {&a, &b, c.get()}) {
    std::size_t got = 0;
    for (std::uint64_t origin = 1; origin <= 3; ++origin) {
      const bool own = one == &a ? origin == 1 : one == &b ? origin == 2 : origin == 3;
      if (own) {
        EXPECT_TRUE(one->numbers(origin).empty());
        continue;
      }
      EXPECT_TRUE(gets(*one, origin, 100));
      EXPECT_EQ(one->numbers(origin), from_to(1, 100));
      got += 100;
    }
    EXPECT_EQ(got, 200u);
    for (const auto delay : one->delays())
      delays.push_back(delay);
  }
  std::sort(delays.begin(), delays.end());
  std::printf("lines between three processes: %zu, p50 %.2f ms, p99 %.2f ms\n", delays.size(),
              static_cast<double>(delays[delays.size() / 2]) / 1000,
              static_cast<double>(delays[delays.size() * 99 / 100]) / 1000);

  // What c has and has not acknowledged yet would be sent once more to its successor.
  ASSERT_TRUE(support::wait_until([&] { return a.acknowledged() == 200; })) << a.output();
  c->kill();
  std::printf("killed: seen after %lld ms\n",
              milliseconds_until([&] { return a.state_of("c") == down; }));
  EXPECT_TRUE(b.wait_for("c", down));
  a.command("say 5"); // waits for c
  c.reset();
  child again{"c", 4, "127.0.0.1", port_of(c_address), {a.address(), b.address()}};
  std::printf("restarted: up after %lld ms\n",
              milliseconds_until([&] { return a.state_of("c") == up; }));
  EXPECT_TRUE(b.wait_for("c", up));
  a.command("say 5");
  // Those of before were acknowledged by another process: they are not sent again.
  EXPECT_TRUE(gets(again, 1, 10));
  EXPECT_EQ(again.numbers(1), from_to(101, 110)) << a.output();
  again.command("say 3");
  EXPECT_TRUE(gets(a, 4, 3));
  EXPECT_EQ(a.numbers(4), from_to(1, 3));
}

using names = std::vector<std::string>;

TEST_F(processes, that_are_killed_have_ended_and_those_that_are_frozen_are_silent) {
  replica a{named("a", 1)};
  const auto sees = [&](const names& live, const names& silent) {
    return support::wait_until([&] {
      const auto peers = a.peers();
      return peers.live == live && peers.silent == silent;
    });
  };
  EXPECT_TRUE(sees({}, {}));
  auto b = std::make_unique<child>("b", 2, "127.0.0.1", 0, names{a.address()});
  child c{"c", 3, "127.0.0.1", 0, {a.address()}};
  const std::string name_of_b = "b#0000000000000002";
  const std::string name_of_c = "c#0000000000000003";
  auto both = names{name_of_b, name_of_c};
  EXPECT_TRUE(support::wait_until([&] {
    auto live = a.peers().live; // by address
    std::sort(live.begin(), live.end());
    return live == both;
  }));
  EXPECT_EQ(a.peers().self, "a#0000000000000001");
  EXPECT_GT(a.peers().notice, 0);
  b->kill();
  EXPECT_TRUE(sees({name_of_c}, {})) << "its machine says that nobody listens there";
  c.signal(SIGSTOP);
  EXPECT_TRUE(sees({}, {name_of_c})) << "it may be working";
  c.signal(SIGCONT);
  EXPECT_TRUE(sees({name_of_c}, {}));
  c.command("quit");
  EXPECT_TRUE(sees({}, {})) << "it has said good-bye";
}

TEST_F(processes, one_that_is_frozen_is_noticed_costs_bounded_memory_and_comes_back) {
  child a{"a", 1, "127.0.0.1", 0, {}};
  child b{"b", 2, "127.0.0.1", 0, {a.address()}};
  ASSERT_TRUE(a.wait_for("b", up));
  ASSERT_TRUE(b.wait_for("a", up));
  a.command("say 10");
  ASSERT_TRUE(gets(b, 1, 10));
  ASSERT_TRUE(support::wait_until([&] { return a.acknowledged() == 10; }));
  const std::size_t before = a.resident_bytes();
  b.signal(SIGSTOP);
  a.command("say 2"); // before it is noticed
  const auto noticed = milliseconds_until([&] { return a.state_of("b") == down; });
  std::printf("frozen: noticed after %lld ms (timeout %d)\n", noticed,
              support::sanitized ? 2000 : 500);
  EXPECT_LT(noticed, support::sanitized ? 8000 : 1500);
  constexpr std::size_t flood = 100'000;
  a.command("say " + std::to_string(flood));
  EXPECT_TRUE(support::wait_until([&] { return a.dropped() > flood - 4000; })) << a.dropped();
  EXPECT_EQ(a.state_of("b"), down);
  const auto grown = static_cast<std::int64_t>(a.resident_bytes() - before);
  std::printf("frozen: %zu of %zu lines dropped, memory grew by %.1f MiB\n", a.dropped(), flood,
              static_cast<double>(grown) / 1048576);
  b.signal(SIGCONT);
  std::printf("woken: up after %lld ms\n",
              milliseconds_until([&] { return a.state_of("b") == up; }));
  EXPECT_TRUE(b.wait_for("a", up));
  const std::uint64_t last = 12 + flood;
  EXPECT_TRUE(support::wait_until([&] {
    const auto got = b.numbers(1);
    return !got.empty() && got.back() == last;
  }));
  const auto got = b.numbers(1);
  EXPECT_TRUE(std::is_sorted(got.begin(), got.end()));
  EXPECT_EQ(std::adjacent_find(got.begin(), got.end()), got.end()) << "a line came twice";
  // None is missing without having been counted. What b had not acknowledged when it froze, at most
  // the two of before, may have been given up here and still have arrived there.
  EXPECT_TRUE(support::wait_until([&] { return got.size() + a.dropped() >= last; }));
  EXPECT_LE(got.size() + a.dropped(), last + 2);
}

} // namespace
} // namespace synapse::test
