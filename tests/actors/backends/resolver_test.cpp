#include "actors/backends/resolver.hpp"
#include "tests/support/deterministic_actor_system.hpp"
#include "tests/support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace synapse::actors {
namespace {

resolution look_up(const std::string& host, std::uint16_t port = 8080) {
  resolve_request request;
  request.host = host;
  request.port = port;
  return resolve_now(request);
}

/// Longer than any name, so that the look-up fails without a question to anybody.
const std::string impossible(300, 'a');

TEST(resolver, takes_an_ipv4_address_as_it_is) {
  const auto found = look_up("192.0.2.7", 443);
  EXPECT_EQ(found.host, "192.0.2.7");
  EXPECT_EQ(found.error, "");
  ASSERT_EQ(found.addresses.size(), 1u) << "one for all kinds of sockets";
  EXPECT_FALSE(found.addresses[0].v6);
  EXPECT_EQ(found.addresses[0].port, 443);
  const std::array<std::uint8_t, 4> bytes{192, 0, 2, 7};
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), found.addresses[0].ip.begin()));
}

TEST(resolver, takes_an_ipv6_address_where_there_is_nothing_else) {
  const auto found = look_up("2001:db8::5");
  ASSERT_EQ(found.addresses.size(), 1u);
  EXPECT_TRUE(found.addresses[0].v6);
  EXPECT_EQ(found.addresses[0].ip[0], 0x20);
  EXPECT_EQ(found.addresses[0].ip[1], 0x01);
  EXPECT_EQ(found.addresses[0].ip[15], 5);
}

TEST(resolver, leaves_ipv6_out_where_a_name_has_both) {
  const auto found = look_up("localhost");
  ASSERT_FALSE(found.addresses.empty());
  EXPECT_TRUE(std::none_of(found.addresses.begin(), found.addresses.end(),
                           [](const backend_address& one) { return one.v6; }));
}

TEST(resolver, says_why_there_is_no_address) {
  const auto found = look_up(impossible);
  EXPECT_EQ(found.host, impossible);
  EXPECT_TRUE(found.addresses.empty());
  EXPECT_NE(found.error, "");
}

TEST(resolver, answers_from_a_thread_of_its_own) {
  test::deterministic_actor_system actors;
  auto resolver = spawn_resolver(actors.system());
  resolve_request request;
  request.host = "127.0.0.1";
  request.port = 1234;
  auto question = actors.begin_ask<resolution>(resolver, request);
  ASSERT_TRUE(support::wait_until([&] {
    actors.settle();
    return question.answered();
  }));
  ASSERT_TRUE(*question);
  EXPECT_EQ(question->host, "127.0.0.1");
  ASSERT_EQ(question->addresses.size(), 1u);
  EXPECT_EQ(question->addresses[0].port, 1234);
  actors.end(resolver);
  resolver = nullptr;
  EXPECT_TRUE(support::wait_until([&] { return actors.system().registry().running() == 0; }));
}

} // namespace
} // namespace synapse::actors
