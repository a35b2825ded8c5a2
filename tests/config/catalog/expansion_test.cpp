#include "config/catalog/expansion.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

std::shared_ptr<const yaml_node> tree(const std::string& text) {
  problem_list problems;
  auto root = parse_yaml(text, "f", problems);
  EXPECT_NE(root, nullptr) << render_all(problems.take());
  return root ? root : std::make_shared<const yaml_node>();
}

TEST(expansion, nodes_texts_and_levels_are_counted) {
  const auto root = tree("a: [x, y]\n"); // map, list, two texts
  EXPECT_TRUE(expands_within(*root, {4, 3, 2}));
  EXPECT_FALSE(expands_within(*root, {3, 3, 2}));
  EXPECT_FALSE(expands_within(*root, {4, 2, 2}));
  EXPECT_FALSE(expands_within(*root, {4, 3, 1}));
}

TEST(expansion, an_alias_counts_as_often_as_it_is_used) {
  const auto root = tree("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n");
  const std::size_t nodes = 1 + 3 + (1 + 6) + (1 + 2 * 7);
  EXPECT_TRUE(expands_within(*root, {nodes, 100, 10}));
  EXPECT_FALSE(expands_within(*root, {nodes - 1, 100, 10}));
}

TEST(expansion, a_laughing_file_is_found_out_at_once) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int j = 0; j < 8; ++j)
      text += ", " + last;
    text += "]\n";
  }
  EXPECT_FALSE(expands_within(*tree(text)));
}

} // namespace
} // namespace synapse::config
