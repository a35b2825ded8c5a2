// Routers that vanish and come back, and lists that change.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;

struct away : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}, {"c"}};
};

TEST_F(away, that_restart_within_the_patience_lose_nobody_who_waits) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", accepted);
  list({{"a", loading}, {"b"}});
  list_fails(true);
  pass(limits.restart_patience - 1 * sec);
  const auto late = ask("b");
  EXPECT_TRUE(verdicts.empty());
  EXPECT_EQ(loads.size(), 1U) << "nobody is there to be told";
  list(cold);
  EXPECT_EQ(loads, (std::vector<std::string>{"a", "a"})) << "it has forgotten the load";
  load_says("a", accepted);
  list({{"a", loaded}, {"b"}, {"c"}});
  EXPECT_TRUE(granted(asker));
  EXPECT_FALSE(decided(late));
}

TEST_F(away, that_stay_away_for_longer_are_given_up) {
  make_ready("a", {{"b"}});
  const auto asker = ask("b");
  list_fails(true, false, "connection refused");
  EXPECT_FALSE(open("a")) << "whoever comes has to wait now";
  const auto late = ask("a");
  const auto unknown = ask("x");
  pass(limits.restart_patience);
  for (const auto one : {asker, late, unknown})
    EXPECT_EQ(why(one), denial::router_unavailable);
  EXPECT_EQ(verdicts.at(asker).detail, "connection refused");
  EXPECT_EQ(why(ask("a")), denial::router_unavailable) << "and who comes then need not wait";
  EXPECT_TRUE(subject.changing()) << "it is looked for again and again";
  list({{"a"}, {"b"}});
  ask("a");
  EXPECT_EQ(loads, std::vector<std::string>{"a"});
}

TEST_F(away, that_are_only_slow_keep_their_models) {
  make_ready("a", {{"b"}});
  list_fails(false, false, "timeout");
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(granted(ask("a")));
  const auto asker = ask("b");
  pass(limits.restart_patience);
  EXPECT_EQ(why(asker), denial::router_unavailable);
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(granted(ask("a")));
}

TEST_F(away, that_talk_rubbish_are_said_to) {
  list_fails(false, true, "its model list is not one");
  const auto asker = ask("a");
  pass(limits.restart_patience);
  EXPECT_EQ(why(asker), denial::router_error);
}

TEST_F(away, that_are_away_are_asked_for_nothing_by_those_who_ask_for_the_unknown) {
  list(cold);
  list_fails(true);
  const auto before = lists;
  const auto asker = ask("x");
  for (int i = 0; i < 5; ++i)
    list_fails(true);
  EXPECT_EQ(lists, before) << "each failed list would be followed by the next at once";
  list(cold);
  EXPECT_EQ(why(asker), denial::unknown_model);
}

TEST_F(away, that_are_away_are_not_waited_for_by_those_who_do_not_wait) {
  list_fails(true);
  EXPECT_EQ(why(ask("a", no_wait)), denial::router_unavailable);
}

TEST_F(away, that_were_asked_first_and_are_away_are_not_waited_for_either) {
  const auto asker = ask("a", no_wait);
  EXPECT_FALSE(decided(asker)) << "the first list is on its way";
  list_fails(true);
  EXPECT_EQ(why(asker), denial::router_unavailable);
}

TEST_F(away, that_do_not_hear_of_a_load_are_told_again_without_hurry) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", unreachable);
  list_fails(true);
  pass(10 * sec); // the rig sees to it that there is no tick without a reason
  EXPECT_EQ(loads.size(), 1U);
  list(cold);
  EXPECT_EQ(loads.size(), 2U);
  load_says("a", unreachable);
  list(cold);
  pass(limits.poll);
  EXPECT_EQ(loads.size(), 3U);
  EXPECT_FALSE(decided(asker));
}

TEST_F(away, that_lost_their_models_in_a_restart_load_them_again) {
  make_ready("a", {{"b"}});
  now += 1 * sec;
  subject.suspect("a", now);
  note();
  EXPECT_EQ(lists, 1);
  list(cold);
  EXPECT_FALSE(open("a"));
  EXPECT_TRUE(loads.empty()) << "nobody wants it";
  ask("a");
  EXPECT_EQ(loads, std::vector<std::string>{"a"});
}

TEST_F(away, that_lost_a_closing_model_have_room) {
  make_ready("a", {{"b"}});
  ask("b");
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a"));
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"b"}) << "nothing is to be drained there";
  EXPECT_TRUE(unloads.empty());
}

// ---- lists that change ----

TEST_F(away, decide_about_unknown_names_with_a_newer_list) {
  list(cold);
  const auto before = lists;
  now += 1 * ms;
  const auto asker = ask("new");
  const auto other = ask("wrong");
  EXPECT_GT(lists, before);
  list(cold, 10 * ms); // asked for before the question
  EXPECT_FALSE(decided(asker));
  list({{"a"}, {"new"}});
  EXPECT_EQ(why(other), denial::unknown_model);
  EXPECT_FALSE(decided(asker));
  EXPECT_EQ(loads, std::vector<std::string>{"new"});
}

TEST_F(away, that_know_a_model_no_more_say_so_to_all_who_wait) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", accepted);
  list({{"b"}});
  EXPECT_EQ(why(asker), denial::unknown_model);
  ask("b");
  EXPECT_EQ(loads.back(), "b") << "what has gone takes no room";
}

TEST_F(away, that_turn_out_to_be_none_let_everybody_pass) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", unreachable);
  now += 1 * ms;
  const auto unknown = ask("x");
  subject.listed(catalog{}, now, now);
  note();
  EXPECT_TRUE(granted(asker) && granted(unknown));
  EXPECT_TRUE(granted(ask("anything")));
  EXPECT_TRUE(granted(ask("anything", load)));
  EXPECT_EQ(verdicts.at(asker).id, "a") << "as the client wrote it";
  EXPECT_FALSE(subject.managed());
  EXPECT_EQ(subject.waiting(), 0U);
  EXPECT_EQ(subject.due(), 0);
}

} // namespace
} // namespace synapse::models
