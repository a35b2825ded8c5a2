// Lines of the terminal feed as values and text.
#include "actors/feed/feed_inbox.hpp"
#include "actors/feed/feed_text.hpp"
#include "actors/feed/known_origins.hpp"
#include "telemetry/log_redactor.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <thread>

namespace synapse::feed {
namespace {

telemetry::log_line line(std::string_view message) {
  return {std::chrono::system_clock::time_point{std::chrono::microseconds{1'700'000'000'123'456}},
          telemetry::log_level::warning, "router", message};
}

TEST(feed_inbox, wakes_once_for_all_lines_that_come_until_they_are_taken) {
  feed_inbox inbox;
  int woken = 0;
  inbox.on_first_line([&] { ++woken; });
  inbox.on_line(line("a"));
  inbox.on_line(line("b"));
  EXPECT_EQ(woken, 1);
  const auto taken = inbox.take();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].message, "a");
  EXPECT_EQ(taken[1].message, "b");
  EXPECT_EQ(taken[0].source, "router");
  EXPECT_EQ(taken[0].level, 2);
  EXPECT_EQ(taken[0].time_us, 1'700'000'000'123'456);
  inbox.on_line(line("c"));
  EXPECT_EQ(woken, 2);
}

TEST(feed_inbox, keeps_what_is_logged_before_anybody_reads) {
  feed_inbox inbox;
  inbox.on_line(line("early"));
  int woken = 0;
  inbox.on_first_line([&] { ++woken; });
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(inbox.take().size(), 1u);
}

TEST(feed_inbox, loses_its_oldest_lines_and_counts_them) {
  feed_inbox inbox{3};
  for (int i = 0; i < 8; ++i)
    inbox.on_line(line(std::to_string(i)));
  const auto taken = inbox.take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].message, "5");
  EXPECT_EQ(taken[2].message, "7");
  EXPECT_EQ(inbox.dropped(), 5u);
  inbox.on_line(line("next"));
  EXPECT_EQ(inbox.take().front().message, "next");
}

TEST(feed_inbox, a_closed_one_holds_nothing) {
  feed_inbox inbox;
  inbox.on_line(line("a"));
  inbox.close();
  inbox.on_line(line("b"));
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

TEST(feed_text, an_event_is_what_the_api_says) {
  actors::feed_event event;
  event.instance = "gw-1";
  event.time_us = 1'700'000'000'123'456;
  event.level = 1;
  event.source = "gateway";
  event.message = "a \"quoted\" line";
  const auto text = render_event(event, "x-1-2");
  ASSERT_TRUE(text.starts_with("id: x-1-2\nevent: log\ndata: ")) << text;
  ASSERT_TRUE(text.ends_with("\n\n"));
  const auto data = nlohmann::json::parse(text.substr(27));
  EXPECT_EQ(data, nlohmann::json({{"ts", "2023-11-14T22:13:20.123Z"},
                                  {"source", "gateway"},
                                  {"level", "INFO"},
                                  {"message", "a \"quoted\" line"},
                                  {"instance", "gw-1"}}));
}

TEST(feed_text, an_event_is_one_data_line_whatever_its_bytes_are) {
  actors::feed_event event;
  event.message = "a\nb\r\nid: 7\n\nevent: x\x01\xff";
  const auto text = render_event(event, "1-1-1");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4);
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(feed_text, long_lines_are_cut_between_characters) {
  std::string text = "äöü€";
  cut_line(text, 4);
  EXPECT_EQ(text, "äöü€");
  cut_line(text, 3);
  EXPECT_EQ(text, "äöü [cut, 3 bytes more]");
  std::string plain(1'000'000, 'x');
  cut_line(plain, 1200);
  EXPECT_EQ(plain.size(), 1200 + std::string{" [cut, 998800 bytes more]"}.size());
}

TEST(feed_text, ids_are_read_back) {
  const auto id = event_id(0xfedcba9876543210u, 12'345, 1'700'000'000'123'456);
  const auto read = parse_event_id(id);
  ASSERT_TRUE(read) << id;
  EXPECT_EQ(read->ring, 0xfedcba9876543210u);
  EXPECT_EQ(read->position, 12'345u);
  EXPECT_EQ(read->time_us, 1'700'000'000'123'000);
  for (const auto* wrong :
       {"", "1", "1-2", "1-2-", "1-2-3-4", "x-2-3", "1-2-3 ", "-1-2-3", "1-2--3",
        "fffffffffffffffff-1-1", "1-99999999999999999999-1", "1-1-9999999999999999999"})
    EXPECT_FALSE(parse_event_id(wrong)) << wrong;
}

TEST(feed_text, what_other_processes_say_is_made_harmless) {
  const telemetry::log_redactor redactor{"canary-[0-9]+"};
  actors::feed_event event;
  event.instance = std::string(1000, 'i') + "\x1b[2J";
  event.source = "evil\nsource";
  event.level = 200;
  event.time_us = std::numeric_limits<std::int64_t>::max();
  event.message = "password=hunter2 \x1b[31mred canary-77 " + std::string(50'000, 'z');
  sanitize(event, redactor, 100);
  EXPECT_LE(event.instance.size(), max_name_bytes);
  EXPECT_EQ(event.source, "evil\\nsource");
  EXPECT_EQ(event.level, 4);
  EXPECT_NE(render_event(event, event_id(1, 1, event.time_us)).find("2262-"), std::string::npos);
  EXPECT_EQ(event.message.find("hunter2"), std::string::npos);
  EXPECT_EQ(event.message.find("canary-77"), std::string::npos);
  EXPECT_EQ(event.message.find('\x1b'), std::string::npos);
  EXPECT_LT(event.message.size(), 300u);
  EXPECT_NE(event.message.find("[cut, "), std::string::npos);
}

TEST(known_origins, let_each_line_through_once_and_in_order) {
  known_origins seen{2};
  EXPECT_TRUE(seen.is_new(1, 5));
  EXPECT_FALSE(seen.is_new(1, 5));
  EXPECT_FALSE(seen.is_new(1, 4));
  EXPECT_TRUE(seen.is_new(1, 7));
  EXPECT_TRUE(seen.is_new(2, 1));
  EXPECT_TRUE(seen.is_new(1, 8));
  EXPECT_TRUE(seen.is_new(3, 1)) << "2 has been silent for longest and is forgotten";
  EXPECT_FALSE(seen.is_new(1, 8));
  EXPECT_TRUE(seen.is_new(2, 1));
}

} // namespace
} // namespace synapse::feed
