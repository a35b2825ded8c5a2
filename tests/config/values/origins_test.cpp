#include "config/values/origins.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

TEST(origins, are_read_in_the_form_that_browsers_send) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"https://chat.example.org", "https://chat.example.org"},
      {"http://127.0.0.1:3000", "http://127.0.0.1:3000"},
      {"http://[::1]:3000", "http://[::1]:3000"},
      {"chrome-extension://abcdefgh", "chrome-extension://abcdefgh"},
      // What is meant.
      {"https://chat.example.org/", "https://chat.example.org"},
      {"https://chat.example.org/app?x#y", "https://chat.example.org"},
      {"HTTPS://Chat.Example.ORG", "https://chat.example.org"},
      {"https://chat.example.org:443", "https://chat.example.org"},
      {"http://chat.example.org:80", "http://chat.example.org"},
      {"http://chat.example.org:443", "http://chat.example.org:443"},
  };
  for (const auto& [text, origin] : cases) {
    const auto parsed = parse_origin(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error;
    EXPECT_EQ(*parsed, origin) << text;
  }
}

TEST(origins, other_text_names_none) {
  for (const auto* text : {"",
                           "*",
                           "https://*",
                           "https://*.example.org",
                           "null",
                           "chat.example.org",
                           "//chat.example",
                           "https://",
                           "https:///x",
                           "https://:80",
                           "https://a b",
                           "https://me@chat.example.org",
                           "https://chat.example.org:",
                           "https://chat.example.org:0",
                           "https://chat.example.org:65536",
                           "https://chat.example.org:8x",
                           "http://[::1",
                           "http://[::1]x",
                           "1http://chat",
                           "file://"})
    EXPECT_FALSE(parse_origin(text)) << text;
}

} // namespace
} // namespace synapse::config
