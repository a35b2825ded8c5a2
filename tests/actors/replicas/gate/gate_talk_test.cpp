#include "actors/replicas/gate/gate_talk.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace synapse::test {
namespace {

using actors::cluster::gate_talk;
using actors::cluster::session_role;
using state = gate_talk::state;
using reason = gate_talk::reason;

std::shared_ptr<const std::string> secret_of(const char* text) {
  return std::make_shared<const std::string>(text);
}

/// Hands what one has to say to the other, in pieces of that size. @returns whether there was any.
bool carry(gate_talk& from, gate_talk& to, std::size_t piece) {
  bool any = false;
  while (!from.output().empty() && to.wanted() > 0) {
    const auto size = std::min({piece, to.wanted(), from.output().size()});
    to.take(from.output().substr(0, size));
    from.output().erase(0, size);
    any = true;
  }
  return any;
}

void talk(gate_talk& one, gate_talk& other, std::size_t piece = 1000) {
  while (carry(one, other, piece) || carry(other, one, piece)) {
  }
}

TEST(gate_talk, lets_pass_who_has_the_secret_however_the_bytes_come) {
  const auto secret = secret_of("the secret of all replicas");
  for (const std::size_t piece : {1u, 7u, 1000u}) {
    gate_talk dialling{session_role::dialling, secret};
    gate_talk answering{session_role::answering, secret};
    EXPECT_TRUE(answering.output().empty()) << "it says nothing to who says nothing";
    talk(dialling, answering, piece);
    EXPECT_EQ(dialling.now(), state::passed);
    EXPECT_EQ(answering.now(), state::passed);
    EXPECT_EQ(dialling.wanted(), 0u) << "what follows is not the gate's";
    EXPECT_EQ(answering.wanted(), 0u);
    EXPECT_TRUE(dialling.output().empty() && answering.output().empty());
  }
}

TEST(gate_talk, refuses_another_secret_on_both_sides) {
  gate_talk dialling{session_role::dialling, secret_of("the secret of all replicas")};
  gate_talk answering{session_role::answering, secret_of("the secret of some others")};
  talk(dialling, answering);
  EXPECT_EQ(answering.now(), state::refused);
  EXPECT_EQ(answering.why(), reason::secret);
  EXPECT_EQ(dialling.now(), state::refused);
  EXPECT_EQ(dialling.why(), reason::secret);
}

TEST(gate_talk, refuses_who_welcomes_without_the_secret) {
  gate_talk dialling{session_role::dialling, secret_of("the secret of all replicas")};
  gate_talk other{session_role::answering, secret_of("the secret of some others")};
  carry(dialling, other, 1000);
  carry(other, dialling, 1000);
  EXPECT_EQ(dialling.wanted(), 33u);
  dialling.take(std::string(1, '\1') + std::string(32, 'x'));
  EXPECT_EQ(dialling.now(), state::refused);
}

TEST(gate_talk, refuses_what_was_recorded_or_sent_back) {
  const auto secret = secret_of("the secret of all replicas");
  gate_talk dialling{session_role::dialling, secret};
  gate_talk answering{session_role::answering, secret};
  const std::string greeting = dialling.output();
  carry(dialling, answering, 1000);
  carry(answering, dialling, 1000);
  const std::string proof = dialling.output();
  ASSERT_EQ(proof.size(), 32u);
  // The same greeting gets another nonce, for which the old proof is none.
  gate_talk again{session_role::answering, secret};
  again.take(greeting);
  again.take(proof);
  EXPECT_EQ(again.why(), reason::secret);
  // Its own proof is no welcome.
  dialling.take("\1" + proof);
  EXPECT_EQ(dialling.why(), reason::secret);
}

TEST(gate_talk, refuses_at_the_first_byte_that_no_replica_would_send) {
  const auto secret = secret_of("the secret of all replicas");
  for (const auto& bytes : {std::string("G"), std::string("\1"), std::string("synapsX")}) {
    gate_talk answering{session_role::answering, secret};
    answering.take(bytes);
    EXPECT_EQ(answering.now(), state::refused);
    EXPECT_EQ(answering.why(), reason::greeting);
    EXPECT_TRUE(answering.output().empty());
  }
}

TEST(gate_talk, tells_another_version_which_one_this_is) {
  const auto secret = secret_of("the secret of all replicas");
  gate_talk answering{session_role::answering, secret};
  answering.take("synapse\7" + std::string(32, 'n'));
  EXPECT_EQ(answering.why(), reason::version);
  EXPECT_EQ(answering.their_version(), 7u);
  ASSERT_EQ(answering.output().size(), 40u);
  EXPECT_EQ(answering.output().substr(0, 8), "synapse\1");
}

} // namespace
} // namespace synapse::test
