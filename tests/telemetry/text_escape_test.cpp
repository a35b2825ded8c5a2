#include "telemetry/text_escape.hpp"
#include "telemetry/timestamp.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::telemetry {
namespace {

std::string line(std::string_view text) {
  std::string out;
  append_escaped_line(out, text);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out(text.size() * max_escape_growth, '\0');
  out.resize(static_cast<std::size_t>(escape(out.data(), text, escape_style::quoted) - out.data()));
  return out;
}

TEST(text_escape, leaves_readable_text_alone) {
  for (auto text :
       {"", "plain \"quoted\" back\\slash", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"})
    EXPECT_EQ(line(text), text);
  EXPECT_EQ(quoted("a\"b\\c"), "a\\\"b\\\\c");
}

TEST(text_escape, takes_the_force_out_of_controls) {
  EXPECT_EQ(line("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(line(std::string_view("\0\x1b[31m\x7f", 7)), "\\u0000\\u001b[31m\\u007f");
  EXPECT_EQ(line("\xC2\x85|\xE2\x80\xA8|\xE2\x80\xAE|\xEF\xBB\xBF"),
            "\\u0085|\\u2028|\\u202e|\\ufeff");
}

TEST(text_escape, names_bytes_that_are_no_utf8) {
  EXPECT_EQ(line("\xFF"), "\\u00ff");
  EXPECT_EQ(line("\xC3("), "\\u00c3(");
  EXPECT_EQ(line("\xC0\xAF"), "\\u00c0\\u00af");            // overlong slash
  EXPECT_EQ(line("\xED\xA0\x80"), "\\u00ed\\u00a0\\u0080"); // surrogate
  EXPECT_EQ(line("\xF4\x90\x80\x80"), "\\u00f4\\u0090\\u0080\\u0080");
  EXPECT_EQ(line("\xE2\x82"), "\\u00e2\\u0082"); // cut at the end
}

TEST(text_escape, prefix_does_not_cut_characters) {
  EXPECT_EQ(utf8_prefix("abc", 5), "abc");
  EXPECT_EQ(utf8_prefix("abc", 2), "ab");
  EXPECT_EQ(utf8_prefix("a\xC3\xA9", 2), "a");
  EXPECT_EQ(utf8_prefix("\xF0\x9F\x98\x80z", 3), "");
  EXPECT_EQ(utf8_prefix("\xF0\x9F\x98\x80z", 4), "\xF0\x9F\x98\x80");
}

TEST(timestamp, writes_utc) {
  auto text = [](std::int64_t millis) {
    std::string out;
    append_timestamp(out, std::chrono::system_clock::time_point(std::chrono::milliseconds(millis)));
    return out;
  };
  EXPECT_EQ(text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(text(951'782'399'999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(text(951'782'400'007), "2000-02-29T00:00:00.007Z");
  EXPECT_EQ(text(1'795'238'400'123), "2026-11-21T05:20:00.123Z");
}

} // namespace
} // namespace synapse::telemetry
