#include "config/catalog/json_text.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

std::string json(const std::string& yaml, std::size_t most = 1000) {
  problem_list problems;
  const auto root = parse_yaml("v: " + yaml + "\n", "f", problems);
  if (!root || root->entries.empty())
    return "no YAML: " + render_all(problems.take());
  const auto text = json_text(*root->entries[0].value, most);
  return text ? *text : "error: " + text.error;
}

TEST(json_text, plain_words_and_numbers_are_what_they_look_like) {
  for (const char* same :
       {"true", "false", "null", "0", "-1", "12", "0.5", "-0.25", "1e5", "1.5e-3", "2e+10"})
    EXPECT_EQ(json(same), same);
  EXPECT_EQ(json("True"), "true");
  EXPECT_EQ(json("~"), "null");
  EXPECT_EQ(json(""), "null");
  EXPECT_EQ(json(".5"), "0.5");
  EXPECT_EQ(json("-.5"), "-0.5");
  EXPECT_EQ(json("+3"), "3");
  EXPECT_EQ(json("3."), "3");
  EXPECT_EQ(json("1E5"), "1e5");
}

TEST(json_text, everything_else_is_a_text) {
  for (const char* text :
       {"yes", "off", "0x10", "007", "1_000", "1.2.3", "--", ".", "e5", "1e", "12 apples", "nul"})
    EXPECT_EQ(json(text), "\"" + std::string{text} + "\"") << text;
}

TEST(json_text, what_is_quoted_is_a_text) {
  EXPECT_EQ(json("\"1\""), "\"1\"");
  EXPECT_EQ(json("'true'"), "\"true\"");
  EXPECT_EQ(json("!!str 7"), "\"7\"");
  EXPECT_EQ(json("|\n  1"), "\"1\\u000a\"");
  EXPECT_EQ(json("\"\""), "\"\"");
}

TEST(json_text, texts_are_escaped) {
  EXPECT_EQ(json("\"a\\\"b\\\\c\\n\\t\\x01\""), "\"a\\\"b\\\\c\\u000a\\u0009\\u0001\"");
  EXPECT_EQ(json("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

TEST(json_text, lists_and_maps_keep_their_order) {
  EXPECT_EQ(json("{b: [1, {c: x}], 2: [], a: {}}"),
            "{\"b\": [1, {\"c\": \"x\"}], \"2\": [], \"a\": {}}");
}

TEST(json_text, what_json_cannot_say_or_is_too_long_fails) {
  EXPECT_EQ(json(".inf"), "error: must be a number that JSON can say");
  EXPECT_EQ(json("[.NaN]"), "error: must be a number that JSON can say");
  EXPECT_EQ(json("abc", 5), "\"abc\"");
  EXPECT_EQ(json("abc", 4), "error: is too long");
  EXPECT_EQ(json("[1, 2]", 5), "error: is too long");
  yaml_node deep;
  for (int i = 0; i < 40; ++i) {
    auto inner = std::make_shared<yaml_node>(deep);
    deep = {};
    deep.type = yaml_node::kind::sequence;
    deep.items.push_back(inner);
  }
  EXPECT_EQ(json_text(deep, 1000).error, "is nested too deeply");
}

/// Whatever was written reads back as the same JSON.
TEST(json_text, is_yaml_again) {
  for (const char* yaml : {"{a: [1, \"1\", null, \"null\"], \"b: c\": {d: \"x\\ty\"}, e: .5}",
                           "'#'", "\"- a\"", "[[], {}]"})
    EXPECT_EQ(json(json(yaml)), json(yaml)) << yaml;
}

} // namespace
} // namespace synapse::config
