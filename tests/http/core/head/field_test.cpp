#include "http/core/head/field.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <utility>

namespace synapse::http {
namespace {

TEST(known_fields, are_found_in_any_case_and_nothing_else_is) {
  const std::pair<const char*, known_field> cases[] = {
      {"accept", known_field::accept},
      {"accept-encoding", known_field::accept_encoding},
      {"access-control-allow-credentials", known_field::access_control_allow_credentials},
      {"access-control-allow-headers", known_field::access_control_allow_headers},
      {"access-control-allow-methods", known_field::access_control_allow_methods},
      {"access-control-allow-origin", known_field::access_control_allow_origin},
      {"access-control-allow-private-network", known_field::access_control_allow_private_network},
      {"access-control-expose-headers", known_field::access_control_expose_headers},
      {"access-control-max-age", known_field::access_control_max_age},
      {"api-key", known_field::api_key},
      {"authorization", known_field::authorization},
      {"cache-control", known_field::cache_control},
      {"connection", known_field::connection},
      {"content-encoding", known_field::content_encoding},
      {"content-length", known_field::content_length},
      {"content-location", known_field::content_location},
      {"content-type", known_field::content_type},
      {"cookie", known_field::cookie},
      {"date", known_field::date},
      {"expect", known_field::expect},
      {"forwarded", known_field::forwarded},
      {"host", known_field::host},
      {"keep-alive", known_field::keep_alive},
      {"last-event-id", known_field::last_event_id},
      {"location", known_field::location},
      {"ocp-apim-subscription-key", known_field::ocp_apim_subscription_key},
      {"origin", known_field::origin},
      {"proxy-authenticate", known_field::proxy_authenticate},
      {"proxy-authorization", known_field::proxy_authorization},
      {"proxy-connection", known_field::proxy_connection},
      {"retry-after", known_field::retry_after},
      {"sec-fetch-site", known_field::sec_fetch_site},
      {"server", known_field::server},
      {"set-cookie", known_field::set_cookie},
      {"te", known_field::te},
      {"traceparent", known_field::traceparent},
      {"tracestate", known_field::tracestate},
      {"trailer", known_field::trailer},
      {"transfer-encoding", known_field::transfer_encoding},
      {"upgrade", known_field::upgrade},
      {"user-agent", known_field::user_agent},
      {"via", known_field::via},
      {"www-authenticate", known_field::www_authenticate},
      {"x-accel-buffering", known_field::x_accel_buffering},
      {"x-access-token", known_field::x_access_token},
      {"x-amz-security-token", known_field::x_amz_security_token},
      {"x-api-key", known_field::x_api_key},
      {"x-auth-token", known_field::x_auth_token},
      {"x-forwarded-for", known_field::x_forwarded_for},
      {"x-forwarded-host", known_field::x_forwarded_host},
      {"x-forwarded-proto", known_field::x_forwarded_proto},
      {"x-goog-api-key", known_field::x_goog_api_key},
      {"x-request-id", known_field::x_request_id},
      {"xi-api-key", known_field::xi_api_key}};
  EXPECT_EQ(std::size(cases) + 1, static_cast<std::size_t>(known_field::count_));
  for (const auto& [name, id] : cases) {
    std::string text = name;
    EXPECT_EQ(identify_field(text), id) << name;
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string other = text;
      if (text[i] >= 'a' && text[i] <= 'z')
        other[i] = static_cast<char>(text[i] - 32);
      EXPECT_EQ(identify_field(other), id) << other;
      other[i] = text[i] == 'q' ? 'x' : 'q';
      EXPECT_EQ(identify_field(other), known_field::other) << other;
    }
    EXPECT_EQ(identify_field(text + "s"), known_field::other);
    EXPECT_EQ(identify_field(text.substr(1)), known_field::other);
  }
}

TEST(known_fields, have_no_empty_name_and_no_endless_one) {
  EXPECT_EQ(identify_field(""), known_field::other);
  EXPECT_EQ(identify_field("a"), known_field::other);
  EXPECT_EQ(identify_field(std::string(1000, 'a')), known_field::other);
}

TEST(field_list, finds_the_first_of_a_kind_and_of_a_name) {
  field_list fields;
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.find(known_field::cookie), nullptr);
  fields.push_back("X-One", "1", known_field::other, false);
  fields.push_back("Cookie", "a", known_field::cookie, false);
  fields.push_back("cookie", "b", known_field::cookie, true);
  EXPECT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields.value_of(known_field::cookie), "a");
  EXPECT_EQ(fields.value_of(known_field::host), "");
  EXPECT_FALSE(fields[1].hop_by_hop);
  EXPECT_TRUE(fields[2].hop_by_hop);
  ASSERT_NE(fields.find("x-ONE"), nullptr);
  EXPECT_EQ(fields.find("x-ONE")->value, "1");
  EXPECT_EQ(fields.find("COOKIE"), &fields[1]);
  EXPECT_EQ(fields.find("x-on"), nullptr);
}

TEST(field_list, knows_which_kinds_it_has) {
  const auto bit = [](known_field id) { return std::uint64_t{1} << static_cast<unsigned>(id); };
  field_list fields;
  fields.push_back("X-One", "1", known_field::other, false);
  fields.push_back("Via", "x", known_field::via, false);
  EXPECT_TRUE(fields.has(known_field::via));
  EXPECT_FALSE(fields.has(known_field::host));
  EXPECT_FALSE(fields.has(known_field::other)) << "is not tracked";
  EXPECT_TRUE(fields.has_any(bit(known_field::host) | bit(known_field::via)));
  EXPECT_FALSE(fields.has_any(bit(known_field::host) | bit(known_field::other)));
}

TEST(field_list, takes_as_many_as_it_says_and_forgets_them_all) {
  field_list fields;
  for (std::size_t i = 0; i < field_list::capacity; ++i)
    fields.push_back("Via", "x", known_field::via, false);
  EXPECT_EQ(static_cast<std::size_t>(std::distance(fields.begin(), fields.end())),
            field_list::capacity);
  fields.clear();
  EXPECT_TRUE(fields.empty());
  EXPECT_FALSE(fields.has(known_field::via));
  EXPECT_EQ(fields.begin(), fields.end());
}

TEST(iequals, is_about_the_letters_of_ascii_alone) {
  EXPECT_TRUE(iequals("", ""));
  EXPECT_TRUE(iequals("Content-Type", "cONTENT-tYPE"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("a", "b"));
  // Beside the letters, 32 apart from each other.
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_FALSE(iequals("[", "{"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));
  EXPECT_FALSE(iequals(std::string_view{"\0", 1}, " "));
}

} // namespace
} // namespace synapse::http
