#include "actors/gpus/lead/card_peers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace synapse::gpus {
namespace {

using names = std::vector<std::string>;

actors::gpu_note note(std::uint64_t place, bool leads = false) {
  actors::gpu_note made;
  made.card = "gpu0";
  made.place = place;
  made.leads = leads;
  return made;
}

actors::gpu_peers peers(names live, names silent = {}) {
  actors::gpu_peers made;
  made.self = "a";
  made.live = std::move(live);
  made.silent = std::move(silent);
  return made;
}

struct card_peers_test : testing::Test {
  card_peers_test() { subject.set_place(7); }
  card_peers subject;
};

TEST_F(card_peers_test, only_those_that_speak_of_the_same_card_share_it) {
  subject.heard(peers({"b", "c", "d"}));
  EXPECT_TRUE(subject.live().empty()) << "nobody has spoken of it yet";
  EXPECT_TRUE(subject.said("b", note(7)));
  EXPECT_FALSE(subject.said("c", note(8))) << "that is a card of its own";
  EXPECT_EQ(subject.live(), names{"b"});
  EXPECT_TRUE(subject.silent().empty());
}

TEST_F(card_peers_test, one_that_does_not_answer_is_silent_until_it_is_known_to_have_ended) {
  subject.heard(peers({"b", "c"}));
  subject.said("b", note(7));
  subject.said("c", note(7));
  EXPECT_EQ(subject.heard(peers({"c"}, {"b"})), names{"b"});
  EXPECT_EQ(subject.live(), names{"c"});
  EXPECT_EQ(subject.silent(), names{"b"});
  EXPECT_EQ(subject.note_of("b"), nullptr);
  EXPECT_TRUE(subject.heard(peers({"c"})).empty()) << "it was away before";
  EXPECT_TRUE(subject.silent().empty());
}

TEST_F(card_peers_test, the_leader_is_a_live_one_that_says_so) {
  subject.heard(peers({"b", "c"}));
  EXPECT_TRUE(subject.leader().empty());
  subject.said("c", note(7, true));
  EXPECT_EQ(subject.leader(), "c");
  subject.said("b", note(7, true));
  EXPECT_EQ(subject.leader(), "b");
  subject.heard(peers({"c"}, {"b"}));
  EXPECT_EQ(subject.leader(), "c");
  subject.said("c", note(7));
  EXPECT_TRUE(subject.leader().empty());
}

TEST_F(card_peers_test, another_card_of_its_own_has_nobody_yet) {
  subject.heard(peers({"b"}));
  subject.said("b", note(7, true));
  subject.set_place(9);
  EXPECT_TRUE(subject.live().empty());
  EXPECT_TRUE(subject.leader().empty());
  subject.set_place(7);
  EXPECT_EQ(subject.leader(), "b");
}

TEST_F(card_peers_test, one_that_speaks_of_another_card_now_does_not_share_this_one) {
  subject.heard(peers({"b"}));
  subject.said("b", note(7, true));
  subject.said("b", note(9, true));
  EXPECT_TRUE(subject.leader().empty());
  EXPECT_TRUE(subject.live().empty());
}

} // namespace
} // namespace synapse::gpus
