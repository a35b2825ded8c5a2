#include "actors/backends/permit_ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

namespace synapse::actors {
namespace {

using verdict = permit_ledger::verdict;
using grants = std::vector<permit_ledger::grant>;

constexpr time_ns ms = 1'000'000;

config::concurrency_settings limit(unsigned requests, unsigned waiting = 256,
                                   config::milliseconds patience = config::milliseconds{1000}) {
  config::concurrency_settings settings;
  settings.max_requests = requests;
  settings.max_waiting = waiting;
  settings.queue_timeout = patience;
  return settings;
}

std::vector<std::uint64_t> requests_of(const grants& list) {
  std::vector<std::uint64_t> numbers;
  for (const auto& grant : list)
    numbers.push_back(grant.request);
  return numbers;
}

using numbers = std::vector<std::uint64_t>;

/// Two lanes, 0 and 1.
struct two_lanes {
  explicit two_lanes(config::concurrency_settings settings) : ledger(settings) {
    ledger.add_lane(0);
    ledger.add_lane(1);
  }
  verdict ask(std::uint32_t lane, std::uint64_t request, time_ns now = 0) {
    return ledger.request(lane, request, now, last);
  }
  permit_ledger ledger;
  permit_ledger::grant last;
};

TEST(permit_ledger, grants_without_end_when_there_is_no_limit) {
  two_lanes t{limit(0)};
  EXPECT_FALSE(t.ledger.limited());
  for (std::uint64_t i = 0; i < 10'000; ++i)
    ASSERT_EQ(t.ask(0, i), verdict::granted);
  EXPECT_EQ(t.ledger.leased(), 0U);
  EXPECT_FALSE(t.ledger.recalled());
}

TEST(permit_ledger, queues_beyond_the_limit_and_serves_in_order) {
  two_lanes t{limit(2)};
  EXPECT_EQ(t.ask(0, 1), verdict::granted);
  EXPECT_EQ(t.ask(1, 2), verdict::granted);
  EXPECT_EQ(t.last.request, 2U);
  EXPECT_EQ(t.last.lane, 1U);
  EXPECT_FALSE(t.ledger.recalled());
  EXPECT_EQ(t.ask(1, 3), verdict::queued);
  EXPECT_EQ(t.ask(0, 4), verdict::queued);
  EXPECT_TRUE(t.ledger.recalled());
  EXPECT_EQ(t.ledger.leased(), 2U);
  const auto served = t.ledger.give_back(0, 1);
  ASSERT_EQ(served.size(), 1U);
  EXPECT_EQ(served[0].request, 3U);
  EXPECT_EQ(served[0].lane, 1U);
  EXPECT_EQ(served[0].spare, 0U);
  EXPECT_EQ(t.ledger.held_by(0), 0U);
  EXPECT_EQ(t.ledger.held_by(1), 2U);
  EXPECT_EQ(requests_of(t.ledger.give_back(1, 2)), numbers{4});
  EXPECT_FALSE(t.ledger.recalled());
  EXPECT_EQ(t.ledger.leased(), 1U);
}

TEST(permit_ledger, refuses_when_the_queue_is_full) {
  two_lanes t{limit(1, 2)};
  EXPECT_EQ(t.ask(0, 1), verdict::granted);
  EXPECT_EQ(t.ask(0, 2), verdict::queued);
  EXPECT_EQ(t.ask(0, 3), verdict::queued);
  EXPECT_EQ(t.ask(0, 4), verdict::overflow);
  EXPECT_EQ(t.ledger.waiting(), 2U);
  t.ledger.give_back(0, 1);
  EXPECT_EQ(t.ask(0, 5), verdict::queued);
  two_lanes none{limit(1, 0)};
  EXPECT_EQ(none.ask(0, 1), verdict::granted);
  EXPECT_EQ(none.ask(0, 2), verdict::overflow) << "max_waiting 0: nobody waits";
}

TEST(permit_ledger, has_no_place_in_the_queue_for_who_does_not_wait) {
  two_lanes t{limit(1)};
  permit_ledger::grant grant;
  EXPECT_EQ(t.ledger.request(0, 1, 0, grant, false), verdict::granted);
  EXPECT_EQ(grant.request, 1U);
  EXPECT_EQ(t.ledger.request(1, 2, 0, grant, false), verdict::overflow);
  EXPECT_EQ(t.ledger.waiting(), 0U);
  EXPECT_FALSE(t.ledger.recalled());
}

TEST(permit_ledger, nobody_overtakes_who_waits) {
  two_lanes t{limit(1)};
  t.ask(0, 1);
  t.ask(1, 2);
  EXPECT_EQ(requests_of(t.ledger.give_back(0, 1)), numbers{2});
  EXPECT_EQ(t.ask(0, 3), verdict::queued);
}

TEST(permit_ledger, leases_large_limits_in_portions) {
  two_lanes t{limit(80)};
  EXPECT_EQ(t.ask(0, 1), verdict::granted);
  EXPECT_EQ(t.last.spare, 10U) << "a quarter of the lane's share";
  EXPECT_EQ(t.ledger.held_by(0), 11U);
  std::uint32_t out = 11;
  for (std::uint64_t i = 2; t.ask(1, i) == verdict::granted; ++i)
    out += 1 + t.last.spare;
  EXPECT_EQ(out, 80U) << "all of them, and not one more";
  EXPECT_EQ(t.ledger.leased(), 80U);
}

TEST(permit_ledger, takes_no_more_back_than_a_lane_holds) {
  two_lanes t{limit(2)};
  t.ask(0, 1);
  t.ledger.give_back(0, 5);
  t.ledger.give_back(1, 1);
  t.ledger.give_back(7, 1); // a lane it has never heard of
  EXPECT_EQ(t.ask(0, 2), verdict::granted);
  EXPECT_EQ(t.ask(0, 3), verdict::granted);
  EXPECT_EQ(t.ask(0, 4), verdict::queued);
}

TEST(permit_ledger, forgets_who_left_the_queue) {
  two_lanes t{limit(1)};
  t.ask(0, 1);
  t.ask(0, 2);
  t.ask(1, 2); // the same number on another lane is another request
  t.ask(0, 3);
  EXPECT_TRUE(t.ledger.abandon(0, 2));
  EXPECT_FALSE(t.ledger.abandon(0, 2));
  EXPECT_FALSE(t.ledger.abandon(0, 1)) << "granted, not waiting";
  const auto served = t.ledger.give_back(0, 1);
  ASSERT_EQ(served.size(), 1U);
  EXPECT_EQ(served[0].lane, 1U);
  EXPECT_TRUE(t.ledger.abandon(0, 3));
  EXPECT_FALSE(t.ledger.recalled());
}

TEST(permit_ledger, expires_who_waited_too_long) {
  two_lanes t{limit(1)};
  EXPECT_FALSE(t.ledger.next_expiry());
  t.ask(0, 1, 0);
  t.ask(0, 2, 100 * ms);
  t.ask(1, 3, 200 * ms);
  EXPECT_EQ(t.ledger.next_expiry(), 1100 * ms);
  EXPECT_TRUE(t.ledger.expire(1100 * ms - 1).empty());
  EXPECT_EQ(requests_of(t.ledger.expire(1100 * ms)), numbers{2});
  EXPECT_EQ(t.ledger.next_expiry(), 1200 * ms);
  EXPECT_EQ(requests_of(t.ledger.expire(5000 * ms)), numbers{3});
  EXPECT_FALSE(t.ledger.next_expiry());
  EXPECT_EQ(t.ledger.leased(), 1U);
}

TEST(permit_ledger, serves_more_when_the_limit_is_raised) {
  two_lanes t{limit(1)};
  for (std::uint64_t i = 1; i <= 5; ++i)
    t.ask(0, i);
  EXPECT_EQ(requests_of(t.ledger.reconfigure(limit(3))), (numbers{2, 3}));
  EXPECT_EQ(t.ledger.leased(), 3U);
  EXPECT_EQ(requests_of(t.ledger.reconfigure(limit(0))), (numbers{4, 5})) << "no limit any more";
  EXPECT_EQ(t.ledger.waiting(), 0U);
}

TEST(permit_ledger, recalls_permits_when_the_limit_is_lowered) {
  two_lanes t{limit(4)};
  for (std::uint64_t i = 1; i <= 4; ++i)
    ASSERT_EQ(t.ask(0, i), verdict::granted);
  EXPECT_TRUE(t.ledger.reconfigure(limit(2)).empty());
  EXPECT_TRUE(t.ledger.recalled());
  EXPECT_EQ(t.ask(1, 5), verdict::queued);
  EXPECT_TRUE(t.ledger.give_back(0, 1).empty()) << "still above the limit";
  EXPECT_TRUE(t.ledger.give_back(0, 1).empty()) << "at the limit";
  EXPECT_EQ(requests_of(t.ledger.give_back(0, 1)), numbers{5});
  EXPECT_EQ(t.ledger.leased(), 2U);
}

TEST(permit_ledger, keeps_count_over_a_time_without_limit) {
  two_lanes t{limit(3)};
  for (std::uint64_t i = 1; i <= 3; ++i)
    t.ask(0, i);
  t.ledger.reconfigure(limit(0));
  EXPECT_EQ(t.ask(1, 4), verdict::granted);
  t.ledger.give_back(0, 2);
  t.ledger.reconfigure(limit(2));
  EXPECT_EQ(t.ask(1, 5), verdict::granted) << "one of two is out";
  EXPECT_EQ(t.ask(1, 6), verdict::queued);
}

TEST(permit_ledger, frees_what_a_lane_that_died_held_and_waited_for) {
  two_lanes t{limit(2)};
  t.ask(0, 1);
  t.ask(0, 2);
  t.ask(0, 3);
  t.ask(1, 4);
  t.ask(0, 5);
  t.ask(1, 6);
  t.ask(1, 7);
  EXPECT_EQ(requests_of(t.ledger.remove_lane(0)), (numbers{4, 6}));
  EXPECT_EQ(t.ledger.held_by(0), 0U);
  EXPECT_EQ(t.ledger.waiting(), 1U);
  EXPECT_EQ(requests_of(t.ledger.give_back(1, 2)), numbers{7});
  EXPECT_EQ(t.ledger.leased(), 1U);
  EXPECT_TRUE(t.ledger.remove_lane(9).empty());
}

// ---- against a model of the whole system ----

/// Lanes and requests as they are, besides the ledger's own idea of them.
struct model {
  struct waiter {
    std::uint32_t lane;
    std::uint64_t request;
    time_ns deadline;
  };
  permit_ledger ledger;
  unsigned max;
  unsigned max_waiting;
  std::map<std::uint32_t, std::uint32_t> held; ///< by lane: in use and idle
  std::deque<waiter> queue;
  std::set<std::uint64_t> ended; ///< granted, refused, expired or abandoned: each request once

  void granted(const permit_ledger::grant& grant) {
    held[grant.lane] += 1 + grant.spare;
    ASSERT_TRUE(ended.insert(grant.request).second) << "answered twice";
  }
  void served(const grants& list) {
    for (const auto& grant : list) {
      ASSERT_FALSE(queue.empty());
      ASSERT_EQ(grant.request, queue.front().request) << "somebody overtook";
      ASSERT_EQ(grant.lane, queue.front().lane);
      queue.pop_front();
      granted(grant);
    }
  }
  std::uint32_t out() const {
    std::uint32_t sum = 0;
    for (const auto& [lane, count] : held)
      sum += count;
    return sum;
  }
};

TEST(permit_ledger, keeps_the_limit_and_the_order_under_random_use) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random{seed};
    const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
    const unsigned lanes = 1 + below(4);
    model m{permit_ledger{limit(1 + seed * 3, 16)}, 1 + seed * 3, 16, {}, {}, {}};
    for (std::uint32_t lane = 0; lane < lanes; ++lane)
      m.ledger.add_lane(lane);
    std::uint64_t asked = 0;
    unsigned highest = m.max; ///< what is out may exceed a limit that was lowered
    time_ns now = 0;
    for (int step = 0; step < 4000; ++step) {
      now += static_cast<time_ns>(below(20)) * ms;
      const auto lane = below(lanes);
      switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        permit_ledger::grant grant;
        const auto number = ++asked;
        switch (m.ledger.request(lane, number, now, grant)) {
        case verdict::granted:
          ASSERT_TRUE(m.queue.empty()) << "somebody overtook";
          ASSERT_EQ(grant.request, number);
          m.granted(grant);
          break;
        case verdict::queued:
          ASSERT_LT(m.queue.size(), m.max_waiting);
          m.queue.push_back({lane, number, now + 1000 * ms});
          break;
        case verdict::overflow:
          ASSERT_EQ(m.queue.size(), m.max_waiting);
          ASSERT_TRUE(m.ended.insert(number).second);
        }
        break;
      }
      case 3:
      case 4:
        if (auto& held = m.held[lane]; held > 0) {
          const auto count = 1 + below(held);
          held -= count;
          m.served(m.ledger.give_back(lane, count));
        }
        break;
      case 5:
        if (!m.queue.empty()) {
          const auto chosen = m.queue.begin() + below(static_cast<unsigned>(m.queue.size()));
          ASSERT_TRUE(m.ledger.abandon(chosen->lane, chosen->request));
          ASSERT_TRUE(m.ended.insert(chosen->request).second);
          m.queue.erase(chosen);
        }
        break;
      case 6:
        for (const auto& gone : m.ledger.expire(now)) {
          ASSERT_EQ(gone.request, m.queue.front().request);
          ASSERT_LE(m.queue.front().deadline, now);
          ASSERT_TRUE(m.ended.insert(gone.request).second);
          m.queue.pop_front();
        }
        ASSERT_TRUE(m.queue.empty() || m.queue.front().deadline > now);
        break;
      case 7:
        if (below(10) == 0) {
          m.max = 1 + below(60);
          m.served(m.ledger.reconfigure(limit(m.max, m.max_waiting)));
        } else if (below(10) == 0) {
          m.held[lane] = 0;
          for (auto i = m.queue.begin(); i != m.queue.end();) {
            if (i->lane == lane) {
              m.ended.insert(i->request);
              i = m.queue.erase(i);
            } else {
              ++i;
            }
          }
          m.served(m.ledger.remove_lane(lane));
          m.ledger.add_lane(lane);
        }
        break;
      }
      if (HasFatalFailure())
        return;
      highest = std::max(m.max, std::min(highest, m.out()));
      ASSERT_LE(m.out(), highest) << "more permits than there are";
      ASSERT_EQ(m.ledger.leased(), m.out());
      ASSERT_EQ(m.ledger.held_by(lane), m.held[lane]);
      ASSERT_EQ(m.ledger.waiting(), m.queue.size());
      ASSERT_EQ(m.ledger.recalled(), !m.queue.empty() || m.out() > m.max);
      ASSERT_TRUE(m.queue.empty() || m.out() >= m.max) << "somebody waits for a free permit";
    }
    // None was lost: everything that was asked ends once the permits come back.
    for (auto& [lane, held] : m.held)
      m.served(m.ledger.give_back(lane, std::exchange(held, 0)));
    while (!m.queue.empty() && !HasFatalFailure())
      for (auto& [lane, held] : m.held)
        m.served(m.ledger.give_back(lane, std::exchange(held, 0)));
    EXPECT_EQ(m.ended.size(), asked);
    for (const auto& [lane, held] : m.held)
      m.ledger.give_back(lane, held);
    EXPECT_EQ(m.ledger.leased(), 0U);
  }
}

} // namespace
} // namespace synapse::actors
