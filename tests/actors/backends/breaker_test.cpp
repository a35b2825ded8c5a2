#include "actors/backends/breaker.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>

namespace synapse::actors {
namespace {

using enum attempt_result;

constexpr time_ns second = 1'000'000'000;

config::breaker_settings after(unsigned failures) {
  config::breaker_settings settings;
  settings.failures = failures;
  settings.cooldown = std::chrono::seconds{30};
  return settings;
}

/// A breaker that has just opened at `now`.
breaker opened(time_ns now, unsigned failures = 5) {
  breaker b{after(failures)};
  for (unsigned i = 0; i < failures; ++i)
    b.on_result(connect_failure, false, now);
  EXPECT_EQ(b.state(), circuit::open);
  return b;
}

breaker half_open(time_ns now) {
  auto b = opened(now - 30 * second);
  EXPECT_TRUE(b.on_time(now));
  EXPECT_EQ(b.state(), circuit::half_open);
  return b;
}

TEST(breaker, opens_at_once_for_what_others_have_seen_too) {
  breaker b{after(5)};
  EXPECT_TRUE(b.on_away(second));
  EXPECT_EQ(b.state(), circuit::open);
  EXPECT_EQ(b.open_until(), 31 * second);
  EXPECT_EQ(b.times_opened(), 1U);
  EXPECT_FALSE(b.on_away(2 * second)) << "is open already";
  EXPECT_EQ(b.open_until(), 31 * second);
  EXPECT_TRUE(b.on_time(31 * second));
  EXPECT_FALSE(b.on_away(32 * second)) << "its own probe is about to tell";
  auto off = after(5);
  off.enabled = false;
  breaker none{off};
  EXPECT_FALSE(none.on_away(second));
  EXPECT_EQ(none.state(), circuit::closed);
}

TEST(breaker, counts_broken_connections_and_answers_that_do_not_come) {
  for (const auto result : {connect_failure, connect_timeout, reset_before_head, reset_after_head,
                            response_timeout, bad_gateway})
    EXPECT_TRUE(breaker::is_failure(result)) << static_cast<int>(result);
  for (const auto result : {ok, bad_response, canceled, head_received})
    EXPECT_FALSE(breaker::is_failure(result)) << static_cast<int>(result);
}

TEST(breaker, opens_with_the_last_of_consecutive_failures) {
  breaker b{after(5)};
  EXPECT_FALSE(b.suspect());
  EXPECT_TRUE(b.on_result(connect_failure, false, 7)) << "lanes have to report successes now";
  EXPECT_TRUE(b.suspect());
  for (const auto result : {connect_timeout, reset_before_head, reset_after_head})
    EXPECT_FALSE(b.on_result(result, false, 7)) << "nothing that a lane sees";
  EXPECT_EQ(b.state(), circuit::closed);
  EXPECT_EQ(b.consecutive_failures(), 4U);
  EXPECT_TRUE(b.on_result(connect_failure, false, 7));
  EXPECT_EQ(b.state(), circuit::open);
  EXPECT_EQ(b.open_until(), 7 + 30 * second);
  EXPECT_EQ(b.times_opened(), 1U);
}

TEST(breaker, starts_counting_anew_after_a_success) {
  breaker b{after(3)};
  for (int round = 0; round < 10; ++round) {
    b.on_result(connect_failure, false, 1);
    b.on_result(connect_failure, false, 1);
    EXPECT_TRUE(b.on_result(ok, false, 1));
    EXPECT_FALSE(b.suspect());
  }
  EXPECT_EQ(b.state(), circuit::closed);
  EXPECT_FALSE(b.on_result(ok, false, 1)) << "nothing changed";
}

TEST(breaker, is_moved_neither_way_by_what_says_nothing) {
  breaker b{after(3)};
  b.on_result(connect_failure, false, 1);
  b.on_result(connect_failure, false, 1);
  for (const auto result : {bad_response, canceled})
    EXPECT_FALSE(b.on_result(result, false, 1));
  EXPECT_EQ(b.consecutive_failures(), 2U);
  b.on_result(connect_failure, false, 1);
  EXPECT_EQ(b.state(), circuit::open);
}

TEST(breaker, stays_open_for_the_cooldown) {
  auto b = opened(100);
  EXPECT_FALSE(b.on_time(100 + 30 * second - 1));
  EXPECT_FALSE(b.take_probe());
  EXPECT_FALSE(b.on_result(ok, false, 200)) << "an answer to an old request closes nothing";
  EXPECT_FALSE(b.on_result(connect_failure, false, 300));
  EXPECT_EQ(b.open_until(), 100 + 30 * second) << "late failures do not prolong it";
  EXPECT_TRUE(b.on_time(100 + 30 * second));
  EXPECT_EQ(b.state(), circuit::half_open);
  EXPECT_FALSE(b.on_time(100 + 60 * second)) << "once";
}

TEST(breaker, gives_exactly_one_probe) {
  auto b = half_open(100 * second);
  EXPECT_TRUE(b.take_probe());
  EXPECT_FALSE(b.take_probe());
  EXPECT_FALSE(b.on_result(ok, false, 100 * second)) << "not the probe's result";
  EXPECT_FALSE(b.on_result(connect_failure, false, 100 * second));
  EXPECT_EQ(b.state(), circuit::half_open);
  EXPECT_FALSE(b.take_probe());
}

TEST(breaker, closes_when_the_probe_gets_an_answer) {
  for (const auto result : {ok, head_received}) {
    auto b = half_open(100 * second);
    ASSERT_TRUE(b.take_probe());
    EXPECT_TRUE(b.on_result(result, true, 100 * second));
    EXPECT_EQ(b.state(), circuit::closed);
    EXPECT_FALSE(b.suspect());
    EXPECT_FALSE(b.take_probe());
  }
}

TEST(breaker, opens_again_when_the_probe_fails_in_any_way) {
  for (const auto result : {connect_failure, connect_timeout, reset_before_head, reset_after_head,
                            response_timeout, bad_response}) {
    auto b = half_open(100 * second);
    ASSERT_TRUE(b.take_probe());
    EXPECT_TRUE(b.on_result(result, true, 101 * second));
    EXPECT_EQ(b.state(), circuit::open);
    EXPECT_EQ(b.open_until(), 131 * second);
    EXPECT_EQ(b.times_opened(), 2U);
    EXPECT_TRUE(b.on_time(131 * second));
    EXPECT_TRUE(b.take_probe());
  }
}

TEST(breaker, lets_another_probe_when_the_first_was_canceled) {
  auto b = half_open(100 * second);
  ASSERT_TRUE(b.take_probe());
  EXPECT_FALSE(b.on_result(canceled, true, 100 * second));
  EXPECT_EQ(b.state(), circuit::half_open);
  EXPECT_TRUE(b.take_probe());
}

TEST(breaker, takes_the_end_of_a_probe_that_closed_it_as_any_other_result) {
  auto b = half_open(100 * second);
  ASSERT_TRUE(b.take_probe());
  b.on_result(head_received, true, 100 * second);
  EXPECT_TRUE(b.on_result(reset_after_head, true, 101 * second));
  EXPECT_EQ(b.state(), circuit::closed);
  EXPECT_EQ(b.consecutive_failures(), 1U);
}

TEST(breaker, does_nothing_when_switched_off) {
  auto settings = after(1);
  settings.enabled = false;
  breaker b{settings};
  for (int i = 0; i < 10; ++i)
    EXPECT_FALSE(b.on_result(connect_failure, false, 1));
  EXPECT_EQ(b.state(), circuit::closed);
  auto open = opened(1);
  open.reconfigure(settings);
  EXPECT_EQ(open.state(), circuit::closed);
  EXPECT_FALSE(open.suspect());
}

TEST(breaker, takes_a_new_threshold_with_the_next_failure) {
  breaker b{after(10)};
  for (int i = 0; i < 5; ++i)
    b.on_result(connect_failure, false, 1);
  b.reconfigure(after(3));
  EXPECT_EQ(b.state(), circuit::closed);
  EXPECT_TRUE(b.on_result(connect_failure, false, 1));
  EXPECT_EQ(b.state(), circuit::open);
}

// What has to hold whatever happens in whatever order.
TEST(breaker, keeps_its_rules_under_random_use) {
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random{seed};
    breaker b{after(3)};
    time_ns now = second;
    int probes_out = 0;
    for (int step = 0; step < 5000; ++step) {
      const auto before = b.state();
      const auto opened_before = b.times_opened();
      switch (random() % 4) {
      case 0:
        now += static_cast<time_ns>(random() % 20) * second;
        if (b.on_time(now)) {
          ASSERT_EQ(before, circuit::open);
          ASSERT_EQ(b.state(), circuit::half_open);
          probes_out = 0; // those of an earlier half-open time are forgotten
        }
        break;
      case 1:
        if (b.take_probe()) {
          ASSERT_EQ(before, circuit::half_open);
          ASSERT_EQ(probes_out++, 0) << "a second probe";
        }
        break;
      default:
        const auto result = static_cast<attempt_result>(random() % 9);
        const bool probe = probes_out > 0 && random() % 3 == 0;
        const bool changed = b.on_result(result, probe, now);
        if (before != b.state()) {
          ASSERT_TRUE(changed);
          if (before == circuit::half_open) {
            ASSERT_TRUE(probe) << "only a probe decides";
          }
        }
        if (probe)
          probes_out = 0;
        ASSERT_EQ(b.times_opened() - opened_before,
                  before != circuit::open && b.state() == circuit::open ? 1U : 0U);
      }
      ASSERT_TRUE(b.suspect() || (b.state() == circuit::closed && b.consecutive_failures() == 0));
    }
  }
}

} // namespace
} // namespace synapse::actors
