#include "routing/records/deployment_record.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace synapse::routing {
namespace {

constexpr std::int64_t record_s = 1'000'000'000;

config::deployment_settings limits_of(unsigned rpm, std::size_t tpm, unsigned most) {
  config::deployment_settings made;
  made.rpm = rpm;
  made.tpm = tpm;
  made.max_requests = most;
  return made;
}

TEST(deployment_record, has_room_for_anything_without_limits) {
  deployment_record record{limits_of(0, 0, 0), 1};
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(record.enter(1'000'000, 0), 0);
  EXPECT_EQ(record.full_until(0), 0);
  EXPECT_FLOAT_EQ(record.headroom(0), 1);
}

TEST(deployment_record, has_room_again_when_somebody_leaves) {
  deployment_record record{limits_of(0, 0, 2), 1};
  EXPECT_EQ(record.enter(1, 0), 0);
  EXPECT_EQ(record.enter(1, 0), 0);
  EXPECT_GT(record.enter(1, 0), 0);
  EXPECT_GT(record.full_until(0), 0);
  record.leave(1, -1, 0, 0);
  EXPECT_EQ(record.full_until(0), 0);
  EXPECT_EQ(record.enter(1, 0), 0);
  EXPECT_GT(record.enter(1, 0), 0) << "one that was refused took nothing";
}

TEST(deployment_record, says_when_its_minute_is_over) {
  deployment_record record{limits_of(2, 0, 0), 1};
  EXPECT_EQ(record.enter(1, 5 * record_s), 0);
  EXPECT_EQ(record.enter(1, 5 * record_s), 0);
  const auto again = record.enter(1, 6 * record_s);
  EXPECT_EQ(again, 66 * record_s);
  EXPECT_EQ(record.full_until(6 * record_s), again);
  record.leave(1, 1, 5 * record_s, 7 * record_s);
  EXPECT_NE(record.enter(1, 8 * record_s), 0) << "a request that is over counts all the same";
  EXPECT_EQ(record.enter(1, again), 0);
}

TEST(deployment_record, settles_tokens_by_what_was_used) {
  deployment_record record{limits_of(0, 100, 0), 1};
  EXPECT_EQ(record.enter(80, 0), 0);
  EXPECT_NE(record.enter(80, 0), 0);
  record.leave(80, 10, 0, record_s);
  EXPECT_EQ(record.enter(80, record_s), 0);
  record.leave(80, 300, record_s, 2 * record_s);
  EXPECT_NE(record.full_until(2 * record_s), 0) << "more than was estimated counts, too";
}

TEST(deployment_record, keeps_the_estimate_where_nobody_says_what_was_used) {
  deployment_record record{limits_of(0, 100, 0), 1};
  EXPECT_EQ(record.enter(80, 0), 0);
  record.leave(80, -1, 0, record_s);
  EXPECT_NE(record.enter(30, record_s), 0);
}

TEST(deployment_record, takes_nothing_for_what_was_not_sent) {
  deployment_record record{limits_of(1, 100, 1), 1};
  EXPECT_EQ(record.enter(100, 0), 0);
  record.give_back(100, 0, 0);
  EXPECT_EQ(record.full_until(0), 0);
  EXPECT_EQ(record.enter(100, 0), 0);
}

TEST(deployment_record, a_prompt_beyond_the_limit_is_refused_for_a_minute_at_most) {
  deployment_record record{limits_of(0, 100, 0), 1};
  const auto again = record.enter(101, 0);
  EXPECT_GT(again, 0);
  EXPECT_LE(again, 62 * record_s);
  EXPECT_EQ(record.full_until(0), 0) << "others fit";
}

TEST(deployment_record, gets_fewer_while_the_backend_is_busy) {
  deployment_record record{limits_of(0, 0, 8), 1};
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(record.enter(1, 0), 0);
  record.on_busy();
  for (int i = 0; i < 4; ++i)
    record.leave(1, -1, 0, 0);
  EXPECT_NE(record.enter(1, 0), 0) << "half of them may be there now";
  record.leave(1, -1, 0, 0);
  EXPECT_EQ(record.enter(1, 0), 0);
  for (int i = 0; i < 100; ++i)
    record.on_good();
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(record.enter(1, 0), 0) << i;
  EXPECT_NE(record.enter(1, 0), 0);
}

TEST(deployment_record, what_is_set_precedes_what_is_discovered) {
  auto settings = limits_of(0, 0, 0);
  deployment_record record{settings, 1};
  EXPECT_EQ(record.context(), 0U);
  record.set_context(4096);
  EXPECT_EQ(record.context(), 4096U);
  settings.context = 8192;
  deployment_record set{settings, 1};
  set.set_context(4096);
  EXPECT_EQ(set.context(), 8192U);
}

TEST(deployment_record, believes_for_ten_minutes_that_a_route_is_not_there) {
  constexpr std::int64_t minute = 60'000'000'000;
  deployment_record record{limits_of(0, 0, 0), 1};
  EXPECT_EQ(record.capabilities(), config::capability_set{});
  record.set_capabilities({config::capability_set::bit(config::capability::chat), 0});
  EXPECT_TRUE(record.capabilities().has(config::capability::chat));
  EXPECT_EQ(record.lacking(minute), 0U);
  record.lacks(config::capability::rerank, minute);
  EXPECT_EQ(record.lacking(minute), config::capability_set::bit(config::capability::rerank));
  EXPECT_EQ(record.lacking(11 * minute), 0U);
  record.lacks(config::capability::tools, 11 * minute);
  EXPECT_EQ(record.lacking(11 * minute), config::capability_set::bit(config::capability::tools));
}

TEST(deployment_record, keeps_the_beginning_of_the_last_error) {
  deployment_record record{limits_of(0, 0, 0), 1};
  EXPECT_EQ(record.last_error().wall_ms, 0);
  record.note_error(std::string(100'000, 'e'), 5);
  EXPECT_LE(record.last_error().words.size(), 1000U);
  record.note_error("short", 6);
  EXPECT_EQ(record.last_error().words, "short");
  EXPECT_EQ(record.last_error().wall_ms, 6);
}

TEST(deployment_record, queue_and_drain_are_as_told) {
  deployment_record record{limits_of(0, 0, 0), 1};
  EXPECT_EQ(record.queue(), 0U);
  EXPECT_FALSE(record.drained());
  record.set_queue(9);
  record.drain(true);
  EXPECT_EQ(record.queue(), 9U);
  EXPECT_TRUE(record.drained());
}

TEST(deployment_record, threads_together_are_never_more_than_may_be_inside) {
  deployment_record record{limits_of(0, 0, 3), 4};
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        if (record.enter(1, 0) != 0)
          continue;
        const int now = ++inside;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        --inside;
        record.leave(1, -1, 0, 0);
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(record.full_until(0), 0);
}

} // namespace
} // namespace synapse::routing
