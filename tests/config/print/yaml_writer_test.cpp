#include "config/print/yaml_writer.hpp"
#include "config/text/yaml_tree.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace synapse::config {
namespace {

/// What YAML reads from `key: text`.
std::shared_ptr<const yaml_node> value_of(const std::string& text) {
  problem_list problems;
  const auto root = parse_yaml("k: " + text + "\n", "f", problems);
  if (!root || root->entries.empty())
    return std::make_shared<const yaml_node>();
  return root->entries[0].value;
}

TEST(yaml_writer, texts_read_back) {
  for (const std::string text :
       {"a",    "null", "NULL",  "Null", "~",       "",          "1",
        "true", "a: b", "- a",   "#",    "a\"b\\c", "\x01\x7f",  "\xc3\xa9",
        "* ",   "a\nb", "/v1/x", "{a}",  "'x'",     "null-model"}) {
    const auto node = value_of(yaml_text(text));
    EXPECT_EQ(node->type, yaml_node::kind::scalar) << text;
    EXPECT_EQ(node->text, text);
  }
}

TEST(yaml_writer, numbers_read_back_without_an_exponent) {
  for (const double value : {0.0, 1.0, 0.1, 1.0 / 3, 1e6, 123456.789, 1e-7, 2.5e-320,
                             std::numeric_limits<double>::max()}) {
    const auto text = yaml_number(value);
    EXPECT_EQ(text.find('e'), std::string::npos) << text;
    EXPECT_EQ(*parse_number(text), value) << text;
  }
  EXPECT_EQ(yaml_number(0.1), "0.1");
  EXPECT_EQ(yaml_number(3), "3");
}

TEST(yaml_writer, only_what_differs_is_written_where_that_is_asked) {
  std::string text;
  spill_settings spill;
  const section_writer write{text, 0};
  write.differing(1, "spill", spill, {});
  EXPECT_EQ(text, "");
  spill.queue = 3;
  write.differing(1, "spill", spill, {});
  EXPECT_EQ(text, "  spill:\n    queue: 3\n");
}

TEST(yaml_writer, what_is_unset_is_left_out) {
  std::string text;
  section_writer{text, 0}("", backend_settings{});
  EXPECT_EQ(text.find("keep_alive"), std::string::npos) << text;
}

} // namespace
} // namespace synapse::config
