#include "http/net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

namespace synapse::net {
namespace {

constexpr time_ns ms = 1'000'000;
constexpr time_ns start = 5'000'000 * ms + 3 * ms; // not on a tick
constexpr time_ns turn = 1024 * timer_wheel::tick;

struct recorder final : timer_node {
  std::function<void()> then;
  int fired = 0;
  void on_timer() override {
    ++fired;
    if (then)
      then();
  }
};

TEST(timer_wheel, fires_once_within_a_tick_after_the_deadline) {
  timer_wheel wheel{start};
  recorder node;
  EXPECT_FALSE(node.armed());
  EXPECT_TRUE(wheel.empty());
  wheel.arm(node, start + 25 * ms);
  EXPECT_TRUE(node.armed());
  EXPECT_EQ(node.due(), start + 25 * ms);
  EXPECT_FALSE(wheel.empty());
  EXPECT_EQ(wheel.advance(start + 24 * ms), 0U);
  EXPECT_EQ(wheel.advance(start + 25 * ms + timer_wheel::tick), 1U);
  EXPECT_EQ(node.fired, 1);
  EXPECT_FALSE(node.armed());
  EXPECT_TRUE(wheel.empty());
  wheel.advance(start + 10 * turn);
  EXPECT_EQ(node.fired, 1);
}

TEST(timer_wheel, fires_what_is_overdue_with_the_next_tick) {
  timer_wheel wheel{start};
  recorder past;
  recorder ancient;
  wheel.arm(past, start - 1000 * ms);
  wheel.arm(ancient, 0);
  EXPECT_EQ(wheel.advance(start + timer_wheel::tick), 2U);
}

TEST(timer_wheel, follows_deadlines_moved_later_and_earlier) {
  timer_wheel wheel{start};
  recorder later;
  recorder earlier;
  wheel.arm(later, start + 50 * ms);
  wheel.arm(earlier, start + 500 * ms);
  wheel.arm(later, start + 300 * ms);
  wheel.arm(earlier, start + 100 * ms);
  EXPECT_EQ(later.due(), start + 300 * ms);
  wheel.advance(start + 90 * ms);
  EXPECT_EQ(later.fired + earlier.fired, 0);
  wheel.advance(start + 120 * ms);
  EXPECT_EQ(earlier.fired, 1);
  EXPECT_EQ(later.fired, 0);
  wheel.advance(start + 290 * ms);
  EXPECT_EQ(later.fired, 0);
  wheel.advance(start + 320 * ms);
  EXPECT_EQ(later.fired, 1);
}

TEST(timer_wheel, forgets_what_is_disarmed) {
  timer_wheel wheel{start};
  recorder node;
  wheel.arm(node, start + 50 * ms);
  wheel.disarm(node);
  EXPECT_FALSE(node.armed());
  EXPECT_EQ(wheel.advance(start + turn), 0U);
  EXPECT_EQ(node.fired, 0);
  EXPECT_TRUE(wheel.empty()) << "a disarmed node leaves with its slot";
  wheel.disarm(node); // of no effect
  wheel.arm(node, start + turn + 50 * ms);
  EXPECT_EQ(wheel.advance(start + turn + 70 * ms), 1U);
}

TEST(timer_wheel, arms_again_what_was_disarmed_in_its_slot) {
  timer_wheel wheel{start};
  recorder sooner;
  recorder same;
  wheel.arm(sooner, start + 500 * ms);
  wheel.arm(same, start + 500 * ms);
  wheel.disarm(sooner);
  wheel.disarm(same);
  wheel.arm(sooner, start + 100 * ms);
  wheel.arm(same, start + 505 * ms);
  EXPECT_EQ(wheel.advance(start + 120 * ms), 1U);
  EXPECT_EQ(sooner.fired, 1);
  EXPECT_EQ(wheel.advance(start + 520 * ms), 1U);
  EXPECT_EQ(same.fired, 1);
}

TEST(timer_wheel, waits_longer_than_one_turn) {
  timer_wheel wheel{start};
  recorder node;
  recorder much_later;
  wheel.arm(node, start + 3 * turn + 7 * ms);
  wheel.arm(much_later, start + 100 * turn);
  for (time_ns now = start; now < start + 3 * turn; now += 250 * ms)
    wheel.advance(now);
  EXPECT_EQ(node.fired, 0);
  wheel.advance(start + 3 * turn + 20 * ms);
  EXPECT_EQ(node.fired, 1);
  EXPECT_EQ(much_later.fired, 0);
  EXPECT_TRUE(much_later.armed());
}

TEST(timer_wheel, catches_up_after_a_long_pause) {
  timer_wheel wheel{start};
  std::vector<std::unique_ptr<recorder>> nodes;
  const auto pause = start + 50 * turn;
  for (time_ns due = start; due < start + 60 * turn; due += turn / 7) {
    nodes.push_back(std::make_unique<recorder>());
    wheel.arm(*nodes.back(), due);
  }
  wheel.advance(pause);
  std::size_t index = 0;
  for (time_ns due = start; due < start + 60 * turn; due += turn / 7, ++index)
    if (due <= pause - timer_wheel::tick || due > pause) {
      EXPECT_EQ(nodes[index]->fired, due <= pause ? 1 : 0) << due - start;
    }
  for (auto now = pause; now <= start + 61 * turn; now += turn)
    wheel.advance(now);
  for (const auto& node : nodes)
    EXPECT_EQ(node->fired, 1);
  EXPECT_TRUE(wheel.empty());
}

TEST(timer_wheel, does_nothing_when_time_stands_still_or_goes_back) {
  timer_wheel wheel{start};
  recorder node;
  wheel.arm(node, start + 20 * ms);
  EXPECT_EQ(wheel.advance(start), 0U);
  EXPECT_EQ(wheel.advance(start - 1000 * ms), 0U);
  EXPECT_EQ(wheel.advance(start + 40 * ms), 1U);
}

TEST(timer_wheel, lets_a_node_arm_itself_and_others_when_it_fires) {
  timer_wheel wheel{start};
  recorder periodic;
  recorder other;
  time_ns now = start;
  periodic.then = [&] {
    EXPECT_FALSE(periodic.armed());
    wheel.arm(periodic, now + 100 * ms);
    wheel.arm(other, now + 30 * ms);
  };
  wheel.arm(periodic, now + 100 * ms);
  for (; now < start + 1050 * ms; now += timer_wheel::tick)
    wheel.advance(now);
  EXPECT_GE(periodic.fired, 9);
  EXPECT_LE(periodic.fired, 10);
  EXPECT_GE(other.fired, periodic.fired - 1);
}

TEST(timer_wheel, lets_a_node_disarm_or_destroy_another_of_its_slot) {
  for (const bool destroy : {false, true}) {
    timer_wheel wheel{start};
    std::vector<std::unique_ptr<recorder>> nodes;
    for (int i = 0; i < 8; ++i) {
      nodes.push_back(std::make_unique<recorder>());
      wheel.arm(*nodes.back(), start + 50 * ms);
    }
    // Whichever fires first takes all others out.
    int fired = 0;
    for (auto& node : nodes)
      node->then = [&, self = node.get()] {
        ++fired;
        for (auto& other : nodes) {
          if (!other || other.get() == self)
            continue;
          if (destroy)
            other.reset();
          else
            wheel.disarm(*other);
        }
      };
    EXPECT_EQ(wheel.advance(start + 70 * ms), 1U);
    EXPECT_EQ(fired, 1);
    EXPECT_TRUE(wheel.empty());
  }
}

TEST(timer_wheel, lets_a_node_destroy_itself) {
  timer_wheel wheel{start};
  auto node = std::make_unique<recorder>();
  node->then = [&] { auto gone = std::move(node); };
  wheel.arm(*node, start + 50 * ms);
  EXPECT_EQ(wheel.advance(start + 70 * ms), 1U);
  EXPECT_FALSE(node);
}

TEST(timer_wheel, forgets_what_is_destroyed_while_armed) {
  timer_wheel wheel{start};
  auto first = std::make_unique<recorder>();
  recorder second;
  auto third = std::make_unique<recorder>();
  for (timer_node* node : {static_cast<timer_node*>(first.get()), static_cast<timer_node*>(&second),
                           static_cast<timer_node*>(third.get())})
    wheel.arm(*node, start + 50 * ms);
  third.reset(); // the list's head
  first.reset(); // its tail
  EXPECT_EQ(wheel.advance(start + 70 * ms), 1U);
  EXPECT_EQ(second.fired, 1);
}

TEST(timer_wheel, leaves_nodes_that_outlive_it_disarmed) {
  recorder node;
  recorder other;
  {
    timer_wheel wheel{start};
    wheel.arm(node, start + 50 * ms);
    wheel.arm(other, start + 50 * ms);
  }
  EXPECT_FALSE(node.armed());
  timer_wheel next{start};
  next.arm(node, start + 30 * ms);
  EXPECT_EQ(next.advance(start + 50 * ms), 1U);
}

// Against the plainest model there is: a list of deadlines.
TEST(timer_wheel, agrees_with_a_list_of_deadlines) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random{seed};
    const auto below = [&](std::uint64_t bound) { return static_cast<time_ns>(random() % bound); };
    struct entry {
      recorder node;
      time_ns due = 0; ///< 0: not armed
      time_ns armed_at = 0;
      int fired = 0;
    };
    std::vector<entry> entries(300);
    time_ns now = start + below(1000) * ms;
    timer_wheel wheel{now};
    for (int step = 0; step < 4000; ++step) {
      for (int change = 0; change < 10; ++change) {
        auto& e = entries[static_cast<std::size_t>(below(entries.size()))];
        const auto kind = below(10);
        if (kind < 2) {
          wheel.disarm(e.node);
          e.due = 0;
        } else {
          const time_ns reach[] = {40 * ms, 2'000 * ms, 3 * turn};
          e.due = now - 20 * ms + below(static_cast<std::uint64_t>(reach[kind % 3]));
          e.armed_at = now;
          wheel.arm(e.node, e.due);
        }
      }
      const auto last = now;
      now += below(50) == 0 ? below(static_cast<std::uint64_t>(2 * turn)) : below(35 * ms);
      unsigned expected = 0;
      const auto fired = wheel.advance(now);
      for (auto& e : entries) {
        if (e.node.fired > e.fired) {
          ASSERT_EQ(e.node.fired, e.fired + 1);
          ASSERT_NE(e.due, 0) << "fired although disarmed";
          ASSERT_LE(e.due, now) << "fired early";
          e.fired = e.node.fired;
          e.due = 0;
          ++expected;
        } else if (e.due != 0) {
          const auto slot = std::max((e.due + timer_wheel::tick - 1) / timer_wheel::tick,
                                     last / timer_wheel::tick + 1);
          ASSERT_GT(slot, now / timer_wheel::tick) << "a deadline was missed";
        }
        ASSERT_EQ(e.node.armed(), e.due != 0);
      }
      ASSERT_EQ(fired, expected);
    }
    entries.clear();
    EXPECT_TRUE(wheel.empty());
  }
}

} // namespace
} // namespace synapse::net
