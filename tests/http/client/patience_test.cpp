#include "http/client/patience.hpp"
#include "http/net/virtual_clock.hpp"
#include "tests/support/watchdog.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace synapse::client {
namespace {

constexpr net::time_ns second = 1'000'000'000;

/// Somebody who waits, in the test's own time.
class waiter {
public:
  waiter(net::io_thread& io, net::time_ns due, canceler_ptr cancel = nullptr) {
    net::spawn(run(*state_, io, due, std::move(cancel)));
  }
  patience& its() const noexcept { return *state_->its; }
  bool waits() const noexcept { return state_->its != nullptr; }
  bool timed_out() const noexcept { return state_->timed_out; }

private:
  struct state {
    patience* its = nullptr;
    bool timed_out = false;
  };
  static net::task<void> run(state& into, net::io_thread& io, net::time_ns due,
                             canceler_ptr cancel) {
    patience its{io, due, std::move(cancel)};
    into.its = &its;
    while (!its.over())
      co_await its.wait();
    into.timed_out = its.timed_out();
    into.its = nullptr;
  }
  std::unique_ptr<state> state_ = std::make_unique<state>();
};

struct patience_test : testing::Test {
  void pass(net::time_ns time) {
    clock.advance(time);
    io.context().poll();
  }
  test::watchdog dog;
  net::virtual_clock clock{1000 * second};
  net::io_thread io{0};
};

TEST_F(patience_test, is_over_when_its_time_is) {
  waiter one{io, clock.now() + second};
  EXPECT_TRUE(one.waits());
  pass(second - 100'000'000);
  EXPECT_TRUE(one.waits());
  EXPECT_FALSE(one.its().timed_out());
  pass(200'000'000);
  EXPECT_FALSE(one.waits());
  EXPECT_TRUE(one.timed_out());
}

TEST_F(patience_test, whose_time_was_over_before_is_over_soon) {
  waiter one{io, clock.now() - second};
  pass(100'000'000);
  EXPECT_FALSE(one.waits());
  EXPECT_TRUE(one.timed_out());
}

TEST_F(patience_test, may_be_put_off_and_cut_short) {
  waiter one{io, clock.now() + second};
  one.its().put_off(clock.now() + 3 * second);
  pass(2 * second);
  EXPECT_TRUE(one.waits());
  one.its().put_off(clock.now() + second / 2);
  pass(second - 100'000'000);
  EXPECT_FALSE(one.waits());
}

TEST_F(patience_test, outlasts_those_who_wake_it_for_something_else) {
  waiter one{io, clock.now() + second};
  one.its().wake()->notify();
  EXPECT_TRUE(one.waits());
  pass(2 * second);
  EXPECT_FALSE(one.waits());
}

TEST_F(patience_test, is_over_at_once_when_it_is_canceled) {
  auto cancel = net::make_local<canceler>();
  waiter one{io, clock.now() + second, cancel};
  waiter two{io, clock.now() + second, cancel};
  waiter other{io, clock.now() + second};
  EXPECT_FALSE(cancel->canceled());
  cancel->cancel();
  EXPECT_TRUE(cancel->canceled());
  EXPECT_FALSE(one.waits());
  EXPECT_FALSE(one.timed_out());
  EXPECT_FALSE(two.waits());
  EXPECT_TRUE(other.waits());
  waiter late{io, clock.now() + second, cancel};
  EXPECT_FALSE(late.waits()) << "it holds for those to come";
  cancel->cancel();
  pass(2 * second);
  EXPECT_FALSE(other.waits());
}

TEST_F(patience_test, that_ends_is_not_woken_any_more) {
  auto cancel = net::make_local<canceler>();
  {
    patience gone{io, clock.now() + second, cancel};
    EXPECT_FALSE(gone.over());
  }
  pass(2 * second);
  cancel->cancel();
}

TEST_F(patience_test, that_has_run_out_is_not_canceled_afterwards) {
  auto cancel = net::make_local<canceler>();
  patience one{io, clock.now() + second, cancel};
  pass(2 * second);
  cancel->cancel();
  EXPECT_TRUE(one.over());
  EXPECT_TRUE(one.timed_out());
}

} // namespace
} // namespace synapse::client
