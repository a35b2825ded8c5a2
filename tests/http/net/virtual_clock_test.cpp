#include "http/net/io_thread.hpp"
#include "http/net/virtual_clock.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace synapse::net {
namespace {

constexpr time_ns second = 1'000'000'000;

struct noted final : timer_node {
  explicit noted(std::function<void()> then) : then(std::move(then)) {}
  void on_timer() override { then(); }
  std::function<void()> then;
};

TEST(virtual_clock, is_the_time_of_its_thread_while_it_lives) {
  const auto real = io_thread::now();
  {
    virtual_clock clock{7 * second};
    EXPECT_EQ(io_thread::recent(), 7 * second);
    EXPECT_EQ(io_thread::now(), 7 * second);
    clock.advance(5);
    EXPECT_EQ(io_thread::now(), 7 * second + 5);
    EXPECT_EQ(io_thread::recent(), 7 * second + 5);
    EXPECT_EQ(clock.now(), 7 * second + 5);
  }
  EXPECT_GE(io_thread::recent(), real) << "nothing of it is left";
  EXPECT_GE(io_thread::now(), real);
}

TEST(virtual_clock, fires_what_is_due_and_nothing_else) {
  virtual_clock clock{1000 * second};
  io_thread thread{0};
  int early = 0;
  int late = 0;
  noted soon{[&] { ++early; }};
  noted later{[&] { ++late; }};
  thread.arm(soon, clock.now() + second);
  thread.arm(later, clock.now() + 100 * second);
  clock.advance(second - timer_wheel::tick);
  EXPECT_EQ(early, 0);
  clock.advance(timer_wheel::tick);
  EXPECT_EQ(early, 1);
  EXPECT_EQ(late, 0);
  clock.advance(98 * second);
  EXPECT_EQ(late, 0);
  clock.advance(second);
  EXPECT_EQ(early, 1);
  EXPECT_EQ(late, 1);
}

TEST(virtual_clock, goes_on_when_what_fires_arms_again) {
  virtual_clock clock{1000 * second};
  io_thread thread{0};
  int times = 0;
  noted again{[&] {
    ++times;
    thread.arm(again, io_thread::now() + 20 * timer_wheel::tick);
  }};
  thread.arm(again, clock.now() + 20 * timer_wheel::tick);
  for (int i = 0; i < 100; ++i)
    clock.advance(timer_wheel::tick);
  EXPECT_EQ(times, 5);
}

TEST(virtual_clock, lets_its_thread_stand_for_another) {
  virtual_clock clock{second};
  io_thread thread{0};
  EXPECT_FALSE(thread.is_current());
  virtual_clock::stand_for(&thread);
  EXPECT_TRUE(thread.is_current());
  virtual_clock::stand_for(nullptr);
  EXPECT_FALSE(thread.is_current());
}

} // namespace
} // namespace synapse::net
