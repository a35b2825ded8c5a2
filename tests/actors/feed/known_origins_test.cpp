#include "actors/feed/known_origins.hpp"

#include <gtest/gtest.h>

namespace synapse::feed {
namespace {

TEST(known_origins, let_each_line_through_once_and_in_order) {
  known_origins seen{2};
  EXPECT_TRUE(seen.is_new(1, 5));
  EXPECT_FALSE(seen.is_new(1, 5));
  EXPECT_FALSE(seen.is_new(1, 4));
  EXPECT_TRUE(seen.is_new(1, 7));
  EXPECT_TRUE(seen.is_new(2, 1));
  EXPECT_TRUE(seen.is_new(1, 8));
  EXPECT_TRUE(seen.is_new(3, 1)) << "2 has been silent for longest and is forgotten";
  EXPECT_FALSE(seen.is_new(1, 8));
  EXPECT_TRUE(seen.is_new(2, 1));
}

TEST(known_origins, a_repeated_line_keeps_its_origin_known) {
  known_origins seen{2};
  EXPECT_TRUE(seen.is_new(1, 5));
  EXPECT_TRUE(seen.is_new(2, 5));
  EXPECT_FALSE(seen.is_new(1, 5)) << "known, and heard again";
  EXPECT_TRUE(seen.is_new(3, 1));
  EXPECT_FALSE(seen.is_new(1, 5));
  EXPECT_TRUE(seen.is_new(2, 5)) << "that one has gone";
}

TEST(known_origins, numbers_may_have_gaps_and_go_up_to_the_end) {
  known_origins seen;
  EXPECT_TRUE(seen.is_new(1, 0));
  EXPECT_TRUE(seen.is_new(1, 1'000'000));
  EXPECT_FALSE(seen.is_new(1, 999'999));
  EXPECT_TRUE(seen.is_new(1, ~std::uint64_t{0}));
  EXPECT_FALSE(seen.is_new(1, ~std::uint64_t{0}));
}

} // namespace
} // namespace synapse::feed
