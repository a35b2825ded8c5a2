#include "routing/pick/meter.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace synapse::routing {
namespace {

constexpr std::int64_t meter_ms = 1'000'000;
constexpr std::int64_t meter_s = 1000 * meter_ms;

TEST(deployment_meter, tells_prompts_apart_by_size) {
  EXPECT_EQ(prompt_class_of(0), 0);
  EXPECT_EQ(prompt_class_of(2047), 0);
  EXPECT_EQ(prompt_class_of(2048), 1);
  EXPECT_EQ(prompt_class_of(16 * 1024 - 1), 1);
  EXPECT_EQ(prompt_class_of(16 * 1024), 2);
  EXPECT_EQ(prompt_class_of(128 * 1024 - 1), 2);
  EXPECT_EQ(prompt_class_of(128 * 1024), 3);
}

TEST(deployment_meter, counts_in_flight_over_all_threads) {
  deployment_meter meter(3);
  meter.begin(0, true);
  meter.begin(2, true);
  meter.begin(2, false);
  EXPECT_EQ(meter.in_flight(1, 0), 3U);
  EXPECT_EQ(meter.all_in_flight(), 3U);
  meter.end(2);
  EXPECT_EQ(meter.in_flight(0, 0), 2U);
  EXPECT_EQ(meter.all().requests, 2U);
  EXPECT_EQ(meter.all().attempts, 3U);
}

TEST(deployment_meter, an_end_too_many_changes_nothing) {
  deployment_meter meter(1);
  meter.end(0);
  EXPECT_EQ(meter.in_flight(0, 0), 0U);
}

TEST(deployment_meter, of_many_threads_others_are_known_as_of_100_ms_ago_and_the_own_exactly) {
  deployment_meter meter(16);
  EXPECT_EQ(meter.in_flight(0, 0), 0U);
  meter.begin(7, true);
  meter.begin(0, true);
  EXPECT_EQ(meter.in_flight(0, 99 * meter_ms), 1U);
  EXPECT_EQ(meter.in_flight(0, 100 * meter_ms), 2U);
  meter.end(0);
  EXPECT_EQ(meter.in_flight(0, 100 * meter_ms), 1U);
}

TEST(deployment_meter, of_few_threads_all_are_read_each_time) {
  deployment_meter meter(8);
  EXPECT_EQ(meter.in_flight(0, 0), 0U);
  meter.begin(7, true);
  EXPECT_EQ(meter.in_flight(0, 0), 1U);
}

TEST(deployment_meter, an_index_or_class_out_of_range_stays_within_the_meter) {
  deployment_meter none(0);
  deployment_meter many(100'000);
  for (auto* meter : {&none, &many}) {
    meter->begin(99'999, true);
    meter->first_token(99'999, 200, 5, 0);
    meter->succeeded(99'999, 0);
    EXPECT_EQ(meter->read(0, 3, 0).in_flight, 1U);
    EXPECT_FLOAT_EQ(meter->read(0, 255, 0).first_token, 5);
  }
}

TEST(deployment_meter, keeps_first_tokens_by_prompt_class_for_a_minute) {
  deployment_meter meter(2);
  EXPECT_EQ(meter.read(0, 1, 0).first_token, 0);
  meter.first_token(0, 1, 300, 0);
  EXPECT_FLOAT_EQ(meter.read(0, 1, 0).first_token, 300);
  EXPECT_FLOAT_EQ(meter.read(1, 1, meter_s).first_token, 300);
  EXPECT_EQ(meter.read(0, 0, 0).first_token, 0);
  EXPECT_FLOAT_EQ(meter.read(0, 1, 60 * meter_s).first_token, 300);
  EXPECT_EQ(meter.read(0, 1, 60 * meter_s + 1).first_token, 0);
}

TEST(deployment_meter, failures_lower_the_share_of_successes_and_leave_the_first_token_alone) {
  deployment_meter meter(1);
  meter.first_token(0, 0, 300, 0);
  for (int i = 0; i < 100; ++i)
    meter.failed(0, i);
  const auto seen = meter.read(0, 0, 100);
  EXPECT_FLOAT_EQ(seen.first_token, 300);
  EXPECT_FLOAT_EQ(seen.success, deployment_meter::least_success);
  EXPECT_FLOAT_EQ(meter.read(0, 0, 61 * meter_s).success, 1);
  EXPECT_EQ(meter.failures_within(meter_s), 100U);
}

TEST(deployment_meter, a_timeout_feeds_its_limit_and_is_a_failure) {
  deployment_meter meter(1);
  meter.timed_out(0, 0, 30 * meter_s, 0);
  EXPECT_FLOAT_EQ(meter.read(0, 0, 0).first_token, 30e9F);
  EXPECT_LT(meter.read(0, 0, 0).success, 1);
  EXPECT_EQ(meter.all().failures, 1U);
}

TEST(deployment_meter, threads_together_believe_failures_as_soon_as_one_alone) {
  deployment_meter alone(1);
  deployment_meter shared(16);
  for (int i = 0; i < 40; ++i) {
    alone.failed(0, i * 100 * meter_ms);
    shared.failed(static_cast<unsigned>(i) % 16, i * 100 * meter_ms);
  }
  EXPECT_LT(alone.read(0, 0, 4 * meter_s).success, 0.1F);
  EXPECT_LT(shared.read(3, 0, 4 * meter_s).success, 0.2F);
}

TEST(deployment_meter, what_was_before_it_got_ready_does_not_count) {
  deployment_meter meter(2);
  meter.timed_out(0, 0, 30 * meter_s, meter_s);
  meter.set_ready_since(2 * meter_s);
  EXPECT_EQ(meter.read(0, 0, 2 * meter_s).first_token, 0);
  EXPECT_FLOAT_EQ(meter.read(0, 0, 2 * meter_s).success, 1);
  meter.first_token(1, 0, 300, 3 * meter_s);
  meter.succeeded(1, 3 * meter_s);
  const auto seen = meter.read(0, 0, 4 * meter_s);
  EXPECT_FLOAT_EQ(seen.first_token, 300);
  EXPECT_FLOAT_EQ(seen.success, 1);
  meter.failed(0, 5 * meter_s);
  EXPECT_GT(meter.read(0, 0, 5 * meter_s).success, 0.85F);
}

TEST(deployment_meter, sums_what_all_threads_counted) {
  deployment_meter meter(4);
  EXPECT_EQ(meter.last_sample(), never);
  for (unsigned thread = 0; thread < 4; ++thread) {
    meter.begin(thread, true);
    meter.succeeded(thread, thread * meter_s);
    meter.failed(thread, thread * meter_s);
    meter.used_tokens(thread, 10, 2);
  }
  const auto all = meter.all();
  EXPECT_EQ(all.requests, 4U);
  EXPECT_EQ(all.successes, 4U);
  EXPECT_EQ(all.failures, 4U);
  EXPECT_EQ(all.tokens_in, 40U);
  EXPECT_EQ(all.tokens_out, 8U);
  EXPECT_EQ(meter.successes_within(3 * meter_s), 4U);
  EXPECT_EQ(meter.successes_within(11 * meter_s), 2U);
  EXPECT_EQ(meter.last_sample(), 3 * meter_s);
}

TEST(deployment_meter, a_request_is_whose_it_was_last) {
  deployment_meter one(2);
  deployment_meter other(2);
  for (unsigned thread = 0; thread < 2; ++thread)
    for (int i = 0; i < 2; ++i)
      one.came(thread, meter_s);
  EXPECT_EQ(one.lately(4 * 60 * meter_s), 4U);
  one.went_on(1, 2 * meter_s);
  other.came(1, 2 * meter_s);
  EXPECT_EQ(one.lately(4 * 60 * meter_s), 3U);
  EXPECT_EQ(other.lately(4 * 60 * meter_s), 1U);
  other.went_on(1, 70 * meter_s); // it came a minute before
  EXPECT_EQ(other.lately(4 * 60 * meter_s), 1U);
  EXPECT_EQ(one.lately(5 * 60 * meter_s), 0U);
}

TEST(deployment_meter, averages_load_times) {
  deployment_meter meter(1);
  EXPECT_EQ(meter.load(), load_state::unknown);
  EXPECT_EQ(meter.load_time(), 0);
  meter.took_to_load(20 * meter_s);
  EXPECT_EQ(meter.load_time(), 20 * meter_s);
  meter.took_to_load(40 * meter_s);
  EXPECT_EQ(meter.load_time(), 25 * meter_s);
  meter.set_load(load_state::cold_fits);
  EXPECT_EQ(meter.load(), load_state::cold_fits);
}

// Under ThreadSanitizer this is what shows that slots are shared as they may be.
TEST(deployment_meter, threads_write_side_by_side_and_nothing_is_lost) {
  constexpr unsigned count = 12;
  constexpr int rounds = 5000;
  deployment_meter meter(count);
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < count; ++thread)
    threads.emplace_back([&meter, thread] {
      for (int i = 0; i < rounds; ++i) {
        const auto now = i * meter_ms;
        meter.begin(thread, true);
        (void)meter.read(thread, 0, now);
        meter.first_token(thread, 0, 100, now);
        meter.succeeded(thread, now);
        meter.end(thread);
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(meter.all().successes, count * rounds);
  EXPECT_EQ(meter.successes_within(4 * meter_s), count * rounds);
  EXPECT_EQ(meter.all_in_flight(), 0U);
}

} // namespace
} // namespace synapse::routing
