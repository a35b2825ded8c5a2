#include "http/dialects/form_fields.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

TEST(form_values, are_true_or_false_as_web_frameworks_have_it) {
  for (const auto* text : {"true", "True", "1", "yes", "ON", "t", "y"})
    EXPECT_TRUE(is_true(text) && !is_false(text)) << text;
  for (const auto* text : {"false", "0", "No", "off", "f", "n"})
    EXPECT_TRUE(is_false(text) && !is_true(text)) << text;
  for (const auto* text : {"", "2", "truth", " true"})
    EXPECT_FALSE(is_true(text) || is_false(text)) << text;
}

TEST(form_values, are_whole_numbers_of_up_to_nine_digits) {
  EXPECT_EQ(whole_number("0"), 0);
  EXPECT_EQ(whole_number("007"), 7);
  EXPECT_EQ(whole_number("-1"), -1);
  EXPECT_EQ(whole_number("999999999"), 999'999'999);
  for (const auto* text : {"", "1.0", " 1", "1 ", "x", "+1", "1000000000"})
    EXPECT_FALSE(whole_number(text)) << text;
}

} // namespace
} // namespace synapse::http
