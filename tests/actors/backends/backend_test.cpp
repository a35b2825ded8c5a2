#include "actors/backends/backend.hpp"
#include "actors/backends/backend_place.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/support/deterministic_actor_system.hpp"

#include <gtest/gtest.h>

namespace synapse::actors {
namespace {

using namespace std::chrono_literals;
using enum attempt_result;

/// A backend between two lanes and a resolver.
struct backend : testing::Test {
  void TearDown() override {
    resolver_script->held.clear();
    for (const auto& lane : lanes)
      actors.end(lane);
    if (control)
      actors.end(control);
  }

  /// Starts it and lets both lanes introduce themselves.
  void start() {
    events.circuit_changed = [this](circuit from, circuit to) { circuits.emplace_back(from, to); };
    events.waiting_changed = [this](std::uint32_t waiting) { waiting_told.push_back(waiting); };
    control = spawn_backend(actors.system(), settings, resolver, events);
    for (std::uint32_t i = 0; i < 2; ++i) {
      lanes.push_back(spawn_fake(actors.system(), told[i]));
      caf::anon_send(control, lanes.back(), i);
    }
    actors.settle();
  }

  template <class... Args>
  void tell(Args... args) {
    caf::anon_send(control, std::move(args)...);
    actors.settle();
  }
  void report(attempt_result result, int times = 1, bool probe = false) {
    for (int i = 0; i < times; ++i)
      tell(result_report(0, result, probe));
  }
  /// @returns the answer that lane got, if there is one already.
  std::optional<lease_answer> lease(std::uint32_t lane, std::uint64_t request, bool probe = false) {
    const auto before = told[lane]->answers.size();
    tell(lease_request(lane, request, probe));
    if (told[lane]->answers.size() == before)
      return std::nullopt;
    return told[lane]->answers.back();
  }
  void reload() { tell(settings_ptr{settings_with(settings)}); }
  backend_snapshot state() {
    auto answer = actors.ask<backend_snapshot>(control, snap_atom::value);
    return answer ? *answer : backend_snapshot{};
  }
  void open_circuit() {
    report(connect_failure, 5);
    ASSERT_EQ(told[0]->view().state, circuit::open);
  }
  void half_open_circuit() {
    open_circuit();
    actors.advance(30s, 100ms);
    ASSERT_EQ(told[0]->view().state, circuit::half_open);
  }

  test::deterministic_actor_system actors;
  config::backend_settings settings = backend_named("b");
  backend_events events;
  std::shared_ptr<fake_resolver> resolver_script = std::make_shared<fake_resolver>();
  resolver_actor resolver = spawn_fake(actors.system(), resolver_script);
  std::vector<std::shared_ptr<fake_lane>> told{std::make_shared<fake_lane>(),
                                               std::make_shared<fake_lane>()};
  std::vector<lane_actor> lanes;
  backend_actor control;
  std::vector<std::pair<circuit, circuit>> circuits;
  std::vector<std::uint32_t> waiting_told;
};

// ---- breaker ----

TEST_F(backend, opens_after_five_failures_and_tells_every_lane) {
  start();
  report(connect_failure, 4);
  for (const auto& lane : told) {
    EXPECT_EQ(lane->view().state, circuit::closed);
    EXPECT_TRUE(lane->view().suspect);
  }
  EXPECT_EQ(state().consecutive_failures, 4U);
  report(reset_before_head);
  for (const auto& lane : told) {
    EXPECT_EQ(lane->view().state, circuit::open);
    EXPECT_EQ(lane->view().open_until, actors.now() + 30'000'000'000);
  }
  EXPECT_EQ(circuits, (std::vector<std::pair<circuit, circuit>>{{circuit::closed, circuit::open}}));
  EXPECT_EQ(state().times_opened, 1U);
}

TEST_F(backend, opens_when_it_is_away_for_others_and_for_the_gateway) {
  start();
  peer_note note;
  note.instance = "other";
  note.note.backend = "b";
  note.note.state = circuit::open;
  note.note.healthy = false;
  tell(note);
  EXPECT_EQ(state().state, circuit::closed) << "what others say decides nothing";
  ASSERT_EQ(state().peers.size(), 1U);
  EXPECT_EQ(state().peers[0].instance, "other");
  EXPECT_EQ(state().peers[0].state, circuit::open);
  EXPECT_FALSE(state().peers[0].healthy);
  tell(away_atom::value);
  for (const auto& lane : told)
    EXPECT_EQ(lane->view().state, circuit::open);
  EXPECT_EQ(circuits, (std::vector<std::pair<circuit, circuit>>{{circuit::closed, circuit::open}}));
  tell(away_atom::value);
  EXPECT_EQ(circuits.size(), 1U);
  note.note.state = circuit::closed;
  note.note.healthy = true;
  tell(note);
  EXPECT_TRUE(state().peers.empty());
  EXPECT_EQ(state().state, circuit::open);
  actors.advance(30s, 100ms);
  EXPECT_EQ(told[0]->view().state, circuit::half_open);
}

TEST_F(backend, refuses_while_open_and_says_for_how_long) {
  start();
  open_circuit();
  actors.advance(10s, 100ms);
  const auto answer = lease(1, 7);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->granted);
  EXPECT_EQ(answer->reason, deny_reason::circuit_open);
  EXPECT_EQ(answer->retry_after_ms, 20'000U);
}

TEST_F(backend, gives_exactly_one_probe_after_the_cooldown) {
  start();
  open_circuit();
  actors.advance(29'900ms, 100ms);
  EXPECT_EQ(told[1]->view().state, circuit::open);
  actors.advance(100ms);
  EXPECT_EQ(told[1]->view().state, circuit::half_open);
  const auto first = lease(0, 1, true);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->granted);
  EXPECT_TRUE(first->probe);
  for (std::uint32_t lane = 0; lane < 2; ++lane) {
    const auto other = lease(lane, 2, true);
    ASSERT_TRUE(other);
    EXPECT_FALSE(other->granted);
    EXPECT_EQ(other->reason, deny_reason::circuit_open);
    EXPECT_GT(other->retry_after_ms, 0U);
  }
}

TEST_F(backend, closes_as_soon_as_the_probe_has_a_head) {
  start();
  half_open_circuit();
  ASSERT_TRUE(lease(0, 1, true)->probe);
  report(head_received, 1, true);
  for (const auto& lane : told) {
    EXPECT_EQ(lane->view().state, circuit::closed);
    EXPECT_FALSE(lane->view().suspect);
  }
  const auto next = lease(1, 2);
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->granted);
  EXPECT_FALSE(next->probe);
  EXPECT_EQ(circuits.back(), std::pair(circuit::half_open, circuit::closed));
}

TEST_F(backend, opens_for_another_cooldown_when_the_probe_fails) {
  start();
  half_open_circuit();
  ASSERT_TRUE(lease(0, 1, true)->probe);
  report(response_timeout, 1, true);
  EXPECT_EQ(told[1]->view().state, circuit::open);
  actors.advance(29'900ms, 100ms);
  EXPECT_EQ(told[1]->view().state, circuit::open);
  actors.advance(100ms);
  EXPECT_EQ(told[1]->view().state, circuit::half_open);
  EXPECT_EQ(state().times_opened, 2U);
}

TEST_F(backend, lets_another_probe_when_one_was_canceled) {
  start();
  half_open_circuit();
  ASSERT_TRUE(lease(0, 1, true)->probe);
  report(canceled, 1, true);
  const auto second = lease(1, 2, true);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->probe);
}

TEST_F(backend, does_not_probe_while_its_permits_are_out) {
  settings.concurrency.max_requests = 1;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  half_open_circuit();
  const auto refused = lease(1, 2, true);
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->granted);
  EXPECT_EQ(state().waiting, 0U);
  tell(lease_return(0, 1));
  EXPECT_TRUE(lease(1, 3, true)->probe);
}

TEST_F(backend, closes_when_a_reload_switches_the_breaker_off) {
  start();
  open_circuit();
  settings.breaker.enabled = false;
  reload();
  EXPECT_EQ(told[0]->view().state, circuit::closed);
  EXPECT_EQ(circuits.back(), std::pair(circuit::open, circuit::closed));
  EXPECT_TRUE(lease(0, 1)->granted);
}

TEST_F(backend, denies_at_once_whom_it_would_have_to_queue_and_who_does_not_wait) {
  settings.concurrency.max_requests = 1;
  start();
  lease_request wanted{0, 1, false};
  wanted.at_once = true;
  tell(wanted);
  ASSERT_EQ(told[0]->answers.size(), 1U);
  EXPECT_TRUE(told[0]->answers[0].granted) << "there is room";
  wanted.request = 2;
  tell(wanted);
  ASSERT_EQ(told[0]->answers.size(), 2U);
  EXPECT_FALSE(told[0]->answers[1].granted);
  EXPECT_EQ(told[0]->answers[1].reason, deny_reason::overflow);
  EXPECT_EQ(state().waiting, 0U);
}

// ---- cells of deployments ----

/// A failure of the deployment whose cell is `cell`.
cell_report failure_of(std::uint64_t cell, routing::cell_harm harm = routing::cell_harm::counts,
                       time_ns length = 0) {
  cell_report report;
  report.cell = cell;
  report.what = cell_report::news::failure;
  report.judged.cell.scope = routing::cell_scope::deployment;
  report.judged.cell.harm = harm;
  report.judged.cell.why = routing::trouble::server_error;
  report.judged.cell.first = report.judged.cell.longest = length;
  return report;
}

struct backend_cells : backend {
  /// As the first lane sees it; closed if it sees none.
  circuit seen(std::uint64_t cell) const {
    for (const auto& one : told[0]->view().cells)
      if (one.cell == cell)
        return one.state;
    return circuit::closed;
  }
  void open_cell(std::uint64_t cell) {
    for (int i = 0; i < 5; ++i)
      tell(failure_of(cell));
    ASSERT_EQ(seen(cell), circuit::open);
  }
  void half_open_cell(std::uint64_t cell) {
    open_cell(cell);
    actors.advance(1300ms, 50ms);
    ASSERT_EQ(seen(cell), circuit::half_open);
  }
  std::optional<lease_answer> lease_cell(std::uint32_t lane, std::uint64_t request,
                                         std::uint64_t cell) {
    const auto before = told[lane]->answers.size();
    tell(lease_request(lane, request, false, cell));
    if (told[lane]->answers.size() == before)
      return std::nullopt;
    return told[lane]->answers.back();
  }
};

TEST_F(backend_cells, open_after_five_failures_and_leave_the_backend_and_others_alone) {
  start();
  for (int i = 0; i < 4; ++i)
    tell(failure_of(7));
  EXPECT_EQ(seen(7), circuit::closed);
  tell(failure_of(7));
  for (const auto& lane : told) {
    ASSERT_EQ(lane->view().cells.size(), 1U);
    EXPECT_EQ(lane->view().cells[0].state, circuit::open);
    EXPECT_EQ(lane->view().cells[0].why, static_cast<std::uint8_t>(routing::trouble::server_error));
    EXPECT_EQ(lane->view().state, circuit::closed);
  }
  EXPECT_EQ(seen(8), circuit::closed);
  EXPECT_TRUE(circuits.empty());
}

TEST_F(backend_cells, are_no_matter_of_what_counts_against_the_backend_as_a_whole) {
  start();
  auto report = failure_of(0);
  report.judged.cell.scope = routing::cell_scope::backend;
  for (int i = 0; i < 4; ++i)
    tell(report);
  EXPECT_EQ(told[0]->view().state, circuit::closed);
  tell(report);
  EXPECT_EQ(told[0]->view().state, circuit::open);
  EXPECT_TRUE(told[0]->view().cells.empty());
}

TEST_F(backend_cells, let_one_request_try_and_close_when_it_succeeds) {
  start();
  half_open_cell(7);
  const auto first = lease_cell(0, 1, 7);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->granted);
  const auto second = lease_cell(1, 2, 7);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->granted);
  EXPECT_EQ(second->reason, deny_reason::deployment_out);
  EXPECT_GT(second->retry_after_ms, 0U);
  cell_report good;
  good.cell = 7;
  good.what = cell_report::news::success;
  good.probe = true;
  tell(good);
  EXPECT_EQ(seen(7), circuit::closed);
  ASSERT_EQ(told[0]->view().cells.size(), 1U);
  EXPECT_EQ(told[0]->view().cells[0].recovered, actors.now());
  actors.advance(11s, 500ms);
  EXPECT_TRUE(told[0]->view().cells.empty()) << "that is forgotten";
}

TEST_F(backend_cells, stay_half_open_when_the_one_that_tried_says_nothing) {
  start();
  half_open_cell(7);
  ASSERT_TRUE(lease_cell(0, 1, 7)->granted);
  auto client_fault = failure_of(7, routing::cell_harm::none);
  client_fault.probe = true;
  client_fault.judged.cell.scope = routing::cell_scope::none;
  tell(client_fault);
  EXPECT_EQ(seen(7), circuit::half_open);
  EXPECT_TRUE(lease_cell(1, 2, 7)->granted) << "the next one may try";
}

TEST_F(backend_cells, give_the_probe_of_a_dead_lane_to_another_one) {
  start();
  half_open_cell(7);
  ASSERT_TRUE(lease_cell(0, 1, 7)->granted);
  actors.end(lanes[0]);
  lanes.erase(lanes.begin());
  actors.settle();
  EXPECT_TRUE(lease_cell(1, 2, 7)->granted);
}

TEST_F(backend_cells, shut_for_as_long_as_the_failure_says) {
  start();
  tell(failure_of(7, routing::cell_harm::shuts, 7'000'000'000));
  EXPECT_EQ(seen(7), circuit::open);
  actors.advance(5500ms, 100ms);
  EXPECT_EQ(seen(7), circuit::open);
  actors.advance(3s, 100ms);
  EXPECT_EQ(seen(7), circuit::half_open);
}

TEST_F(backend_cells, shut_the_backend_itself_where_all_of_it_is_meant) {
  start();
  auto report = failure_of(0, routing::cell_harm::shuts, 300'000'000'000);
  report.judged.cell.scope = routing::cell_scope::backend;
  tell(report);
  EXPECT_EQ(told[0]->view().state, circuit::open);
  EXPECT_EQ(told[0]->view().open_until, actors.now() + 300'000'000'000);
  EXPECT_EQ(circuits, (std::vector<std::pair<circuit, circuit>>{{circuit::closed, circuit::open}}));
  tell(return_atom::value);
  EXPECT_EQ(told[0]->view().state, circuit::closed) << "its health check has succeeded";
}

TEST_F(backend_cells, are_told_to_other_replicas_and_taken_from_them) {
  std::vector<cell_note> told_others;
  std::vector<std::pair<std::string, time_ns>> heard;
  events.cell_changed = [&](const cell_note& note) { told_others.push_back(note); };
  events.cell_heard = [&](const peer_cell& what, time_ns left) {
    heard.emplace_back(what.instance, left);
  };
  start();
  open_cell(7);
  ASSERT_EQ(told_others.size(), 1U);
  EXPECT_EQ(told_others[0].backend, settings.name);
  EXPECT_EQ(told_others[0].place, place_of(settings.url));
  peer_cell word;
  word.instance = "gw-b";
  word.note = told_others[0];
  word.note.cell = 8;
  word.note.until = actors.now() + 4'000'000'000;
  tell(word);
  EXPECT_EQ(seen(8), circuit::open);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].first, "gw-b");
  EXPECT_EQ(heard[0].second, 4'000'000'000);
  EXPECT_EQ(told_others.size(), 1U) << "no word goes round";
  actors.advance(3900ms, 100ms);
  EXPECT_EQ(seen(8), circuit::open);
  actors.advance(200ms, 100ms);
  EXPECT_EQ(seen(8), circuit::half_open);
  EXPECT_TRUE(lease_cell(0, 1, 8)->granted);
  EXPECT_FALSE(lease_cell(1, 2, 8)->granted);
  word.note.cell = 9;
  ++word.note.place;
  tell(word);
  EXPECT_EQ(seen(9), circuit::closed) << "that is another server of the same name";
}

TEST_F(backend_cells, are_as_patient_as_the_deployment_says) {
  start();
  auto report = failure_of(7);
  report.failures = 2;
  report.cooldown = 10'000'000'000;
  tell(report);
  EXPECT_EQ(seen(7), circuit::closed);
  tell(report);
  EXPECT_EQ(seen(7), circuit::open);
  actors.advance(7s, 100ms);
  EXPECT_EQ(seen(7), circuit::open);
  actors.advance(6s, 100ms);
  EXPECT_EQ(seen(7), circuit::half_open);
}

// ---- permits ----

TEST_F(backend, counts_permits_and_serves_in_order) {
  settings.concurrency.max_requests = 2;
  start();
  EXPECT_TRUE(told[0]->view().limited);
  EXPECT_TRUE(lease(0, 1)->granted);
  EXPECT_TRUE(lease(1, 2)->granted);
  EXPECT_FALSE(lease(1, 3));
  EXPECT_FALSE(lease(0, 4));
  for (const auto& lane : told)
    EXPECT_TRUE(lane->view().recalled) << "others wait: idle permits are wanted back";
  auto snapshot = state();
  EXPECT_EQ(snapshot.leased, 2U);
  EXPECT_EQ(snapshot.waiting, 2U);
  tell(lease_return(0, 1));
  EXPECT_EQ(told[1]->answers.back().request, 3U);
  EXPECT_TRUE(told[1]->answers.back().granted);
  tell(lease_return(1, 1));
  EXPECT_EQ(told[0]->answers.back().request, 4U);
  for (const auto& lane : told)
    EXPECT_FALSE(lane->view().recalled);
  EXPECT_EQ(waiting_told, (std::vector<std::uint32_t>{1, 2, 1, 0}));
}

TEST_F(backend, refuses_who_waited_too_long) {
  settings.concurrency.max_requests = 1;
  settings.concurrency.queue_timeout = 2000ms;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  EXPECT_FALSE(lease(1, 2));
  actors.advance(1500ms);
  EXPECT_FALSE(lease(0, 3));
  actors.advance(490ms);
  EXPECT_TRUE(told[1]->answers.empty());
  actors.advance(20ms);
  ASSERT_EQ(told[1]->answers.size(), 1U);
  EXPECT_FALSE(told[1]->answers[0].granted);
  EXPECT_EQ(told[1]->answers[0].reason, deny_reason::queue_timeout);
  EXPECT_EQ(state().waiting, 1U);
  actors.advance(1500ms);
  EXPECT_EQ(told[0]->answers.back().reason, deny_reason::queue_timeout);
  EXPECT_FALSE(told[0]->view().recalled);
  EXPECT_EQ(waiting_told.back(), 0U);
}

TEST_F(backend, refuses_when_too_many_wait) {
  settings.concurrency.max_requests = 1;
  settings.concurrency.max_waiting = 1;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  EXPECT_FALSE(lease(1, 2));
  const auto third = lease(0, 3);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->reason, deny_reason::overflow);
  EXPECT_GT(third->retry_after_ms, 0U);
}

TEST_F(backend, forgets_a_waiting_request_that_was_abandoned) {
  settings.concurrency.max_requests = 1;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  EXPECT_FALSE(lease(1, 2));
  EXPECT_FALSE(lease(1, 3));
  tell(lease_abandon(1, 2));
  tell(lease_return(0, 1));
  EXPECT_EQ(told[1]->answers.back().request, 3U);
}

TEST_F(backend, lets_nobody_wait_for_a_backend_that_fails) {
  settings.concurrency.max_requests = 1;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  EXPECT_FALSE(lease(1, 2));
  open_circuit();
  ASSERT_EQ(told[1]->answers.size(), 1U);
  EXPECT_EQ(told[1]->answers[0].reason, deny_reason::circuit_open);
  EXPECT_FALSE(told[0]->view().recalled);
}

TEST_F(backend, serves_more_when_a_reload_raises_the_limit) {
  settings.concurrency.max_requests = 1;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  for (std::uint64_t i = 2; i < 6; ++i)
    EXPECT_FALSE(lease(1, i));
  settings.concurrency.max_requests = 3;
  reload();
  EXPECT_EQ(told[1]->answers.size(), 2U);
  EXPECT_EQ(state().leased, 3U);
  settings.concurrency.max_requests = 0;
  reload();
  EXPECT_EQ(told[1]->answers.size(), 4U);
  EXPECT_FALSE(told[1]->view().limited);
  EXPECT_EQ(waiting_told.back(), 0U);
}

// ---- lanes ----

TEST_F(backend, takes_back_what_a_dead_lane_held_and_waited_for) {
  settings.concurrency.max_requests = 2;
  start();
  ASSERT_TRUE(lease(0, 1)->granted);
  ASSERT_TRUE(lease(0, 2)->granted);
  EXPECT_FALSE(lease(0, 3));
  EXPECT_FALSE(lease(1, 4));
  EXPECT_FALSE(lease(0, 5));
  EXPECT_FALSE(lease(1, 6));
  caf::anon_send_exit(lanes[0], caf::exit_reason::kill);
  actors.settle();
  ASSERT_EQ(told[1]->answers.size(), 2U) << "both permits went to the living lane";
  EXPECT_EQ(told[1]->answers[1].request, 6U);
  EXPECT_EQ(state().waiting, 0U);
  tell(lease_return(1, 2));
  EXPECT_EQ(state().leased, 0U);
}

TEST_F(backend, lets_another_probe_when_the_probing_lane_has_died) {
  start();
  half_open_circuit();
  ASSERT_TRUE(lease(0, 1, true)->probe);
  caf::anon_send_exit(lanes[0], caf::exit_reason::kill);
  actors.settle();
  EXPECT_TRUE(lease(1, 2, true)->probe);
}

TEST_F(backend, keeps_a_probe_of_a_living_lane_when_another_has_died) {
  start();
  half_open_circuit();
  ASSERT_TRUE(lease(1, 1, true)->probe);
  caf::anon_send_exit(lanes[0], caf::exit_reason::kill);
  actors.settle();
  EXPECT_FALSE(lease(1, 2, true)->granted);
}

TEST_F(backend, ends_with_its_last_lane) {
  start();
  caf::scoped_actor self{actors.system()};
  self->monitor(control);
  actors.end(lanes[0]);
  EXPECT_TRUE(self->mailbox().empty());
  actors.end(lanes[1]);
  EXPECT_FALSE(self->mailbox().empty());
}

// ---- addresses ----

TEST_F(backend, tells_its_lanes_where_it_is) {
  resolver_script->addresses = {address(1), address(2)};
  start();
  ASSERT_EQ(resolver_script->asked.size(), 1U);
  EXPECT_EQ(resolver_script->asked[0].host, "b.example");
  EXPECT_EQ(resolver_script->asked[0].port, 80);
  for (const auto& lane : told) {
    EXPECT_TRUE(lane->view().resolved);
    EXPECT_EQ(lane->view().addresses, resolver_script->addresses);
  }
}

TEST_F(backend, lets_requests_wait_for_the_first_addresses) {
  resolver_script->hold = true;
  start();
  EXPECT_FALSE(lease(0, 1));
  EXPECT_FALSE(lease(1, 2));
  EXPECT_FALSE(lease(1, 3));
  tell(lease_abandon(1, 2));
  resolver_script->release(0, resolver_script->answer_for("b.example"));
  actors.settle();
  EXPECT_TRUE(told[0]->answers.at(0).granted);
  ASSERT_EQ(told[1]->answers.size(), 1U);
  EXPECT_EQ(told[1]->answers[0].request, 3U);
}

TEST_F(backend, refuses_when_its_host_does_not_resolve_and_tries_again_soon) {
  resolver_script->addresses.clear();
  resolver_script->hold = true;
  start();
  EXPECT_FALSE(lease(0, 1));
  resolver_script->hold = false;
  resolver_script->release(0, resolver_script->answer_for("b.example"));
  actors.settle();
  EXPECT_EQ(told[0]->answers.at(0).reason, deny_reason::no_address);
  EXPECT_TRUE(told[0]->view().resolved);
  resolver_script->addresses = {address(3)};
  actors.advance(1100ms);
  EXPECT_EQ(told[0]->view().addresses, resolver_script->addresses)
      << "lanes refuse without asking, so nothing else would make it look again";
}

TEST_F(backend, looks_for_new_addresses_now_and_then) {
  start();
  actors.advance(29'900ms, 100ms);
  EXPECT_EQ(resolver_script->asked.size(), 1U);
  const auto views = told[0]->views.size();
  actors.advance(200ms);
  EXPECT_EQ(resolver_script->asked.size(), 2U);
  EXPECT_EQ(told[0]->views.size(), views) << "nothing has changed";
  resolver_script->addresses = {address(8), address(9)};
  actors.advance(30s, 100ms);
  EXPECT_EQ(resolver_script->asked.size(), 3U);
  EXPECT_EQ(told[1]->view().addresses, resolver_script->addresses);
}

TEST_F(backend, keeps_its_addresses_while_the_name_server_is_away) {
  start();
  const auto known = resolver_script->addresses;
  resolver_script->addresses.clear();
  actors.advance(31s, 100ms);
  EXPECT_GE(resolver_script->asked.size(), 2U);
  EXPECT_EQ(told[0]->view().addresses, known);
  EXPECT_TRUE(lease(0, 1)->granted);
}

TEST_F(backend, keeps_its_addresses_when_the_resolver_has_died) {
  start();
  const auto known = resolver_script->addresses;
  actors.end(resolver);
  actors.advance(70s, 100ms);
  EXPECT_EQ(told[0]->view().addresses, known);
  EXPECT_TRUE(lease(0, 1)->granted);
}

TEST_F(backend, does_not_wait_for_ever_for_a_resolver) {
  resolver_script->hold = true;
  start();
  EXPECT_FALSE(lease(0, 1));
  actors.advance(31s, 100ms);
  ASSERT_EQ(told[0]->answers.size(), 1U);
  EXPECT_EQ(told[0]->answers[0].reason, deny_reason::no_address);
}

TEST_F(backend, looks_for_new_addresses_after_a_failure_but_not_at_every_one) {
  settings.breaker.failures = 1000;
  start();
  report(connect_failure, 50);
  EXPECT_EQ(resolver_script->asked.size(), 1U) << "looked a moment ago";
  actors.advance(1100ms);
  report(connect_failure, 50);
  EXPECT_EQ(resolver_script->asked.size(), 2U);
}

TEST_F(backend, moves_when_a_reload_names_another_host) {
  start();
  resolver_script->addresses = {address(5)};
  settings.url.host = "other.example";
  reload();
  EXPECT_EQ(resolver_script->asked.back().host, "other.example");
  EXPECT_EQ(told[0]->view().addresses, resolver_script->addresses);
}

TEST_F(backend, ignores_answers_about_where_it_was_before) {
  for (const bool host : {true, false}) {
    resolver_script->hold = true;
    if (!control)
      start();
    if (host)
      settings.url.host = "other.example";
    else
      settings.url.port = 81;
    reload();
    ASSERT_EQ(resolver_script->held.size(), 2U);
    EXPECT_FALSE(lease(0, 1));
    const auto& earlier = resolver_script->asked[resolver_script->asked.size() - 2];
    resolver_script->release(0, resolver_script->answer_for(earlier.host));
    actors.settle();
    EXPECT_FALSE(told[0]->view().resolved);
    EXPECT_TRUE(told[0]->answers.empty());
    auto answer = resolver_script->answer_for(settings.url.host);
    answer.addresses = {address(7)};
    resolver_script->release(1, answer);
    actors.settle();
    EXPECT_EQ(told[0]->view().addresses, answer.addresses);
    ASSERT_EQ(told[0]->answers.size(), 1U);
    EXPECT_TRUE(told[0]->answers[0].granted);
    // For the second round: one question is open again.
    told[0]->answers.clear();
    resolver_script->held.clear();
    resolver_script->asked.clear();
    settings.url.host = "third.example";
    reload();
  }
}

TEST_F(backend, ignores_settings_without_it) {
  start();
  tell(settings_ptr{std::make_shared<config::settings>()});
  EXPECT_TRUE(lease(0, 1)->granted);
}

} // namespace
} // namespace synapse::actors
