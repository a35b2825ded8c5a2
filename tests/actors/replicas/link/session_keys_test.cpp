#include "actors/replicas/link/session_keys.hpp"

#include <gtest/gtest.h>

namespace synapse::actors::cluster {
namespace {

struct session : testing::Test {
  session() {
    hello.from = 11;
    hello.body = "hello";
    offer.from = 22;
    offer.to = 11;
    offer.body = "offer";
  }
  session_keys keys(session_role own, std::string_view secret = "0123456789abcdef") const {
    return {secret, own, hello, offer};
  }
  static peer_packet packet(const std::string& body = "lines") {
    peer_packet result;
    result.kind = static_cast<std::uint8_t>(packet_kind::lines);
    result.to = 22;
    result.from = 11;
    result.body = body;
    return result;
  }
  peer_packet hello;
  peer_packet offer;
};

TEST_F(session, opens_what_the_other_side_has_sealed_once_and_in_order) {
  auto dialling = keys(session_role::dialling);
  auto answering = keys(session_role::answering);
  auto first = packet();
  auto second = packet();
  dialling.seal(first);
  dialling.seal(second);
  EXPECT_EQ(first.number, 1u);
  EXPECT_FALSE(answering.open(second)) << "one is missing before it";
  EXPECT_TRUE(answering.open(first));
  EXPECT_FALSE(answering.open(first)) << "a second time";
  EXPECT_TRUE(answering.open(second));
  EXPECT_FALSE(answering.open(first)) << "from before";
}

TEST_F(session, does_not_open_what_was_changed) {
  auto dialling = keys(session_role::dialling);
  const auto changed = [&](auto change) {
    auto one = packet();
    dialling.seal(one);
    change(one);
    return keys(session_role::answering).open(one);
  };
  EXPECT_TRUE(changed([](peer_packet&) {}));
  EXPECT_FALSE(changed([](peer_packet& p) { p.body = "liars"; }));
  EXPECT_FALSE(changed([](peer_packet& p) { ++p.number; }));
  EXPECT_FALSE(changed([](peer_packet& p) { ++p.kind; }));
  EXPECT_FALSE(changed([](peer_packet& p) { ++p.to; }));
  EXPECT_FALSE(changed([](peer_packet& p) { ++p.from; }));
  EXPECT_FALSE(changed([](peer_packet& p) { p.seal.clear(); }));
  EXPECT_FALSE(changed([](peer_packet& p) { p.seal.pop_back(); }));
  EXPECT_FALSE(changed([](peer_packet& p) { p.seal[0] = static_cast<char>(p.seal[0] ^ 1); }));
}

TEST_F(session, needs_the_same_secret_and_the_same_greetings) {
  auto one = packet();
  keys(session_role::dialling).seal(one);
  EXPECT_FALSE(keys(session_role::answering, "0123456789abcdeF").open(one));
  EXPECT_FALSE(keys(session_role::dialling).open(one)) << "thrown back at its sender";
  hello.body = "hellO";
  EXPECT_FALSE(keys(session_role::answering).open(one));
  hello.body = "hello";
  offer.from = 23;
  EXPECT_FALSE(keys(session_role::answering).open(one));
}

TEST_F(session, without_keys_opens_nothing) {
  auto one = packet();
  session_keys none;
  EXPECT_FALSE(none.open(one));
}

} // namespace
} // namespace synapse::actors::cluster
