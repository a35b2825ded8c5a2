#include "actors/gpus/turns/gpu_schedule.hpp"
#include "tests/actors/gpus/turns/card_rig.hpp"

namespace synapse::gpus {
namespace {

// ---- waking ----

TEST_F(card_rig, a_hundred_requests_to_a_sleeper_wake_it_once_and_begin_when_it_is_awake) {
  auto& a = add("a");
  start();
  ASSERT_EQ(state("a"), member_state::asleep);
  for (int i = 0; i < 100; ++i)
    request("a", 1 * sec, static_cast<std::uint32_t>(i % 2));
  EXPECT_EQ(state("a"), member_state::waking);
  pass(1 * sec);
  EXPECT_EQ(begun["a"], 0);
  pass(4 * sec);
  EXPECT_EQ(a.wakes, 1);
  EXPECT_EQ(begun["a"], 100);
  EXPECT_EQ(state("a"), member_state::awake);
}

TEST_F(card_rig, what_is_awake_in_the_beginning_is_open_and_not_told_anything) {
  auto& a = add("a");
  a.asleep = false;
  start();
  EXPECT_EQ(request("a"), 0U);
  pass(60 * sec);
  EXPECT_TRUE(a.commands.empty());
}

TEST_F(card_rig, an_answer_to_the_wake_is_not_taken_for_being_awake) {
  auto& a = add("a");
  start();
  request("a");
  pass(1999 * ms);
  // The answer comes before the fact: looks go on until it says so itself.
  later(2 * ms, [&] { a.asleep = true; });
  pass(10 * sec);
  EXPECT_EQ(begun["a"], 0);
  EXPECT_EQ(state("a"), member_state::waking);
  a.asleep = false;
  pass(1 * sec);
  EXPECT_EQ(begun["a"], 1);
  EXPECT_EQ(a.wakes, 1);
}

TEST_F(card_rig, an_answer_to_a_call_that_does_not_count_any_more_changes_nothing) {
  add("a");
  start();
  const auto ticket = request("a");
  subject.answered("a", 1, outcome::out_of_memory, "of an earlier call", now);
  subject.looked("a", 1, sighting::awake, "", now);
  subject.measured("a", 0, 0, "", now);
  note();
  EXPECT_EQ(state("a"), member_state::waking);
  EXPECT_FALSE(decided(ticket));
}

TEST_F(card_rig, level_two_wakes_weights_then_loads_them_then_wakes_the_cache) {
  auto& a = add("a");
  members["a"].level = 2;
  members["a"].warm_up = true;
  start();
  request("a");
  pass(20 * sec);
  using kind = action::kind;
  EXPECT_EQ(a.commands, (std::vector{kind::wake_weights, kind::reload_weights, kind::wake_cache,
                                     kind::warm_up}));
  EXPECT_EQ(begun["a"], 1);
}

TEST_F(card_rig, one_that_does_not_load_its_weights_is_not_opened) {
  auto& a = add("a");
  members["a"].level = 2;
  start();
  const auto ticket = request("a");
  pass(1 * sec); // its weights wake
  a.wake_says = outcome::refused;
  pass(10 * sec);
  EXPECT_EQ(why(ticket), denial::failed);
  EXPECT_EQ(a.commands, (std::vector{action::kind::wake_weights, action::kind::reload_weights}));
  EXPECT_EQ(begun["a"], 0);
}

TEST_F(card_rig, a_wake_without_memory_is_not_tried_again_in_a_loop) {
  auto& a = add("a");
  a.wake_says = outcome::out_of_memory;
  start();
  const auto first = request("a");
  pass(3 * sec);
  EXPECT_EQ(why(first), denial::failed);
  EXPECT_EQ(verdicts.at(first).detail, "CUDA out of memory");
  EXPECT_EQ(state("a"), member_state::failed);
  // The next ones go elsewhere at once.
  const auto second = request("a");
  pass(2 * ms);
  EXPECT_EQ(why(second), denial::failed);
  EXPECT_GE(verdicts.at(second).retry_after_s, 20U);
  for (int i = 0; i < 600; ++i) {
    request("a");
    pass(1 * sec);
  }
  EXPECT_LE(a.wakes, 6) << "a pause that doubles: 30, 60, 120, 240 s";
  EXPECT_GE(a.wakes, 3) << "it is tried again some time";
  EXPECT_EQ(begun["a"], 0);
}

TEST_F(card_rig, one_that_did_not_wake_is_tried_again_only_when_another_has_slept) {
  auto& a = add("a", 10 * gib, 1 * gib);
  auto& b = add("b", 10 * gib, 1 * gib);
  b.asleep = false;
  a.wake_says = outcome::out_of_memory;
  start();
  request("a");
  pass(40 * sec); // longer than the pause
  EXPECT_EQ(a.wakes, 1);
  a.wake_says = outcome::done;
  request("a");
  pass(10 * sec);
  EXPECT_EQ(b.sleeps, 1) << "although the figures say that both have room";
  EXPECT_EQ(a.wakes, 2);
  EXPECT_EQ(begun["a"], 1);
}

TEST_F(card_rig, one_that_takes_too_long_to_wake_has_failed) {
  auto& a = add("a");
  a.wake_takes = 130 * sec;
  start();
  const auto ticket = request("a");
  pass(119 * sec);
  EXPECT_FALSE(decided(ticket));
  pass(2 * sec);
  EXPECT_EQ(why(ticket), denial::failed);
  pass(20 * sec);
  EXPECT_EQ(state("a"), member_state::awake) << "it is awake after all, as it says itself";
  EXPECT_EQ(a.wakes, 1);
}

// ---- room ----

TEST_F(card_rig, both_wake_where_there_is_room_for_both) {
  add("a", 15 * gib, 1 * gib);
  add("b", 15 * gib, 1 * gib);
  start();
  request("a");
  request("b");
  pass(5 * sec);
  EXPECT_EQ(begun["a"] + begun["b"], 2);
}

TEST_F(card_rig, an_exclusive_pair_is_never_awake_together_although_both_have_room) {
  add("a", 10 * gib, 1 * gib);
  auto& b = add("b", 10 * gib, 1 * gib);
  limits.exclusive = {{"a", "b"}};
  start();
  request("a");
  pass(5 * sec);
  request("b");
  pass(60 * sec);
  EXPECT_EQ(b.wakes, 1);
  EXPECT_EQ(state("a"), member_state::asleep);
}

TEST_F(card_rig, the_one_that_was_used_longest_ago_makes_room) {
  add("a", 10 * gib, 1 * gib).asleep = false;
  add("b", 10 * gib, 1 * gib).asleep = false;
  add("c", 15 * gib, 1 * gib);
  start();
  request("a");
  pass(5 * sec);
  request("b");
  pass(5 * sec);
  request("a");
  pass(40 * sec);
  request("c");
  pass(10 * sec);
  EXPECT_EQ(state("c"), member_state::awake);
  EXPECT_EQ(state("b"), member_state::asleep);
  EXPECT_EQ(state("a"), member_state::awake);
}

TEST_F(card_rig, a_persistent_one_never_sleeps_and_who_has_no_room_beside_it_is_told_so) {
  auto& a = add("a");
  a.asleep = false;
  members["a"].persistent = true;
  members["a"].idle = 10 * sec;
  add("b");
  start();
  const auto ticket = request("b");
  pass(2 * ms);
  EXPECT_EQ(why(ticket), denial::no_room);
  pass(120 * sec);
  EXPECT_EQ(a.sleeps, 0);
}

TEST_F(card_rig, one_stays_awake_for_min_awake) {
  auto& a = add("a");
  add("b");
  start();
  request("a", 100 * ms);
  pass(3 * sec);
  request("b");
  pass(25 * sec);
  EXPECT_EQ(a.sleeps, 0);
  pass(10 * sec);
  EXPECT_EQ(a.sleeps, 1);
  EXPECT_EQ(begun["b"], 1);
}

TEST_F(card_rig, two_that_exclude_each_other_by_size_take_turns_and_nobody_starves) {
  auto& a = add("a");
  auto& b = add("b");
  start();
  // Each has a request of 3 s every 700 ms, for ten minutes, on two lanes.
  for (int i = 0; i < 857; ++i) {
    request("a", 3 * sec, 0);
    request("b", 3 * sec, 1);
    pass(700 * ms);
  }
  pass(300 * sec);
  EXPECT_LE(longest_wait, limits.max_wait);
  EXPECT_LE(longest_wait, 90 * sec) << "min_awake, what runs, sleep and wake";
  EXPECT_GE(a.wakes, 5);
  EXPECT_GE(b.wakes, 5);
  EXPECT_LE(a.wakes, 20) << "no thrashing";
  EXPECT_EQ(begun["a"], 857);
  EXPECT_EQ(begun["b"], 857);
  EXPECT_EQ(subject.waiting(), 0U);
}

// ---- going to sleep ----

TEST_F(card_rig, requests_of_others_are_waited_for_before_it_sleeps) {
  auto& a = add("a");
  a.asleep = false;
  a.foreign = 1;
  add("b");
  start();
  pass(40 * sec);
  request("b");
  pass(30 * sec);
  EXPECT_EQ(state("a"), member_state::draining);
  EXPECT_EQ(a.sleeps, 0);
  a.foreign = 0;
  pass(5 * sec);
  EXPECT_EQ(a.sleeps, 1);
  EXPECT_EQ(begun["b"], 1);
}

TEST_F(card_rig, one_that_does_not_tell_its_requests_is_not_put_to_sleep) {
  auto& a = add("a");
  a.asleep = false;
  a.has_metrics = false;
  add("b");
  start();
  pass(40 * sec);
  const auto ticket = request("b");
  pass(100 * sec);
  EXPECT_EQ(a.sleeps, 0);
  EXPECT_EQ(state("a"), member_state::awake);
  EXPECT_FALSE(refusals.empty());
  EXPECT_FALSE(decided(ticket));
  pass(limits.max_wait);
  EXPECT_EQ(why(ticket), denial::timeout);
}

TEST_F(card_rig, one_that_is_closed_opens_again_when_nobody_wants_its_room_any_more) {
  auto& a = add("a");
  a.asleep = false;
  add("b");
  start();
  pass(40 * sec);
  request("a", 60 * sec);
  const auto ticket = request("b");
  pass(15 * sec);
  EXPECT_EQ(state("a"), member_state::draining);
  const auto other = request("a");
  abandon(ticket);
  pass(10 * ms);
  EXPECT_EQ(state("a"), member_state::awake);
  EXPECT_EQ(why(other), denial::none);
  EXPECT_EQ(a.sleeps, 0);
}

TEST_F(card_rig, one_that_nobody_uses_sleeps_after_its_idle_time) {
  auto& a = add("a");
  a.asleep = false;
  members["a"].idle = 60 * sec;
  start();
  pass(30 * sec);
  request("a", 50 * sec);
  pass(100 * sec);
  EXPECT_EQ(a.sleeps, 0) << "a request ran until 20 s ago";
  pass(50 * sec);
  EXPECT_EQ(a.sleeps, 1);
  pass(300 * sec);
  EXPECT_EQ(a.sleeps, 1);
  EXPECT_EQ(a.wakes, 0);
}

TEST_F(card_rig, one_without_sleep_mode_is_awake_for_good) {
  auto& a = add("a");
  a.has_sleep_mode = false;
  a.asleep = false;
  add("b");
  start();
  EXPECT_EQ(request("a"), 0U);
  const auto ticket = request("b");
  pass(2 * ms);
  EXPECT_EQ(why(ticket), denial::no_room);
  EXPECT_EQ(a.sleeps, 0);
}

TEST_F(card_rig, one_of_another_type_is_awake_and_not_asked) {
  auto& a = add("a");
  a.asleep = false;
  members["a"].can_sleep = false;
  start();
  EXPECT_EQ(request("a"), 0U);
  pass(100 * sec);
  EXPECT_TRUE(a.commands.empty());
}

TEST_F(card_rig, one_that_will_not_sleep_is_asked_whether_it_does_and_left_alone_for_a_while) {
  auto& a = add("a");
  a.asleep = false;
  a.sleep_says = outcome::refused;
  add("b");
  start();
  pass(40 * sec);
  request("b");
  pass(20 * sec);
  EXPECT_EQ(a.sleeps, 1);
  EXPECT_EQ(state("a"), member_state::awake);
  a.sleep_says = outcome::done;
  pass(30 * sec);
  EXPECT_EQ(a.sleeps, 2);
  EXPECT_EQ(begun["b"], 1);
}

// ---- servers that come and go ----

TEST_F(card_rig, nobody_waits_for_one_that_does_not_answer) {
  auto& a = add("a");
  a.down = true;
  start();
  EXPECT_EQ(state("a"), member_state::away);
  const auto ticket = request("a");
  pass(2 * ms);
  EXPECT_EQ(why(ticket), denial::unreachable);
  a.down = false;
  a.asleep = false; // started anew
  pass(2 * sec);
  EXPECT_EQ(state("a"), member_state::awake);
}

TEST_F(card_rig, what_takes_no_memory_any_more_makes_room) {
  auto& a = add("a");
  a.asleep = false;
  add("b");
  start();
  a.down = true;
  pass(16 * sec);
  request("b");
  pass(5 * sec);
  EXPECT_EQ(begun["b"], 1);
  EXPECT_EQ(a.sleeps, 0);
}

TEST_F(card_rig, one_that_somebody_else_has_put_to_sleep_is_closed_and_woken_when_wanted) {
  auto& a = add("a");
  a.asleep = false;
  start();
  a.asleep = true;
  pass(16 * sec);
  EXPECT_EQ(state("a"), member_state::asleep);
  request("a");
  pass(5 * sec);
  EXPECT_EQ(begun["a"], 1);
}

TEST_F(card_rig, of_two_that_others_have_woken_one_is_put_to_sleep) {
  strict = false;
  auto& a = add("a");
  auto& b = add("b");
  start();
  a.asleep = false;
  b.asleep = false;
  pass(40 * sec);
  EXPECT_EQ(a.sleeps + b.sleeps, 1);
  EXPECT_NE(a.asleep, b.asleep);
}

TEST_F(card_rig, one_that_leaves_the_configuration_is_nobodys_hope_any_more) {
  add("a").wake_takes = 20 * sec;
  start();
  const auto ticket = request("a");
  subject.remove_member("a", now);
  note();
  pass(2 * ms);
  EXPECT_EQ(why(ticket), denial::removed);
  EXPECT_TRUE(subject.view().empty());
}

// ---- limits and the lead ----

TEST_F(card_rig, so_many_wait_and_no_more) {
  limits.max_waiting = 3;
  add("a");
  start();
  for (int i = 0; i < 3; ++i)
    request("a");
  const auto one_more = request("a");
  EXPECT_EQ(why(one_more), denial::queue_full);
}

TEST_F(card_rig, without_the_lead_it_only_looks) {
  auto& a = add("a");
  auto& b = add("b");
  b.asleep = false;
  members["b"].idle = 10 * sec;
  subject.set_limits(limits, now);
  for (const auto& [name, member] : members)
    subject.set_member(name, member, now);
  note();
  pass(1 * sec);
  const auto ticket = request("a");
  pass(2 * ms);
  EXPECT_EQ(why(ticket), denial::elsewhere);
  EXPECT_EQ(request("b"), 0U);
  pass(60 * sec);
  EXPECT_TRUE(a.commands.empty());
  EXPECT_TRUE(b.commands.empty());
}

TEST_F(card_rig, who_takes_over_does_not_wake_one_that_is_being_woken) {
  auto& a = add("a");
  a.wake_takes = 2 * sec;
  start();
  request("a");
  pass(500 * ms);
  // Another process has died there; this one knows nothing of it.
  gpu_schedule other{2, limits};
  subject = std::move(other);
  asked.clear();
  verdicts.clear();
  subject.set_limits(limits, now);
  subject.lead(true, now);
  for (const auto& [name, member] : members)
    subject.set_member(name, member, now);
  note();
  pass(1 * ms);
  request("a");
  pass(10 * sec);
  EXPECT_EQ(a.wakes, 1);
  EXPECT_EQ(begun["a"], 1);
}

} // namespace
} // namespace synapse::gpus
