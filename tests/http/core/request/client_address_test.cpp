#include "http/core/request/client_address.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::parsed_request;

const std::vector<std::string> proxies{"10.0.0.0/8", "127.0.0.1", "fd00::/8"};

config::ip_address at(std::string_view text) {
  return config::parse_address(text).value();
}

config::ip_address client(std::string_view peer, const std::string& fields) {
  const parsed_request asked{"GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"};
  EXPECT_TRUE(asked.result.ok()) << fields;
  return client_address(asked.head, peer_address(peer), config::networks_of(proxies));
}

TEST(client_address, is_the_peer_unless_a_trusted_proxy_speaks_for_another) {
  EXPECT_EQ(client("192.0.2.1", "X-Forwarded-For: 198.51.100.7\r\n"), at("192.0.2.1"))
      << "anybody can write the field";
  EXPECT_EQ(client("10.0.0.1", ""), at("10.0.0.1"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 198.51.100.7\r\n"), at("198.51.100.7"));
  EXPECT_EQ(client("::ffff:10.0.0.1", "X-Forwarded-For: 198.51.100.7\r\n"), at("198.51.100.7"));
}

TEST(client_address, is_the_last_hop_that_is_no_trusted_proxy) {
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.2\r\n"),
            at("198.51.100.7"))
      << "what stands before it the client has made up";
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 203.0.113.9\r\nX-Other: 1\r\n"
                               "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: fd00::1\r\n"),
            at("198.51.100.7"))
      << "several fields are one list";
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 10.0.0.3,10.0.0.2\r\n"), at("10.0.0.3"))
      << "a client inside of the trusted network";
}

TEST(client_address, is_not_read_beyond_what_is_no_address) {
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 198.51.100.7, unknown, 10.0.0.2\r\n"),
            at("10.0.0.2"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: evil\r\n"), at("10.0.0.1"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 198.51.100.7,\r\n"), at("198.51.100.7"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For:\r\n"), at("10.0.0.1"));
}

TEST(client_address, may_come_with_a_port_or_a_zone) {
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 198.51.100.7:4711\r\n"), at("198.51.100.7"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: [2001:db8::1]:4711\r\n"), at("2001:db8::1"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: 2001:db8::1\r\n"), at("2001:db8::1"));
  EXPECT_EQ(client("10.0.0.1", "X-Forwarded-For: [2001:db8::1\r\n"), at("10.0.0.1"));
  EXPECT_EQ(peer_address("fe80::1%eth0"), at("fe80::1"));
  EXPECT_EQ(peer_address("?"), config::ip_address{});
}

} // namespace
} // namespace synapse::http
