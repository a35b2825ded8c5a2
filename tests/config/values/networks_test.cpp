#include "config/values/networks.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

ip_address at(std::string_view text) {
  const auto found = parse_address(text);
  EXPECT_TRUE(found) << text;
  return found.value_or(ip_address{});
}

TEST(networks, an_address_is_the_same_in_both_families) {
  EXPECT_EQ(at("192.0.2.7"), at("::ffff:192.0.2.7"));
  EXPECT_EQ(at("2001:db8::1"), at("2001:0db8:0:0::1"));
  EXPECT_NE(at("192.0.2.7"), at("::192.0.2.7"));
  EXPECT_TRUE(at("::ffff:10.0.0.1").is_v4());
  EXPECT_FALSE(at("2001:db8::1").is_v4());
  for (const auto* loopback : {"127.0.0.1", "127.255.0.9", "::ffff:127.0.0.1", "::1"})
    EXPECT_TRUE(at(loopback).is_loopback()) << loopback;
  for (const auto* other : {"128.0.0.1", "::2", "::", "fe80::1", "10.127.0.1"})
    EXPECT_FALSE(at(other).is_loopback()) << other;
}

TEST(networks, no_other_text_is_an_address) {
  using std::string_view_literals::operator""sv;
  for (const auto text : {""sv, "localhost"sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.0.0.1"sv, "[::1]"sv,
                          "::1%eth0"sv, " ::1"sv, "127.0.0.1\0"sv, "1.2.3.4/8"sv,
                          "0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"sv})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(networks, have_the_addresses_of_their_prefix) {
  struct {
    std::string_view range, in, out;
  } const cases[] = {
      {"192.0.2.7", "192.0.2.7", "192.0.2.8"},
      {"10.0.0.0/8", "10.255.1.2", "11.0.0.0"},
      {"10.0.0.0/8", "::ffff:10.1.1.1", "::10.1.1.1"},
      {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
      {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
      {"fd00::/8", "fdff::1", "fe00::1"},
      {"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
      {"::ffff:10.0.0.0/104", "10.9.9.9", "11.0.0.1"},
  };
  for (const auto& one : cases) {
    const auto range = parse_network(one.range);
    ASSERT_TRUE(range) << one.range << ": " << range.error;
    EXPECT_TRUE(range->contains(at(one.in))) << one.range << " " << one.in;
    EXPECT_FALSE(range->contains(at(one.out))) << one.range << " " << one.out;
  }
}

TEST(networks, say_what_is_wrong) {
  for (const auto* text : {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129",
                           "10.0.0.1/8", "fd00::1/64", "10.0.0.0/8/8"}) {
    const auto range = parse_network(text);
    EXPECT_FALSE(range) << text;
    EXPECT_NE(range.error, "") << text;
  }
}

TEST(networks, one_client_of_ipv6_is_a_64) {
  EXPECT_EQ(at("2001:db8:1:2:3::4").subject(), at("2001:db8:1:2:ffff::").subject());
  EXPECT_NE(at("2001:db8:1:2::").subject(), at("2001:db8:1:3::").subject());
  EXPECT_NE(at("192.0.2.7").subject(), at("192.0.2.8").subject());
  EXPECT_EQ(at("192.0.2.7").subject(), at("::ffff:192.0.2.7").subject());
}

TEST(networks, who_comes_in_numbers_gives_way_first) {
  const auto at = [](const char* text) { return parse_address(text)->subject(); };
  EXPECT_EQ(gives_way(std::vector{at("192.0.2.1")}), 0u);
  EXPECT_EQ(gives_way(std::vector{at("192.0.2.1"), at("192.0.2.2"), at("192.0.2.2")}), 1u);
  EXPECT_EQ(gives_way(std::vector{at("192.0.2.1"), at("192.0.2.2"), at("192.0.2.3")}), 0u)
      << "the oldest, where nobody has more than others";
  EXPECT_EQ(gives_way(std::vector{at("192.0.2.1"), at("2001:db8::1"), at("2001:db8::2")}), 1u);
}

} // namespace
} // namespace synapse::config
