// What two buses tell each other through a Redis server that works.
#include "actors/feed/feed_wire.hpp"
#include "tests/actors/feed/redis/bus_bed.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace synapse::feed_bus_test {
namespace {

using actors::reply_kind;
using testing::HasSubstr;

struct redis_bus : bus_bed {
  redis_bus() { server.start(); }

  /// Messages as a stranger publishes them.
  void say(const std::string& message) {
    const auto reply = redis_client{server.port()}.ask({"PUBLISH", "synapse:test", message});
    ASSERT_EQ(reply.kind, reply_kind::number) << reply.text;
  }

  redis_server server;
};

TEST_F(redis_bus, lines_come_in_order_exactly_once_and_never_back) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  for (auto* one : {&a, &b})
    one->start();
  ASSERT_TRUE(a.wait_connected());
  ASSERT_TRUE(b.wait_connected());
  constexpr std::uint64_t count = 1500;
  for (std::uint64_t i = 0; i < count / 10; ++i) {
    a.publish(10, "from a");
    b.publish(10, "from b");
  }
  EXPECT_TRUE(a.wait_lines(count));
  EXPECT_TRUE(b.wait_lines(count));
  EXPECT_TRUE(
      wait_until([&] { return a.stats->published == count && b.stats->published == count; }));
  // Its own lines have come by now, too: they went the same way before those of the last batch.
  EXPECT_EQ(a.numbers(), up_to(count));
  EXPECT_EQ(b.numbers(), up_to(count));
  const auto first = b.lines->all().front().event;
  EXPECT_EQ(first.instance, "replica-1");
  EXPECT_EQ(first.origin, 1U);
  EXPECT_EQ(first.level, 1);
  EXPECT_EQ(first.source, "test");
  EXPECT_EQ(first.message, "from a");
  EXPECT_LE(std::abs(now_us() - first.time_us), 600'000'000);
  EXPECT_EQ(a.stats->received, count);
  EXPECT_EQ(a.stats->dropped, 0U);
  EXPECT_EQ(a.stats->reconnects, 0U);
  EXPECT_EQ(a.reports->all(),
            (std::vector<std::string>{"connected to Redis at 127.0.0.1:" +
                                      std::to_string(server.port()) + ", channel synapse:test"}));
}

TEST_F(redis_bus, another_channel_hears_nothing) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  replica c{system, server.url(), 3};
  c.parts.channel = "synapse:other";
  for (auto* one : {&a, &b, &c}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  a.publish(3);
  EXPECT_TRUE(b.wait_lines(3));
  EXPECT_EQ(c.stats->received, 0U);
}

TEST_F(redis_bus, a_database_of_the_url_is_selected) {
  replica a{system, server.url() + "/3", 1};
  a.start();
  ASSERT_TRUE(a.wait_connected());
  const auto clients = redis_client{server.port()}.ask({"CLIENT", "LIST"}).text;
  EXPECT_THAT(clients, HasSubstr("db=3 sub=1"));
  EXPECT_THAT(clients, HasSubstr("db=3 sub=0"));
  replica b{system, server.url() + "/99", 2};
  b.start();
  EXPECT_TRUE(wait_until([&] { return b.reports_with("refuses SELECT") == 1; }));
}

TEST_F(redis_bus, a_channel_may_have_any_name) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  for (auto* one : {&a, &b}) {
    one->parts.channel = "a b\r\n\xff*";
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  a.publish(2);
  EXPECT_TRUE(b.wait_lines(2));
}

TEST_F(redis_bus, what_is_no_line_is_counted_and_left_out) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  for (const auto* message : {"", "hello", "{}", "[1,2", "{\"v\":1}", "\xff\xfe"})
    say(message);
  say(std::string(actors::largest_feed_message + 1, 'x'));
  say("{\"v\":1,\"message\":\"" + std::string(1024 * 1024, 'x') + "\"}");
  const std::string other = R"({"v":2,"origin":"00000000000000)";
  for (const auto& message :
       {other + "07\"}", other + "07\"}", other + "08\",\"message\":3}", other + "07\"}"})
    say(message);
  a.publish(1, "good");
  EXPECT_TRUE(b.wait_lines(1));
  EXPECT_EQ(b.lines->all().front().event.message, "good");
  EXPECT_EQ(b.stats->garbage, 6U);
  EXPECT_EQ(b.stats->oversize, 2U);
  EXPECT_EQ(b.stats->other_versions, 4U);
  EXPECT_EQ(b.reports_with("speaks version 2"), 2U) << "once for each origin";
  EXPECT_EQ(b.stats->reconnects, 0U);
  EXPECT_EQ(b.reports->size(), 3U) << "connected, and the two";
}

TEST_F(redis_bus, a_message_beyond_all_bounds_costs_the_connection_and_no_more) {
  replica a{system, server.url(), 1};
  a.start();
  ASSERT_TRUE(a.wait_connected());
  say(std::string(20 * 1024 * 1024, 'x'));
  EXPECT_TRUE(wait_until([&] { return a.stats->reconnects == 1; }));
  EXPECT_EQ(a.reports_with("far too long"), 1U);
  replica b{system, server.url(), 2};
  b.start();
  ASSERT_TRUE(b.wait_connected());
  b.publish();
  EXPECT_TRUE(a.wait_lines(1));
}

TEST_F(redis_bus, long_lines_arrive_cut_to_what_a_message_may_be) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  a.publish(20, std::string(60'000, 'x'));
  a.publish(20, std::string(100'000, 'x'));
  ASSERT_TRUE(b.wait_lines(40));
  EXPECT_EQ(b.numbers(), up_to(40));
  EXPECT_EQ(b.lines->all().front().event.message.size(), 60'000U);
  EXPECT_EQ(b.lines->all().back().event.message.size(), 50'000U);
}

TEST_F(redis_bus, a_feed_that_holds_too_much_gets_no_more) {
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  b.parts.unread_lines = 0;
  for (auto* one : {&a, &b}) {
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  a.publish(5);
  EXPECT_TRUE(wait_until([&] { return b.stats->overflowed == 5; }));
  EXPECT_EQ(b.lines->size(), 0U);
}

TEST_F(redis_bus, its_thread_ends_with_it) {
  const auto threads = [] {
    std::size_t count = 0;
    for (const auto& one : std::filesystem::directory_iterator{"/proc/self/task"}) {
      std::ifstream file{one.path() / "comm"};
      std::string name;
      std::getline(file, name);
      count += name == "redis-link";
    }
    return count;
  };
  replica a{system, server.url(), 1};
  a.start();
  ASSERT_TRUE(a.wait_connected());
  EXPECT_EQ(threads(), 1U);
  a.end();
  EXPECT_TRUE(wait_until([&] { return threads() == 0; }));
  EXPECT_TRUE(a.wait_disconnected());
  EXPECT_TRUE(wait_until([&] {
    return redis_client{server.port()}.ask({"PUBSUB", "CHANNELS"}).parts.empty();
  })) << "the server knows";
}

} // namespace
} // namespace synapse::feed_bus_test
