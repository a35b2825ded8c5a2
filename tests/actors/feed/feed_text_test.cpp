#include "actors/feed/feed_text.hpp"
#include "telemetry/log_redactor.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace synapse::feed {
namespace {

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

TEST(feed_text, a_cut_counts_characters_and_broken_ones_byte_by_byte) {
  std::string broken = "\xff\xfe\xfd";
  cut_line(broken, 2);
  EXPECT_EQ(broken, "\xff\xfe [cut, 1 bytes more]");
  std::string nothing;
  cut_line(nothing, 0);
  EXPECT_EQ(nothing, "");
  std::string all = "abc";
  cut_line(all, 0);
  EXPECT_EQ(all, " [cut, 3 bytes more]");
}

TEST(feed_text, names_are_bounded_after_they_were_made_harmless) {
  const telemetry::log_redactor redactor{""};
  actors::feed_event event;
  event.instance = std::string(max_name_bytes, '\n'); // each becomes two
  event.time_us = -1;
  sanitize(event, redactor, 100);
  EXPECT_EQ(event.instance.size(), max_name_bytes);
  EXPECT_EQ(event.instance.find('\n'), std::string::npos);
  EXPECT_EQ(event.time_us, 0);
}

} // namespace
} // namespace synapse::feed
