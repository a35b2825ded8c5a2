#include "routing/failure/permit_shrink.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace synapse::routing {
namespace {

void good(permit_shrink& permits, std::uint32_t times) {
  for (std::uint32_t i = 0; i < times; ++i)
    permits.on_good();
}

TEST(permit_shrink, leaves_the_configured_limit_while_all_is_well) {
  permit_shrink limited(8);
  permit_shrink unlimited;
  good(limited, 1000);
  good(unlimited, 1000);
  EXPECT_EQ(limited.limit(), 8U);
  EXPECT_EQ(unlimited.limit(), 0U);
}

TEST(permit_shrink, halves_and_gives_one_back_for_ten_good_answers) {
  permit_shrink permits(8);
  permits.on_busy(1);
  EXPECT_EQ(permits.limit(), 4U);
  good(permits, 9);
  EXPECT_EQ(permits.limit(), 4U);
  good(permits, 1);
  EXPECT_EQ(permits.limit(), 5U);
  good(permits, 30);
  EXPECT_EQ(permits.limit(), 8U);
  EXPECT_FALSE(permits.is_shrunk());
}

TEST(permit_shrink, without_a_limit_starts_from_what_was_in_flight_and_ends_there) {
  permit_shrink permits;
  permits.on_busy(20);
  EXPECT_EQ(permits.limit(), 10U);
  good(permits, 90);
  EXPECT_EQ(permits.limit(), 19U);
  good(permits, 10);
  EXPECT_EQ(permits.limit(), 0U);
}

TEST(permit_shrink, halves_once_for_requests_that_were_under_way_together) {
  permit_shrink permits(64);
  for (int i = 0; i < 50; ++i)
    permits.on_busy(50);
  EXPECT_EQ(permits.limit(), 32U);
  permits.on_busy(32);
  EXPECT_EQ(permits.limit(), 16U);
}

TEST(permit_shrink, never_closes_altogether) {
  for (const std::uint32_t configured : {0U, 1U, 2U, 7U}) {
    permit_shrink permits(configured);
    for (int i = 0; i < 100; ++i)
      permits.on_busy(1);
    EXPECT_EQ(permits.limit(), 1U) << configured;
    good(permits, 100);
    EXPECT_EQ(permits.limit(), configured) << configured;
  }
}

TEST(permit_shrink, starts_counting_anew_after_a_busy_answer) {
  permit_shrink permits(100);
  permits.on_busy(2);
  good(permits, 9);
  permits.on_busy(1);
  EXPECT_EQ(permits.limit(), 25U);
  good(permits, 9);
  EXPECT_EQ(permits.limit(), 25U);
}

TEST(permit_shrink, keeps_within_a_new_configuration) {
  permit_shrink permits(100);
  permits.on_busy(1);
  permits.reconfigure(20);
  EXPECT_EQ(permits.limit(), 20U);
  permits.on_busy(1);
  permits.reconfigure(0);
  EXPECT_EQ(permits.limit(), 10U);
  good(permits, 1000);
  EXPECT_EQ(permits.limit(), 0U);
}

TEST(permit_shrink, that_loses_its_configured_limit_grows_before_it_ends) {
  permit_shrink permits(100);
  permits.on_busy(1);
  permits.reconfigure(0);
  good(permits, 9);
  EXPECT_EQ(permits.limit(), 50U);
  good(permits, 1);
  EXPECT_EQ(permits.limit(), 0U);
}

TEST(permit_shrink, stays_between_one_and_the_configured_limit_whatever_happens) {
  std::mt19937 chance(37);
  for (const std::uint32_t configured : {0U, 1U, 3U, 40U}) {
    permit_shrink permits(configured);
    for (int i = 0; i < 20'000; ++i) {
      if (chance() % 8 == 0)
        permits.on_busy(static_cast<std::uint32_t>(chance() % 50));
      else
        permits.on_good();
      if (configured > 0) {
        ASSERT_GE(permits.limit(), 1U);
        ASSERT_LE(permits.limit(), configured);
      } else {
        ASSERT_LT(permits.limit(), 50U);
      }
    }
    good(permits, 1000);
    EXPECT_EQ(permits.limit(), configured);
  }
}

} // namespace
} // namespace synapse::routing
