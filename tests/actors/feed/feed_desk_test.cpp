#include "actors/feed/feed_desk.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <caf/send.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace synapse::client {
namespace {

/// Counts how often it is woken.
net::task<void> count_wakes(net::wake_ptr wake, std::shared_ptr<int> woken,
                            std::shared_ptr<bool> over) {
  while (!*over) {
    co_await wake->wait();
    if (!*over)
      ++*woken;
  }
}

struct watched_wake {
  watched_wake() { net::spawn(count_wakes(wake, woken, over)); }
  ~watched_wake() {
    *over = true;
    wake->notify();
  }
  net::wake_ptr wake = net::make_local<net::wake_point>();
  std::shared_ptr<int> woken = std::make_shared<int>(0);
  std::shared_ptr<bool> over = std::make_shared<bool>(false);
};

struct feed_desk_test : testing::Test {
  feed_desk_test() { handle = actors::spawn_pinned<feed_desk>(system.unit(), std::size_t{4}); }
  void TearDown() override {
    system.end(handle);
    handle = nullptr;
  }

  feed_desk& desk() { return feed_desk::behind(handle); }

  /// The next lines reach the desk.
  void tell(int count, std::uint8_t level = 1, const std::string& source = "router") {
    std::vector<actors::feed_line_ptr> lines;
    for (int i = 0; i < count; ++i) {
      auto line = std::make_shared<actors::feed_line>();
      line->position = ++last;
      line->level = level;
      line->source = source;
      lines.push_back(std::move(line));
    }
    caf::anon_send(handle, actors::feed_lines_ptr{
                               std::make_shared<const std::vector<actors::feed_line_ptr>>(lines)});
    system.settle();
  }

  using positions = std::vector<std::uint64_t>;
  static positions take(feed_viewer& viewer, std::size_t max = 100) {
    std::vector<actors::feed_line_ptr> lines;
    viewer.take(lines, max);
    positions result;
    for (const auto& line : lines)
      result.push_back(line->position);
    return result;
  }

  test::deterministic_actor_system system{1};
  actors::feed_desk_actor handle;
  std::uint64_t last = 0;
};

TEST_F(feed_desk_test, keeps_the_latest_lines_for_who_comes) {
  tell(3);
  EXPECT_EQ(desk().ring().size(), 3u);
  tell(3);
  ASSERT_EQ(desk().ring().size(), 4u);
  EXPECT_EQ(desk().ring().front()->position, 3u);
  EXPECT_EQ(desk().ring().back()->position, 6u);
}

TEST_F(feed_desk_test, wakes_a_viewer_once_for_all_lines_that_wait) {
  watched_wake woken;
  feed_viewer viewer{desk(), {}, 10, woken.wake};
  EXPECT_TRUE(viewer.empty());
  tell(2);
  tell(1);
  EXPECT_EQ(*woken.woken, 1);
  EXPECT_FALSE(viewer.empty());
  EXPECT_EQ(take(viewer), (positions{1, 2, 3}));
  EXPECT_TRUE(viewer.empty());
  tell(1);
  EXPECT_EQ(*woken.woken, 2);
  EXPECT_EQ(take(viewer), positions{4});
}

TEST_F(feed_desk_test, offers_no_line_that_was_seen_before) {
  watched_wake woken;
  feed_viewer viewer{desk(), {}, 10, woken.wake, 3};
  tell(3);
  EXPECT_EQ(*woken.woken, 0);
  tell(2);
  EXPECT_EQ(take(viewer), (positions{4, 5}));
}

TEST_F(feed_desk_test, offers_only_what_a_viewer_wants) {
  watched_wake woken;
  feed_viewer warnings{desk(), {2, {}}, 10, woken.wake};
  feed_viewer routers{desk(), {0, {"router", "lane"}}, 10, woken.wake};
  tell(1, 1, "router");
  tell(1, 2, "health");
  tell(1, 3, "lane");
  EXPECT_EQ(take(warnings), (positions{2, 3}));
  EXPECT_EQ(take(routers), (positions{1, 3}));
}

TEST_F(feed_desk_test, a_slow_viewer_loses_the_oldest_lines_and_hears_how_many) {
  watched_wake woken;
  feed_viewer viewer{desk(), {}, 3, woken.wake};
  tell(8);
  EXPECT_EQ(viewer.take_dropped(), 5u);
  EXPECT_EQ(viewer.take_dropped(), 0u);
  EXPECT_EQ(take(viewer), (positions{6, 7, 8}));
}

TEST_F(feed_desk_test, a_viewer_that_takes_some_at_a_time_gets_all_in_order) {
  watched_wake woken;
  feed_viewer viewer{desk(), {}, 5, woken.wake};
  positions seen;
  const auto take_some = [&](std::size_t max) {
    for (const auto position : take(viewer, max))
      seen.push_back(position);
  };
  // Fewer than all are taken, before and after the queue has been full once.
  for (const int come : {3, 2, 3, 4, 1, 5}) {
    tell(come);
    take_some(static_cast<std::size_t>(come) - 1);
  }
  const auto lost = viewer.take_dropped();
  take_some(100);
  ASSERT_EQ(seen.size() + lost, last);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), last);
}

TEST_F(feed_desk_test, a_limit_of_none_is_one) {
  watched_wake woken;
  feed_viewer viewer{desk(), {}, 0, woken.wake};
  tell(2);
  EXPECT_EQ(viewer.take_dropped(), 1u);
  EXPECT_EQ(take(viewer), positions{2});
}

TEST_F(feed_desk_test, viewers_leave_in_any_order) {
  watched_wake woken;
  std::vector<std::unique_ptr<feed_viewer>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(std::make_unique<feed_viewer>(desk(), feed_filter{}, 10, woken.wake));
  EXPECT_EQ(desk().viewers(), 4u);
  all.erase(all.begin() + 1);
  all.erase(all.begin());
  tell(1);
  for (auto& one : all)
    EXPECT_EQ(take(*one), positions{1});
  all.pop_back();
  tell(1);
  EXPECT_EQ(take(*all[0]), positions{2});
  all.clear();
  EXPECT_EQ(desk().viewers(), 0u);
  tell(1);
}

TEST_F(feed_desk_test, lives_as_long_as_a_viewer_looks) {
  watched_wake woken;
  std::optional<feed_viewer> viewer{std::in_place, desk(), feed_filter{}, std::size_t{10},
                                    woken.wake};
  tell(1);
  auto& seen = desk();
  system.end(handle);
  handle = nullptr;
  EXPECT_EQ(seen.viewers(), 1u);
  EXPECT_EQ(take(*viewer), positions{1});
  viewer.reset();
}

} // namespace
} // namespace synapse::client
