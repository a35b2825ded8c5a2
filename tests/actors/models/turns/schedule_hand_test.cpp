// Models loaded by hand, and the reasons that whoever waits can be told: in virtual time.
#include "tests/actors/models/turns/schedule_rig.hpp"

namespace synapse::models {
namespace {

using enum router_state;
using enum router_answer;
using enum purpose;
using kind = wait_reason::kind;

struct by_hand : schedule_rig {
  const std::vector<listed_model> cold{{"a"}, {"b"}, {"c"}};

  /// The router does what it is told, with one model at a time; lanes that nobody uses say so.
  void load(const std::string& model) {
    const auto ticket = ask(model, purpose::load);
    settle(model);
    EXPECT_TRUE(granted(ticket));
  }
  void settle(const std::string& wanted) {
    for (const auto& one : cold)
      if (open(one.name) && one.name != wanted)
        used(one.name, 0, last_use[one.name]);
    for (const auto& one : cold)
      if (closing(one.name))
        drained(one.name);
    if (!unloads.empty() && told_unloads < unloads.size()) {
      told_unloads = unloads.size();
      unload_says(unloads.back());
      list(cold);
    }
    if (loads.empty() || loads.back() != wanted || open(wanted))
      return;
    load_says(wanted, accepted);
    list(with(wanted));
    EXPECT_TRUE(open(wanted));
  }
  std::vector<listed_model> with(const std::string& loaded_one) const {
    auto all = cold;
    for (auto& one : all)
      if (one.name == loaded_one)
        one.state = router_state::loaded;
    return all;
  }
  std::string reason(std::string_view model) const {
    const auto why = subject.waits_for(model, now);
    return why ? why->text : std::string{};
  }
  wait_reason reason_of(std::string_view model) const {
    return subject.waits_for(model, now).value_or(wait_reason{});
  }

  std::map<std::string, time_ns> last_use;
  std::size_t told_unloads = 0;
};

// ---- no wait without a reason ----

TEST_F(by_hand, a_loaded_model_that_nobody_used_gives_way_at_once) {
  list(cold);
  load("a");
  ASSERT_TRUE(open("a"));
  const auto begin = now;
  load("b");
  EXPECT_TRUE(open("b"));
  EXPECT_EQ(loads, (std::vector<std::string>{"a", "b"}));
  EXPECT_LT(now - begin, 10 * ms) << "only the switch";
  load("a");
  load("c");
  EXPECT_LT(now - begin, 30 * ms);
}

TEST_F(by_hand, a_chat_for_another_model_waits_for_the_switch_only) {
  list(cold);
  load("b");
  const auto begin = now;
  const auto chat = ask("a");
  settle("a");
  EXPECT_TRUE(granted(chat));
  EXPECT_LT(now - begin, 10 * ms);
}

TEST_F(by_hand, a_model_that_others_use_has_its_turn_all_the_same) {
  list(cold);
  load("a");
  EXPECT_TRUE(granted(ask("a")));
  pass(60 * sec);
  const auto hand = ask("b", purpose::load);
  used("a", 1);
  pass(limits.batch_window - 1);
  EXPECT_TRUE(open("a"));
  EXPECT_FALSE(decided(hand));
  pass(1);
  EXPECT_TRUE(closing("a"));
}

TEST_F(by_hand, a_model_used_a_moment_ago_lingers) {
  list(cold);
  load("a");
  ask("a");
  now += 1 * sec;
  ask("b", purpose::load);
  used("a", 0, now);
  EXPECT_TRUE(open("a"));
  pass(limits.linger - 1);
  EXPECT_TRUE(open("a"));
  pass(1);
  EXPECT_TRUE(closing("a"));
}

TEST_F(by_hand, a_load_of_what_is_there_is_no_use_of_it) {
  list(cold);
  load("a");
  pass(60 * sec);
  EXPECT_TRUE(granted(ask("a", purpose::load)));
  ask("b");
  used("a", 0, 0);
  EXPECT_TRUE(closing("a")) << "nobody has used it";
}

TEST_F(by_hand, a_load_under_way_is_not_ended_for_the_next_one) {
  list(cold);
  const auto first = ask("a", purpose::load);
  load_says("a", accepted);
  EXPECT_TRUE(granted(first));
  const auto second = ask("b", purpose::load);
  EXPECT_TRUE(unloads.empty()) << "somebody has asked for it";
  EXPECT_EQ(reason("b"), "waits for a to be loaded");
  list(with("a"));
  used("a", 0, 0);
  EXPECT_TRUE(closing("a")) << "and then it gives way at once";
  EXPECT_FALSE(decided(second));
}

TEST_F(by_hand, of_two_unused_models_the_one_loaded_first_goes) {
  limits.max_loaded = 2;
  subject.set_limits(limits);
  list(cold);
  for (const std::string name : {"b", "a"}) {
    ask(name, purpose::load);
    load_says(name, accepted);
    now += 1 * sec;
    list({{"a", name == "a" ? loaded : unloaded}, {"b", loaded}, {"c"}});
  }
  ask("c", purpose::load);
  used("a", 0, 0);
  used("b", 0, 0);
  EXPECT_TRUE(closing("b"));
  EXPECT_TRUE(open("a"));
}

TEST_F(by_hand, alternating_chats_still_batch_fairly) {
  list(cold);
  load("a");
  EXPECT_TRUE(granted(ask("a")));
  pass(20 * sec);
  const auto other = ask("b");
  used("a", 2);
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(granted(ask("a"))) << "those for the loaded model go first";
    pass(1 * sec);
  }
  pass(1 * sec);
  EXPECT_TRUE(closing("a")) << "for a window";
  const auto late = ask("a");
  EXPECT_FALSE(decided(late));
  settle("b");
  EXPECT_TRUE(granted(other));
  EXPECT_FALSE(decided(late));
}

// ---- the reasons ----

TEST_F(by_hand, nobody_waits_for_what_nobody_wants) {
  list(cold);
  EXPECT_EQ(reason("a"), "");
  EXPECT_EQ(reason("unheard of"), "");
  load("a");
  EXPECT_EQ(reason("a"), "");
}

TEST_F(by_hand, a_busy_model_is_named_with_what_is_left_of_its_turn) {
  list(with("a"));
  pass(60 * sec);
  ask("b", purpose::load);
  used("a", 1);
  EXPECT_EQ(reason_of("b").what, kind::turn);
  EXPECT_EQ(reason_of("b").model, "a");
  EXPECT_EQ(reason("b"), "waits for a, which is in use and has its turn for 10 s more at most");
  pass(4 * sec);
  EXPECT_EQ(reason("b"), "waits for a, which is in use and has its turn for 6 s more at most");
}

TEST_F(by_hand, requests_that_have_to_end_are_counted) {
  list(with("a"));
  pass(60 * sec);
  ask("b", purpose::load);
  used("a", 1);
  pass(limits.batch_window);
  ASSERT_TRUE(closing("a"));
  EXPECT_EQ(reason("b"), "waits for a to finish 2 requests");
  EXPECT_EQ(reason_of("b").what, kind::requests);
  EXPECT_EQ(reason_of("b").requests, 2U);
  drained("a", 0);
  EXPECT_EQ(reason("b"), "waits for a to finish 1 request");
  drained("a", 1);
  EXPECT_EQ(reason("b"), "waits for a to be unloaded");
}

TEST_F(by_hand, lingering_and_kept_models_say_so) {
  list(with("a"));
  pass(60 * sec);
  ask("b");
  used("a", 0, now);
  EXPECT_EQ(reason_of("b").what, kind::pause);
  EXPECT_NE(reason("b").find("a moment ago"), std::string::npos) << reason("b");
}

TEST_F(by_hand, those_behind_others_know_whom) {
  list(with("a"));
  ask("b");
  now += 1 * ms;
  ask("c");
  EXPECT_EQ(reason_of("c").what, kind::queue);
  EXPECT_EQ(reason("c"), "waits for its turn behind b");
}

TEST_F(by_hand, a_router_that_is_away_or_full_is_the_reason) {
  list(cold);
  ask("a");
  load_says("a", no_room, "the router answered 500: model limit reached");
  EXPECT_EQ(reason("a"), "waits for the router: the router answered 500: model limit reached");
  list_fails(true, false, "connection refused");
  EXPECT_EQ(reason("a"), "waits for the router: connection refused");
}

TEST_F(by_hand, who_waited_in_vain_hears_for_what) {
  list(with("a"));
  pass(60 * sec);
  const auto asker = ask("b");
  used("a", 1);
  pass(limits.max_wait);
  EXPECT_EQ(why(asker), denial::wait_timeout);
  EXPECT_NE(verdicts.at(asker).detail.find("waits for a to finish 2 requests"), std::string::npos)
      << verdicts.at(asker).detail;
}

// ---- a definite no ----

TEST_F(by_hand, a_refused_unload_ends_the_wait_of_all_who_need_the_room) {
  list(with("a"));
  pass(60 * sec);
  const auto chat = ask("b");
  const auto hand = ask("c", purpose::load);
  used("a", 0, 0);
  drained("a");
  ASSERT_EQ(unloads.size(), 1U);
  subject.unload_answered("a", refused, "the router answered 401: Invalid API Key", now);
  note();
  for (const auto one : {chat, hand}) {
    EXPECT_EQ(why(one), denial::router_error) << "at once";
    EXPECT_NE(verdicts.at(one).detail.find("Invalid API Key"), std::string::npos);
  }
  const auto late = ask("a");
  list(with("a"));
  EXPECT_TRUE(granted(late)) << "it is there, and may be used";
  EXPECT_EQ(unloads.size(), 1U) << "asking again would get the same answer";
}

TEST_F(by_hand, an_unload_of_a_model_unknown_to_the_router_that_lists_it_is_a_no) {
  list(with("a"));
  pass(60 * sec);
  const auto chat = ask("b");
  used("a", 0, 0);
  drained("a");
  subject.unload_answered("a", not_found, "model is not found", now);
  note();
  EXPECT_FALSE(decided(chat)) << "perhaps it has just gone";
  list(with("a"));
  EXPECT_EQ(why(chat), denial::router_error);
  EXPECT_TRUE(open("a"));
}

TEST_F(by_hand, a_refused_unload_where_loads_make_room_concerns_nobody_else) {
  limits.load_evicts = true;
  subject.set_limits(limits);
  list(with("a"));
  const auto command = ask("a", unload);
  now += 1 * ms;
  const auto chat = ask("b");
  drained("a");
  subject.unload_answered("a", refused, "no", now);
  note();
  EXPECT_EQ(why(command), denial::router_error);
  EXPECT_FALSE(decided(chat));
}

TEST_F(by_hand, a_refused_list_is_waited_for_by_nobody) {
  const auto early = ask("a");
  subject.list_refused("the router answered 403: no", now);
  note();
  EXPECT_EQ(why(early), denial::router_error);
  EXPECT_EQ(verdicts.at(early).detail, "the router answered 403: no");
  EXPECT_EQ(why(ask("a", purpose::load)), denial::router_error);
  EXPECT_EQ(why(ask("a", no_wait)), denial::router_error);
  EXPECT_TRUE(subject.changing()) << "it is looked for again and again";
  list(cold);
  ask("a");
  EXPECT_EQ(loads, std::vector<std::string>{"a"});
}

TEST_F(by_hand, a_refused_list_closes_no_open_model) {
  list(with("a"));
  const auto waits = ask("b");
  subject.list_refused("no", now);
  note();
  EXPECT_EQ(why(waits), denial::router_error);
  EXPECT_TRUE(granted(ask("a")));
  EXPECT_EQ(subject.due(), 0);
}

} // namespace
} // namespace synapse::models
