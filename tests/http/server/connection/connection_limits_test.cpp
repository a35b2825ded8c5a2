#include "http/server/connection/connection_limits.hpp"

#include <gtest/gtest.h>

namespace synapse::server {
namespace {

using limit = connection_limit;

config::ip_address at(const char* text) {
  return *config::parse_address(text);
}

struct admitting : testing::Test {
  telemetry::metric_registry registry{1};
  connection_limits limits{registry};
  std::vector<connection_limits::seat> seats;

  limit enter(const char* address) {
    connection_limits::seat place;
    const auto result = limits.enter(at(address), place);
    if (result == limit::none)
      seats.push_back(std::move(place));
    return result;
  }
};

TEST_F(admitting, all_places_are_given_and_come_back) {
  limits.set_rules({3, 3, {}});
  for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    EXPECT_EQ(enter(address), limit::none);
  EXPECT_EQ(enter("192.0.2.4"), limit::connections);
  seats.pop_back();
  EXPECT_EQ(enter("192.0.2.4"), limit::none);
  EXPECT_EQ(enter("192.0.2.5"), limit::connections);
}

TEST_F(admitting, one_address_has_a_share_and_others_the_rest) {
  limits.set_rules({10, 2, {}});
  EXPECT_EQ(enter("127.0.0.1"), limit::none);
  EXPECT_EQ(enter("::ffff:127.0.0.1"), limit::none) << "the same on a socket of both families";
  EXPECT_EQ(enter("127.0.0.1"), limit::address) << "loopback is no exception";
  EXPECT_EQ(enter("127.0.0.2"), limit::none);
  seats.erase(seats.begin());
  EXPECT_EQ(enter("127.0.0.1"), limit::none);
}

TEST_F(admitting, of_ipv6_a_whole_64_is_one_client) {
  limits.set_rules({10, 2, {}});
  EXPECT_EQ(enter("2001:db8:0:1::1"), limit::none);
  EXPECT_EQ(enter("2001:db8:0:1:ffff::2"), limit::none);
  EXPECT_EQ(enter("2001:db8:0:1::3"), limit::address);
  EXPECT_EQ(enter("2001:db8:0:2::1"), limit::none);
}

TEST_F(admitting, trusted_proxies_may_have_all) {
  limits.set_rules({4, 1, {*config::parse_network("10.0.0.0/8")}});
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(enter("10.1.2.3"), limit::none);
  EXPECT_EQ(enter("10.1.2.3"), limit::connections);
}

TEST_F(admitting, the_share_is_three_quarters_unless_it_is_configured) {
  config::settings settings;
  settings.limits.max_connections = 1000;
  auto rules = connection_limits::rules_of(settings, 5000);
  EXPECT_EQ(rules.connections, 1000u);
  EXPECT_EQ(rules.per_address, 750u);
  rules = connection_limits::rules_of(settings, 40); // descriptors for no more
  EXPECT_EQ(rules.connections, 40u);
  EXPECT_EQ(rules.per_address, 30u);
  settings.limits.max_connections = 1;
  EXPECT_EQ(connection_limits::rules_of(settings, 5000).per_address, 1u);
  settings.limits.max_connections_per_address = 7;
  settings.process.trusted_proxies = {"192.0.2.0/24"};
  rules = connection_limits::rules_of(settings, 5000);
  EXPECT_EQ(rules.per_address, 7u);
  EXPECT_EQ(rules.trusted.size(), 1u);
}

} // namespace
} // namespace synapse::server
