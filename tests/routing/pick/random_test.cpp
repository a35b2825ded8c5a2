#include "routing/pick/random.hpp"

#include <gtest/gtest.h>

namespace synapse::routing {
namespace {

// Constants: published first outputs of splitmix64 for the seed 1234567.
TEST(random_source, is_splitmix64) {
  random_source random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
  EXPECT_EQ(random.next(), 9817491932198370423U);
}

TEST(random_source, spreads_evenly_from_0_up_to_below_1) {
  random_source random(0);
  int tenths[10] = {};
  for (int i = 0; i < 100'000; ++i) {
    const double one = random.unit();
    ASSERT_GE(one, 0);
    ASSERT_LT(one, 1);
    ++tenths[static_cast<int>(one * 10)];
  }
  for (const int count : tenths)
    EXPECT_NEAR(count, 10'000, 400);
}

} // namespace
} // namespace synapse::routing
