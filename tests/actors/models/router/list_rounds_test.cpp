#include "actors/models/router/list_rounds.hpp"

#include <gtest/gtest.h>

namespace synapse::models {
namespace {

constexpr time_ns one_ms = 1'000'000;
constexpr time_ns poll = 1000 * one_ms;
constexpr time_ns refresh = 15'000 * one_ms;

TEST(list_rounds, are_held_one_at_a_time_and_once_more_for_those_who_come_meanwhile) {
  list_rounds rounds;
  EXPECT_TRUE(rounds.begin(1));
  EXPECT_FALSE(rounds.begin(2));
  EXPECT_FALSE(rounds.begin(3));
  EXPECT_TRUE(rounds.under_way());
  EXPECT_EQ(rounds.asked(), 1);
  rounds.end();
  EXPECT_FALSE(rounds.under_way());
  EXPECT_TRUE(rounds.again());
  EXPECT_FALSE(rounds.again());
  EXPECT_TRUE(rounds.begin(4));
}

TEST(list_rounds, follow_a_command_soon_and_then_more_and_more_seldom) {
  list_rounds rounds;
  rounds.answered(0);
  EXPECT_EQ(rounds.due(false, poll, refresh), refresh);
  rounds.command_given();
  for (const auto wanted : {25, 50, 100, 200, 400, 800, 1000, 1000}) {
    EXPECT_EQ(rounds.due(true, poll, refresh), wanted * one_ms);
    rounds.looked();
  }
  for (int i = 0; i < 100; ++i)
    rounds.looked();
  EXPECT_EQ(rounds.due(true, poll, refresh), poll);
  rounds.command_given();
  rounds.answered(7);
  EXPECT_EQ(rounds.due(true, poll, refresh), 7 + 25 * one_ms);
  EXPECT_EQ(rounds.due(true, one_ms, refresh), 7 + one_ms) << "never more seldom than set";
}

} // namespace
} // namespace synapse::models
