#include "actors/feed/feed_wire.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace synapse::actors {
namespace {

feed_event make_event() {
  feed_event event;
  event.instance = "gateway-0";
  event.origin = 0x0123456789abcdefU;
  event.number = 7;
  event.time_us = 1'795'305'600'123'456;
  event.level = 2;
  event.source = "router";
  event.message = "line";
  return event;
}

constexpr std::string_view good =
    R"({"v":1,"instance":"gateway-0","origin":"0123456789abcdef","number":7,)"
    R"("time_us":1795305600123456,"level":"WARNING","source":"router","message":"line"})";

void expect_same(const feed_event& one, const feed_event& other) {
  EXPECT_EQ(one.instance, other.instance);
  EXPECT_EQ(one.origin, other.origin);
  EXPECT_EQ(one.number, other.number);
  EXPECT_EQ(one.time_us, other.time_us);
  EXPECT_EQ(one.level, other.level);
  EXPECT_EQ(one.source, other.source);
  EXPECT_EQ(one.message, other.message);
}

feed_wire_fault fault_of(std::string_view message) {
  return decode_feed_event(message).fault;
}

/// `good` with one part replaced.
std::string with(std::string_view part, std::string_view instead) {
  std::string text{good};
  const auto at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

TEST(feed_wire, has_this_form) {
  EXPECT_EQ(encode_feed_event(make_event()), good);
}

TEST(feed_wire, what_is_written_is_read) {
  auto event = make_event();
  event.origin = 1;
  event.number = std::numeric_limits<std::uint64_t>::max();
  event.time_us = -1;
  event.message = "\"\\ \xc3\xa4 \xf0\x9f\x98\x80 \x01\n";
  for (std::uint8_t level = 0; level < 5; ++level) {
    event.level = level;
    const auto read = decode_feed_event(encode_feed_event(event));
    EXPECT_EQ(read.fault, feed_wire_fault::none);
    expect_same(read.event, event);
  }
}

TEST(feed_wire, fields_that_are_not_known_are_ignored) {
  const auto read = decode_feed_event(with(R"("v":1)", R"("v":1,"new":{"a":[1,2]},"x":null)"));
  ASSERT_EQ(read.fault, feed_wire_fault::none);
  expect_same(read.event, make_event());
}

TEST(feed_wire, bytes_that_are_no_utf8_are_replaced) {
  auto event = make_event();
  event.message = "a\xff"
                  "b\xc3";
  event.source = "\x80";
  const auto read = decode_feed_event(encode_feed_event(event));
  ASSERT_EQ(read.fault, feed_wire_fault::none);
  EXPECT_EQ(read.event.message, "a\xef\xbf\xbd"
                                "b\xef\xbf\xbd");
  EXPECT_EQ(read.event.source, "\xef\xbf\xbd");
  const auto raw = decode_feed_event(with("line", "li\xffne"));
  ASSERT_EQ(raw.fault, feed_wire_fault::none);
  EXPECT_EQ(raw.event.message, "li\xef\xbf\xbdne");
}

TEST(feed_wire, garbage_is_garbage) {
  const std::string cases[] = {
      "",
      "null",
      "7",
      "[]",
      "{}",
      "{",
      with("}", "}x"),
      std::string(60'000, '['),
      with(R"("v":1)", R"("v":"1")"),
      with(R"("v":1,)", ""),
      with(R"("instance":"gateway-0",)", ""),
      with(R"("gateway-0")", "7"),
      with("0123456789abcdef", "0123456789abcde"),
      with("0123456789abcdef", "0123456789abcdef0"),
      with("0123456789abcdef", "0123456789abcdeg"),
      with("0123456789abcdef", "-123456789abcdef"),
      with(R"("number":7)", R"("number":0)"),
      with(R"("number":7)", R"("number":-7)"),
      with(R"("number":7)", R"("number":7.5)"),
      with(R"("number":7)", R"("number":"7")"),
      with("1795305600123456", "1e3"),
      with("1795305600123456", "9223372036854775808"),
      with("WARNING", "warning"),
      with("WARNING", "TRACE"),
      with(R"("line")", "null"),
      with(R"("line")", R"(["line"])"),
  };
  for (const auto& one : cases)
    EXPECT_EQ(fault_of(one), feed_wire_fault::garbage) << one.substr(0, 300);
}

TEST(feed_wire, other_versions_are_told_with_their_origin) {
  const auto read = decode_feed_event(with(R"("v":1)", R"("v":2)"));
  EXPECT_EQ(read.fault, feed_wire_fault::other_version);
  EXPECT_EQ(read.version, 2);
  EXPECT_EQ(read.event.origin, 0x0123456789abcdefU);
  EXPECT_EQ(fault_of(R"({"v":2})"), feed_wire_fault::other_version) << "and nothing else of ours";
}

TEST(feed_wire, too_large_is_not_read) {
  const auto padding = largest_feed_message - good.size();
  EXPECT_EQ(fault_of(with("line", "line" + std::string(padding, 'x'))), feed_wire_fault::none);
  EXPECT_EQ(fault_of(with("line", "line" + std::string(padding + 1, 'x'))),
            feed_wire_fault::oversize);
}

TEST(feed_wire, a_line_that_is_too_large_is_cut) {
  for (const std::string piece : {"x", "\x01", "\xc3\xa4", "\xff"}) {
    auto event = make_event();
    while (event.message.size() < 2 * largest_feed_message)
      event.message += piece;
    const auto text = encode_feed_event(event);
    EXPECT_LE(text.size(), largest_feed_message);
    const auto read = decode_feed_event(text);
    ASSERT_EQ(read.fault, feed_wire_fault::none);
    EXPECT_GT(read.event.message.size(), 5000U);
    if (piece != "\xff") {
      EXPECT_EQ(event.message.compare(0, read.event.message.size(), read.event.message), 0);
    }
  }
  auto event = make_event();
  event.source.assign(largest_feed_message, 'x');
  EXPECT_EQ(encode_feed_event(event), "");
}

TEST(feed_wire, a_level_that_is_none_is_the_highest) {
  auto event = make_event();
  event.level = 200;
  EXPECT_EQ(decode_feed_event(encode_feed_event(event)).event.level, 4);
}

} // namespace
} // namespace synapse::actors
