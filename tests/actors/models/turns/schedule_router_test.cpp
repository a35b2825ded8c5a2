// Routers that fail to load and to unload, or do it for somebody else.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;

struct routers : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}, {"c"}};

  /// a is loaded, b is wanted, and a has been told to go.
  ticket_id send_a_away() {
    make_ready("a", {{"b"}});
    const auto asker = ask("b");
    pass(limits.batch_window);
    drained("a");
    EXPECT_EQ(unloads.size(), 1U);
    return asker;
  }
};

// ---- loads ----

TEST_F(routers, that_are_full_are_asked_again) {
  list(cold);
  const auto asker = ask("a");
  for (int i = 1; i <= 3; ++i) {
    load_says("a", no_room);
    EXPECT_EQ(loads.size(), static_cast<std::size_t>(i));
    pass(limits.poll / 4);
    EXPECT_EQ(loads.size(), i + 1U);
  }
  load_says("a", accepted);
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(asker));
}

TEST_F(routers, that_hold_less_than_was_thought_lose_a_model_first) {
  limits.max_loaded = 2;
  subject.set_limits(limits);
  make_ready("a", {{"b"}});
  pass(60 * sec);
  ask("b");
  used("a", 0, now - 20 * sec);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(open("a"));
    load_says("b", no_room);
    pass(limits.poll / 4);
  }
  EXPECT_TRUE(closing("a")) << "there is room for one, whatever it says";
  drained("a");
  unload_says("a");
  list(cold);
  EXPECT_EQ(loads.back(), "b");
}

TEST_F(routers, that_are_full_of_nothing_are_asked_until_the_wait_is_over) {
  list(cold);
  const auto asker = ask("a");
  for (int i = 0; i < 2000 && !decided(asker); ++i) {
    load_says("a", no_room);
    pass(limits.poll / 4);
  }
  EXPECT_EQ(why(asker), denial::wait_timeout);
  EXPECT_GT(loads.size(), 900U);
}

TEST_F(routers, that_do_not_know_the_model_decide) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", not_found, "File Not Found");
  EXPECT_EQ(why(asker), denial::unknown_model);
  EXPECT_EQ(failures.size(), 1U);
}

TEST_F(routers, that_refuse_are_not_asked_again) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", refused, "the router answered 500: no");
  EXPECT_EQ(why(asker), denial::load_failed);
  EXPECT_EQ(verdicts.at(asker).detail, "the router answered 500: no");
  pass(100 * sec);
  EXPECT_EQ(loads.size(), 1U);
}

TEST_F(routers, that_load_for_too_long_are_told_to_stop) {
  list(cold);
  const auto asker = ask("a");
  load_says("a", accepted);
  list({{"a", loading}, {"b"}, {"c"}});
  const auto late = ask("a", no_wait);
  pass(limits.load_timeout - 1 * ms);
  EXPECT_EQ(why(asker), denial::load_timeout);
  EXPECT_EQ(why(late), denial::loading);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"}) << "the room is wanted back";
  EXPECT_EQ(failures.size(), 1U);
  const auto other = ask("b");
  EXPECT_EQ(loads.size(), 1U);
  unload_says("a");
  list({{"a", loading}, {"b"}, {"c"}});
  EXPECT_EQ(loads.size(), 1U);
  list(cold);
  EXPECT_EQ(loads.back(), "b");
  EXPECT_FALSE(decided(other));
}

TEST_F(routers, that_still_load_after_an_unload_are_told_again) {
  limits.load_timeout = 20 * sec;
  subject.set_limits(limits);
  list(cold);
  ask("a");
  load_says("a", accepted);
  pass(20 * sec);
  unload_says("a");
  pass(15 * sec);
  list({{"a", loading}, {"b"}, {"c"}});
  EXPECT_EQ(unloads.size(), 2U);
}

TEST_F(routers, that_load_for_somebody_else_may_take_their_time) {
  list({{"a", loading}, {"b"}});
  const auto asker = ask("a");
  pass(limits.load_timeout);
  EXPECT_EQ(why(asker), denial::load_timeout) << "we do not wait for longer";
  EXPECT_TRUE(unloads.empty()) << "but the load is not ours, and in nobody's way";
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(granted(ask("a")));
}

TEST_F(routers, that_load_for_somebody_else_are_stopped_in_the_end_when_others_wait) {
  list({{"a", loading}, {"b"}});
  pass(60 * sec);
  const auto asker = ask("b");
  pass(limits.load_timeout - 60 * sec);
  EXPECT_EQ(unloads, std::vector<std::string>{"a"});
  EXPECT_TRUE(failures.empty()) << "it was none of ours";
  unload_says("a");
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
  EXPECT_FALSE(decided(asker));
}

TEST_F(routers, that_give_up_somebody_elses_load_have_room_again) {
  list({{"a", loading}, {"b"}});
  ask("b");
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
}

TEST_F(routers, that_accept_a_load_and_do_not_begin_it_are_told_again) {
  list(cold);
  const auto asker = ask("a");
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(loads.size(), i);
    load_says("a", accepted);
    for (int polls = 0; polls < 3; ++polls) {
      EXPECT_FALSE(decided(asker));
      pass(limits.poll);
      list(cold);
    }
  }
  EXPECT_EQ(why(asker), denial::load_failed) << "three times is enough";
  EXPECT_EQ(loads.size(), 3U);
}

// ---- unloads ----

TEST_F(routers, that_cannot_unload_yet_are_asked_again_and_then_keep_the_model) {
  const auto asker = send_a_away();
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(unloads.size(), i);
    EXPECT_FALSE(open("a"));
    unload_says("a", unreachable);
    pass(limits.poll);
    list({{"a", loaded}, {"b"}});
  }
  EXPECT_EQ(unloads.size(), 3U);
  EXPECT_TRUE(open("a")) << "it is there, and may be used";
  EXPECT_FALSE(decided(asker));
  pass(limits.batch_window);
  EXPECT_TRUE(closing("a")) << "and tried again after its turn";
}

TEST_F(routers, that_do_not_unload_what_they_accepted_to_are_asked_again_later) {
  send_a_away();
  unload_says("a");
  pass(14 * sec);
  list({{"a", loaded}, {"b"}});
  EXPECT_EQ(unloads.size(), 1U) << "a child has 10 s to end";
  pass(1 * sec);
  list({{"a", loaded}, {"b"}});
  EXPECT_EQ(unloads.size(), 2U);
}

TEST_F(routers, that_did_not_hear_of_an_unload_are_told_soon) {
  send_a_away();
  unload_says("a", unreachable);
  pass(limits.poll);
  list({{"a", loaded}, {"b"}});
  EXPECT_EQ(unloads.size(), 2U);
}

TEST_F(routers, that_unload_for_somebody_else_are_waited_for) {
  list({{"a", unloading}, {"b"}});
  const auto asker = ask("b");
  EXPECT_TRUE(loads.empty());
  list({{"a", loaded}, {"b"}});
  EXPECT_TRUE(unloads.empty()) << "they have changed their mind";
  EXPECT_TRUE(open("a"));
  list({{"a", unloading}, {"b"}});
  EXPECT_FALSE(open("a"));
  list(cold);
  EXPECT_EQ(loads, std::vector<std::string>{"b"});
  EXPECT_FALSE(decided(asker));
}

} // namespace
} // namespace synapse::models
