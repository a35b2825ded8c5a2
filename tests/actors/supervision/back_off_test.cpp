#include "actors/supervision/back_off.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;

/// Time that passes only when the test says so.
struct a_back_off : testing::Test {
  std::chrono::milliseconds after(std::chrono::milliseconds passed) {
    now += passed;
    return subject.next(now);
  }

  back_off::time_point now{};
  back_off subject;
};

TEST_F(a_back_off, doubles_from_a_tenth_of_a_second_to_half_a_minute) {
  for (const auto wait : {100ms, 200ms, 400ms, 800ms, 1'600ms, 3'200ms, 6'400ms, 12'800ms, 25'600ms,
                          30'000ms, 30'000ms, 30'000ms})
    EXPECT_EQ(after(1ms), wait);
}

TEST_F(a_back_off, begins_anew_after_more_than_a_calm_minute) {
  EXPECT_EQ(after(0ms), 100ms);
  EXPECT_EQ(after(60'000ms), 200ms) << "not calm for longer than a minute";
  EXPECT_EQ(after(60'001ms), 100ms);
  EXPECT_EQ(after(1ms), 200ms) << "and doubles again";
}

TEST_F(a_back_off, counts_calm_from_the_last_end) {
  for (int i = 0; i < 5; ++i)
    (void)after(40'000ms);
  EXPECT_EQ(after(40'000ms), 3'200ms) << "never calm, however long ago the first one was";
}

TEST_F(a_back_off, begins_with_the_shortest_whatever_the_clock_shows) {
  EXPECT_EQ(after(std::chrono::hours{24 * 365}), 100ms);
}

} // namespace
} // namespace synapse::actors
