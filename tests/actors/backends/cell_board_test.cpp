#include "actors/backends/cell_board.hpp"
#include "routing/failure/disposition.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

constexpr time_ns one_second = 1'000'000'000;
constexpr std::uint64_t cell = 7;

cell_report report(cell_report::news what, std::uint16_t status = 500, bool probe = false) {
  cell_report made;
  made.cell = cell;
  made.what = what;
  made.probe = probe;
  routing::failure_facts facts;
  facts.status = status;
  made.judged = routing::judge(facts);
  return made;
}
const auto failure = [](std::uint16_t status = 500, bool probe = false) {
  return report(cell_report::news::failure, status, probe);
};
const auto success = [](bool probe = false) {
  return report(cell_report::news::success, 200, probe);
};

struct cell_board_test : testing::Test {
  cell_board board{config::cell_settings{}};
  time_ns now = 1000 * one_second;
  void fail(int times) {
    for (int i = 0; i < times; ++i)
      board.on_report(failure(), now, 1);
  }
  circuit state() const {
    const auto views = board.views(now);
    return views.empty() ? circuit::closed : views.front().state;
  }
};

TEST_F(cell_board_test, has_nothing_to_show_of_deployments_that_do_well) {
  EXPECT_FALSE(board.on_report(success(), now, 1));
  EXPECT_TRUE(board.views(now).empty());
  EXPECT_FALSE(board.next_change());
}

TEST_F(cell_board_test, shuts_after_failures_in_a_row_and_shows_why_and_until_when) {
  fail(4);
  EXPECT_EQ(state(), circuit::closed);
  EXPECT_TRUE(board.views(now).front().suspect);
  fail(1);
  ASSERT_EQ(state(), circuit::open);
  const auto view = board.views(now).front();
  EXPECT_EQ(view.cell, cell);
  EXPECT_EQ(view.open_until, now + one_second);
  EXPECT_EQ(static_cast<routing::trouble>(view.why), routing::trouble::server_error);
  EXPECT_EQ(*board.next_change(), now + one_second);
}

TEST_F(cell_board_test, lets_one_request_try_when_the_cooldown_is_over) {
  fail(5);
  EXPECT_FALSE(board.take_probe(cell, 0, now));
  now += one_second;
  EXPECT_TRUE(board.on_time(now));
  EXPECT_EQ(state(), circuit::half_open);
  EXPECT_TRUE(board.take_probe(cell, 0, now));
  EXPECT_FALSE(board.take_probe(cell, 1, now));
}

TEST_F(cell_board_test, tells_for_a_while_that_it_has_recovered) {
  fail(5);
  now += one_second;
  board.on_time(now);
  ASSERT_TRUE(board.take_probe(cell, 0, now));
  EXPECT_TRUE(board.on_report(success(true), now, 1));
  ASSERT_EQ(state(), circuit::closed);
  EXPECT_EQ(board.views(now).front().recovered, now);
  now += cell_board::recovery;
  EXPECT_TRUE(board.on_time(now));
  EXPECT_TRUE(board.views(now).empty());
}

TEST_F(cell_board_test, a_clients_fault_leaves_a_half_open_cell_half_open_with_its_probe_free) {
  fail(5);
  now += one_second;
  board.on_time(now);
  ASSERT_TRUE(board.take_probe(cell, 0, now));
  board.on_report(failure(400, true), now, 1);
  EXPECT_EQ(state(), circuit::half_open);
  EXPECT_TRUE(board.take_probe(cell, 0, now));
}

TEST_F(cell_board_test, the_probe_of_a_thread_that_ended_is_free) {
  fail(5);
  now += one_second;
  board.on_time(now);
  ASSERT_TRUE(board.take_probe(cell, 3, now));
  board.on_lane_down(2);
  EXPECT_FALSE(board.take_probe(cell, 0, now));
  board.on_lane_down(3);
  EXPECT_TRUE(board.take_probe(cell, 0, now));
}

TEST_F(cell_board_test, a_probe_that_came_to_nothing_is_free) {
  fail(5);
  now += one_second;
  board.on_time(now);
  ASSERT_TRUE(board.take_probe(cell, 0, now));
  board.on_report(report(cell_report::news::nothing, 200, true), now, 1);
  EXPECT_TRUE(board.take_probe(cell, 0, now));
}

TEST_F(cell_board_test, settings_of_a_deployment_count_instead_of_the_usual_ones) {
  auto strict = failure();
  strict.failures = 1;
  strict.cooldown = 9 * one_second;
  board.on_report(strict, now, 1);
  ASSERT_EQ(state(), circuit::open);
  EXPECT_EQ(board.views(now).front().open_until, now + 9 * one_second);
}

TEST_F(cell_board_test, has_a_bounded_number_of_cells) {
  for (std::uint64_t i = 1; i <= cell_board::most_cells + 10; ++i) {
    auto one = failure();
    one.cell = i;
    board.on_report(one, now, 1);
  }
  EXPECT_EQ(board.views(now).size(), cell_board::most_cells);
}

} // namespace
} // namespace synapse::actors
