#include "http/core/body/sse.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace synapse::http {
namespace {

using test::dice;
using test::exact_copy;

/// An event with texts of its own.
struct seen {
  std::string data, type, stray;
  bool has_data = false, comment_only = false;
  bool operator==(const seen&) const = default;
};

void PrintTo(const seen& s, std::ostream* out) {
  *out << "{" << s.type << "|" << s.data << "|" << s.stray << "|" << s.has_data << s.comment_only
       << "}";
}

struct stream_result {
  std::vector<seen> events;
  std::size_t bytes = 0; // sum of the events' sizes
  bool too_large = false;
};

seen copy_of(const sse_event& e) {
  return {std::string(e.data), std::string(e.type), std::string(e.stray), e.has_data,
          e.comment_only};
}

/// Runs a stream through the scanner as its owner would: pieces are appended to a buffer, reported
/// events dropped from its front. The buffer is a new one each time, so that nothing may rely on
/// addresses.
stream_result scan(std::string_view text, const std::vector<std::size_t>& piece_ends,
                   std::size_t limit = 1 << 20) {
  sse_scanner scanner(limit);
  stream_result out;
  std::string pending;
  std::size_t begin = 0;
  std::vector<std::size_t> ends = piece_ends;
  ends.push_back(text.size());
  sse_event event;
  for (const std::size_t end : ends) {
    pending.append(text.substr(begin, end - begin));
    begin = end;
    for (;;) {
      const exact_copy now(pending);
      const sse_status s = scanner.next(now.begin(), now.size(), event);
      if (s == sse_status::too_large) {
        out.too_large = true;
        return out;
      }
      if (s == sse_status::need_more)
        break;
      EXPECT_FALSE(scanner.in_event());
      EXPECT_GT(event.size, 0u);
      EXPECT_LE(event.size, pending.size());
      out.events.push_back(copy_of(event));
      out.bytes += event.size;
      pending.erase(0, event.size);
    }
  }
  const exact_copy rest(pending);
  if (scanner.finish(rest.begin(), rest.size(), event) == sse_status::event) {
    EXPECT_EQ(event.size, pending.size());
    out.events.push_back(copy_of(event));
    out.bytes += event.size;
  }
  return out;
}

std::vector<std::size_t> every_byte(std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t i = 1; i < text.size(); ++i)
    out.push_back(i);
  return out;
}

std::vector<seen> events_of(std::string_view text) {
  return scan(text, {}).events;
}

seen data_event(std::string data, std::string type = {}) {
  return {std::move(data), std::move(type), {}, true, false};
}

TEST(sse_scanner, one_event) {
  const std::string_view text = "data: {\"a\":1}\n\nrest";
  sse_scanner scanner(100);
  sse_event event;
  ASSERT_EQ(scanner.next(text.data(), text.size(), event), sse_status::event);
  EXPECT_EQ(event.size, 15u);
  EXPECT_EQ(event.data, "{\"a\":1}");
  EXPECT_EQ(event.data.data(), text.data() + 6); // no copy
  EXPECT_EQ(event.type, "");
  EXPECT_TRUE(event.has_data);
  EXPECT_FALSE(event.comment_only);
  EXPECT_EQ(scanner.next(text.data() + 15, text.size() - 15, event), sse_status::need_more);
  EXPECT_TRUE(scanner.in_event());
}

TEST(sse_scanner, the_grammar) {
  const std::pair<const char*, std::vector<seen>> cases[] = {
      {"data:x\n\n", {data_event("x")}},
      {"data:  x \n\n", {data_event(" x ")}},
      {"data\n\n", {data_event("")}},
      {"data:\n\n", {data_event("")}},
      {"data: a\ndata: b\ndata:\ndata\n\n", {data_event("a\nb\n\n")}},
      {"event: done\ndata: {}\n\n", {data_event("{}", "done")}},
      {"data: a:b: c\nevent:x\nevent: y\n\n", {data_event("a:b: c", "y")}},
      {"id: 7\nretry: 100\ndata: x\n\n", {data_event("x")}},
      {"event: x\n\n", {{"", "x", "", false, false}}},
      {": ping\n\n", {{"", "", "", false, true}}},
      {":\n\n", {{"", "", "", false, true}}},
      {"\n", {{"", "", "", false, true}}},
      {": ping\ndata: x\n: pong\n\n", {data_event("x")}},
      {"data: x\n\ndata: y\n\n", {data_event("x"), data_event("y")}},
      {"proxy error: no\n\n", {{"", "", "proxy error: no", false, false}}},
      {"Data: x\n data: y\n\n", {{"", "", "Data: x", false, false}}},
      {"data: x\nwhat\n\n", {{"x", "", "what", true, false}}},
      {"datas: x\ndat: y\n\n", {{"", "", "datas: x", false, false}}},
      {"\xEF\xBB\xBF"
       "data: x\n\n",
       {data_event("x")}},
      {"\xEF\xBB\xBF\n", {{"", "", "", false, true}}},
      {"data: x\n\n\xEF\xBB\xBF"
       "data: y\n\n",
       {data_event("x"),
        {"", "",
         "\xEF\xBB\xBF"
         "data: y",
         false, false}}},
      {"data: \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80\n\n",
       {data_event("\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80")}},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(events_of(text), expected) << text;
    EXPECT_EQ(scan(text, every_byte(text)).events, expected) << text;
  }
}

TEST(sse_scanner, line_endings_of_all_kinds_mean_the_same) {
  const std::vector<seen> expected = {
      data_event("a\nb", "t"), {"", "", "", false, true}, data_event("c")};
  for (const std::string_view eol : {"\n", "\r\n", "\r"}) {
    std::string text;
    for (const char* line : {"event: t", "data: a", "data: b", "", ": ping", "", "data: c", ""})
      text.append(line).append(eol);
    EXPECT_EQ(events_of(text), expected);
    for (std::size_t i = 0; i <= text.size(); ++i)
      for (std::size_t j = i; j <= text.size(); ++j) {
        const stream_result r = scan(text, {i, j});
        ASSERT_EQ(r.events, expected) << i << " " << j;
        // With CRLF the very last LF may be left over: nobody waits for it.
        ASSERT_GE(r.bytes + 1, text.size());
      }
  }
}

TEST(sse_scanner, a_cr_at_the_end_of_the_buffer_does_not_hold_the_event_back) {
  sse_scanner scanner(100);
  sse_event event;
  const std::string text = "data: x\r\n\r\ndata: y\r\n\r\n";
  ASSERT_EQ(scanner.next(text.data(), 10, event), sse_status::event); // "data: x\r\n\r"
  EXPECT_EQ(event.size, 10u);
  EXPECT_EQ(event.data, "x");
  EXPECT_EQ(scanner.next(text.data() + 10, 1, event), sse_status::need_more); // the LF
  EXPECT_FALSE(scanner.in_event());
  ASSERT_EQ(scanner.next(text.data() + 10, text.size() - 10, event), sse_status::event);
  EXPECT_EQ(event.data, "y");
  EXPECT_EQ(event.size, text.size() - 10); // the LF of the event before is counted here
}

TEST(sse_scanner, an_unterminated_event_can_be_flushed) {
  EXPECT_EQ(events_of("data: x\n\ndata: y\n"),
            (std::vector<seen>{data_event("x"), data_event("y")}));
  EXPECT_EQ(events_of("data: x\n\ndata: y"), (std::vector<seen>{data_event("x"), data_event("y")}));
  EXPECT_EQ(events_of("data: y\r"), (std::vector<seen>{data_event("y")}));
  EXPECT_EQ(events_of("data: [DONE]"), (std::vector<seen>{data_event("[DONE]")}));
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: x"),
            (std::vector<seen>{data_event("x")}));
  EXPECT_EQ(events_of("data: x\n\nproxy error: Failed to read connection").at(1).stray,
            "proxy error: Failed to read connection");
  EXPECT_TRUE(events_of("").empty());
}

TEST(sse_scanner, too_large_events) {
  const std::string small = "data: 0123456789\n\n"; // 18 bytes
  EXPECT_FALSE(scan(small, {}, 18).too_large);
  EXPECT_TRUE(scan(small, {}, 17).too_large);
  EXPECT_TRUE(scan(small, every_byte(small), 17).too_large);
  EXPECT_TRUE(scan("data: 0123456789012345678", {}, 20).too_large); // not even complete
  // The limit is one event's, not the stream's.
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += small;
  EXPECT_EQ(scan(many, {}, 18).events.size(), 50u);
  // It stays that way.
  sse_scanner scanner(3);
  sse_event event;
  EXPECT_EQ(scanner.next("data", 4, event), sse_status::too_large);
  EXPECT_EQ(scanner.next("data\n\n", 6, event), sse_status::too_large);
  EXPECT_EQ(scanner.finish("data\n\n", 6, event), sse_status::too_large);
  scanner.reset();
  EXPECT_EQ(scanner.next(":\n\n", 3, event), sse_status::event);
}

TEST(sse_scanner, can_be_used_again) {
  sse_scanner scanner(100);
  sse_event event;
  ASSERT_EQ(scanner.next("data: half", 10, event), sse_status::need_more);
  scanner.reset();
  const std::string_view text = "\xEF\xBB\xBF"
                                "data: x\n\n";
  ASSERT_EQ(scanner.next(text.data(), text.size(), event), sse_status::event);
  EXPECT_EQ(event.data, "x");
}

/// A second reading of the specification, as simple as can be: whole text, no increments.
std::vector<seen> reference(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF"))
    text.erase(0, 3);
  std::vector<seen> out;
  seen now;
  bool any_line = false, any_field = false;
  const auto dispatch = [&] {
    now.comment_only = !any_field;
    out.push_back(now);
    now = {};
    any_line = any_field = false;
  };
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = text.find_first_of("\r\n", i);
    const bool terminated = end != std::string::npos;
    end = std::min(end, text.size());
    const std::string line = text.substr(i, end - i);
    i = end + 1;
    if (terminated && text[end] == '\r' && i < text.size() && text[i] == '\n')
      ++i;
    if (line.empty()) {
      dispatch();
      continue;
    }
    any_line = true;
    if (line[0] == ':')
      continue;
    any_field = true;
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(" "))
      value.erase(0, 1);
    if (name == "data") {
      now.data += (now.has_data ? "\n" : "") + value;
      now.has_data = true;
    } else if (name == "event") {
      now.type = value;
    } else if (name != "id" && name != "retry" && now.stray.empty()) {
      now.stray = line;
    }
  }
  if (any_line)
    dispatch();
  return out;
}

std::string random_stream(dice& random) {
  static const std::vector<std::string> parts = {
      "data: ",
      "data:",
      "data",
      "event: ",
      "event",
      "id: 1",
      "retry: 5",
      ": comment",
      ":",
      "x: y",
      "{\"a\":\"b\"}",
      "[DONE]",
      "\xe4\xbd\xa0",
      "\xf0\x9f\x98\x80",
      "\xEF\xBB\xBF",
      " ",
      "a",
      "a text that is longer than one vector register of sixteen bytes",
      "\n",
      "\n",
      "\r\n",
      "\r\n",
      "\r",
      "\n\n",
      "\r\n\r\n",
      "\r\r"};
  std::string out;
  if (random.one_in(4))
    out = "\xEF\xBB\xBF";
  for (std::size_t n = random.below(30); n > 0; --n)
    out += random.pick(parts);
  return out;
}

TEST(sse_scanner, random_streams_at_random_splits) {
  dice random(5);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_stream(random);
    const std::vector<seen> expected = reference(text);
    std::vector<std::size_t> splits;
    for (std::size_t at = 0; at < text.size(); at += 1 + random.below(12))
      splits.push_back(at);
    ASSERT_EQ(scan(text, {}).events, expected) << testing::PrintToString(text);
    ASSERT_EQ(scan(text, splits).events, expected) << testing::PrintToString(text);
    if (i % 10 == 0) {
      ASSERT_EQ(scan(text, every_byte(text)).events, expected) << testing::PrintToString(text);
    }
  }
}

TEST(sse_scanner, every_byte_is_accounted_for) {
  dice random(6);
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = random_stream(random);
    const stream_result r = scan(text, {random.below(text.size() + 1)});
    ASSERT_LE(r.bytes, text.size());
    // At most the LF of a final CRLF is left, or a byte order mark with nothing behind it.
    ASSERT_TRUE(r.bytes + 1 >= text.size() || text == "\xEF\xBB\xBF");
  }
}

TEST(sse_scanner, one_byte_at_a_time_costs_the_same_for_large_events) {
  // Counted, not timed: were anything scanned again, a megabyte would never end.
  const std::string text = "data: " + std::string(1'000'000, 'x') + "\n\n";
  sse_scanner scanner(2'000'000);
  sse_event event;
  for (std::size_t n = 1; n < text.size(); ++n)
    ASSERT_EQ(scanner.next(text.data(), n, event), sse_status::need_more);
  ASSERT_EQ(scanner.next(text.data(), text.size(), event), sse_status::event);
  EXPECT_EQ(event.data.size(), 1'000'000u);
}

TEST(sse_writer, events_and_comments) {
  std::string out;
  append_data_event(out, "{\"error\":{}}");
  append_named_event(out, "error", "{}");
  append_comment(out, "two\r\nlines");
  out += sse_keepalive;
  out += sse_done;
  EXPECT_EQ(out, "data: {\"error\":{}}\n\nevent: error\ndata: {}\n\n: two  lines\n\n"
                 ": keepalive\n\ndata: [DONE]\n\n");
  const std::vector<seen> expected = {data_event("{\"error\":{}}"),
                                      data_event("{}", "error"),
                                      {"", "", "", false, true},
                                      {"", "", "", false, true},
                                      data_event("[DONE]")};
  EXPECT_EQ(events_of(out), expected);
}

} // namespace
} // namespace synapse::http
