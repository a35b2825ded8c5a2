// Those who wait, those who do not, and those who leave.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;

struct waiters : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}, {"c"}};
};

// ---- those who leave ----

TEST_F(waiters, who_all_leave_let_a_closing_model_open_again) {
  make_ready("a", {{"b"}});
  const auto asker = ask("b");
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a"));
  const auto late = ask("a");
  EXPECT_FALSE(decided(late));
  const auto number = subject.turn_of("a").closing;
  abandon(asker);
  EXPECT_TRUE(open("a"));
  EXPECT_TRUE(granted(late));
  EXPECT_FALSE(decided(asker)) << "nobody is there to be told";
  ask("b");
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a"));
  EXPECT_NE(subject.turn_of("a").closing, number);
  subject.drained(0, "a", number, now);
  subject.drained(1, "a", number, now);
  note();
  EXPECT_TRUE(unloads.empty()) << "that was the closing before";
}

TEST_F(waiters, who_left_while_room_was_made_cause_no_load) {
  make_ready("a", {{"b"}});
  const auto asker = ask("b");
  pass(limits.batch_window);
  drained("a");
  unload_says("a");
  abandon(asker);
  list({{"a"}, {"b"}});
  EXPECT_TRUE(loads.empty());
  EXPECT_EQ(subject.waiting(), 0U);
  EXPECT_FALSE(subject.contended());
}

TEST_F(waiters, for_another_model_end_a_load_that_nobody_wants) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", accepted);
  abandon(asker);
  EXPECT_TRUE(unloads.empty()) << "it is in nobody's way";
  ask("b");
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  unload_says("a");
  list(cold);
  EXPECT_EQ(loads, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(failures.empty()) << "given up is not failed";
}

TEST_F(waiters, for_another_model_do_not_end_what_somebody_else_loads) {
  list({{"a", loading}, {"b"}});
  ask("b");
  EXPECT_TRUE(unloads.empty());
  EXPECT_TRUE(loads.empty());
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(open("a"));
  used("a", 0, now);
  pass(limits.linger);
  drained("a");
  EXPECT_EQ(unloads, std::vector<std::string>{"a"}) << "loaded, it takes its turn as all do";
}

// ---- those who do not wait ----

TEST_F(waiters, who_did_not_stay_are_made_room_for) {
  make_ready("a", {{"b"}});
  pass(60 * sec);
  const auto asker = ask("b", no_wait);
  EXPECT_EQ(why(asker), denial::loading);
  EXPECT_GE(verdicts.at(asker).retry_after_s, 1U);
  used("a", 0, now - 10 * sec);
  drained("a");
  unload_says("a");
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
  load_says("b", accepted);
  list({{"a"}, {"b", loading}});
  subject.progress("b", 0.7);
  EXPECT_DOUBLE_EQ(verdicts.at(ask("b", no_wait)).progress, 0.7);
  list({{"a"}, {"b", loaded}});
  ask("a");
  used("b", 0, 0);
  pass(limits.batch_window - 1);
  EXPECT_TRUE(open("b")) << "it is kept for them for a while";
  EXPECT_TRUE(granted(ask("b", no_wait)));
  used("b", 0, now);
  pass(limits.linger);
  EXPECT_TRUE(closing("b"));
}

TEST_F(waiters, who_ask_again_and_again_get_their_turn) {
  make_ready("a", {{"b"}});
  used("a", 1);
  for (int i = 0; i < 6 && open("a"); ++i) {
    ask("b", no_wait);
    used("a", 1);
    pass(2 * sec);
  }
  EXPECT_TRUE(closing("a")) << "asking again is not a reason to wait for longer";
}

TEST_F(waiters, who_never_come_back_are_forgotten) {
  list({{"a", loading}, {"b"}});
  ask("b", no_wait);
  EXPECT_TRUE(subject.contended());
  pass(limits.max_wait - 1);
  EXPECT_TRUE(subject.contended());
  pass(1);
  EXPECT_FALSE(subject.contended());
}

TEST_F(waiters, who_did_not_stay_are_content_when_the_model_opens_again) {
  make_ready("a", {{"b"}});
  const auto asker = ask("b");
  pass(limits.batch_window);
  ask("a", no_wait);
  abandon(asker);
  ASSERT_TRUE(open("a"));
  EXPECT_FALSE(subject.contended()) << "a is there: nobody waits for anything";
}

// ---- bounds ----

TEST_F(waiters, are_only_so_many) {
  limits.max_waiting = 3;
  subject.set_limits(limits);
  make_ready("a", {{"b"}, {"c"}});
  ask("b");
  ask("b");
  const auto third = ask("c");
  EXPECT_EQ(why(ask("b")), denial::queue_full);
  EXPECT_EQ(why(ask("b", load)), denial::queue_full);
  EXPECT_TRUE(granted(ask("a"))) << "who need not wait is not kept out";
  EXPECT_EQ(why(ask("b", no_wait)), denial::loading);
  abandon(third);
  EXPECT_FALSE(decided(ask("c")));
}

TEST_F(waiters, are_only_so_many_before_anything_is_known) {
  limits.max_waiting = 3;
  subject.set_limits(limits);
  for (int i = 0; i < 3; ++i)
    EXPECT_FALSE(decided(ask("a")));
  EXPECT_EQ(subject.waiting(), 3U);
  EXPECT_EQ(why(ask("a")), denial::queue_full);
  list(cold);
  EXPECT_EQ(verdicts.size(), 1U) << "the three keep their places";
  EXPECT_EQ(subject.waiting(), 3U);
}

TEST_F(waiters, wait_no_longer_than_allowed) {
  make_ready("a", {{"b"}});
  const auto asker = ask("b");
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a")) << "and something never ends";
  pass(limits.max_wait - limits.batch_window - 1);
  EXPECT_FALSE(decided(asker));
  pass(1);
  EXPECT_EQ(why(asker), denial::wait_timeout);
  EXPECT_TRUE(open("a"));
}

} // namespace
} // namespace synapse::models
