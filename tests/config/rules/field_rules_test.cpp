#include "config/rules/field_rules.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace synapse::config {
namespace {

TEST(field_rules, errors_are_kept_although_there_are_many_warnings) {
  report out;
  for (int i = 0; i < 5000; ++i)
    out.warn("a", "b");
  for (int i = 0; i < 5000; ++i)
    out.add("a", "b");
  const auto problems = out.take();
  EXPECT_TRUE(has_errors(problems));
  EXPECT_LE(problems.size(), 1100u);
}

TEST(field_rules, what_is_unset_has_no_range) {
  report out;
  check_value(out, "a", milliseconds{-1}, ranges::unset_or_between(0, 10));
  EXPECT_TRUE(out.take().empty());
  check_value(out, "a", milliseconds{-1}, ranges::between(0, 10));
  check_value(out, "b", milliseconds{11}, ranges::unset_or_between(0, 10));
  check_value(out, "c", std::numeric_limits<double>::quiet_NaN(), ranges::between(0, 10));
  EXPECT_EQ(out.take().size(), 3u);
}

TEST(field_rules, names_of_fields_are_tokens) {
  for (const char* name : {"x", "X-Api-Key", "a!b~"})
    EXPECT_TRUE(is_token(name)) << name;
  for (const char* name : {"", "a b", "a:", "\xc3\xa9", "a\n"})
    EXPECT_FALSE(is_token(name)) << name;
  EXPECT_FALSE(is_token(std::string(257, 'a')));
  EXPECT_TRUE(is_framing_field("Transfer-Encoding"));
  EXPECT_FALSE(is_framing_field("x-team"));
}

TEST(field_rules, names_are_letters_digits_and_a_few_signs) {
  EXPECT_TRUE(is_name("vllm-a.1_x"));
  for (const char* name : {"", "-a", "a b", "a/b"})
    EXPECT_FALSE(is_name(name)) << name;
  EXPECT_FALSE(is_name(std::string(65, 'a')));
}

} // namespace
} // namespace synapse::config
