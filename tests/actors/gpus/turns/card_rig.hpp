/// @file
/// A card's schedule, and a test that plays everybody around it: lanes, servers, clock. What must
/// never happen is looked for with every step.
#pragma once

#include "actors/gpus/turns/gpu_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace synapse::gpus {

constexpr time_ns ms = 1'000'000;
constexpr time_ns sec = 1'000'000'000;
constexpr std::size_t gib = std::size_t{1} << 30;

/// A vLLM as a test has it.
struct played_server {
  bool asleep = true;
  bool waking = false;
  bool down = false;
  unsigned life = 0; ///< goes up when it is started anew
  unsigned running = 0;
  unsigned foreign = 0; ///< requests that have not come through the gateway
  time_ns wake_takes = 2 * sec;
  time_ns sleep_takes = 500 * ms;
  outcome wake_says = outcome::done;
  outcome sleep_says = outcome::done;
  bool has_metrics = true;
  bool has_sleep_mode = true;
  int wakes = 0;
  int sleeps = 0;
  int warm_ups = 0;
  std::vector<action::kind> commands;
};

struct card_rig : testing::Test {
  card_rig() {
    limits.vram = 32 * gib;
    limits.reserve = 1 * gib;
  }

  /// Begins; members are known before.
  void start() {
    subject.set_limits(limits, now);
    subject.lead(true, now);
    for (const auto& [name, member] : members)
      subject.set_member(name, member, now);
    note();
    pass(limits.settle + 1 * sec);
  }
  played_server& add(const std::string& name, std::size_t awake = 20 * gib,
                     std::size_t asleep = 2 * gib) {
    members[name].awake = awake;
    members[name].asleep = asleep;
    return servers[name];
  }

  // ---- what is done with what was decided ----

  void note() {
    for (auto& one : subject.take_actions())
      play(one);
    if (strict)
      check();
  }
  void play(const action& one) {
    switch (one.what) {
    case action::kind::decide:
      EXPECT_TRUE(verdicts.emplace(one.verdict.ticket, one.verdict).second) << "decided twice";
      later(1 * ms, [this, what = one.verdict] { on_verdict(what); });
      break;
    case action::kind::view: {
      std::map<std::string, turn> seen;
      for (const auto& [name, view] : subject.view())
        seen[name] = view.turn;
      later(1 * ms, [this, seen, told = subject.contended()] { on_view(seen, told); });
      break;
    }
    case action::kind::failed:
      failures.push_back(one.member + ": " + one.verdict.detail);
      break;
    case action::kind::refused:
      refusals.push_back(one.member + ": " + one.verdict.detail);
      break;
    default:
      command(one);
    }
  }
  void command(const action& one) {
    auto& server = servers[one.member];
    const auto member = one.member;
    const auto call = one.call;
    const auto say = [=, this](outcome how, const std::string& why = {}) {
      return [=, this] { subject.answered(member, call, how, why, now); };
    };
    if (one.what != action::kind::look && one.what != action::kind::measure)
      server.commands.push_back(one.what);
    if (server.down) {
      if (one.what == action::kind::look)
        later(1 * ms, [=, this] {
          subject.looked(member, call, sighting::gone, "connection refused", now);
        });
      else if (one.what == action::kind::measure)
        later(1 * ms, [=, this] { subject.measured(member, call, {}, "connection refused", now); });
      else
        later(1 * ms, say(outcome::gone, "connection refused"));
      return;
    }
    switch (one.what) {
    case action::kind::look:
      later(1 * ms, [=, this] {
        const auto& at = servers[member];
        const bool asleep = at.asleep || at.waking;
        subject.looked(member, call,
                       !at.has_sleep_mode ? sighting::missing
                       : asleep           ? sighting::asleep
                                          : sighting::awake,
                       "", now);
      });
      break;
    case action::kind::measure:
      later(1 * ms, [=, this] {
        const auto& at = servers[member];
        std::optional<std::uint64_t> count;
        if (at.has_metrics)
          count = at.running + at.foreign;
        subject.measured(member, call, count, "no such page", now);
      });
      break;
    case action::kind::sleep:
      ++server.sleeps;
      EXPECT_EQ(server.running, 0U) << member << " was put to sleep while it worked";
      EXPECT_FALSE(members[member].persistent) << member << " was put to sleep";
      if (server.sleep_says == outcome::done || server.sleep_says == outcome::silent)
        later(server.sleep_takes, [=, this, life = server.life] {
          if (servers[member].life == life)
            servers[member].asleep = true;
        });
      later(server.sleep_takes, say(server.sleep_says, "will not"));
      break;
    case action::kind::wake:
    case action::kind::wake_weights:
    case action::kind::wake_cache:
      wake(one, server);
      break;
    case action::kind::reload_weights:
      later(server.wake_takes, say(server.wake_says, "will not"));
      break;
    case action::kind::warm_up:
      ++server.warm_ups;
      EXPECT_FALSE(server.asleep || server.waking);
      later(100 * ms, say(outcome::done));
      break;
    default:
      break;
    }
  }
  void wake(const action& one, played_server& server) {
    const auto member = one.member;
    const auto call = one.call;
    const auto how = server.wake_says;
    ++server.wakes;
    EXPECT_FALSE(server.waking) << member << " was woken twice";
    EXPECT_TRUE(server.asleep) << member << " was woken although it is awake";
    server.waking = true;
    const bool last = one.what != action::kind::wake_weights;
    const bool works = how == outcome::done || how == outcome::silent;
    later(server.wake_takes, [=, this, life = server.life] {
      if (servers[member].life != life)
        return;
      servers[member].waking = false;
      if (works && last)
        servers[member].asleep = false;
    });
    later(server.wake_takes, [=, this] {
      subject.answered(member, call, how, how == outcome::out_of_memory ? "CUDA out of memory" : "",
                       now);
    });
  }

  // ---- lanes ----

  struct lane {
    std::map<std::string, turn> seen;
    std::map<std::string, std::uint32_t> in_use;
    std::map<std::string, time_ns> used;
    bool told = false;
  };
  void tell(std::uint32_t number, const std::string& member) {
    auto& at = lanes[number];
    subject.usage(number, member, at.in_use[member], at.used[member], now);
  }
  void tell_drained(std::uint32_t number, const std::string& member) {
    auto& at = lanes[number];
    const auto closing = at.seen[member].closing;
    if (closing != 0 && at.in_use[member] == 0)
      subject.drained(number, member, closing, now);
  }
  void on_view(const std::map<std::string, turn>& seen, bool told) {
    for (std::uint32_t number = 0; number < lanes.size(); ++number) {
      auto& at = lanes[number];
      const auto before = std::exchange(at.seen, seen);
      const bool told_before = std::exchange(at.told, told);
      for (const auto& [member, turn] : seen) {
        const auto old = before.find(member);
        const bool was_open = old != before.end() && old->second.open;
        if (told && turn.open && (!told_before || !was_open))
          tell(number, member);
        if (turn.closing != 0 && (old == before.end() || old->second.closing != turn.closing))
          tell_drained(number, member);
      }
    }
  }
  void begin(std::uint32_t number, const std::string& member, time_ns takes) {
    auto& at = lanes[number];
    auto& server = servers[member];
    EXPECT_FALSE(server.asleep || server.waking) << "a request came to " << member << " asleep";
    ++begun[member];
    ++at.in_use[member];
    ++server.running;
    at.used[member] = now;
    if (at.told && at.in_use[member] == 1)
      tell(number, member);
    later(takes, [this, number, member] { end(number, member); });
  }
  void end(std::uint32_t number, const std::string& member) {
    auto& at = lanes[number];
    --servers[member].running;
    --at.in_use[member];
    at.used[member] = now;
    if (at.in_use[member] > 0)
      return;
    if (at.told)
      tell(number, member);
    tell_drained(number, member);
  }
  void on_verdict(const verdict& what) {
    const auto found = asked.find(what.ticket);
    if (found == asked.end())
      return; // has left
    longest_wait = std::max(longest_wait, now - found->second.since);
    if (what.why == denial::none)
      begin(found->second.lane, what.member, found->second.takes);
    asked.erase(found);
  }

  // ---- what a test does ----

  /// A request. @returns its ticket; 0 when it began at once.
  ticket_id request(const std::string& member, time_ns takes = 1 * sec, std::uint32_t number = 0) {
    if (lanes[number].seen[member].open) {
      begin(number, member, takes);
      note();
      return 0;
    }
    // The verdict is among the actions, so the asker is written down before they are played.
    const auto ticket = subject.ask(member, now);
    asked[ticket] = {number, takes, now};
    note();
    return ticket;
  }
  void abandon(ticket_id ticket) {
    asked.erase(ticket);
    subject.abandon(ticket, now);
    note();
  }
  void goes_down(const std::string& member) {
    auto& server = servers[member];
    server.down = true;
    server.asleep = server.waking = false;
    ++server.life;
  }
  void later(time_ns after, std::function<void()> what) {
    events.emplace(now + after, std::move(what));
  }
  /// Time passes, with all that happens meanwhile.
  void pass(time_ns by) {
    const auto until = now + by;
    for (int at_once = 0;;) {
      const auto due = subject.due(now);
      auto next = events.empty() ? until + 1 : events.begin()->first;
      if (due != 0)
        next = std::min(next, std::max(due, now));
      if (next > until)
        break;
      at_once = next == now ? at_once + 1 : 0;
      ASSERT_LT(at_once, 1000) << "a busy loop";
      now = next;
      if (!events.empty() && events.begin()->first <= now) {
        auto what = std::move(events.begin()->second);
        events.erase(events.begin());
        what();
      } else {
        subject.tick(now);
      }
      note();
    }
    now = until;
  }
  /// What the servers' memory comes to, and who is awake beside whom.
  void check() {
    std::size_t sum = limits.reserve;
    for (const auto& [name, server] : servers)
      if (!server.down)
        sum += holds(server) ? members[name].awake : members[name].asleep;
    EXPECT_LE(sum, limits.vram) << "too much is awake";
    for (const auto& group : limits.exclusive)
      EXPECT_LE(std::count_if(group.begin(), group.end(),
                              [&](const auto& name) { return holds(servers[name]); }),
                1)
          << "two of an exclusive group are awake";
  }
  static bool holds(const played_server& server) {
    return !server.down && (!server.asleep || server.waking);
  }
  denial why(ticket_id ticket) const {
    const auto found = verdicts.find(ticket);
    EXPECT_NE(found, verdicts.end()) << "not decided";
    return found == verdicts.end() ? denial::none : found->second.why;
  }
  bool decided(ticket_id ticket) const { return verdicts.contains(ticket); }
  member_state state(const std::string& member) const { return subject.state_of(member); }

  struct asker {
    std::uint32_t lane = 0;
    time_ns takes = 0;
    time_ns since = 0;
  };
  card_limits limits;
  std::map<std::string, member_limits> members;
  std::map<std::string, played_server> servers;
  gpu_schedule subject{2, {}};
  time_ns now = 1000 * sec;
  std::multimap<time_ns, std::function<void()>> events;
  std::array<lane, 2> lanes;
  std::map<ticket_id, asker> asked;
  std::map<ticket_id, verdict> verdicts;
  std::map<std::string, int> begun;
  std::vector<std::string> failures;
  std::vector<std::string> refusals;
  time_ns longest_wait = 0;
  bool strict = true;
};

} // namespace synapse::gpus
