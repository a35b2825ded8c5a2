#include "http/core/head/head_parts.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http {
namespace {

using test::parsed_request;

bool accepts(verb method, std::string_view target) {
  request_head head;
  head.method_id = method;
  head.target = target;
  return detail::parse_target(head);
}

TEST(head_target, forms) {
  struct {
    const char* line;
    target_form form;
    const char *path, *query, *host;
  } const cases[] = {
      {"GET /?", target_form::origin, "/", "", "a"},
      {"GET //x//y?a?b", target_form::origin, "//x//y", "a?b", "a"},
      {"GET /%41{|}\"<>\\^`", target_form::origin, "/%41{|}\"<>\\^`", "", "a"},
      {"OPTIONS *", target_form::asterisk, "*", "", "a"},
      {"GET http://b.example/x?y", target_form::absolute, "/x", "y", "b.example"},
      {"GET HTTPS://b:8443", target_form::absolute, "/", "", "b:8443"},
      {"GET http://[::1]:80?y", target_form::absolute, "/", "y", "[::1]:80"},
      {"OPTIONS http://b", target_form::absolute, "*", "", "b"},
      {"CONNECT b.example:443", target_form::authority, "", "", "b.example:443"},
      {"CONNECT [fe80::1]:443", target_form::authority, "", "", "[fe80::1]:443"},
  };
  for (const auto& c : cases) {
    const parsed_request r(std::string(c.line) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(r.result.ok()) << c.line << message_of(r.result.error);
    EXPECT_EQ(r.head.form, c.form) << c.line;
    EXPECT_EQ(r.head.path, c.path) << c.line;
    EXPECT_EQ(r.head.query, c.query) << c.line;
    EXPECT_EQ(r.head.has_query, std::string_view(c.line).find('?') != std::string_view::npos);
    EXPECT_EQ(r.head.host, c.host) << c.line;
  }
}

TEST(head_target, sane_hosts) {
  for (const char* host : {"", "a", "a.b-c_d~e", "127.0.0.1:8000", "[::1]", "[2001:db8::1.2.3.4]:1",
                           "a:", "a:65535", "A%41"}) {
    const parsed_request r("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    ASSERT_TRUE(r.result.ok()) << host;
    EXPECT_EQ(r.head.host, host);
  }
}

TEST(head_target, an_asterisk_is_for_options_alone) {
  EXPECT_TRUE(accepts(verb::options, "*"));
  EXPECT_FALSE(accepts(verb::get, "*"));
  EXPECT_FALSE(accepts(verb::options, "**"));
}

TEST(head_target, connect_has_an_authority_with_a_port_and_nothing_else) {
  EXPECT_TRUE(accepts(verb::connect, "a:1"));
  for (const auto* target : {"/", "*", "a", "a:", ":1", "a:1/x", "http://a:1", "[::1]", "[::1]:"})
    EXPECT_FALSE(accepts(verb::connect, target)) << target;
  EXPECT_FALSE(accepts(verb::get, "a:1"));
}

TEST(head_target, an_absolute_one_is_of_http_and_has_an_authority) {
  for (const auto* target :
       {"http://a", "HtTp://a/", "https://a?x", "http://a:65535/", "http://[::]"})
    EXPECT_TRUE(accepts(verb::get, target)) << target;
  for (const auto* target : {"http:", "http://", "https://", "http:///", "http://?x", "http:/a",
                             "ftp://a/", "httpx://a", "http://a:65536", "http://a:x/",
                             "http://u@a/", "http://[::1", "http://[]/", "http://[::1]x/", "x"})
    EXPECT_FALSE(accepts(verb::get, target)) << target;
}

TEST(head_target, a_query_begins_at_the_first_question_mark) {
  request_head head;
  head.method_id = verb::get;
  head.target = "/a?b?c";
  ASSERT_TRUE(detail::parse_target(head));
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.query, "b?c");
  head.target = "/a";
  ASSERT_TRUE(detail::parse_target(head)); // of another request
  EXPECT_FALSE(head.has_query);
  EXPECT_EQ(head.query, "");
}

TEST(head_target, an_authority_tells_whether_it_has_a_port) {
  struct {
    const char* text;
    bool valid, has_port;
  } const cases[] = {
      {"", true, false},
      {"a", true, false},
      {"a:", true, false},
      {"a:0", true, true},
      {"a:65535", true, true},
      {"a:65536", false, false},
      {"a:00001", true, true},
      {"a:000001", false, false},
      {"a:1a", false, false},
      {":1", false, false},
      {"a:1:2", false, false},
      {"a b", false, false},
      {"a!b", false, false},
      {"[::1]", true, false},
      {"[::1]:80", true, true},
      {"[1.2.3.4]", true, false},
      {"[::]", true, false},
      {"[1]", false, false},
      {"[]", false, false},
      {"[", false, false},
      {"[::1]80", false, false},
      {"[::g]", false, false},
      {"[fe80::1%eth0]", false, false},
  };
  for (const auto& c : cases) {
    bool has_port = false;
    EXPECT_EQ(detail::valid_authority(c.text, has_port), c.valid) << c.text;
    EXPECT_EQ(has_port, c.has_port) << c.text;
  }
}

} // namespace
} // namespace synapse::http
