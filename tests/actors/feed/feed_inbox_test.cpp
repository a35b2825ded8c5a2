#include "actors/feed/feed_inbox.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace synapse::feed {
namespace {

telemetry::log_line logged(std::string_view message) {
  return {std::chrono::system_clock::time_point{std::chrono::microseconds{1'700'000'000'123'456}},
          telemetry::log_level::warning, "router", message};
}

TEST(feed_inbox, wakes_once_for_all_lines_that_come_until_they_are_taken) {
  feed_inbox inbox;
  int woken = 0;
  inbox.on_first_line([&] { ++woken; });
  inbox.on_line(logged("a"));
  inbox.on_line(logged("b"));
  EXPECT_EQ(woken, 1);
  const auto taken = inbox.take();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].message, "a");
  EXPECT_EQ(taken[1].message, "b");
  EXPECT_EQ(taken[0].source, "router");
  EXPECT_EQ(taken[0].level, 2);
  EXPECT_EQ(taken[0].time_us, 1'700'000'000'123'456);
  inbox.on_line(logged("c"));
  EXPECT_EQ(woken, 2);
}

TEST(feed_inbox, keeps_what_is_logged_before_anybody_reads) {
  feed_inbox inbox;
  inbox.on_line(logged("early"));
  int woken = 0;
  inbox.on_first_line([&] { ++woken; });
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(inbox.take().size(), 1u);
}

TEST(feed_inbox, loses_its_oldest_lines_and_counts_them) {
  feed_inbox inbox{3};
  for (int i = 0; i < 8; ++i)
    inbox.on_line(logged(std::to_string(i)));
  const auto taken = inbox.take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].message, "5");
  EXPECT_EQ(taken[2].message, "7");
  EXPECT_EQ(inbox.dropped(), 5u);
  inbox.on_line(logged("next"));
  EXPECT_EQ(inbox.take().front().message, "next");
}

TEST(feed_inbox, a_closed_one_holds_nothing) {
  feed_inbox inbox;
  inbox.on_line(logged("a"));
  inbox.close();
  inbox.on_line(logged("b"));
  EXPECT_TRUE(inbox.take().empty());
}

TEST(feed_inbox, shows_requests_up_to_a_rate_and_says_how_many_it_leaves_out) {
  feed_inbox inbox;
  const std::chrono::system_clock::time_point now{std::chrono::seconds{100}};
  std::string lines;
  for (unsigned i = 0; i < feed_inbox::requests_per_second + 7; ++i)
    lines += "ts=2026-11-21T05:20:00.123Z level=warning id=r" + std::to_string(i) +
             " path=/v1/x status=404 route=/v1/x backend=-\n";
  lines += "ts=2026-11-21T05:20:00.123Z level=info id=own path=/api/session route=/api/session x\n";
  inbox.add_requests(lines, now);
  auto shown = inbox.take();
  ASSERT_EQ(shown.size(), feed_inbox::requests_per_second);
  EXPECT_EQ(shown[0].source, "access");
  EXPECT_EQ(shown[0].level, 2);
  EXPECT_EQ(shown[0].message, "id=r0 path=/v1/x status=404 route=/v1/x backend=-");
  inbox.add_requests("ts=x level=info id=next route=/v1/x\n", now + std::chrono::seconds{1});
  shown = inbox.take();
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].message, "7 more requests are not shown");
  EXPECT_EQ(shown[1].message, "id=next route=/v1/x");
}

TEST(feed_inbox, reads_again_after_it_was_closed) {
  feed_inbox inbox;
  inbox.close();
  int woken = 0;
  inbox.on_first_line([&] { ++woken; });
  EXPECT_EQ(woken, 0);
  inbox.on_line(logged("a"));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(inbox.take().size(), 1u);
}

TEST(feed_inbox, requests_of_the_dashboard_and_of_probes_are_left_out) {
  feed_inbox inbox;
  std::string lines;
  for (const auto* route : {"/api/session", "/dashboard", "/events/terminal", "/cluster", "/livez",
                            "/readyz", "/metrics", "/health", "/ui", "/"})
    lines += std::string{"ts=x level=info id=own route="} + route + " x\n";
  for (const auto* route : {"/healthy", "/v1/models", "/metrics2"})
    lines += std::string{"ts=x level=info id=theirs route="} + route + " x\n";
  inbox.add_requests(lines, {});
  const auto shown = inbox.take();
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_EQ(shown[0].message, "id=theirs route=/healthy x");
}

TEST(feed_inbox, a_request_line_of_another_form_is_shown_as_it_is) {
  feed_inbox inbox;
  inbox.add_requests("no level here\nts=x level=loud id=r route=/x\nts=x level=error", {});
  const auto shown = inbox.take();
  ASSERT_EQ(shown.size(), 3u);
  EXPECT_EQ(shown[0].message, "no level here");
  EXPECT_EQ(shown[0].level, 1);
  EXPECT_EQ(shown[1].message, "id=r route=/x");
  EXPECT_EQ(shown[1].level, 1) << "a level that is none is that of most lines";
  EXPECT_EQ(shown[2].message, "");
  EXPECT_EQ(shown[2].level, 3);
}

TEST(feed_inbox, takes_lines_of_several_threads_without_losing_or_doubling_one) {
  feed_inbox inbox{100'000};
  constexpr int each = 2000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread)
    threads.emplace_back([&inbox, thread] {
      for (int i = 0; i < each; ++i)
        inbox.on_line(logged(std::to_string(thread * each + i)));
    });
  std::vector<bool> seen(3 * each);
  std::size_t count = 0;
  const auto take = [&] {
    for (const auto& event : inbox.take()) {
      const auto number = std::stoul(event.message);
      EXPECT_FALSE(seen[number]);
      seen[number] = true;
      ++count;
    }
  };
  for (int i = 0; i < 100; ++i)
    take();
  for (auto& thread : threads)
    thread.join();
  take();
  EXPECT_EQ(count, seen.size());
  EXPECT_EQ(inbox.dropped(), 0u);
}

} // namespace
} // namespace synapse::feed
