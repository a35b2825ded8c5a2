#include "http/api/deployments/line_limit.hpp"

#include <gtest/gtest.h>

namespace synapse::api {
namespace {

constexpr std::int64_t ms = 1'000'000;

TEST(line_limit, lets_so_many_pass_in_a_second_and_counts_the_others) {
  line_limit limit{3};
  std::uint64_t left_out = 0;
  unsigned passed = 0;
  for (int i = 0; i < 10; ++i)
    passed += limit.allows(5000 * ms + i, left_out) ? 1U : 0U;
  EXPECT_EQ(passed, 3u);
  EXPECT_EQ(left_out, 0u);
  EXPECT_FALSE(limit.allows(5999 * ms, left_out));
  EXPECT_TRUE(limit.allows(6000 * ms, left_out));
  EXPECT_EQ(left_out, 8u) << "told with the next line";
  EXPECT_TRUE(limit.allows(6001 * ms, left_out));
  EXPECT_EQ(left_out, 0u) << "and only once";
}

TEST(line_limit, goes_on_when_the_clock_is_set_back) {
  line_limit limit{1};
  std::uint64_t left_out = 0;
  EXPECT_TRUE(limit.allows(9000 * ms, left_out));
  EXPECT_TRUE(limit.allows(10 * ms, left_out));
  EXPECT_FALSE(limit.allows(11 * ms, left_out));
}

} // namespace
} // namespace synapse::api
