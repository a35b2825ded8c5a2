#include "http/net/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace synapse::net {
namespace {

/// Runs what has to end without a wake-up from outside.
template <class T>
T finish(task<T> work) {
  std::optional<T> result;
  spawn([](task<T> inner, std::optional<T>& out) -> task<void> {
    out.emplace(co_await std::move(inner));
  }(std::move(work), result));
  if (!result)
    throw std::logic_error("the task is still suspended");
  return std::move(*result);
}

task<int> number(int value) {
  co_return value;
}
task<int> sum_of_two(int a, int b) {
  const int left = co_await number(a);
  const int right = co_await number(b);
  co_return left + right;
}
task<std::unique_ptr<int>> owned(int value) {
  co_return std::make_unique<int>(value);
}

TEST(task, yields_values_through_tasks) {
  EXPECT_EQ(finish(number(7)), 7);
  EXPECT_EQ(finish(sum_of_two(40, 2)), 42);
  EXPECT_EQ(*finish(owned(3)), 3);
}

TEST(task, is_lazy) {
  bool ran = false;
  {
    auto never_awaited = [](bool& flag) -> task<void> {
      flag = true;
      co_return;
    }(ran);
  }
  EXPECT_FALSE(ran);
  spawn([](bool& flag) -> task<void> {
    flag = true;
    co_return;
  }(ran));
  EXPECT_TRUE(ran);
}

TEST(task, releases_what_it_was_given_even_if_never_awaited) {
  auto shared = std::make_shared<int>(1);
  const auto hold = [](std::shared_ptr<int> kept) -> task<int> { co_return *kept; };
  {
    auto idle = hold(shared);
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(finish(hold(shared)), 1);
  EXPECT_EQ(shared.use_count(), 1);
}

task<int> refuses(bool at_once, wake_ptr wake) {
  if (!at_once)
    co_await wake->wait();
  throw std::runtime_error("no");
}

task<void> catches(bool at_once, wake_ptr wake, std::string& said, std::shared_ptr<int>) {
  try {
    static_cast<void>(co_await refuses(at_once, wake));
  } catch (const std::runtime_error& error) {
    said = error.what();
  }
}

TEST(task, hands_exceptions_to_the_awaiting_coroutine) {
  for (const bool at_once : {true, false}) {
    auto wake = make_local<wake_point>();
    auto kept = std::make_shared<int>(0);
    std::string said;
    spawn(catches(at_once, wake, said, kept));
    EXPECT_EQ(said.empty(), !at_once);
    if (!at_once)
      wake->notify();
    EXPECT_EQ(said, "no");
    EXPECT_EQ(kept.use_count(), 1) << "the frame was not freed";
  }
}

TEST(task, hands_exceptions_of_void_tasks_through_several_levels) {
  const auto inner = []() -> task<void> {
    throw std::invalid_argument("deep");
    co_return;
  };
  const auto middle = [&]() -> task<void> { co_await inner(); };
  std::string said;
  spawn([](auto& work, std::string& out) -> task<void> {
    try {
      co_await work();
    } catch (const std::invalid_argument& error) {
      out = error.what();
    }
  }(middle, said));
  EXPECT_EQ(said, "deep");
}

task<int> nested(int depth, wake_ptr wake) {
  if (depth == 0) {
    if (wake)
      co_await wake->wait();
    co_return 0;
  }
  const int below = co_await nested(depth - 1, wake);
  co_return below + 1;
}

task<void> store(task<int> work, int& out) {
  out = co_await std::move(work);
}

TEST(task, unwinds_deep_chains) {
  EXPECT_EQ(finish(nested(5000, nullptr)), 5000);
  auto wake = make_local<wake_point>();
  int result = -1;
  spawn(store(nested(5000, wake), result));
  EXPECT_EQ(result, -1);
  wake->notify();
  EXPECT_EQ(result, 5000);
}

#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Only with -O2 does g++ jump from one coroutine to the next instead of calling it.
constexpr int many = 1'000'000;
#else
constexpr int many = 1'000;
#endif

task<long> loop(int rounds) {
  long sum = 0;
  for (int i = 0; i < rounds; ++i)
    sum += co_await number(1);
  co_return sum;
}

TEST(task, does_not_grow_the_stack_in_a_loop_that_never_suspends) {
  EXPECT_EQ(finish(loop(many)), many);
}

TEST(task, frames_survive_being_freed_on_another_thread) {
  // Recycled per thread: a frame made here is kept by the thread that ends it.
  for (int round = 0; round < 3; ++round) {
    std::vector<task<int>> tasks;
    for (int i = 0; i < 1000; ++i)
      tasks.push_back(nested(0, nullptr));
    std::thread{[kept = std::move(tasks)]() mutable { kept.clear(); }}.join();
  }
  EXPECT_EQ(finish(sum_of_two(1, 2)), 3);
}

task<void> big_frame(wake_ptr wake, long& out) {
  std::array<int, 4000> local{};
  std::iota(local.begin(), local.end(), 0);
  co_await wake->wait();
  out = std::accumulate(local.begin(), local.end(), 0L);
}

TEST(task, keeps_frames_larger_than_the_recycled_sizes) {
  auto wake = make_local<wake_point>();
  long sum = 0;
  spawn(big_frame(wake, sum));
  wake->notify();
  EXPECT_EQ(sum, 7'998'000);
}

// ---- wake_point ----

task<void> count_wakes(wake_ptr wake, int rounds, int& seen) {
  for (int i = 0; i < rounds; ++i) {
    co_await wake->wait();
    ++seen;
  }
}

TEST(wake_point, resumes_the_waiter_before_notify_returns) {
  auto wake = make_local<wake_point>();
  int seen = 0;
  spawn(count_wakes(wake, 2, seen));
  EXPECT_EQ(seen, 0);
  wake->notify();
  EXPECT_EQ(seen, 1);
  wake->notify();
  EXPECT_EQ(seen, 2);
}

TEST(wake_point, keeps_one_wake_up_that_came_while_nobody_waited) {
  auto wake = make_local<wake_point>();
  wake->notify();
  wake->notify();
  wake->notify();
  int seen = 0;
  spawn(count_wakes(wake, 2, seen));
  EXPECT_EQ(seen, 1) << "several early wake-ups are one";
  wake->notify();
  EXPECT_EQ(seen, 2);
}

TEST(wake_point, keeps_a_wake_up_that_comes_while_the_waiter_runs) {
  auto wake = make_local<wake_point>();
  int seen = 0;
  spawn([](wake_ptr point, int& count) -> task<void> {
    co_await point->wait();
    ++count;
    point->notify(); // nobody waits now: kept
    co_await point->wait();
    ++count;
    co_await point->wait();
    ++count;
  }(wake, seen));
  wake->notify();
  EXPECT_EQ(seen, 2);
  wake->notify();
  EXPECT_EQ(seen, 3);
}

TEST(wake_point, outlives_the_coroutine_that_waited) {
  auto wake = make_local<wake_point>();
  int seen = 0;
  spawn(count_wakes(wake, 1, seen));
  wake->notify();
  wake->notify();
  EXPECT_EQ(seen, 1);
}

TEST(wake_point, is_kept_by_the_frame_of_its_waiter) {
  struct counted : wake_point {
    explicit counted(bool& flag) : freed(flag) {}
    ~counted() override { freed = true; }
    bool& freed;
  };
  bool freed = false;
  int seen = 0;
  auto* raw = new counted{freed};
  {
    wake_ptr wake{raw};
    spawn(count_wakes(std::move(wake), 1, seen));
  }
  EXPECT_FALSE(freed);
  wake_ptr {
    raw
    } -> notify();
  EXPECT_EQ(seen, 1);
  EXPECT_TRUE(freed);
}

// ---- local_ptr ----

TEST(local_ptr, shares_and_frees) {
  struct item : local_counted {
    explicit item(int& alive) : count(alive) { ++count; }
    ~item() override { --count; }
    int& count;
  };
  int alive = 0;
  {
    auto first = make_local<item>(alive);
    local_ptr<item> second = first;
    EXPECT_TRUE(first == second);
    first = second; // to itself
    first.reset();
    EXPECT_EQ(alive, 1);
    auto third = std::move(second);
    EXPECT_FALSE(second); // NOLINT(bugprone-use-after-move): what it is moved from is empty
    third = make_local<item>(alive);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

} // namespace
} // namespace synapse::net
