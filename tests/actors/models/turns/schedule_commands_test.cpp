// Loads and unloads that somebody asks for, and those who want the whole router.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;

struct commands : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}};
};

// ---- load ----

TEST_F(commands, to_load_are_answered_when_the_router_has_accepted) {
  list(cold);
  const auto first = ask("a", load);
  EXPECT_FALSE(decided(first));
  load_says("a", accepted);
  EXPECT_TRUE(granted(first));
  EXPECT_TRUE(granted(ask("a", load))) << "it is under way";
  const auto request = ask("a");
  EXPECT_FALSE(decided(request));
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(ask("a", load)));
  EXPECT_TRUE(granted(request));
  EXPECT_EQ(loads.size(), 1U);
}

TEST_F(commands, to_load_are_not_undone_while_the_model_loads) {
  list(cold);
  ask("a", load);
  load_says("a", accepted);
  ask("b");
  EXPECT_TRUE(unloads.empty());
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(open("a"));
  used("a", 0, 0);
  EXPECT_TRUE(closing("a")) << "nobody uses it, and b is wanted";
}

TEST_F(commands, to_load_two_models_at_once_take_turns) {
  list(cold);
  const auto first = ask("a", load);
  const auto second = ask("b", load);
  load_says("a", accepted);
  EXPECT_TRUE(granted(first));
  EXPECT_FALSE(decided(second));
  list({{"a", loaded}, {"b"}});
  used("a", 0, 0);
  pass(limits.batch_window);
  drained("a");
  unload_says("a");
  list(cold);
  load_says("b", accepted);
  EXPECT_TRUE(granted(second));
}

TEST_F(commands, to_load_fail_as_the_load_does) {
  list(cold);
  const auto one = ask("a", load);
  load_says("a", refused, "no");
  EXPECT_EQ(why(one), denial::load_failed);
}

// ---- unload ----

TEST_F(commands, to_unload_wait_until_nobody_uses_the_model) {
  make_ready("a", {{"b"}});
  const auto one = ask("a", unload);
  EXPECT_TRUE(closing("a"));
  EXPECT_FALSE(open("a"));
  pass(60 * sec);
  EXPECT_TRUE(unloads.empty());
  drained("a");
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  EXPECT_FALSE(decided(one));
  unload_says("a");
  EXPECT_TRUE(granted(one));
  list(cold);
  EXPECT_TRUE(loads.empty());
  EXPECT_EQ(subject.due(), 0);
  EXPECT_FALSE(subject.changing());
}

TEST_F(commands, to_unload_what_is_not_there_are_left_to_the_router) {
  list(cold);
  const auto one = ask("a", unload);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  unload_says("a");
  EXPECT_TRUE(granted(one));
}

TEST_F(commands, to_unload_come_after_those_who_came_before) {
  list(cold);
  const auto before = ask("a");
  const auto one = ask("a", unload);
  const auto behind = ask("a");
  load_says("a", accepted);
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(before)) << "it has waited for this load";
  EXPECT_FALSE(decided(behind));
  EXPECT_TRUE(closing("a"));
  drained("a");
  unload_says("a");
  EXPECT_TRUE(granted(one));
  list(cold);
  EXPECT_EQ(loads, (std::vector<std::string>{"a", "a"}));
  load_says("a", accepted);
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(behind));
}

TEST_F(commands, to_unload_end_a_load_that_nobody_waits_for) {
  list(cold);
  ask("a", load);
  load_says("a", accepted);
  const auto one = ask("a", unload);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  unload_says("a");
  EXPECT_TRUE(granted(one));
  list(cold);
  EXPECT_EQ(loads.size(), 1U) << "the wish to have it is over, too";
  EXPECT_FALSE(subject.contended());
}

TEST_F(commands, to_unload_hear_that_the_router_refused) {
  make_ready("a", {{"b"}});
  const auto one = ask("a", unload);
  drained("a");
  unload_says("a", refused);
  EXPECT_EQ(why(one), denial::router_error);
  const auto other = ask("a", unload);
  pass(limits.poll);
  list({{"a", loaded}, {"b"}});
  unload_says("a", unreachable);
  EXPECT_EQ(why(other), denial::router_unavailable);
}

TEST_F(commands, to_unload_are_done_when_the_model_has_gone_by_itself) {
  make_ready("a", {{"b"}});
  const auto one = ask("a", unload);
  now += 1 * sec;
  list(cold);
  EXPECT_TRUE(granted(one));
}

TEST_F(commands, to_unload_give_up_after_the_longest_wait) {
  make_ready("a", {{"b"}});
  const auto one = ask("a", unload);
  const auto request = ask("a");
  pass(limits.max_wait);
  EXPECT_EQ(why(one), denial::wait_timeout);
  EXPECT_EQ(why(request), denial::wait_timeout);
  EXPECT_TRUE(open("a")) << "it was never unloaded";
}

TEST_F(commands, to_unload_of_a_model_that_has_vanished_end_as_well) {
  make_ready("a", {{"b"}});
  list_fails(true);
  const auto one = ask("a", unload);
  list({{"b"}});
  EXPECT_EQ(unloads, std::vector<std::string>{"a"}) << "the router may say what it thinks of it";
  unload_says("a", not_found);
  EXPECT_TRUE(granted(one));
  list({{"b"}});
  EXPECT_FALSE(subject.changing());
}

// ---- everything ----

TEST_F(commands, for_everything_wait_until_nothing_runs) {
  make_ready("a", {{"b"}});
  const auto waits = ask("b");
  now += 1 * ms;
  const auto one = ask({}, everything);
  EXPECT_FALSE(open("a"));
  drained("a", 0);
  EXPECT_FALSE(decided(one));
  drained("a", 1);
  EXPECT_TRUE(granted(one));
  EXPECT_TRUE(unloads.empty()) << "whoever has it does with it what they want";
  const auto late = ask("a");
  EXPECT_EQ(why(ask({}, everything)), denial::queue_full);
  list_fails(true);
  pass(limits.restart_patience * 2);
  list({{"a", loaded}, {"b"}});
  EXPECT_FALSE(open("a"));
  EXPECT_FALSE(decided(late));
  EXPECT_TRUE(loads.empty());
  now += 1 * ms;
  subject.release(now);
  note();
  EXPECT_TRUE(loads.empty()) << "nobody knows what is loaded now";
  list({{"a", loaded}, {"b"}}, 10 * ms);
  EXPECT_FALSE(open("a")) << "that was before";
  list({{"a"}, {"b"}});
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
  EXPECT_FALSE(decided(waits));
}

TEST_F(commands, for_everything_wait_for_a_load_and_those_it_is_for) {
  list(cold);
  const auto request = ask("a");
  load_says("a", accepted);
  const auto one = ask({}, everything);
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(request));
  EXPECT_TRUE(closing("a"));
  EXPECT_FALSE(decided(one));
  drained("a");
  EXPECT_TRUE(granted(one));
}

TEST_F(commands, for_everything_are_in_time_although_a_load_could_be_ended) {
  list(cold);
  const auto gone = ask("a");
  load_says("a", accepted);
  ask("b");
  const auto one = ask({}, everything);
  abandon(gone);
  EXPECT_NE(subject.due(), 0);
  EXPECT_GT(subject.due(), now);
  pass(limits.max_wait);
  EXPECT_TRUE(decided(one));
}

TEST_F(commands, for_everything_give_up_after_the_longest_wait) {
  make_ready("a", {{"b"}});
  const auto one = ask({}, everything);
  const auto request = ask("a");
  now += 1 * sec;
  const auto late = ask("a");
  pass(limits.max_wait - 1 * sec);
  EXPECT_EQ(why(one), denial::wait_timeout);
  EXPECT_EQ(why(request), denial::wait_timeout);
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(granted(late)) << "all is as before";
  EXPECT_TRUE(unloads.empty());
}

TEST_F(commands, for_everything_are_met_although_the_router_is_away) {
  list_fails(true);
  pass(limits.restart_patience * 2);
  const auto one = ask({}, everything);
  EXPECT_TRUE(granted(one)) << "it may be what the router needs to come back";
  EXPECT_FALSE(decided(ask("a")));
}

TEST_F(commands, for_everything_are_kept_while_a_slow_router_still_answers_streams) {
  make_ready("a", {{"b"}});
  const auto one = ask({}, everything);
  list_fails(false);
  pass(limits.restart_patience * 2); // no busy loop over the patience that has passed
  EXPECT_FALSE(decided(one));
  drained("a");
  EXPECT_TRUE(granted(one));
}

TEST_F(commands, for_everything_may_be_taken_back) {
  make_ready("a", {{"b"}});
  const auto one = ask({}, everything);
  EXPECT_FALSE(open("a"));
  abandon(one);
  EXPECT_TRUE(open("a"));
  EXPECT_FALSE(subject.contended());
  subject.release(now);
  note();
  EXPECT_TRUE(open("a")) << "nothing was held";
}

// ---- without lanes ----

struct nobody : schedule_rig {
  nobody() : schedule_rig(0) {}
};

TEST_F(nobody, has_to_be_waited_for_without_lanes) {
  list({{"a", loaded}, {"b"}});
  ask("b");
  pass(limits.batch_window);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
}

} // namespace
} // namespace synapse::models
