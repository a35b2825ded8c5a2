#include "actors/backends/backend.hpp"
#include "actors/backends/lane.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using enum attempt_result;

/// A lane in front of a backend that writes down what it is told.
struct lanes : testing::Test {
  void TearDown() override {
    actors.end(subject);
    actors.end(control);
  }

  void view(lane_view next) {
    caf::anon_send(subject, std::move(next));
    actors.settle();
  }
  void answer(lease_answer message) {
    caf::anon_send(subject, std::move(message));
    actors.settle();
  }
  void grant(std::uint64_t request, std::uint32_t spare = 0, bool probe = false) {
    lease_answer message;
    message.request = request;
    message.granted = true;
    message.spare = spare;
    message.probe = probe;
    answer(message);
  }
  auto ask(std::uint64_t request, bool control_question = false) {
    auto question =
        actors.begin_ask<permit>(subject, permit_request(request, actors.now(), control_question));
    actors.settle();
    return question;
  }
  /// @pre the lane answers at once.
  permit get(std::uint64_t request, bool control_question = false) {
    auto question = ask(request, control_question);
    EXPECT_TRUE(question.answered()) << request;
    return question.answered() ? **question : permit{};
  }
  void end_request(std::uint64_t request, attempt_result result) {
    caf::anon_send(subject, outcome(request, result));
    actors.settle();
  }
  void abandon(std::uint64_t request) {
    caf::anon_send(subject, permit_abandoned(request));
    actors.settle();
  }
  static lane_view resolved() {
    lane_view result;
    result.resolved = true;
    result.addresses = {address(1), address(2)};
    return result;
  }
  static lane_view limited() {
    auto result = resolved();
    result.limited = true;
    return result;
  }
  bool alive() { return actors.ask<permit>(subject, permit_request(999'999, 0, true)).engaged(); }

  test::deterministic_actor_system actors{1};
  std::shared_ptr<fake_backend> told = std::make_shared<fake_backend>();
  backend_actor control = spawn_fake(actors.system(), told);
  lane_actor subject = spawn_pinned<lane>(actors.unit(), control, 3U);
};

TEST_F(lanes, ask_the_backend_until_addresses_are_known) {
  auto first = ask(1);
  EXPECT_FALSE(first.answered());
  ASSERT_EQ(told->requests.size(), 1U);
  EXPECT_EQ(told->requests[0].lane, 3U);
  EXPECT_EQ(told->requests[0].request, 1U);
  view(resolved());
  grant(1);
  ASSERT_TRUE(first.answered());
  EXPECT_TRUE(first->granted);
  EXPECT_EQ(first->address, address(1));
}

TEST_F(lanes, grant_on_their_own_and_take_addresses_in_turn) {
  view(resolved());
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const auto answer = get(i);
    EXPECT_TRUE(answer.granted);
    EXPECT_FALSE(answer.probe);
    EXPECT_EQ(answer.address, address(i % 2 ? 1 : 2));
  }
  EXPECT_TRUE(told->requests.empty());
}

TEST_F(lanes, refuse_while_the_circuit_is_open) {
  auto open = resolved();
  open.state = circuit::open;
  open.open_until = actors.now() + 12'000'000'000;
  view(open);
  auto answer = get(1);
  EXPECT_FALSE(answer.granted);
  EXPECT_EQ(answer.reason, deny_reason::circuit_open);
  EXPECT_EQ(answer.retry_after_ms, 12'000U);
  actors.advance(20s, 1s); // the backend's word is late
  EXPECT_EQ(get(2).retry_after_ms, 1000U);
}

TEST_F(lanes, refuse_when_the_name_does_not_resolve) {
  lane_view nowhere;
  nowhere.resolved = true;
  view(nowhere);
  EXPECT_EQ(get(1).reason, deny_reason::no_address);
}

TEST_F(lanes, pass_on_why_the_backend_refused) {
  view(limited());
  auto question = ask(1);
  lease_answer refusal;
  refusal.request = 1;
  refusal.reason = deny_reason::queue_timeout;
  refusal.retry_after_ms = 1234;
  answer(refusal);
  ASSERT_TRUE(question.answered());
  EXPECT_FALSE(question->granted);
  EXPECT_EQ(question->reason, deny_reason::queue_timeout);
  EXPECT_EQ(question->retry_after_ms, 1234U);
  end_request(1, ok);
  EXPECT_EQ(told->returned(), 0U) << "there was no permit";
}

// ---- half open ----

TEST_F(lanes, ask_for_the_probe_while_half_open) {
  auto half = resolved();
  half.state = circuit::half_open;
  view(half);
  auto question = ask(1);
  ASSERT_EQ(told->requests.size(), 1U);
  EXPECT_TRUE(told->requests[0].probe);
  grant(1, 0, true);
  ASSERT_TRUE(question.answered());
  EXPECT_TRUE(question->probe);
  end_request(1, head_received);
  ASSERT_EQ(told->reports.size(), 1U);
  EXPECT_EQ(told->reports[0].result, head_received);
  EXPECT_TRUE(told->reports[0].probe);
  end_request(1, reset_after_head);
  ASSERT_EQ(told->reports.size(), 2U) << "head_received does not end the attempt";
  EXPECT_TRUE(told->reports[1].probe);
}

TEST_F(lanes, free_the_probe_of_a_request_that_has_left) {
  auto half = resolved();
  half.state = circuit::half_open;
  view(half);
  auto waiting = ask(1);
  abandon(1);
  ASSERT_EQ(told->abandons.size(), 1U);
  grant(1, 0, true); // was under way
  ASSERT_EQ(told->reports.size(), 1U);
  EXPECT_EQ(told->reports[0].result, canceled);
  EXPECT_TRUE(told->reports[0].probe);
  auto granted = ask(2);
  grant(2, 0, true);
  ASSERT_TRUE(granted.answered());
  abandon(2);
  ASSERT_EQ(told->reports.size(), 2U);
  EXPECT_EQ(told->reports[1].result, canceled);
}

TEST_F(lanes, report_only_a_probes_head) {
  view(resolved());
  get(1);
  end_request(1, head_received);
  EXPECT_TRUE(told->reports.empty());
}

// ---- cells of deployments ----

/// A view with one cell.
lane_view with_cell(lane_view of, std::uint64_t cell, circuit state, time_ns open_until = 0) {
  cell_view one;
  one.cell = cell;
  one.state = state;
  one.open_until = open_until;
  of.cells = {one};
  return of;
}

struct lane_cells : lanes {
  auto ask_for(std::uint64_t request, std::uint64_t cell) {
    auto question =
        actors.begin_ask<permit>(subject, permit_request(request, actors.now(), false, cell));
    actors.settle();
    return question;
  }
  void refuse(std::uint64_t request, deny_reason reason) {
    lease_answer refusal;
    refusal.request = request;
    refusal.reason = reason;
    answer(refusal);
  }
  /// The only thing that was said of cells: that this one's probe is free.
  void expect_given_back(std::uint64_t cell) {
    ASSERT_EQ(told->cells.size(), 1U);
    EXPECT_EQ(told->cells[0].cell, cell);
    EXPECT_EQ(told->cells[0].lane, 3U);
    EXPECT_TRUE(told->cells[0].probe);
    EXPECT_EQ(told->cells[0].what, cell_report::news::nothing);
  }
};

TEST_F(lane_cells, refuse_what_is_for_an_open_one_and_nothing_else) {
  view(with_cell(resolved(), 7, circuit::open, actors.now() + 4'000'000'000));
  auto refused = ask_for(1, 7);
  ASSERT_TRUE(refused.answered());
  EXPECT_FALSE(refused->granted);
  EXPECT_EQ(refused->reason, deny_reason::deployment_out);
  EXPECT_EQ(refused->retry_after_ms, 4000U);
  for (const std::uint64_t other : {0, 8}) {
    auto granted = ask_for(10 + other, other);
    ASSERT_TRUE(granted.answered());
    EXPECT_TRUE(granted->granted);
    EXPECT_FALSE(granted->cell_probe);
  }
}

TEST_F(lane_cells, let_nobody_try_a_half_open_one_without_asking) {
  view(with_cell(resolved(), 7, circuit::half_open));
  auto question = ask_for(1, 7);
  EXPECT_FALSE(question.answered());
  ASSERT_EQ(told->requests.size(), 1U);
  EXPECT_EQ(told->requests[0].cell, 7U);
  EXPECT_FALSE(told->requests[0].probe);
  grant(1);
  ASSERT_TRUE(question.answered());
  EXPECT_TRUE(question->granted);
  EXPECT_TRUE(question->cell_probe);
  EXPECT_TRUE(told->cells.empty()) << "its end is told by whoever has it";
}

TEST_F(lane_cells, free_the_probe_of_a_request_that_left_while_it_waited) {
  view(with_cell(limited(), 7, circuit::half_open));
  auto question = ask_for(1, 7);
  abandon(1);
  expect_given_back(7);
  EXPECT_EQ(told->abandons.size(), 1U);
}

TEST_F(lane_cells, free_the_probe_of_a_request_that_was_refused_for_another_reason) {
  view(with_cell(limited(), 7, circuit::half_open));
  auto taken = ask_for(1, 7);
  refuse(1, deny_reason::deployment_out);
  ASSERT_TRUE(taken.answered());
  EXPECT_EQ(taken->reason, deny_reason::deployment_out);
  EXPECT_TRUE(told->cells.empty()) << "another one tries: it never was this one's";
  auto full = ask_for(2, 7);
  refuse(2, deny_reason::queue_timeout);
  expect_given_back(7);
}

TEST_F(lane_cells, free_the_probe_of_a_request_that_has_nowhere_to_go) {
  view(with_cell(resolved(), 7, circuit::half_open));
  auto question = ask_for(1, 7);
  lane_view nowhere;
  nowhere.resolved = true;
  view(nowhere);
  grant(1);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->reason, deny_reason::no_address);
  expect_given_back(7);
}

TEST_F(lane_cells, free_the_probe_of_those_who_wait_when_they_are_retired) {
  view(with_cell(limited(), 7, circuit::half_open));
  auto question = ask_for(1, 7);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->reason, deny_reason::retired);
  expect_given_back(7);
}

TEST_F(lane_cells, pass_on_what_is_said_of_them_with_their_own_number) {
  cell_report report;
  report.cell = 9;
  report.what = cell_report::news::failure;
  report.successes = 5;
  caf::anon_send(subject, report);
  actors.settle();
  ASSERT_EQ(told->cells.size(), 1U);
  EXPECT_EQ(told->cells[0].lane, 3U);
  EXPECT_EQ(told->cells[0].cell, 9U);
  EXPECT_EQ(told->cells[0].what, cell_report::news::failure);
  EXPECT_EQ(told->cells[0].successes, 5U);
}

TEST_F(lane_cells, are_seen_on_its_thread) {
  view(with_cell(resolved(), 7, circuit::open, 5));
  const auto& seen = lane::behind(subject);
  EXPECT_EQ(&seen.view(), &lane::behind(subject).view());
  EXPECT_TRUE(seen.view().resolved);
  ASSERT_NE(seen.find_cell(7), nullptr);
  EXPECT_EQ(seen.find_cell(7)->open_until, 5);
  EXPECT_EQ(seen.find_cell(8), nullptr);
  view(resolved());
  EXPECT_EQ(seen.find_cell(7), nullptr);
}

// ---- counted permits ----

TEST_F(lanes, grant_from_spare_permits_and_keep_what_comes_back) {
  view(limited());
  auto first = ask(1);
  grant(1, 1);
  ASSERT_TRUE(first.answered());
  EXPECT_TRUE(get(2).granted) << "the spare one";
  auto third = ask(3);
  EXPECT_FALSE(third.answered());
  EXPECT_EQ(told->requests.size(), 2U);
  end_request(1, ok);
  EXPECT_EQ(told->returned(), 0U);
  EXPECT_TRUE(get(4).granted) << "the one that came back";
  EXPECT_FALSE(third.answered()) << "its answer comes from the backend";
}

TEST_F(lanes, give_permits_back_while_others_wait) {
  view(limited());
  auto first = ask(1);
  grant(1, 3);
  auto recalled = limited();
  recalled.recalled = true;
  view(recalled);
  EXPECT_EQ(told->returned(), 3U);
  end_request(1, ok);
  EXPECT_EQ(told->returned(), 4U);
  auto second = ask(2);
  EXPECT_FALSE(second.answered());
  EXPECT_EQ(told->requests.size(), 2U);
}

TEST_F(lanes, give_permits_back_when_the_limit_is_gone) {
  view(limited());
  auto first = ask(1);
  grant(1, 2);
  view(resolved());
  EXPECT_EQ(told->returned(), 2U);
  end_request(1, ok);
  EXPECT_EQ(told->returned(), 3U);
  EXPECT_TRUE(get(2).granted);
  end_request(2, ok);
  EXPECT_EQ(told->returned(), 3U) << "was not counted";
}

TEST_F(lanes, take_each_permit_back_once) {
  auto recalled = limited();
  recalled.recalled = true;
  view(recalled);
  auto first = ask(1);
  grant(1);
  end_request(1, reset_before_head);
  end_request(1, reset_before_head);
  end_request(1, ok);
  abandon(1);
  end_request(77, ok);
  EXPECT_EQ(told->returned(), 1U);
  EXPECT_EQ(told->reports.size(), 1U);
}

TEST_F(lanes, take_many_good_ends_in_one_message) {
  auto state = resolved();
  state.suspect = true;
  view(state);
  for (std::uint64_t i = 1; i <= 3; ++i)
    get(i);
  end_request(2, reset_before_head);
  told->reports.clear();
  caf::anon_send(subject, completed({1, 2, 3, 4}));
  actors.settle();
  EXPECT_EQ(told->reports.size(), 2U) << "2 has ended before, 4 was never granted";
  const auto ended = actors.watch(subject);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  EXPECT_TRUE(*ended) << "nothing is out any more";
}

TEST_F(lanes, say_which_outcomes_are_urgent) {
  view(resolved());
  EXPECT_FALSE(get(1).urgent);
  auto state = resolved();
  state.suspect = true;
  view(state);
  EXPECT_TRUE(get(4).urgent) << "a success ends the series of failures";
  view(limited());
  auto second = ask(2);
  grant(2, 1);
  ASSERT_TRUE(second.answered());
  EXPECT_TRUE(second->urgent);
  EXPECT_TRUE(get(3).urgent) << "from the spare ones";
}

TEST_F(lanes, give_the_permit_of_a_request_back_that_has_left) {
  auto recalled = limited();
  recalled.recalled = true;
  view(recalled);
  auto first = ask(1);
  abandon(1);
  ASSERT_EQ(told->abandons.size(), 1U);
  EXPECT_EQ(told->abandons[0].request, 1U);
  grant(1); // was under way
  EXPECT_EQ(told->returned(), 1U);
  auto second = ask(2);
  grant(2);
  abandon(2);
  EXPECT_EQ(told->returned(), 2U);
  EXPECT_TRUE(told->reports.empty()) << "says nothing about the backend";
}

TEST_F(lanes, give_a_permit_back_that_came_when_there_is_no_address) {
  auto recalled = limited();
  recalled.recalled = true;
  recalled.state = circuit::half_open;
  view(recalled);
  auto question = ask(1);
  recalled.resolved = false; // a reload moved the backend
  recalled.addresses.clear();
  view(recalled);
  grant(1, 0, true);
  ASSERT_TRUE(question.answered());
  EXPECT_EQ(question->reason, deny_reason::no_address);
  EXPECT_EQ(told->returned(), 1U);
  ASSERT_EQ(told->reports.size(), 1U);
  EXPECT_EQ(told->reports[0].result, canceled);
}

TEST_F(lanes, do_not_count_the_gateways_own_questions) {
  view(limited());
  EXPECT_TRUE(get(1, true).granted);
  end_request(1, ok);
  EXPECT_TRUE(told->requests.empty());
  EXPECT_EQ(told->returned(), 0U);
  auto counted = ask(2);
  EXPECT_FALSE(counted.answered()) << "the permit of question 1 was none";
}

// ---- reports ----

TEST_F(lanes, report_failures_at_once_and_successes_of_a_suspect) {
  view(resolved());
  std::uint64_t number = 0;
  const auto end_with = [&](attempt_result result) {
    get(++number);
    end_request(number, result);
  };
  end_with(ok);
  end_with(canceled);
  EXPECT_TRUE(told->reports.empty());
  end_with(connect_failure);
  end_with(response_timeout);
  ASSERT_EQ(told->reports.size(), 2U);
  EXPECT_EQ(told->reports[0].result, connect_failure);
  EXPECT_EQ(told->reports[0].lane, 3U);
  EXPECT_FALSE(told->reports[0].probe);
  auto suspect = resolved();
  suspect.suspect = true;
  view(suspect);
  end_with(ok);
  end_with(canceled);
  ASSERT_EQ(told->reports.size(), 3U);
  EXPECT_EQ(told->reports[2].result, ok);
}

// ---- the end ----

TEST_F(lanes, end_at_once_when_retired_idle) {
  view(resolved());
  get(1);
  end_request(1, ok);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  EXPECT_FALSE(alive());
}

TEST_F(lanes, wait_for_their_last_request_when_retired) {
  view(limited());
  auto running = ask(1);
  grant(1);
  auto waiting = ask(2);
  caf::anon_send(subject, retire_atom::value);
  actors.settle();
  ASSERT_TRUE(waiting.answered());
  EXPECT_EQ(waiting->reason, deny_reason::retired);
  EXPECT_EQ(told->abandons.size(), 1U);
  EXPECT_EQ(get(3).reason, deny_reason::retired);
  EXPECT_TRUE(alive());
  end_request(1, ok);
  EXPECT_EQ(told->returned(), 1U) << "the backend lives until its last lane has ended";
  EXPECT_FALSE(alive());
}

// ---- with a real backend ----

/// Requests that come, wait, end or leave at random, on three lanes of one backend.
struct traffic {
  struct request {
    caf::actor session; ///< says everything about the request, so that nothing overtakes
    std::shared_ptr<std::optional<permit>> answer = std::make_shared<std::optional<permit>>();
    bool gone = false;

    bool granted() const { return *answer && (*answer)->granted; }
    bool denied() const { return *answer && !(*answer)->granted; }
  };

  explicit traffic(unsigned limit) {
    settings.concurrency.max_requests = limit;
    settings.concurrency.max_waiting = 40;
    settings.concurrency.queue_timeout = 500ms;
    settings.breaker.enabled = false;
    control = spawn_backend(actors.system(), settings, spawn_fake(actors.system(), resolver), {});
    for (std::uint32_t i = 0; i < 3; ++i) {
      all_lanes.push_back(spawn_pinned<lane>(actors.unit(i), control, i));
      caf::anon_send(control, all_lanes.back(), i);
    }
    actors.settle();
  }
  ~traffic() {
    for (auto& one : all_lanes)
      actors.end(one);
  }

  void arrive(std::uint32_t index) {
    const auto number = ++last;
    auto& r = requests[number];
    r.session = actors.system().spawn([lane = all_lanes[index], answer = r.answer, number,
                                       now = actors.now()](caf::event_based_actor* self) {
      self->request(lane, caf::infinite, permit_request(number, now)).then([answer](permit& got) {
        answer->emplace(std::move(got));
      });
      return caf::behavior{[self, lane](const outcome& how) {
                             self->send(lane, how);
                             self->quit();
                           },
                           [self, lane](const permit_abandoned& message) {
                             self->send(lane, message);
                             self->quit();
                           }};
    });
  }
  /// Those that hold a permit.
  std::vector<std::uint64_t> running() {
    std::vector<std::uint64_t> result;
    for (auto& [number, r] : requests)
      if (!r.gone && r.granted())
        result.push_back(number);
    return result;
  }
  std::size_t unanswered() {
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), [](auto& r) {
      return !r.second.gone && !*r.second.answer;
    }));
  }
  void end(std::uint64_t number, attempt_result result) {
    auto& r = requests.at(number);
    r.gone = true;
    caf::anon_send(r.session, outcome(number, result));
  }
  void leave(std::uint64_t number) {
    auto& r = requests.at(number);
    r.gone = true;
    caf::anon_send(r.session, permit_abandoned(number));
  }

  test::deterministic_actor_system actors{3};
  std::shared_ptr<fake_resolver> resolver = std::make_shared<fake_resolver>();
  config::backend_settings settings = backend_named("b");
  backend_actor control;
  std::vector<lane_actor> all_lanes;
  std::map<std::uint64_t, request> requests;
  std::uint64_t last = 0;
};

TEST(lanes_together, never_exceed_the_limit_and_lose_no_permit) {
  for (const unsigned limit : {1U, 2U, 7U, 50U}) {
    std::mt19937 random{limit};
    traffic t{limit};
    std::uint32_t refused = 0;
    for (int step = 0; step < 3000; ++step) {
      const auto lane = static_cast<std::uint32_t>(random() % 3);
      const auto running = t.running();
      switch (random() % 6) {
      case 0:
      case 1:
      case 2:
        t.arrive(lane);
        break;
      case 3:
      case 4:
        if (!running.empty())
          t.end(running[random() % running.size()], random() % 2 ? ok : canceled);
        break;
      default:
        // Anybody may leave at any time, also before its answer is there.
        if (!t.requests.empty()) {
          auto chosen = t.requests.lower_bound(1 + random() % t.last);
          if (chosen != t.requests.end() && !chosen->second.gone)
            t.leave(chosen->first);
        }
      }
      // Sometimes messages cross on their way.
      if (random() % 3 == 0)
        t.actors.advance(std::chrono::milliseconds{random() % 30});
      ASSERT_LE(t.running().size(), limit);
      if (t.requests.size() > 400) {
        std::erase_if(t.requests, [&](auto& r) {
          refused += r.second.denied();
          return r.second.gone || r.second.denied();
        });
      }
    }
    t.actors.settle();
    EXPECT_GT(refused, 0U);
    for (const auto number : t.running())
      t.end(number, ok);
    t.actors.advance(1s);
    EXPECT_EQ(t.unanswered(), 0U) << "everybody got an answer";
    for (const auto number : t.running()) // served by the permits that came back
      t.end(number, ok);
    t.actors.settle();
    // All permits are there: as many requests as the limit run at once, whatever the lane.
    t.requests.clear();
    for (unsigned i = 0; i < limit; ++i) {
      t.arrive(i % 3);
      t.actors.settle();
    }
    t.arrive(0); // makes lanes give back what they hold idle
    t.actors.settle();
    EXPECT_EQ(t.running().size(), limit);
    EXPECT_EQ(t.unanswered(), 1U);
  }
}

TEST(lanes_together, serve_in_the_order_of_asking) {
  traffic t{1};
  for (std::uint32_t i = 0; i < 9; ++i) {
    t.arrive(i % 3);
    t.actors.settle();
  }
  for (std::uint64_t expected = 1; expected <= 9; ++expected) {
    ASSERT_EQ(t.running(), std::vector<std::uint64_t>{expected});
    t.end(expected, ok);
    t.actors.settle();
  }
}

} // namespace
} // namespace synapse::actors
