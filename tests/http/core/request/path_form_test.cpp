#include "http/core/request/path_form.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace synapse::http {
namespace {

/// The target that is judged and sent for the one that came, or what is wrong with it.
std::string form_of(std::string_view target, request_head* kept = nullptr) {
  const auto text = "GET " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n\r\n";
  test::parsed_request r(text);
  EXPECT_TRUE(r.result.ok()) << target;
  const auto fault = make_path_normal(r.head, r.bytes.begin());
  if (kept != nullptr)
    *kept = r.head;
  if (fault != path_fault::none)
    return std::string{message_of(fault)};
  const auto built =
      std::string{r.head.path} + (r.head.has_query ? "?" + std::string{r.head.query} : "");
  if (r.head.form == target_form::origin) {
    EXPECT_EQ(r.head.target, built);
  }
  return built;
}

struct form_case {
  std::string_view came;
  std::string_view form;
};

void expect_forms(const std::vector<form_case>& cases) {
  for (const auto& [came, form] : cases)
    EXPECT_EQ(form_of(came), form) << came;
}

TEST(path_form, of_a_usual_path_is_the_path) {
  for (const std::string_view path :
       {"/", "/v1/chat/completions", "/v1/models/org/name:q4?x=1&y=%2e%2e/%5C", "/a.b/c..d/...",
        "/a;b=c/d;e", "/models/Qwen2.5-7B/schema", "/a%20b", "/%C3%A4/%3F%23%25", "/a/?",
        "/@!$&'()*+,=:", "/abcdefghijklmnop/qrstuvwxyz"})
    EXPECT_EQ(form_of(path), path);
}

TEST(path_form, has_dot_segments_resolved) {
  expect_forms({{"/a/b/c/./../../g", "/a/g"}, // RFC 3986 section 5.2.4
                {"/a/../b", "/b"},
                {"/a/..", "/"},
                {"/a/.", "/a/"},
                {"/.", "/"},
                {"/./a", "/a"},
                {"/pub/../admin", "/admin"},
                {"/models/../slots?x=..", "/slots?x=.."},
                {"/pub/%2e%2e/admin", "/admin"},
                {"/pub/.%2E/admin", "/admin"},
                {"/pub/%2e/x", "/pub/x"},
                {"/.well-known/x", "/.well-known/x"},
                {"/a/.../b", "/a/.../b"},
                {"/abcdefghijklmnopqrstuvwxyz/../0123456789abcdef/..", "/"}});
}

TEST(path_form, has_parameters_of_dot_segments_taken_for_nothing) {
  expect_forms({{"/pub/..;/admin", "/admin"},
                {"/pub/..;a=b/admin", "/admin"},
                {"/pub/%2e%2e;x/admin", "/admin"},
                {"/pub/.;x/a", "/pub/a"},
                {"/pub/;x/a", "/pub/a"},
                {"/pub/x;..", "/pub/x;.."},
                {"/pub/x;a/b", "/pub/x;a/b"}});
}

TEST(path_form, has_single_slashes) {
  expect_forms({{"//", "/"},
                {"//v1/models", "/v1/models"},
                {"/v1//models///", "/v1/models/"},
                {"/a//../b", "/b"},
                {"/x?a//b", "/x?a//b"}});
}

TEST(path_form, has_escapes_of_plain_characters_decoded_and_others_in_capitals) {
  expect_forms({{"/v1/%6D%6fdels", "/v1/models"},
                {"/%7euser/%2D%5F", "/~user/-_"},
                {"/caf%c3%a9/a%2fb%3f%3b", "/caf%C3%A9/a%2Fb%3F%3B"},
                {"/a%252e%252e", "/a%252e%252e"},
                {"/%252e%252e/x", "/%252e%252e/x"},
                {"/%EF%BC%8F%f0%9f%98%80%ff%e4", "/%EF%BC%8F%F0%9F%98%80%FF%E4"}});
}

TEST(path_form, of_a_path_that_leads_out_of_its_root_is_none) {
  for (const std::string_view path :
       {"/..", "/../", "/../a", "/a/../..", "/pub/../../admin", "/pub/%2e%2e/%2e%2e/admin",
        "/pub/..;/..;/admin", "/./../a", "//..", "/a/b/../../../c?q"})
    EXPECT_EQ(form_of(path), message_of(path_fault::above_root)) << path;
}

TEST(path_form, of_what_is_read_in_several_ways_is_none) {
  const auto expect_fault = [](path_fault fault, const std::vector<std::string_view>& paths) {
    for (const auto path : paths) {
      request_head head;
      EXPECT_EQ(form_of(path, &head), message_of(fault)) << path;
      EXPECT_FALSE(message_of(fault).empty());
    }
  };
  expect_fault(path_fault::backslash, {"/a\\b", "/pub/..\\admin", "/a%5cb", "/%5C"});
  expect_fault(path_fault::control_character, {"/a%00", "/%0d%0aX:y", "/%7f", "/%1F"});
  expect_fault(path_fault::bad_escape,
               {"/%", "/a%2", "/%zz", "/%u002e", "/%2%65%2%65/x", "/a/b%2g", "/%%2e"});
  expect_fault(path_fault::overlong_utf8,
               {"/%c0%ae%c0%ae/x", "/%c0%af", "/%C1%9c", "/%e0%80%af", "/%e0%9f%bf",
                "/%f0%80%80%af", "/%f0%8f%bf%bf", "/%f8%80%80%80%af", "/%fc%80%80%80%80%af"});
}

TEST(path_form, is_the_same_for_an_absolute_target) {
  expect_forms({{"http://b/pub/../x?y", "/x?y"},
                {"http://b", "/"},
                {"http://b?y", "/?y"},
                {"http://b//x", "/x"},
                {"http://b/../x", message_of(path_fault::above_root)}});
}

TEST(path_form, leaves_a_head_that_has_none_as_it_came) {
  const std::string text = "GET /a%41/%00?q HTTP/1.1\r\nHost: a\r\n\r\n";
  test::parsed_request r(text);
  ASSERT_EQ(make_path_normal(r.head, r.bytes.begin()), path_fault::control_character);
  EXPECT_EQ(r.head.target, "/a%41/%00?q");
  EXPECT_EQ(std::string_view(r.bytes.begin(), r.bytes.size()), text);
}

TEST(path_form, tells_slashes_within_segments) {
  EXPECT_TRUE(has_escaped_slash("/a%2Fb"));
  EXPECT_FALSE(has_escaped_slash("/a/b%252Fb"));
}

TEST(path_form, is_asked_for_where_one_look_finds_something_to_do) {
  for (const std::size_t before : {0u, 1u, 14u, 15u, 16u, 17u, 30u, 31u, 32u, 33u})
    for (const std::string_view part : {"//", "/.", "/;", "\\", "%"}) {
      const auto path = "/" + std::string(before, 'a') + std::string{part};
      EXPECT_TRUE(is_suspicious(path)) << path;
      EXPECT_TRUE(is_suspicious(path + std::string(20, 'b'))) << path;
    }
  EXPECT_FALSE(is_suspicious("/v1/chat/completions"));
  EXPECT_FALSE(is_suspicious("/a;b/c.d/"));
}

} // namespace
} // namespace synapse::http
