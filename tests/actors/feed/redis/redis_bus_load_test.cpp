// Many lines at once.
#include "tests/actors/feed/redis/bus_bed.hpp"

#include <cstdio>

namespace synapse::feed_bus_test {
namespace {

struct redis_bus_load : bus_bed {};

TEST_F(redis_bus_load, ten_thousand_lines_a_second_all_arrive) {
  redis_server server;
  server.start();
  replica a{system, server.url(), 1};
  replica b{system, server.url(), 2};
  // A sanitized program may fall behind for a while; here nothing is to be lost.
  for (auto* one : {&a, &b}) {
    one->parts.limits.queue = {.events = 30'000, .bytes = 64U << 20U};
    one->parts.limits.ping_interval = support::patience;
    one->parts.unread_lines = 30'000;
    one->start();
    ASSERT_TRUE(one->wait_connected());
  }
  constexpr std::uint64_t count = 20'000;
  constexpr std::size_t lines = 50;
  const std::string message(150, 'm');
  auto due = support::clock::now();
  for (std::uint64_t sent = 0; sent < count; sent += lines) {
    a.publish(lines, message);
    due += 5ms;
    if (const auto now = support::clock::now(); due > now)
      support::pace(std::chrono::duration_cast<std::chrono::milliseconds>(due - now));
  }
  ASSERT_TRUE(b.wait_lines(count))
      << b.lines->size() << " lines, " << a.stats->dropped << " dropped";
  EXPECT_EQ(b.numbers(), up_to(count));
  EXPECT_EQ(a.stats->dropped, 0U);
  EXPECT_EQ(b.stats->overflowed, 0U);

  std::vector<std::int64_t> delays;
  for (const auto& one : b.lines->all())
    delays.push_back(one.at_us - one.event.time_us);
  std::sort(delays.begin(), delays.end());
  const auto at = [&](double share) {
    return static_cast<double>(
               delays[static_cast<std::size_t>(share * static_cast<double>(delays.size() - 1))]) /
           1000;
  };
  std::printf("delay of %zu lines from bus to bus: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n",
              delays.size(), at(0.5), at(0.99), at(1));
}

} // namespace
} // namespace synapse::feed_bus_test
