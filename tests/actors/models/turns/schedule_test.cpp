// Whose turn it is while the router does what it is told.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;

struct turns : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}, {"c"}};
};

// ---- one load for all ----

TEST_F(turns, load_a_cold_model_once_for_all_who_ask) {
  list(cold);
  std::vector<ticket_id> askers;
  for (int i = 0; i < 100; ++i)
    askers.push_back(ask("a"));
  EXPECT_EQ(loads, std::vector<std::string>{"a"});
  load_says("a", accepted);
  list({{"a", loading}, {"b"}, {"c"}});
  EXPECT_TRUE(verdicts.empty());
  EXPECT_EQ(subject.waiting(), 100U);
  list({{"a", loaded}, {"b"}, {"c"}});
  for (const auto one : askers)
    EXPECT_TRUE(granted(one));
  EXPECT_EQ(verdicts.at(askers[0]).model, "a");
  EXPECT_EQ(verdicts.at(askers[0]).id, "a");
  EXPECT_EQ(loads.size(), 1U);
  EXPECT_EQ(subject.loads(), 1U);
  EXPECT_EQ(subject.waiting(), 0U);
  EXPECT_TRUE(granted(ask("a"))) << "and whoever comes then need not wait";
}

TEST_F(turns, tell_all_who_wait_the_same_when_a_load_fails) {
  list(cold);
  std::vector<ticket_id> askers;
  for (int i = 0; i < 100; ++i)
    askers.push_back(ask("a"));
  load_says("a", accepted);
  now += 1 * sec;
  auto broken = list_of(cold);
  broken.models.at("a").state = failed;
  broken.models.at("a").exit_code = 137;
  subject.listed(broken, now, now);
  note();
  for (const auto one : askers) {
    EXPECT_EQ(why(one), denial::load_failed);
    EXPECT_NE(verdicts.at(one).detail.find("137"), std::string::npos);
  }
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].first, "a");
  EXPECT_EQ(loads.size(), 1U);
  ask("a");
  EXPECT_EQ(loads.size(), 2U) << "who asks again wants another attempt";
}

TEST_F(turns, do_not_believe_a_failure_from_before_the_load) {
  list({{"a", failed}, {"b"}});
  const auto asker = ask("a");
  EXPECT_EQ(loads.size(), 1U);
  now += 10 * ms;
  load_says("a", accepted);
  list({{"a", failed}, {"b"}}, 5 * ms); // asked for before the load was accepted
  EXPECT_FALSE(decided(asker));
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(asker));
}

TEST_F(turns, do_not_load_what_is_loaded_or_sleeps) {
  list({{"a", loaded}, {"b"}, {"c"}});
  EXPECT_TRUE(granted(ask("a")));
  list({{"a", sleeping}, {"b"}, {"c"}});
  EXPECT_TRUE(granted(ask("a")));
  EXPECT_TRUE(loads.empty());
}

TEST_F(turns, resolve_aliases_to_one_model) {
  auto known = list_of(cold);
  known.aliases.emplace("alpha", "a");
  known.models.at("a").id = "a-00001-of-00002";
  subject.listed(known, now, now);
  const auto one = ask("alpha");
  const auto other = ask("a");
  EXPECT_EQ(loads, std::vector<std::string>{"a"});
  load_says("a", accepted);
  known.models.at("a").state = loaded;
  subject.listed(known, now, now);
  note();
  EXPECT_TRUE(granted(one) && granted(other));
  EXPECT_EQ(verdicts.at(one).model, "a");
  EXPECT_EQ(verdicts.at(one).id, "a-00001-of-00002");
}

TEST_F(turns, believe_no_list_from_before_a_model_was_loaded) {
  list({{"a", loaded}, {"b"}, {"c"}});
  list(cold, 10 * ms);
  EXPECT_TRUE(open("a"));
  list(cold);
  EXPECT_FALSE(open("a"));
}

// ---- turns ----

TEST_F(turns, keep_a_busy_model_for_the_window_after_the_first_who_waits) {
  make_ready("a", {{"b"}});
  pass(60 * sec); // its own turn is long over
  ask("b");
  used("a", 1);
  pass(limits.batch_window - 1);
  EXPECT_TRUE(open("a"));
  pass(1);
  EXPECT_FALSE(open("a"));
  EXPECT_TRUE(closing("a"));
  EXPECT_TRUE(unloads.empty()) << "requests run";
}

TEST_F(turns, give_a_model_that_has_just_come_its_whole_window) {
  list(cold);
  ask("a");
  load_says("a", accepted);
  ask("b");
  pass(9 * sec);
  list({{"a", loaded}, {"b"}});
  used("a", 3);
  pass(limits.batch_window - 1);
  EXPECT_TRUE(open("a")) << "although b has waited for longer than a window";
  pass(1);
  EXPECT_TRUE(closing("a"));
}

TEST_F(turns, let_an_idle_model_make_room_after_the_linger) {
  make_ready("a", {{"b"}});
  pass(60 * sec);
  ask("b");
  used("a", 0, now - 100 * ms);
  pass(limits.linger - 101 * ms);
  EXPECT_TRUE(open("a"));
  pass(1 * ms);
  EXPECT_TRUE(closing("a"));
  drained("a");
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
}

TEST_F(turns, close_a_model_idle_for_long_at_once) {
  make_ready("a", {{"b"}});
  pass(60 * sec);
  ask("b");
  EXPECT_TRUE(open("a")) << "until the lanes have told, it counts as used";
  used("a", 0, now - 50 * sec);
  EXPECT_TRUE(closing("a"));
}

TEST_F(turns, count_a_lane_that_has_not_told_as_busy) {
  make_ready("a", {{"b"}});
  pass(60 * sec);
  ask("b");
  subject.usage(0, "a", 0, 0, now);
  note();
  pass(limits.batch_window - 1);
  EXPECT_TRUE(open("a"));
  pass(1);
  EXPECT_FALSE(open("a"));
}

TEST_F(turns, believe_no_lane_that_speaks_of_the_future) {
  make_ready("a", {{"b"}});
  ask("b");
  used("a", 0, now + 1000 * sec);
  pass(limits.linger);
  EXPECT_TRUE(closing("a"));
}

TEST_F(turns, unload_only_when_every_lane_has_drained) {
  make_ready("a", {{"b"}});
  ask("b");
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a"));
  drained("a", 0);
  drained("a", 0);
  pass(100 * sec);
  EXPECT_TRUE(unloads.empty());
  subject.drained(1, "a", subject.turn_of("a").closing + 1, now);
  subject.drained(7, "a", subject.turn_of("a").closing, now);
  note();
  EXPECT_TRUE(unloads.empty()) << "of another closing, of no lane";
  drained("a", 1);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  EXPECT_TRUE(loads.empty());
  unload_says("a");
  EXPECT_TRUE(loads.empty()) << "a router unloads a little later than it says";
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(loads.empty());
  list({{"a"}, {"b"}});
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
}

TEST_F(turns, believe_no_list_from_before_the_unload) {
  make_ready("a", {{"b"}});
  ask("b");
  pass(limits.batch_window);
  drained("a");
  unload_says("a");
  list({{"a"}, {"b"}}, 10 * ms);
  EXPECT_TRUE(loads.empty()) << "it was asked for before";
}

TEST_F(turns, go_in_order_of_the_first_who_waits) {
  make_ready("a", {{"b"}, {"c"}});
  const auto first = ask("c");
  now += 1 * ms;
  const auto second = ask("b");
  for (int i = 0; i < 5; ++i)
    ask("b");
  pass(limits.batch_window);
  const auto third = ask("a");
  drained("a");
  unload_says("a");
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"c"});
  load_says("c", accepted);
  list({{"a"}, {"b"}, {"c", loaded}});
  EXPECT_TRUE(granted(first));
  used("c", 0, now);
  pass(limits.linger);
  drained("c");
  unload_says("c");
  list(cold);
  EXPECT_EQ(loads, (std::vector<std::string>{"c", "b"}));
  load_says("b", accepted);
  list({{"a"}, {"b", loaded}, {"c"}});
  EXPECT_TRUE(granted(second));
  EXPECT_FALSE(decided(third)) << "a comes after those who came before";
}

TEST_F(turns, keep_the_order_while_the_router_has_no_room) {
  list(cold);
  ask("b");
  now += 1 * ms;
  ask("c");
  load_says("b", no_room);
  EXPECT_EQ(loads, std::vector<std::string>{"b"}) << "c must not take what b waits for";
  pass(limits.poll / 4);
  EXPECT_EQ(loads, (std::vector<std::string>{"b", "b"}));
}

// ---- more room ----

TEST_F(turns, hold_as_many_models_as_there_is_room_for) {
  limits.max_loaded = 2;
  subject.set_limits(limits);
  list(cold);
  ask("a");
  ask("b");
  ask("c");
  EXPECT_EQ(loads, (std::vector<std::string>{"a", "b"}));
  load_says("a", accepted);
  load_says("b", accepted);
  list({{"a", loaded}, {"b", loaded}, {"c"}});
  used("a", 1);
  used("b", 0, now);
  pass(limits.linger);
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(closing("b")) << "the idle one goes";
  drained("b");
  unload_says("b");
  list({{"a", loaded}, {"b"}, {"c"}});
  EXPECT_EQ(loads.back(), "c");
  EXPECT_TRUE(open("a"));
}

TEST_F(turns, send_the_one_away_that_was_used_longest_ago) {
  limits.max_loaded = 2;
  subject.set_limits(limits);
  list({{"a", loaded}, {"b", loaded}, {"c"}});
  pass(100 * sec);
  ask("c");
  used("a", 0, now - 10 * sec);
  EXPECT_TRUE(open("a")) << "b may be the better choice";
  subject.usage(0, "b", 0, now - 20 * sec, now);
  subject.usage(1, "b", 0, now - 30 * sec, now);
  note();
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(closing("b"));
}

TEST_F(turns, make_room_once_for_one_who_waits) {
  limits.max_loaded = 2;
  subject.set_limits(limits);
  list({{"a", loaded}, {"b", loaded}, {"c"}});
  pass(100 * sec);
  ask("c");
  used("a", 0, now - 10 * sec);
  used("b", 0, now - 20 * sec);
  ASSERT_TRUE(closing("b"));
  pass(limits.batch_window * 2);
  EXPECT_TRUE(open("a")) << "one model is enough";
}

TEST_F(turns, never_unload_where_there_is_no_limit) {
  limits.max_loaded = 0;
  subject.set_limits(limits);
  list(cold);
  ask("a");
  ask("b");
  ask("c");
  EXPECT_EQ(loads.size(), 3U);
  EXPECT_TRUE(unloads.empty());
}

} // namespace
} // namespace synapse::models
