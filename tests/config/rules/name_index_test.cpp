#include "config/rules/name_index.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace synapse::config {
namespace {

TEST(name_index, a_star_stands_for_any_text) {
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("a*", "a"));
  EXPECT_TRUE(fits("a*c*", "abcbc"));
  EXPECT_TRUE(fits("**b", "ab"));
  EXPECT_TRUE(fits("abc", "abc"));
  EXPECT_FALSE(fits("abc", "ab"));
  EXPECT_FALSE(fits("a*c", "abd"));
  EXPECT_FALSE(fits("", "a"));
  EXPECT_FALSE(fits("*a*b", "ba"));
}

/// All texts of the letters a and b with at most four letters.
std::vector<std::string> short_texts() {
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; texts[i].size() < 4; ++i)
    for (const char c : {'a', 'b'})
      texts.push_back(texts[i] + c);
  return texts;
}

TEST(name_index, two_patterns_fit_together_when_there_is_a_text_for_both) {
  std::mt19937 random{7};
  const auto texts = short_texts();
  const auto pattern = [&] {
    std::string text;
    for (auto n = random() % 3; n > 0; --n)
      text += "ab*"[random() % 3];
    return text;
  };
  // Patterns of two characters each that have a common text have one of at most four letters.
  for (int i = 0; i < 3000; ++i) {
    const auto one = pattern(), other = pattern();
    bool common = false;
    for (const auto& text : texts)
      common = common || (fits(one, text) && fits(other, text));
    EXPECT_EQ(fit_together(one, other), common) << one << " " << other;
  }
}

TEST(name_index, a_name_goes_before_an_alias_and_an_alias_before_a_pattern) {
  std::vector<catalog_model> catalog(5);
  catalog[0].name = "*";
  catalog[1].name = "a*";
  catalog[2].name = "abc";
  catalog[3].name = "x";
  catalog[3].aliases = {"abd"};
  catalog[4].name = "*b";
  const name_index index{catalog};
  EXPECT_EQ(index.resolve("abc"), 2u);
  EXPECT_EQ(index.resolve("abd"), 3u);
  EXPECT_EQ(index.resolve("abe"), 1u);
  EXPECT_EQ(index.resolve("ab"), 1u) << "of equals the first";
  EXPECT_EQ(index.resolve("b"), 4u);
  EXPECT_EQ(index.resolve("z"), 0u);
  EXPECT_EQ(index.named("abd"), std::nullopt);
  EXPECT_EQ(index.aliased("abd"), 3u);
}

TEST(name_index, stars_and_other_characters_are_counted) {
  EXPECT_EQ(stars_of("a*b*"), 2u);
  EXPECT_EQ(literals_of("a*b*"), 2u);
}

} // namespace
} // namespace synapse::config
