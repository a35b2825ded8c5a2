#include "config/values/redis_url.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

struct good_url {
  std::string_view text;
  redis_url url;
};

TEST(redis_url, has_parts) {
  const good_url cases[] = {
      {"redis://r", {false, "", "", "r", 6379, 0}},
      {"redis://r/", {false, "", "", "r", 6379, 0}},
      {"rediss://redis.example:6380/3", {true, "", "", "redis.example", 6380, 3}},
      {"redis://127.0.0.1:1", {false, "", "", "127.0.0.1", 1, 0}},
      {"redis://[::1]", {false, "", "", "::1", 6379, 0}},
      {"redis://:pw@[fd00::7]:65535/15", {false, "", "pw", "fd00::7", 65535, 15}},
      {"redis://:pw@r", {false, "", "pw", "r", 6379, 0}},
      {"redis://user:pw@r", {false, "user", "pw", "r", 6379, 0}},
      {"redis://u%3As:p%40%2f%25%3F%C3%A4@r", {false, "u:s", "p@/%?\xc3\xa4", "r", 6379, 0}},
      // Written without encoding often enough, and there is but one way to read it.
      {"redis://user:a:b@c@r:7", {false, "user", "a:b@c", "r", 7, 0}},
  };
  for (const auto& one : cases) {
    const auto url = parse_redis_url(one.text);
    ASSERT_TRUE(url) << one.text << ": " << url.error;
    EXPECT_EQ(*url, one.url) << one.text;
  }
}

struct bad_url {
  std::string_view text;
  std::string_view error;
};

TEST(redis_url, says_what_is_wrong_and_never_the_password) {
  const bad_url cases[] = {
      {"", "must begin with redis:// or rediss://"},
      {"http://:hunter2@r", "must begin with redis:// or rediss://"},
      {"REDIS://r", "must begin with redis:// or rediss://"},
      {"unix:///run/redis.sock", "must begin with redis:// or rediss://"},
      {"redis://", "has no host"},
      {"redis://:hunter2@", "has no host"},
      {"redis://:6379", "has no host"},
      {"redis:///0", "has no host"},
      {"redis://hunter2@r", "has no colon before its @: write :password@ or user:password@"},
      {"redis://@r", "has no colon before its @: write :password@ or user:password@"},
      {"redis://user:@r", "has an empty password: leave out everything up to the @"},
      {"redis://:hunter2%@r", "has a % in its user or password that two hexadecimal digits must "
                              "follow; % itself is %25"},
      {"redis://:hunter2%4@r", "has a % in its user or password that two hexadecimal digits must "
                               "follow; % itself is %25"},
      {"redis://:%zzhunter2@r", "has a % in its user or password that two hexadecimal digits must "
                                "follow; % itself is %25"},
      {"redis://:hun/ter2@r", "has a @ behind its host: in a password, / is written as %2F, ? as "
                              "%3F, # as %23"},
      {"redis://:hun?ter2@r", "has a @ behind its host: in a password, / is written as %2F, ? as "
                              "%3F, # as %23"},
      {"redis://r:0", "has no port between 1 and 65535 after the host"},
      {"redis://r:", "has no port between 1 and 65535 after the host"},
      {"redis://r:65536", "has no port between 1 and 65535 after the host"},
      {"redis://r:hunter2", "has no port between 1 and 65535 after the host"},
      {"redis://::1", "has more than one colon in its host; IPv6 addresses stand in brackets"},
      {"redis://[::1", "has a [ without a ]"},
      {"redis://[::1]6379", "has something between its host and its port"},
      {"redis://[r]", "has a host that is neither a name nor an address"},
      {"redis://a b", "has a host that is neither a name nor an address"},
      {"redis://r/x", "has no number of a database behind its last /"},
      {"redis://r/-1", "has no number of a database behind its last /"},
      {"redis://r/1/2", "has no number of a database behind its last /"},
      {"redis://r/99999999999999999999", "has no number of a database behind its last /"},
      {"redis://r?insecure=1", "has options behind a ?, and none are supported"},
      {"redis://r/0?insecure=1", "has options behind a ?, and none are supported"},
      {"redis://r/0#x", "must not have a fragment"},
      {"redis://:hun\nter2@r", "must not have control characters"},
  };
  for (const auto& one : cases) {
    const auto url = parse_redis_url(one.text);
    ASSERT_FALSE(url) << one.text;
    EXPECT_EQ(url.error, "the URL " + std::string{one.error}) << one.text;
    EXPECT_EQ(url.error.find("hun"), std::string::npos) << one.text;
  }
}

TEST(redis_url, is_described_without_secrets) {
  EXPECT_EQ(describe(*parse_redis_url("rediss://user:hunter2@r:7/3")), "r:7");
  EXPECT_EQ(describe(*parse_redis_url("redis://:hunter2@[::1]")), "[::1]:6379");
}

} // namespace
} // namespace synapse::config
