#include "config/credential_fields.hpp"
#include "http/core/head/head_writer.hpp"
#include "http/core/request/credentials.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <string>
#include <string_view>

namespace synapse::http {
namespace {

constexpr std::string_view token = "dashboard-token-0123";

const own_credentials gateways{.cookie = "synapse_dash_token", .token = token};

std::string head_with(std::string_view fields, std::string_view target = "/x") {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: a\r\nAccept: x\r\n" +
         std::string{fields} + "X-Last: z\r\nContent-Length: 0\r\n\r\n";
}

std::string sent(std::string_view fields, upstream_head_options options = {},
                 std::string_view target = "/x") {
  const test::parsed_request r(head_with(fields, target));
  EXPECT_TRUE(r.result.ok()) << fields;
  options.authority = "b";
  options.own.cookie = gateways.cookie;
  options.own.token = gateways.token;
  std::string out = "old";
  write_upstream_request_head(out, r.head, options);
  const test::parsed_request again(out);
  EXPECT_TRUE(again.result.ok()) << out;
  return out;
}

/// Every credential field with this value.
std::string in_every_field(std::string_view value) {
  std::string fields;
  for (const auto name : config::credential_field_names)
    fields.append(name).append(": ").append(value).append("\r\n");
  return fields;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(credentials, are_in_the_fields_of_the_one_list) {
  unsigned known = 0;
  for (const auto name : config::credential_field_names) {
    const auto id = identify_field(name);
    EXPECT_NE(id, known_field::other) << name;
    EXPECT_NE(credential_fields & (std::uint64_t{1} << static_cast<unsigned>(id)), 0u) << name;
    ++known;
  }
  EXPECT_EQ(std::popcount(credential_fields), static_cast<int>(known));
}

TEST(credentials, of_the_client_go_along_or_are_held_back_together) {
  const auto fields = in_every_field("client-secret");
  const auto forwarded = sent(fields);
  for (const auto name : config::credential_field_names)
    EXPECT_EQ(has(forwarded, std::string{name} + ": client-secret\r\n"),
              name != "proxy-authorization") // ends here by itself
        << name;
  EXPECT_FALSE(has(sent(fields, {.forward_authorization = false}), "client-secret"));
  const auto keyed = sent(fields, {.bearer = "own-key"});
  EXPECT_FALSE(has(keyed, "client-secret"));
  EXPECT_TRUE(has(keyed, "Authorization: Bearer own-key\r\n"));
  EXPECT_TRUE(has(keyed, "X-Last: z\r\n"));
}

TEST(credentials, go_along_in_the_gateways_own_words_but_for_cookies) {
  const auto fields = in_every_field("client-secret");
  const upstream_head_options own{.content_type = "application/json"};
  const auto forwarded = sent(fields, own);
  EXPECT_TRUE(has(forwarded, "authorization: client-secret\r\n"));
  EXPECT_TRUE(has(forwarded, "x-goog-api-key: client-secret\r\n"));
  EXPECT_FALSE(has(forwarded, "cookie"));
  EXPECT_FALSE(
      has(sent(fields, {.content_type = "a/b", .forward_authorization = false}), "client-secret"));
  EXPECT_FALSE(has(sent(in_every_field(token), own), token));

  const test::parsed_request r(head_with(fields));
  std::string lines;
  append_credentials(lines, r.head, {});
  EXPECT_TRUE(has(lines, "xi-api-key: client-secret\r\n"));
  EXPECT_FALSE(has(lines, "cookie") || has(lines, "X-Last") || has(lines, "Host"));
  lines.clear();
  append_credentials(lines, r.head, {.bearer = "own-key"});
  EXPECT_EQ(lines, "Authorization: Bearer own-key\r\n");
}

TEST(credentials, of_the_gateway_never_go_along) {
  for (const std::string& value : {std::string{token}, "Bearer " + std::string{token},
                                   "bearer   " + std::string{token}, "Token " + std::string{token}})
    EXPECT_FALSE(has(sent(in_every_field(value)), token)) << value;
  const auto mixed = sent("Authorization: Bearer " + std::string{token} +
                          "\r\nX-Api-Key: client\r\nAuthorization: Bearer client\r\n");
  EXPECT_FALSE(has(mixed, token));
  EXPECT_TRUE(has(mixed, "X-Api-Key: client\r\n"));
  EXPECT_TRUE(has(mixed, "Authorization: Bearer client\r\n"));
  EXPECT_TRUE(has(sent("Authorization: Bearer dashboard-token-012\r\n"), "dashboard-token-012"))
      << "a part of it is not it";
}

TEST(credentials, by_which_the_gateway_let_a_request_in_do_not_go_along) {
  upstream_head_options options;
  options.own.accepted = "sk-gateway-1";
  const auto out = sent("Authorization: Bearer sk-gateway-1\r\nX-Api-Key: sk-other\r\n", options);
  EXPECT_FALSE(has(out, "sk-gateway-1"));
  EXPECT_TRUE(has(out, "X-Api-Key: sk-other\r\n"));
}

TEST(credentials, of_the_dashboard_are_taken_out_of_the_cookies) {
  const auto cookies_of = [](std::string_view value) {
    const auto out = sent("Cookie: " + std::string{value} + "\r\n");
    const auto at = out.find("Cookie: ");
    return at == std::string::npos ? std::string{"none"}
                                   : out.substr(at + 8, out.find('\r', at) - at - 8);
  };
  EXPECT_EQ(cookies_of("a=1; b=2"), "a=1; b=2");
  EXPECT_EQ(cookies_of("synapse_dash_token=v1.2.3"), "none");
  EXPECT_EQ(cookies_of("a=1; synapse_dash_token=v1.2.3; b=2"), "a=1; b=2");
  EXPECT_EQ(cookies_of("synapse_dash_token=x;a=1;synapse_dash_token=y"), "a=1");
  EXPECT_EQ(cookies_of("a=1; \t synapse_dash_token =v1.2.3 ;b=\"x y\";"), "a=1; b=\"x y\"");
  EXPECT_EQ(cookies_of("synapse_dash_token_2=x; my_synapse_dash_token=y; Synapse=z"),
            "synapse_dash_token_2=x; my_synapse_dash_token=y; Synapse=z");
  EXPECT_EQ(cookies_of("a=" + std::string{token} + "; b=\"" + std::string{token} + "\"; c=3"),
            "c=3");
  EXPECT_FALSE(has(sent("Cookie: synapse_dash_token=x\r\n"), "synapse_dash_token"));
  EXPECT_TRUE(has(sent("Cookie: synapse_dash_token=x\r\nCookie: a=1\r\n"), "Cookie: a=1\r\n"));
}

TEST(credentials, of_the_dashboard_are_taken_out_of_the_query) {
  const std::string secret{token};
  const auto line_of = [](std::string_view target) {
    const auto out = sent("", {.base_path = "/base"}, target);
    return out.substr(0, out.find(" HTTP/1.1"));
  };
  EXPECT_EQ(line_of("/x?a=1&access_token=" + secret + "&b=2"), "POST /base/x?a=1&b=2");
  EXPECT_EQ(line_of("/x?" + secret + "&b"), "POST /base/x?b");
  EXPECT_EQ(line_of("/x?a=%64ashboard%2Dtoken-0123&b=" + secret + "x"),
            "POST /base/x?b=" + secret + "x");
  EXPECT_EQ(line_of("/x?a=1&&b=%zz&c"), "POST /base/x?a=1&&b=%zz&c");
}

TEST(credentials, cost_nothing_to_requests_that_have_none) {
  const test::parsed_request r(head_with("Authorization: Bearer client\r\n"));
  EXPECT_FALSE((own_credentials{.cookie = "c"}.may_be_in(r.head)));
  EXPECT_TRUE(gateways.may_be_in(r.head));
}

TEST(credentials, tell_whose_cookie_an_answer_sets) {
  for (const std::string_view line :
       {"c=1", "c=1; Path=/", " c = 1", "c=", "=c=1", "= c=1; Secure", "==c=1"})
    EXPECT_TRUE(sets_cookie(line, "c")) << line;
  for (const std::string_view line : {"cc=1", "b=c=1", "c", "", "b=1; c=2", "C=1"})
    EXPECT_FALSE(sets_cookie(line, "c")) << line;
  EXPECT_FALSE(sets_cookie("=1", ""));
}

TEST(credentials, are_masked_in_what_a_backend_says_of_them) {
  const test::parsed_request r(
      head_with("Authorization: Bearer client-key\r\nX-Goog-Api-Key: goog-key\r\n"
                "Cookie: a=session-1; b=x\r\nApi-Key: abc\r\n"));
  std::string text = "keys client-key, 'goog-key' and session-1 (xabc own-key) are wrong";
  const std::array<std::string_view, 2> further{"own-key", ""};
  mask_credentials(text, r.head, further);
  EXPECT_EQ(text, "keys [REDACTED], '[REDACTED]' and [REDACTED] (xabc [REDACTED]) are wrong");
}

} // namespace
} // namespace synapse::http
