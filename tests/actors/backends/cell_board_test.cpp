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

// ---- what other replicas have found ----

cell_note found_by_other(circuit state, time_ns found, time_ns until = 0) {
  cell_note note;
  note.cell = cell;
  note.state = state;
  note.why = static_cast<std::uint8_t>(routing::trouble::key_refused);
  note.found = found;
  note.until = until;
  return note;
}

struct cell_board_of_replicas : cell_board_test {
  bool hear(circuit state, time_ns left = 0, const std::string& from = "gw-b", time_ns age = 0) {
    return board.on_other(from, found_by_other(state, now - age, left == 0 ? 0 : now + left), now);
  }
  void pass(time_ns by) {
    now += by;
    board.on_time(now);
  }
  bool try_once() { return board.take_probe(cell, 0, now); }
  cell_view view() const {
    const auto views = board.views(now);
    return views.empty() ? cell_view{} : views.front();
  }
};

TEST_F(cell_board_of_replicas, keeps_out_what_another_one_has_shut_and_says_who_it_was) {
  EXPECT_TRUE(hear(circuit::open, 7 * one_second));
  EXPECT_EQ(state(), circuit::open);
  EXPECT_EQ(view().found_by, "gw-b");
  EXPECT_EQ(view().open_until, now + 7 * one_second);
  EXPECT_EQ(static_cast<routing::trouble>(view().why), routing::trouble::key_refused);
  EXPECT_EQ(*board.next_change(), now + 7 * one_second);
  EXPECT_FALSE(try_once());
  EXPECT_TRUE(board.take_news().empty()) << "it is not this one's to tell";
}

TEST_F(cell_board_of_replicas, lets_one_request_try_when_the_time_has_run_out) {
  hear(circuit::open, 7 * one_second);
  pass(7 * one_second - 1);
  EXPECT_EQ(state(), circuit::open);
  now += 1;
  EXPECT_EQ(state(), circuit::half_open) << "also before anybody has looked";
  pass(0);
  EXPECT_EQ(state(), circuit::half_open);
  EXPECT_TRUE(view().found_by.empty());
  EXPECT_TRUE(try_once());
  EXPECT_FALSE(try_once()) << "one at a time";
  board.on_report(success(true), now, 1);
  EXPECT_EQ(state(), circuit::closed);
  EXPECT_TRUE(board.take_news().empty()) << "it had not told anybody that it was shut";
}

TEST_F(cell_board_of_replicas, opens_as_soon_as_the_one_that_has_shut_it_says_so) {
  hear(circuit::open, 300 * one_second);
  pass(2 * one_second);
  EXPECT_TRUE(hear(circuit::closed));
  EXPECT_EQ(state(), circuit::closed);
  EXPECT_EQ(view().recovered, now) << "with a small share at first";
  EXPECT_FALSE(hear(circuit::closed)) << "twice is once";
}

TEST_F(cell_board_of_replicas, tries_when_the_one_that_has_shut_it_does) {
  hear(circuit::open, 300 * one_second);
  EXPECT_TRUE(hear(circuit::half_open));
  EXPECT_EQ(state(), circuit::half_open);
  EXPECT_TRUE(try_once());
}

TEST_F(cell_board_of_replicas, stays_shut_until_the_last_of_several_findings_is_over) {
  hear(circuit::open, 5 * one_second, "gw-b");
  hear(circuit::open, 60 * one_second, "gw-c");
  EXPECT_EQ(view().found_by, "gw-c");
  hear(circuit::closed, 0, "gw-c");
  EXPECT_EQ(state(), circuit::open);
  EXPECT_EQ(view().found_by, "gw-b");
  pass(5 * one_second);
  EXPECT_EQ(state(), circuit::half_open);
}

TEST_F(cell_board_of_replicas, word_of_one_does_not_end_what_this_one_has_found) {
  fail(5);
  hear(circuit::open, 30 * one_second);
  EXPECT_EQ(view().found_by, "gw-b") << "which is longer";
  hear(circuit::closed);
  EXPECT_EQ(state(), circuit::open);
  EXPECT_TRUE(view().found_by.empty());
  pass(one_second);
  EXPECT_EQ(state(), circuit::half_open);
}

TEST_F(cell_board_of_replicas, own_success_wins_over_what_was_found_before) {
  fail(5);
  pass(one_second);
  ASSERT_TRUE(try_once());
  hear(circuit::open, 60 * one_second, "gw-b", one_second);
  EXPECT_EQ(state(), circuit::open);
  now += one_second / 2;
  board.on_report(success(true), now, 1);
  EXPECT_EQ(state(), circuit::closed) << "its try has gone well, later than that was found";
  pass(20 * one_second);
  hear(circuit::open, 39 * one_second, "gw-b", 21 * one_second);
  EXPECT_EQ(state(), circuit::closed) << "told once more, after a break of the connection";
  hear(circuit::open, 60 * one_second, "gw-b");
  EXPECT_EQ(state(), circuit::open) << "that is new";
}

TEST_F(cell_board_of_replicas, the_same_told_again_changes_nothing) {
  EXPECT_TRUE(hear(circuit::open, 60 * one_second));
  now += one_second;
  EXPECT_FALSE(hear(circuit::open, 59 * one_second, "gw-b", one_second));
  EXPECT_EQ(view().open_until, now + 59 * one_second);
  hear(circuit::open, 0);
  EXPECT_EQ(state(), circuit::half_open) << "its time is over where it was found";
}

TEST_F(cell_board_of_replicas, bounds_what_others_can_fill) {
  for (std::size_t i = 0; i < 2 * cell_board::most_others; ++i)
    hear(circuit::open, static_cast<time_ns>(i + 1) * one_second, std::to_string(i));
  EXPECT_EQ(view().open_until, now + cell_board::most_others * one_second);
  auto note = found_by_other(circuit::open, now, now + one_second);
  for (std::size_t i = 0; i < cell_board::most_cells; ++i) {
    note.cell = 100 + i;
    board.on_other("gw-b", note, now);
  }
  EXPECT_EQ(board.views(now).size(), cell_board::most_cells);
}

TEST_F(cell_board_of_replicas, tells_of_its_own_findings_once_per_change) {
  fail(4);
  EXPECT_TRUE(board.take_news().empty());
  fail(1);
  auto news = board.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].cell, cell);
  EXPECT_EQ(news[0].state, circuit::open);
  EXPECT_EQ(news[0].found, now);
  EXPECT_EQ(news[0].until, now + one_second);
  fail(20);
  pass(one_second);
  EXPECT_TRUE(board.take_news().empty()) << "others count the time themselves";
  ASSERT_TRUE(try_once());
  board.on_report(failure(500, true), now, 1);
  news = board.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].until, now + 2 * one_second);
  pass(2 * one_second);
  ASSERT_TRUE(try_once());
  board.on_report(success(true), now, 1);
  news = board.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].state, circuit::closed);
}

TEST_F(cell_board_of_replicas, tells_of_a_shut_that_lasts_longer_but_not_for_every_request) {
  auto limited = failure(429);
  limited.judged.cell.floor = 7 * one_second;
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i) {
    now += one_second / 50; // two seconds in all
    board.on_report(limited, now, 1);
    told += board.take_news().size();
  }
  EXPECT_GE(told, 2U);
  EXPECT_LE(told, 3U);
}

TEST_F(cell_board_of_replicas, tells_when_health_ends_a_shut_before_its_time) {
  auto unhealthy = failure();
  unhealthy.judged.cell.harm = routing::cell_harm::shuts_until_healthy;
  board.on_report(unhealthy, now, 1);
  EXPECT_EQ(board.take_news().at(0).until, now + 300 * one_second);
  now += one_second;
  board.on_healthy(now);
  const auto news = board.take_news();
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].state, circuit::half_open);
}

TEST_F(cell_board_of_replicas, counts_failures_by_the_deployments_own_settings_also_after_a_word) {
  hear(circuit::open, one_second);
  hear(circuit::closed);
  auto patient = failure();
  patient.failures = 2;
  board.on_report(patient, now, 1);
  EXPECT_EQ(state(), circuit::closed);
  board.on_report(patient, now, 1);
  EXPECT_EQ(state(), circuit::open);
}

TEST_F(cell_board_of_replicas, the_probe_of_a_thread_that_ended_is_free_though_another_one_spoke) {
  fail(5);
  pass(one_second);
  ASSERT_TRUE(try_once());
  hear(circuit::open, 5 * one_second);
  board.on_lane_down(0);
  pass(5 * one_second);
  EXPECT_TRUE(try_once());
}

} // namespace
} // namespace synapse::actors
