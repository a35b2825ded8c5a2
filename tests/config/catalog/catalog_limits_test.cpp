#include "config/catalog/catalog_limits.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

TEST(catalog_limits, names_are_bounded_and_printable) {
  EXPECT_EQ(wrong_name("meta-llama/Llama 3:8b"), "");
  EXPECT_EQ(wrong_name("\xe6\xa8\xa1\xe5\x9e\x8b"), "");
  EXPECT_EQ(wrong_name(std::string(512, 'x')), "");
  EXPECT_EQ(wrong_name(std::string(513, 'x')), "must not be longer than 512 bytes");
  EXPECT_EQ(wrong_name(""), "must not be empty");
  EXPECT_EQ(wrong_name("  "), "must not be empty");
  EXPECT_EQ(wrong_name("a\nb"), "must not have control characters");
  EXPECT_EQ(wrong_name("abc", 2), "must not be longer than 2 bytes");
}

} // namespace
} // namespace synapse::config
