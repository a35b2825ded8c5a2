#include "actors/backends/resolver.hpp"
#include "tests/support/waiting.hpp"

#include <caf/all.hpp>
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

/// The deterministic system knows one thread only, so this one is a real one.
TEST(resolver, answers_from_a_thread_of_its_own) {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{1});
  caf::actor_system system{config};
  auto resolver = spawn_resolver(system);
  resolve_request request;
  request.host = "127.0.0.1";
  request.port = 1234;
  resolution found;
  {
    caf::scoped_actor self{system};
    self->request(resolver, caf::infinite, request)
        .receive([&](const resolution& answer) { found = answer; },
                 [](const caf::error&) { ADD_FAILURE(); });
    self->send_exit(resolver, caf::exit_reason::user_shutdown);
  }
  EXPECT_EQ(found.host, "127.0.0.1");
  ASSERT_EQ(found.addresses.size(), 1u);
  EXPECT_EQ(found.addresses[0].port, 1234);
  resolver = nullptr;
  EXPECT_TRUE(support::wait_until([&] { return system.registry().running() == 0; }));
}

} // namespace
} // namespace synapse::actors
