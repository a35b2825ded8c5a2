#include "config/text/yaml_tree.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

using kind = yaml_node::kind;

struct outcome {
  std::shared_ptr<const yaml_node> root;
  std::string problems;
};

outcome parse(const std::string& text, const yaml_limits& limits = {}) {
  problem_list problems;
  auto root = parse_yaml(text, "f", problems, limits);
  return {root, render_all(problems.take())};
}

std::string repeat(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i)
    result += text;
  return result;
}

TEST(yaml_tree, keeps_order_lines_and_kinds) {
  const auto [root, problems] = parse("b: 1\n\na:\n  - x\n  - \"y z\"\nc:\n");
  EXPECT_EQ(problems, "");
  ASSERT_EQ(root->type, kind::map);
  ASSERT_EQ(root->entries.size(), 3u);
  EXPECT_EQ(root->entries[0].key, "b");
  EXPECT_EQ(root->entries[0].line, 1u);
  EXPECT_EQ(root->entries[0].value->text, "1");
  EXPECT_EQ(root->entries[1].line, 3u);
  ASSERT_EQ(root->entries[1].value->items.size(), 2u);
  EXPECT_EQ(root->entries[1].value->items[1]->text, "y z");
  EXPECT_EQ(root->entries[1].value->items[1]->line, 5u);
  EXPECT_EQ(root->entries[2].value->type, kind::null);
}

TEST(yaml_tree, an_empty_text_is_null) {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~"}) {
    const auto [root, problems] = parse(text);
    ASSERT_TRUE(root) << text;
    EXPECT_EQ(root->type, kind::null) << text;
    EXPECT_EQ(problems, "") << text;
  }
}

TEST(yaml_tree, reports_duplicate_keys_with_both_lines_on_every_level) {
  const auto [root, problems] = parse("a:\n  x: 1\n  y: 2\n  \"x\": 3\nb: {c: 1, c: 2}\na: 4\n");
  EXPECT_EQ(problems, "f:4: a.x: given twice; first in line 2\n"
                      "f:5: b.c: given twice; first in line 5\n"
                      "f:6: a: given twice; first in line 1\n");
  EXPECT_EQ(root->entries[0].value->entries[0].value->text, "1");
}

TEST(yaml_tree, shares_aliased_nodes) {
  const auto [root, problems] = parse("a: &t {x: 1}\nb: *t\n");
  EXPECT_EQ(problems, "");
  EXPECT_EQ(root->entries[0].value, root->entries[1].value);
}

TEST(yaml_tree, refuses_cycles) {
  EXPECT_EQ(parse("a: &t\n  b: *t\n").problems,
            "f:2: a.b: an alias must not stand inside the node it names\n");
  EXPECT_EQ(parse("a: &t [*t]\n").problems,
            "f:1: a[0]: an alias must not stand inside the node it names\n");
}

TEST(yaml_tree, aliases_of_aliases_cost_nothing) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1) + ", ";
    const std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " [" + repeat(before, 9) + before.substr(0, before.size() - 2) +
            "]\n";
  }
  const auto [root, problems] = parse(text);
  EXPECT_EQ(problems, "");
  EXPECT_EQ(root->entries.size(), 30u);
}

TEST(yaml_tree, limits_depth_size_and_number_of_nodes) {
  const std::string deep = repeat("[", 40) + repeat("]", 40);
  EXPECT_EQ(parse("\na: " + deep).problems, "f:2: the file is nested too deeply\n");
  EXPECT_FALSE(parse(deep).root);
  EXPECT_EQ(parse(repeat("- x\n", 20), {.max_nodes = 10}).problems,
            "f:10: the file has too many entries\n");
  EXPECT_EQ(parse("abc", {.max_bytes = 2}).problems, "f: the file is larger than 2 bytes\n");
  EXPECT_EQ(parse(std::string(1024 * 1024 + 1, ' ')).problems,
            "f: the file is larger than 1048576 bytes\n");
  EXPECT_EQ(parse(repeat("[", 31) + repeat("]", 31)).problems, "");
}

TEST(yaml_tree, hostile_nesting_neither_crashes_nor_lasts) {
  for (const char* unit : {"[", "{", "- ", "? ", "[{", "a: [", "&a ", "*a ", "!", "\"", "'", "|\n",
                           "{a: ", "[? ", ": ", "---\n"})
    EXPECT_FALSE(parse(repeat(unit, 19'999)).problems.empty()) << unit;
}

TEST(yaml_tree, reports_syntax_errors_with_their_line) {
  const auto [root, problems] = parse("a: 1\nb: [1, 2\nc: 3\n");
  EXPECT_FALSE(root);
  EXPECT_TRUE(problems.starts_with("f:3: not valid YAML: ")) << problems;
  EXPECT_TRUE(parse("a: *nowhere\n").problems.starts_with("f:1: not valid YAML: "));
  for (const char* text : {"a: \"open", "a: \"open\n", "a: 'open\n", "a: 1\nb", "a: 1\nb\n"})
    EXPECT_NE(parse(text).problems.find(": not valid YAML: "), std::string::npos) << text;
  EXPECT_EQ(parse(std::string{"a\0: b", 5}).problems, "f: the file is not UTF-8 text\n");
  EXPECT_EQ(parse("\xff\xfe" + std::string{"a\0:\0", 4}).problems,
            "f: the file is not UTF-8 text\n");
}

TEST(yaml_tree, calls_a_tab_a_tab_and_an_open_quote_an_open_quote) {
  const std::string tab = ": not valid YAML: a tab in the indentation; YAML wants blanks there\n";
  for (const char* text : {"a:\n\tb: 1\n", "a:\n\t  b: 1\n", "a:\n  \tb: 1\n"})
    EXPECT_EQ(parse(text).problems, "f:2" + tab) << text;
  EXPECT_EQ(parse("a:\n  # it's\n  b: 1\n\tc:\n").problems, "f:4" + tab);
  const std::string quote = "that opens in this line does not close in it\n";
  // The parser gives up lines later, where the next quote ends what was meant to be a short text.
  for (const char* text : {"a: 1\nb: \"open\nc: 3\nd: \"e\"\n", "a: 1\nb: \"open\n",
                           "a: 1\nb: {c: \"x\\\", d: 1}\ne: \"f\"\n", "a: 1\n\"b: c\n"})
    EXPECT_EQ(parse(text).problems, "f:2: not valid YAML: the quote (\") " + quote) << text;
  for (const char* text : {"a: it's\nb: 'open\nc: 'd'\n", "a: [1, 'x']\nb: [it's, 'open]\n"})
    EXPECT_EQ(parse(text).problems, "f:2: not valid YAML: the quote (') " + quote) << text;
}

TEST(yaml_tree, does_not_take_good_tabs_and_quotes_for_mistakes) {
  for (const char* text : {"a: {\n\tb: 1}\n", "a:\t1\n", "a: 'it''s'\nb: \"\\\"\"\n",
                           "a: \"two\n  lines\"\n", "a: it's # isn't\n", "a: |\n  x\n  \ty\n"})
    EXPECT_EQ(parse(text).problems, "") << text;
  // Another mistake keeps its own message.
  EXPECT_EQ(parse("a: {\n\tb: 'it''s'}\nc: [1, 2\nd: 3\n").problems.find("tab"), std::string::npos);
}

TEST(yaml_tree, refuses_second_documents_odd_keys_and_tags) {
  EXPECT_EQ(parse("a: 1\n---\nb: 2\n").problems, "f:3: the file has more than one YAML document\n");
  EXPECT_EQ(parse("[a, b]: 1\n").problems, "f:1: a key must be a plain text\n");
  EXPECT_EQ(parse("a: !include other.yaml\n").problems,
            "f:1: a: the tag \"!include\" is not supported\n");
  EXPECT_EQ(parse("a: !!str 5\n").problems, "");
}

TEST(yaml_tree, the_report_is_bounded) {
  const auto problems = parse(repeat("a: 1\n", 5000)).problems;
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 101);
  EXPECT_TRUE(problems.ends_with("f: 4899 more problems are not listed\n")) << problems;
}

TEST(yaml_tree, tells_a_text_from_what_only_looks_like_a_number) {
  const auto [root, problems] = parse("[1, \"1\", '1', !!str 1, !!int 1, a]\n");
  ASSERT_EQ(root->items.size(), 6u) << problems;
  const bool quoted[] = {false, true, true, true, false, false};
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_EQ(root->items[i]->quoted, quoted[i]) << i;
  EXPECT_TRUE(parse("a: |\n  1\n").root->entries[0].value->quoted);
}

TEST(yaml_tree, aliases_of_aliases_are_nested_as_deeply_as_they_read) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 20'000; ++i)
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  const auto [root, problems] = parse(text);
  EXPECT_EQ(root, nullptr);
  EXPECT_EQ(problems, "f:32: the file is nested too deeply\n");
}

} // namespace
} // namespace synapse::config
