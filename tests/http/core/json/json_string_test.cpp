#include "http/core/local_reply.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace synapse::http {
namespace {

using nlohmann::json;

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(json_string, escapes) {
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  EXPECT_EQ(as_json("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
  using namespace std::string_view_literals;
  EXPECT_EQ(as_json("\0\x01\x1f\x7f"sv), "\"\\u0000\\u0001\\u001f\\u007f\"");
}

TEST(json_string, utf8) {
  const std::string_view good =
      "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf "
      "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf";
  EXPECT_EQ(as_json(good), "\"" + std::string(good) + "\"");
  const std::string_view bad[] = {"\x80",
                                  "\xbf",
                                  "\xc0\xaf",
                                  "\xc1\xbf",
                                  "\xc3",
                                  "\xc3(",
                                  "\xe0\x9f\xbf",
                                  "\xe2\x82",
                                  "\xed\xa0\x80",
                                  "\xf0\x8f\xbf\xbf",
                                  "\xf0\x9f\x98",
                                  "\xf4\x90\x80\x80",
                                  "\xf5\x80\x80\x80",
                                  "\xff",
                                  "\xfe"};
  for (const std::string_view text : bad) {
    const std::string out = as_json("a" + std::string(text) + "b");
    const json parsed = json::parse(out, nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << testing::PrintToString(text);
    EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos);
    EXPECT_EQ(out.front(), '"');
    EXPECT_NE(out.find('a'), std::string::npos);
    EXPECT_EQ(out[out.size() - 2], 'b');
  }
}

TEST(json_string, any_bytes_give_valid_json) {
  test::dice random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random.below(20); n > 0; --n)
      text += static_cast<char>(random.below(256));
    ASSERT_TRUE(json::accept(as_json(text))) << testing::PrintToString(text);
  }
}

TEST(json_string, is_appended_to_what_is_there) {
  std::string out = "{\"a\":";
  append_json_string(out, "b");
  EXPECT_EQ(out, "{\"a\":\"b\"");
}

TEST(json_string, is_read_back_as_it_was) {
  for (unsigned c = 0; c < 0x80; ++c) {
    const std::string text(3, static_cast<char>(c));
    EXPECT_EQ(json::parse(as_json(text)).get<std::string>(), text) << c;
  }
}

} // namespace
} // namespace synapse::http
