#include "http/net/io_thread.hpp"
#include "http/net/virtual_clock.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <utility>
#include <vector>

namespace synapse::net {
namespace {

constexpr time_ns millisecond = 1'000'000;

struct alarm final : timer_node {
  explicit alarm(std::function<void()> then) : then(std::move(then)) {}
  void on_timer() override { then(); }
  std::function<void()> then;
};

struct io_thread_test : testing::Test {
  /// Runs the loop and does this in it; the loop ends behind it.
  void run(const std::function<void()>& work) {
    asio::post(thread.context(), [&] {
      work();
      thread.release();
    });
    thread.run();
  }

  virtual_clock clock{1'000'000 * millisecond};
  io_thread thread{3};
};

TEST_F(io_thread_test, is_the_current_one_of_who_runs_it) {
  io_thread other{4};
  EXPECT_EQ(thread.index(), 3u);
  EXPECT_EQ(io_thread::current(), nullptr);
  run([&] {
    EXPECT_EQ(io_thread::current(), &thread);
    EXPECT_TRUE(thread.is_current());
    EXPECT_FALSE(other.is_current());
    std::thread{[&] { EXPECT_FALSE(thread.is_current()); }}.join();
  });
  EXPECT_EQ(io_thread::current(), nullptr);
}

TEST_F(io_thread_test, calls_its_hooks_four_times_a_second_and_at_the_end) {
  int first = 0;
  int second = 0;
  thread.every_quarter_second([&] { ++first; });
  thread.every_quarter_second([&] { ++second; });
  run([&] {
    clock.advance(249 * millisecond);
    EXPECT_EQ(first, 0);
    clock.advance(millisecond);
    EXPECT_EQ(first, 1);
    for (int i = 0; i < 4; ++i)
      clock.advance(250 * millisecond);
    EXPECT_EQ(first, 5);
  });
  EXPECT_EQ(first, 6) << "what is left is flushed when the loop ends";
  EXPECT_EQ(second, 6);
}

TEST_F(io_thread_test, calls_its_hooks_no_more_often_while_deadlines_are_armed) {
  int called = 0;
  thread.every_quarter_second([&] { ++called; });
  alarm far{[] {}};
  run([&] {
    thread.arm(far, clock.now() + 60'000 * millisecond);
    for (int i = 0; i < 50; ++i)
      clock.advance(timer_wheel::tick);
    EXPECT_EQ(called, 2);
    thread.disarm(far);
  });
}

TEST_F(io_thread_test, tells_how_late_each_tick_is) {
  std::vector<time_ns> late;
  thread.on_loop_delay([&](time_ns by) { late.push_back(by); });
  run([&] {
    clock.advance(250 * millisecond);
    clock.advance(290 * millisecond);
  });
  EXPECT_EQ(late, (std::vector<time_ns>{0, 40 * millisecond}));
}

TEST_F(io_thread_test, a_deadline_does_not_wait_for_the_slow_beat_of_an_idle_loop) {
  int fired = 0;
  alarm soon{[&] { ++fired; }};
  run([&] {
    clock.advance(10 * millisecond);
    thread.arm(soon, clock.now() + 20 * millisecond);
    clock.advance(10 * millisecond);
    EXPECT_EQ(fired, 0);
    clock.advance(10 * millisecond);
    EXPECT_EQ(fired, 1);
  });
}

TEST_F(io_thread_test, a_deadline_that_is_moved_or_taken_off_does_not_fire_as_it_was) {
  int fired = 0;
  alarm moved{[&] { ++fired; }};
  alarm off{[&] { ++fired; }};
  run([&] {
    thread.arm(moved, clock.now() + 20 * millisecond);
    thread.arm(off, clock.now() + 20 * millisecond);
    thread.arm(moved, clock.now() + 100 * millisecond);
    thread.disarm(off);
    for (int i = 0; i < 9; ++i)
      clock.advance(timer_wheel::tick);
    EXPECT_EQ(fired, 0);
    clock.advance(timer_wheel::tick);
    EXPECT_EQ(fired, 1);
  });
}

/// In real time, on another thread.
TEST(io_threads, end_when_they_are_released_from_elsewhere_and_nothing_is_left) {
  io_thread thread{0};
  bool worked = false;
  asio::post(thread.context(), [&] { worked = true; });
  std::thread running{[&] { thread.run(); }};
  thread.release();
  running.join();
  EXPECT_TRUE(worked);
}

TEST(io_threads, wait_for_deadlines_that_are_armed_when_they_are_released) {
  io_thread thread{0};
  bool fired = false;
  alarm soon{[&] { fired = true; }};
  asio::post(thread.context(), [&] {
    thread.arm(soon, io_thread::now() + 15 * millisecond);
    thread.release();
  });
  thread.run();
  EXPECT_TRUE(fired) << "somebody may be waiting for it to end";
}

TEST(io_threads, a_look_at_the_clock_is_the_recent_one_until_the_next) {
  const auto looked = io_thread::now();
  EXPECT_EQ(io_thread::recent(), looked);
  std::thread{[] { EXPECT_GT(io_thread::recent(), 0); }}.join(); // one that has never looked
  EXPECT_EQ(io_thread::recent(), looked);
}

} // namespace
} // namespace synapse::net
