#include "http/core/request/host_name.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

TEST(loopback_host, is_an_address_of_loopback_or_localhost) {
  for (const auto* host :
       {"localhost", "LOCALHOST:80", "localhost.", "a.localhost", "A.b.LocalHost:1", "127.0.0.1",
        "127.0.0.1:8000", "127.255.3.4", "[::1]", "[::1]:8000", "[0:0::1]", "[::ffff:127.0.0.1]"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const auto* host :
       {"", ".localhost", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
        "evillocalhost", "127.0.0", "127.0.0.1.5", "127.0.0.256", "128.0.0.1", "0.0.0.0", "[::2]",
        "[::]", "[::1", "127.0.0.x", "1", "192.168.0.1"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
}

TEST(host_names, come_with_and_without_a_port) {
  EXPECT_EQ(host_of("a.example:8000"), "a.example");
  EXPECT_EQ(port_of("a.example:8000"), "8000");
  EXPECT_EQ(host_of("[::1]:8000"), "[::1]");
  EXPECT_EQ(port_of("[::1]:8000"), "8000");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
  EXPECT_EQ(port_of("[::1]"), "");
  EXPECT_EQ(port_of("a.example"), "");
  EXPECT_TRUE(same_host("A.example.", "a.EXAMPLE"));
  EXPECT_FALSE(same_host("a.example", "b.example"));
}

TEST(host_names, are_taken_as_far_as_they_go) {
  EXPECT_EQ(host_of(""), "");
  EXPECT_EQ(port_of(""), "");
  EXPECT_EQ(host_of(":80"), "");
  EXPECT_EQ(port_of(":80"), "80");
  EXPECT_EQ(port_of("a:"), "");
  EXPECT_EQ(host_of("[::1"), "[::1") << "without its end it is no address";
  EXPECT_EQ(port_of("[::1"), "");
  EXPECT_EQ(port_of("[::1]x80"), "") << "no colon, no port";
}

TEST(host_names, a_dot_at_the_end_counts_once) {
  EXPECT_TRUE(same_host("a.example.", "a.example."));
  EXPECT_FALSE(same_host("a.example..", "a.example"));
  EXPECT_FALSE(same_host(".", "")) << "a dot alone is the name";
  EXPECT_TRUE(same_host("", ""));
}

} // namespace
} // namespace synapse::http
