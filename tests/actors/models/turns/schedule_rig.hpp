/// @file
/// A schedule, and a test that plays everybody around it: lanes, router, clock.
#pragma once

#include "actors/models/turns/schedule.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace synapse::models {

constexpr time_ns ms = 1'000'000;
constexpr time_ns sec = 1'000'000'000;

/// Names a state in a list.
struct listed_model {
  std::string name;
  router_state state = router_state::unloaded;
};

inline catalog list_of(const std::vector<listed_model>& models) {
  catalog list;
  list.is_router = true;
  for (const auto& [name, state] : models) {
    router_model one;
    one.id = name;
    one.state = state;
    list.models.emplace(name, std::move(one));
  }
  return list;
}

struct schedule_rig : testing::Test {
  explicit schedule_rig(std::size_t lane_count = 2) : lanes(lane_count), subject(lane_count, {}) {}

  /// After every word: what follows from it is written down.
  void note() {
    for (auto& one : subject.take_actions())
      switch (one.what) {
      case action::kind::decide:
        EXPECT_TRUE(verdicts.emplace(one.verdict.ticket, one.verdict).second) << "decided twice";
        break;
      case action::kind::view:
        ++views;
        break;
      case action::kind::load:
        loads.push_back(one.model);
        break;
      case action::kind::unload:
        unloads.push_back(one.model);
        break;
      case action::kind::list:
        ++lists;
        break;
      case action::kind::failed:
        failures.emplace_back(one.model, one.verdict.detail);
        break;
      }
  }

  ticket_id ask(std::string_view model, purpose what = purpose::request) {
    const auto ticket = subject.ask(model, what, now);
    note();
    return ticket;
  }
  void abandon(ticket_id ticket) {
    subject.abandon(ticket, now);
    note();
  }
  void list(const std::vector<listed_model>& models, time_ns age = 0) {
    now += 1 * ms; // it takes a moment
    subject.listed(list_of(models), now - age, now);
    note();
  }
  void list_fails(bool gone, bool garbage = false, const std::string& why = "it is away") {
    subject.list_failed(gone, garbage, why, now);
    note();
  }
  void load_says(std::string_view model, router_answer how, const std::string& detail = {}) {
    subject.load_answered(model, how, detail, now);
    note();
  }
  void unload_says(std::string_view model, router_answer how = router_answer::accepted) {
    subject.unload_answered(model, how, {}, now);
    note();
  }
  /// What all lanes tell when they are asked.
  void used(std::string_view model, std::uint32_t in_use, time_ns last_used = 0) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      subject.usage(lane, model, in_use, last_used, now);
    note();
  }
  void drained(std::string_view model, std::size_t lane) {
    subject.drained(lane, model, subject.turn_of(model).closing, now);
    note();
  }
  void drained(std::string_view model) {
    for (std::size_t lane = 0; lane < lanes; ++lane)
      drained(model, lane);
  }
  /// Time passes, with a tick whenever one is due.
  void pass(time_ns by) {
    const auto until = now + by;
    for (int turns = 0; subject.due() != 0 && subject.due() <= until; ++turns) {
      ASSERT_LT(turns, 1000) << "a busy loop";
      ASSERT_GT(subject.due(), now) << "due at once, after everything was done";
      now = subject.due();
      subject.tick(now);
      note();
    }
    now = until;
  }

  /// A model that is loaded because somebody asked for it.
  void make_ready(const std::string& model, const std::vector<listed_model>& others = {}) {
    auto all = others;
    all.push_back({model, router_state::loaded});
    list(all);
    ASSERT_TRUE(open(model));
  }

  bool open(std::string_view model) const { return subject.turn_of(model).open; }
  bool closing(std::string_view model) const { return subject.turn_of(model).closing != 0; }
  bool decided(ticket_id ticket) const { return verdicts.contains(ticket); }
  bool granted(ticket_id ticket) const {
    const auto found = verdicts.find(ticket);
    return found != verdicts.end() && found->second.why == denial::none;
  }
  denial why(ticket_id ticket) const {
    const auto found = verdicts.find(ticket);
    EXPECT_NE(found, verdicts.end()) << "not decided";
    return found == verdicts.end() ? denial::none : found->second.why;
  }

  std::size_t lanes;
  schedule_limits limits;
  schedule subject;
  time_ns now = 1000 * sec;
  std::map<ticket_id, verdict> verdicts;
  std::vector<std::string> loads;
  std::vector<std::string> unloads;
  std::vector<std::pair<std::string, std::string>> failures;
  int views = 0;
  int lists = 0;
};

} // namespace synapse::models
