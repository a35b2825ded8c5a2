#include "routing/pick/random.hpp"
#include "routing/pick/rate_limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace synapse::routing {
namespace {

constexpr auto limit_s = rate_limit::second;

/// What was taken, with its time; looks for the busiest 60 seconds.
struct ledger {
  std::vector<std::pair<std::int64_t, std::int64_t>> taken;

  /// @param apart of the clocks that were used: the minute is as much shorter
  std::int64_t busiest(std::int64_t apart = 0) {
    std::sort(taken.begin(), taken.end());
    std::int64_t most = 0;
    std::int64_t sum = 0;
    for (std::size_t begin = 0, end = 0; end < taken.size(); ++end) {
      sum += taken[end].second;
      while (taken[end].first - taken[begin].first >= 60 * limit_s - apart)
        sum -= taken[begin++].second;
      most = std::max(most, sum);
    }
    return most;
  }
};

TEST(rate_limit, lets_everything_through_where_there_is_none) {
  for (const std::int64_t none : {0, -5}) {
    rate_limit limit(none);
    EXPECT_FALSE(limit.is_limit());
    EXPECT_TRUE(limit.take(1'000'000'000'000, 0));
    limit.settle(-5, 0, 0);
    EXPECT_FLOAT_EQ(limit.headroom(0), 1);
    EXPECT_EQ(limit.retry_after(1, 0), 0);
  }
}

TEST(rate_limit, gives_all_at_once_and_nothing_more_within_the_minute) {
  rate_limit limit(60);
  for (int i = 0; i < 60; ++i)
    EXPECT_TRUE(limit.take(1, 0));
  EXPECT_FALSE(limit.take(1, 0));
  EXPECT_FALSE(limit.take(1, 60 * limit_s));
  EXPECT_TRUE(limit.take(1, 61 * limit_s));
}

TEST(rate_limit, no_sixty_seconds_see_more_than_the_limit) {
  random_source random(31);
  rate_limit limit(60);
  ledger seen;
  std::int64_t now = 0;
  for (int i = 0; i < 200'000; ++i) {
    now += static_cast<std::int64_t>(random.next() % (2 * limit_s / 200));
    if (limit.take(1, now))
      seen.taken.emplace_back(now, 1);
  }
  EXPECT_EQ(seen.busiest(), 60);
  // Nor much less: about a thousand seconds have room for sixty each minute.
  EXPECT_GE(seen.taken.size(), 60 * static_cast<std::size_t>(now / (62 * limit_s)));
}

TEST(rate_limit, refuses_what_no_minute_has_room_for) {
  rate_limit limit(100);
  EXPECT_FALSE(limit.take(101, 0));
  EXPECT_EQ(limit.retry_after(101, 0), rate_limit::window);
  EXPECT_TRUE(limit.take(100, 0));
}

TEST(rate_limit, says_when_there_is_room_again) {
  rate_limit limit(10);
  EXPECT_TRUE(limit.take(4, limit_s / 2));
  EXPECT_TRUE(limit.take(6, 20 * limit_s));
  EXPECT_FLOAT_EQ(limit.headroom(20 * limit_s), 0);
  const auto now = 30 * limit_s;
  EXPECT_EQ(limit.retry_after(1, now), 31 * limit_s);
  EXPECT_EQ(limit.retry_after(5, now), 51 * limit_s);
  EXPECT_FALSE(limit.take(1, now + 31 * limit_s - 1));
  EXPECT_TRUE(limit.take(1, now + 31 * limit_s));
  EXPECT_EQ(limit.retry_after(3, now + 31 * limit_s), 0);
  EXPECT_FLOAT_EQ(limit.headroom(now + 31 * limit_s), 0.3F);
}

TEST(rate_limit, settles_what_was_really_used) {
  rate_limit limit(100);
  EXPECT_TRUE(limit.take(90, 0));
  limit.settle(-80, 0, 5 * limit_s);
  EXPECT_TRUE(limit.take(90, 5 * limit_s));
  limit.settle(50, 5 * limit_s, 10 * limit_s);
  EXPECT_FLOAT_EQ(limit.headroom(10 * limit_s), 0);
  EXPECT_FALSE(limit.take(1, 65 * limit_s));
  // 50 remain of what was settled at 10 s.
  EXPECT_TRUE(limit.take(50, 66 * limit_s));
  EXPECT_FALSE(limit.take(1, 66 * limit_s));
  EXPECT_TRUE(limit.take(50, 71 * limit_s));
}

TEST(rate_limit, gives_nothing_back_of_what_is_over_or_was_never_taken) {
  rate_limit limit(100);
  EXPECT_TRUE(limit.take(100, 0));
  EXPECT_TRUE(limit.take(100, 61 * limit_s));
  limit.settle(-100, 0, 61 * limit_s);
  EXPECT_FALSE(limit.take(1, 61 * limit_s));
  limit.settle(-100, 30 * limit_s, 61 * limit_s);
  EXPECT_FALSE(limit.take(1, 61 * limit_s));
  limit.settle(-1'000'000, 61 * limit_s, 61 * limit_s);
  EXPECT_TRUE(limit.take(100, 61 * limit_s));
  EXPECT_FALSE(limit.take(1, 61 * limit_s));
}

TEST(rate_limit, stands_figures_without_measure) {
  rate_limit limit(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(limit.take(rate_limit::most, 0));
  EXPECT_FALSE(limit.take(1, 0));
  limit.settle(std::numeric_limits<std::int64_t>::max(), 0, 0);
  limit.settle(std::numeric_limits<std::int64_t>::min(), 0, 0);
  EXPECT_TRUE(limit.take(1, 100 * limit_s));
}

// Against a plain list of what counts: any order of taking and settling, clocks a little apart.
TEST(rate_limit, never_lets_more_through_than_a_list_would) {
  random_source random(32);
  rate_limit limit(1000);
  std::deque<std::pair<std::int64_t, std::int64_t>> counted; // time, what it cost
  std::int64_t now = 10 * limit_s;
  int taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    now += static_cast<std::int64_t>(random.next() % (limit_s / 2));
    const auto at = now - static_cast<std::int64_t>(random.next() % (limit_s / 100));
    const auto cost = static_cast<std::int64_t>(random.next() % 100) + 1;
    while (!counted.empty() && now - counted.front().first > 62 * limit_s)
      counted.pop_front();
    if (limit.take(cost, at)) {
      ++taken;
      std::int64_t sum = cost;
      for (const auto& [when, what] : counted)
        sum += at - when < 60 * limit_s ? what : 0;
      ASSERT_LE(sum, 1000);
      counted.emplace_back(at, cost);
    }
    if (random.next() % 2 == 0 && !counted.empty()) {
      auto& [when, what] = counted[random.next() % counted.size()];
      const auto less = static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(what));
      limit.settle(-less, when, now);
      what -= less;
    }
  }
  EXPECT_GT(taken, 5'000);
}

TEST(rate_limits, takes_both_or_neither) {
  rate_limits limits(2, 100);
  EXPECT_FALSE(limits.take(101, 0));
  EXPECT_FLOAT_EQ(limits.headroom(0), 1);
  EXPECT_TRUE(limits.take(80, 0));
  EXPECT_FLOAT_EQ(limits.headroom(0), 0.2F);
  EXPECT_FALSE(limits.take(80, 0));
  EXPECT_EQ(limits.retry_after(80, limit_s), 60 * limit_s);
  limits.settle(-70, 0, limit_s);
  EXPECT_TRUE(limits.take(80, limit_s));
  EXPECT_FALSE(limits.take(1, limit_s));
  limits.give_back(80, limit_s, 2 * limit_s);
  EXPECT_TRUE(limits.take(90, 2 * limit_s));
}

/// Time that goes on with every look at it, but never runs away from a thread that still acts by
/// what it has read: a real clock does not either, whatever the scheduler does.
class common_clock {
public:
  static constexpr std::int64_t apart = limit_s / 4;

  explicit common_clock(std::size_t threads) : acting_(threads) {
    for (auto& one : acting_)
      one = idle;
  }
  std::int64_t read(std::size_t thread) {
    acting_[thread] = now_.load();
    const auto now = now_.fetch_add(limit_s / 500);
    acting_[thread] = now;
    while (now - oldest() > apart)
      std::this_thread::yield();
    return now;
  }
  void done(std::size_t thread) { acting_[thread] = idle; }

private:
  static constexpr std::int64_t idle = std::numeric_limits<std::int64_t>::max();
  std::int64_t oldest() const { return *std::min_element(acting_.begin(), acting_.end()); }

  std::atomic<std::int64_t> now_{0};
  std::vector<std::atomic<std::int64_t>> acting_;
};

// 60 requests and 10,000 tokens a minute, eight threads that ask for far more.
TEST(rate_limits, threads_together_take_no_more_than_the_limit) {
  rate_limits limits(60, 10'000);
  common_clock clock(8);
  std::mutex mutex;
  ledger requests;
  ledger tokens;
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      random_source random(thread);
      for (int i = 0; i < 20'000; ++i) {
        const auto now = clock.read(thread);
        const auto cost = static_cast<std::int64_t>(random.next() % 300) + 1;
        const bool taken = limits.take(cost, now);
        const auto used = 1 + cost / 2;
        if (taken)
          limits.settle(used - cost, now, now);
        clock.done(thread);
        if (!taken)
          continue;
        const std::lock_guard lock(mutex);
        requests.taken.emplace_back(now, 1);
        tokens.taken.emplace_back(now, used);
      }
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_LE(requests.busiest(2 * common_clock::apart), 60);
  EXPECT_LE(tokens.busiest(2 * common_clock::apart), 10'000);
  EXPECT_GE(requests.taken.size(), 180U);
}

} // namespace
} // namespace synapse::routing
