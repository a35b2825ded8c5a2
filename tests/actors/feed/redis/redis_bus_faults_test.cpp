// A server that is away, comes back, stands still or is slow; and ends in every phase.
#include "tests/actors/feed/redis/bus_bed.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <sys/socket.h>
#include <thread>

namespace synapse::feed_bus_test {
namespace {

using testing::HasSubstr;
using clock = std::chrono::steady_clock;

/// After a connection was lost, lines may come twice; a feed looks at their numbers.
std::set<std::uint64_t> distinct(const replica& one) {
  const auto all = one.numbers();
  return {all.begin(), all.end()};
}

struct redis_bus_faults : bus_bed {
  redis_server server;
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};

  void start_both() {
    for (auto* one : {&a, &b}) {
      one->start();
      ASSERT_TRUE(one->wait_connected());
    }
  }
};

TEST_F(redis_bus_faults, a_server_that_appears_later_gets_what_has_waited) {
  a.start();
  ASSERT_TRUE(wait_until([&] { return a.reports_with("Connection refused") == 1; }));
  a.publish(10);
  server.start();
  b.start(); // it may be late for the ten
  ASSERT_TRUE(a.wait_connected());
  ASSERT_TRUE(b.wait_connected());
  EXPECT_TRUE(wait_until([&] { return a.stats->published == 10; }));
  a.publish(1);
  EXPECT_TRUE(wait_until([&] { return b.has_line(11); }));
  EXPECT_EQ(a.stats->dropped, 0U);
  EXPECT_EQ(a.reports->size(), 2U) << "away and there: attempts in between are not told";
}

TEST_F(redis_bus_faults, a_killed_server_is_found_again) {
  server.start();
  start_both();
  a.publish(5);
  ASSERT_TRUE(b.wait_lines(5));
  for (std::uint64_t round = 1; round <= 3; ++round) {
    server.kill();
    ASSERT_TRUE(a.wait_disconnected());
    ASSERT_TRUE(b.wait_disconnected());
    server.start();
    ASSERT_TRUE(wait_until(
        [&] { return a.stats->connected && b.stats->connected && b.stats->reconnects == round; }));
    const auto last = a.publish(5);
    EXPECT_TRUE(wait_until([&] { return b.has_line(last); }));
    EXPECT_EQ(distinct(b).size(), last);
  }
  EXPECT_EQ(b.reports_with("no connection"), 3U);
  EXPECT_EQ(b.reports_with("connected to Redis"), 4U);
}

TEST_F(redis_bus_faults, lines_on_their_way_are_sent_again) {
  server.start();
  redis_client admin{server.port()};
  ASSERT_EQ(admin.ask({"ACL", "SETUSER", "feed", "on", ">pass", "&*", "+@all"}).text, "OK");
  a.parts.url.user = "feed";
  a.parts.url.password = "pass";
  start_both();
  std::uint64_t last = 0;
  for (std::uint64_t round = 1; round <= 8; ++round) {
    for (int i = 0; i < 20; ++i)
      last = a.publish(10);
    admin.ask({"CLIENT", "KILL", "USER", "feed"});
    ASSERT_TRUE(wait_until([&] { return a.stats->reconnects >= round && a.stats->connected; }));
  }
  EXPECT_TRUE(wait_until([&] { return b.has_line(last); }));
  EXPECT_EQ(a.stats->dropped, 0U);
  EXPECT_EQ(b.stats->reconnects, 0U);
  EXPECT_EQ(distinct(b).size(), last) << "none is missing";
  std::uint64_t highest = 0;
  for (const auto number : b.numbers()) {
    EXPECT_LE(number, highest + 1) << "in order but for those that came twice";
    highest = std::max(highest, number);
  }
}

TEST_F(redis_bus_faults, a_lone_connection_that_is_cut_is_made_again) {
  server.start();
  start_both();
  redis_client admin{server.port()};
  std::uint64_t round = 0;
  for (const auto* kind : {"pubsub", "normal", "pubsub"}) {
    admin.ask({"CLIENT", "KILL", "TYPE", kind});
    ++round;
    ASSERT_TRUE(wait_until([&] {
      return a.stats->reconnects == round && b.stats->reconnects == round && a.stats->connected &&
             b.stats->connected;
    }));
    const auto last = a.publish(1);
    EXPECT_TRUE(wait_until([&] { return b.has_line(last); }));
  }
}

TEST_F(redis_bus_faults, a_server_that_stands_still_is_noticed) {
  for (auto* one : {&a, &b}) {
    one->parts.limits.ping_interval = 300ms;
    one->parts.limits.connect_timeout = 500ms;
  }
  server.start();
  start_both();
  a.publish(1);
  ASSERT_TRUE(b.wait_lines(1));
  server.freeze();
  EXPECT_TRUE(a.wait_disconnected()) << "although its connections are as open as before";
  EXPECT_TRUE(b.wait_disconnected());
  EXPECT_GE(a.reports_with("does not answer any more"), 1U);
  const auto last = a.publish(3);
  server.thaw();
  ASSERT_TRUE(a.wait_connected());
  ASSERT_TRUE(b.wait_connected());
  EXPECT_TRUE(wait_until([&] { return a.stats->published >= last; }));
  const auto next = a.publish(1);
  EXPECT_TRUE(wait_until([&] { return b.has_line(next); }));
}

TEST_F(redis_bus_faults, a_slow_server_makes_nobody_wait_and_the_oldest_lines_go) {
  a.parts.limits.queue.events = 50;
  a.parts.limits.unanswered = 10;
  a.parts.limits.ping_interval = 2 * support::patience;
  server.start();
  start_both();
  redis_client admin{server.port()};
  ASSERT_EQ(admin.ask({"CLIENT", "PAUSE", "600000", "WRITE"}).text, "OK");
  constexpr std::uint64_t count = 1000;
  for (std::uint64_t i = 0; i < count; ++i)
    a.publish();
  // All have been taken in while the server took none.
  EXPECT_TRUE(wait_until([&] { return a.stats->dropped >= count - 50 - 10; }));
  EXPECT_EQ(a.stats->published, 0U);
  ASSERT_EQ(admin.ask({"CLIENT", "UNPAUSE"}).text, "OK");
  EXPECT_TRUE(wait_until([&] { return a.stats->published + a.stats->dropped == count; }));
  EXPECT_TRUE(b.wait_lines(a.stats->published));
  const auto all = b.numbers();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  ASSERT_GE(all.size(), 50U);
  EXPECT_EQ(*(all.end() - 50), count - 49) << "the latest stay";
  EXPECT_EQ(all.back(), count);
  EXPECT_TRUE(wait_until([&] { return a.reports_with("lines did not get") == 1; }));
  EXPECT_EQ(a.reports_with(std::to_string(a.stats->dropped) + " lines did not get"), 1U);
  EXPECT_EQ(a.stats->reconnects, 0U);
}

TEST_F(redis_bus_faults, losses_are_told_while_they_go_on_but_seldom) {
  a.parts.limits.queue.events = 10;
  a.parts.limits.unanswered = 1;
  a.parts.limits.dropped_interval = 300ms;
  server.start();
  a.start();
  ASSERT_TRUE(a.wait_connected());
  const auto begin = clock::now();
  while (clock::now() - begin < 1s) {
    a.publish(50); // far more than the queue holds, so it is never empty for long
    support::pace(1ms);
  }
  EXPECT_TRUE(wait_until([&] {
    a.publish(1);
    return a.reports_with("lines did not get") >= 2;
  }));
  const auto most = (clock::now() - begin) / 300ms + 2;
  EXPECT_LE(static_cast<long>(a.reports->size()), most);
}

TEST_F(redis_bus_faults, a_line_about_each_failure_would_feed_on_itself) {
  // Takes connections and ends them, as something that is not Redis may.
  std::uint16_t port = 0;
  auto listener = support::listen_loopback(port);
  std::atomic<bool> done{false};
  std::atomic<unsigned> taken{0};
  std::thread other{[&] {
    while (!done) {
      const support::descriptor one{::accept(listener.get(), nullptr, nullptr)};
      if (one.get() >= 0)
        ++taken;
      else
        support::pace(1ms);
    }
  }};
  a.parts.url.port = port;
  a.start();
  for (unsigned i = 0; i < 20; ++i) {
    a.publish(10);
    EXPECT_TRUE(wait_until([&] { return taken > 2 * i; }));
  }
  EXPECT_EQ(a.reports->size(), 1U);
  EXPECT_THAT(a.reports->all().front(), HasSubstr("no connection to Redis at 127.0.0.1"));
  done = true;
  other.join();
}

TEST_F(redis_bus_faults, a_server_that_speaks_another_protocol_is_left) {
  std::uint16_t port = 0;
  auto listener = support::listen_loopback(port);
  std::atomic<bool> done{false};
  std::thread other{[&] {
    while (!done) {
      support::descriptor one{::accept(listener.get(), nullptr, nullptr)};
      if (one.get() < 0) {
        support::pace(1ms);
        continue;
      }
      support::byte_stream stream{std::move(one), -1};
      std::string question;
      stream.receive(question, support::patience);
      stream.send("HTTP/1.1 400 Bad Request\r\n\r\n", support::patience);
    }
  }};
  a.parts.url.port = port;
  a.start();
  EXPECT_TRUE(wait_until([&] { return a.reports->size() == 1; }));
  EXPECT_THAT(a.reports->all().front(), HasSubstr("not the Redis protocol"));
  a.end();
  done = true;
  other.join();
}

TEST_F(redis_bus_faults, ends_while_a_name_is_looked_up) {
  // The thread that asks may outlive the test: nothing of it is touched then.
  const auto asked = std::make_shared<support::gate>();
  const auto answer = std::make_shared<support::gate>();
  a.parts.url.host = "redis.test";
  a.parts.lookup = [asked, answer](const std::string&, std::uint16_t, std::string&) {
    asked->open();
    answer->wait(4 * support::patience);
    return actors::tcp_endpoints{};
  };
  a.start();
  ASSERT_TRUE(asked->wait());
  const auto begin = clock::now();
  a.end();
  system.await_all_actors_done();
  EXPECT_LT(clock::now() - begin, support::patience);
  answer->open();
}

TEST_F(redis_bus_faults, a_lookup_that_takes_too_long_is_not_begun_twice) {
  const auto answer = std::make_shared<support::gate>();
  const auto asked = std::make_shared<std::atomic<unsigned>>(0);
  server.start();
  a.parts.url.host = "redis.test";
  a.parts.limits.connect_timeout = 30ms;
  a.parts.lookup = [=](const std::string& host, std::uint16_t port, std::string& problem) {
    ++*asked;
    answer->wait();
    return actors::system_lookup(host == "redis.test" ? "127.0.0.1" : host, port, problem);
  };
  a.start();
  EXPECT_TRUE(wait_until([&] { return a.reports_with("not resolved in time") == 1; }));
  // Several attempts are over by then, for its limit is far shorter.
  support::pace(300ms);
  EXPECT_EQ(*asked, 1U);
  a.parts.limits.connect_timeout = support::patience;
  answer->open();
  EXPECT_TRUE(a.wait_connected());
}

TEST_F(redis_bus_faults, a_name_that_does_not_exist_is_told_once) {
  const auto asked = std::make_shared<std::atomic<unsigned>>(0);
  a.parts.url.host = "redis.test";
  a.parts.lookup = [asked](const std::string&, std::uint16_t, std::string& problem) {
    ++*asked;
    problem = "Host not found";
    return actors::tcp_endpoints{};
  };
  a.start();
  EXPECT_TRUE(wait_until([&] { return *asked >= 5; }));
  EXPECT_EQ(a.reports->size(), 1U);
  EXPECT_THAT(a.reports->all().front(), HasSubstr("cannot be resolved: Host not found"));
}

TEST_F(redis_bus_faults, names_are_resolved_by_the_system) {
  server.start();
  a.parts.url.host = "localhost";
  a.start();
  EXPECT_TRUE(a.wait_connected());
}

TEST_F(redis_bus_faults, ends_while_it_logs_in_and_while_it_waits) {
  server.start();
  server.freeze(); // the system takes connections for it
  a.start();
  b.parts.url.port = support::closed_port{}.port();
  b.parts.limits.first_retry = b.parts.limits.last_retry = 2 * support::patience;
  b.start();
  ASSERT_TRUE(wait_until([&] { return b.reports->size() == 1; }));
  a.publish(100);
  const auto begin = clock::now();
  a.end();
  b.end();
  system.await_all_actors_done();
  EXPECT_LT(clock::now() - begin, support::patience);
}

} // namespace
} // namespace synapse::feed_bus_test
