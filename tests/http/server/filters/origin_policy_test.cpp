#include "http/server/filters/origin_policy.hpp"
#include "http/server/routes/route_table.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace synapse::server {

void PrintTo(origin_policy::answer what, std::ostream* out) {
  constexpr std::string_view names[] = {"serve", "serve_page", "preflight", "wrong_name",
                                        "foreign"};
  *out << names[static_cast<std::size_t>(what)];
}

namespace {

using answer = origin_policy::answer;
using http::test::parsed_request;

struct origin_policy_of : testing::Test {
  origin_policy_of() {
    page.who = access::dashboard;
    page.foreign = foreign_use::links;
    status.foreign = foreign_use::all;
    probe.any_name = true;
    guarded.who = access::dashboard;
    all.listener.hosts = {"ai.home.arpa", "2001:db8::1"};
  }

  answer judge(const std::string& method, const std::string& fields, const route* matched,
               std::string_view host = "127.0.0.1:8000") {
    std::string text = method + " / HTTP/1.1\r\n";
    if (!host.empty())
      text.append("Host: ").append(host).append("\r\n");
    else
      text.replace(text.size() - 3, 1, "0");
    const parsed_request asked{text + fields + "\r\n"};
    EXPECT_TRUE(asked.result.ok()) << text << fields;
    const auto verdict = origin_policy{place}.judge(asked.head, peer, false, matched, all);
    if (verdict.what == answer::serve_page || verdict.what == answer::preflight) {
      EXPECT_EQ(verdict.origin, "https://chat.example");
    } else {
      EXPECT_EQ(verdict.origin, "");
    }
    return verdict.what;
  }

  listening_place place{true, "my-box", {}};
  std::string peer = "127.0.0.1";
  config::settings all;
  route work; ///< open, costs something
  route page;
  route status;
  route probe;
  route guarded;
};

constexpr auto evil = "Origin: http://evil.example\r\n";
constexpr auto chat = "Origin: https://chat.example\r\n";
constexpr auto ask_post = "Access-Control-Request-Method: POST\r\n";

// ---- names ----

TEST_F(origin_policy_of, serves_on_loopback_what_was_asked_under_a_known_name) {
  for (const auto* host :
       {"127.0.0.1", "127.8.9.1:1", "localhost:8000", "app.localhost", "[::1]:80", "my-box",
        "MY-BOX:8000", "ai.home.arpa", "AI.home.arpa.:443", "[2001:db8:0::1]:8000", ""})
    EXPECT_EQ(judge("POST", "", &work, host), answer::serve) << host;
  for (const auto* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
                           "evil.example:8000", "0.0.0.0:8000", "192.168.0.2", "[2001:db8::2]",
                           "ai.home", "x.ai.home.arpa", "my-box.evil"}) {
    for (const auto* one : {&work, &page, &status, &guarded})
      EXPECT_EQ(judge("GET", "", one, host), answer::wrong_name) << host;
    EXPECT_EQ(judge("GET", "", nullptr, host), answer::wrong_name) << host;
  }
}

TEST_F(origin_policy_of, serves_probes_under_any_name) {
  EXPECT_EQ(judge("GET", "", &probe, "10.1.2.3:8000"), answer::serve);
}

TEST_F(origin_policy_of, a_rebound_page_is_same_origin_and_refused_all_the_same) {
  const std::string fields = "Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example:8000\r\n";
  EXPECT_EQ(judge("POST", fields, &work, "evil.example:8000"), answer::wrong_name);
}

TEST_F(origin_policy_of, other_addresses_have_names_that_it_cannot_know) {
  place.loopback = false;
  EXPECT_EQ(judge("POST", "", &work, "whatever.example"), answer::serve);
  EXPECT_EQ(judge("POST", evil, &work, "whatever.example"), answer::foreign);
}

// ---- origins ----

TEST_F(origin_policy_of, leaves_alone_what_no_page_of_another_origin_asks) {
  for (const auto* fields : {"", "Sec-Fetch-Mode: cors\r\n", "Sec-Fetch-Site: same-origin\r\n",
                             "Sec-Fetch-Site: none\r\n", "Origin: http://127.0.0.1:8000\r\n"})
    for (const auto* method : {"GET", "POST", "DELETE", "OPTIONS"})
      EXPECT_EQ(judge(method, fields, &work), answer::serve) << method << ' ' << fields;
}

TEST_F(origin_policy_of, refuses_a_foreign_page_what_changes_something_or_costs_work) {
  for (const std::string fields : {evil, "Origin: null\r\n", "Origin: http://localhost:8000\r\n",
                                   "Origin: http://127.0.0.1\r\n", "Sec-Fetch-Site: cross-site\r\n",
                                   "Sec-Fetch-Site: same-site\r\n"}) {
    for (const auto* method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"})
      for (const auto* one : {&work, &guarded})
        EXPECT_EQ(judge(method, fields, one), answer::foreign) << method << ' ' << fields;
    for (const auto* one : {&page, &status})
      EXPECT_EQ(judge("POST", fields, one), answer::foreign) << fields;
    EXPECT_EQ(judge("GET", fields, &status), answer::serve) << fields;
    EXPECT_EQ(judge("HEAD", fields, &status), answer::serve) << fields;
    EXPECT_EQ(judge("POST", fields, nullptr), answer::serve) << "404 or 405: " << fields;
  }
}

TEST_F(origin_policy_of, lets_people_follow_links_to_our_pages) {
  const std::string link = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                           "Sec-Fetch-Dest: ";
  EXPECT_EQ(judge("GET", link + "document\r\n", &page), answer::serve);
  EXPECT_EQ(judge("GET", link + "iframe\r\n", &page), answer::foreign);
  EXPECT_EQ(judge("GET", "Sec-Fetch-Site: cross-site\r\n", &page), answer::foreign) << "an image";
  EXPECT_EQ(judge("POST", link + "document\r\n", &page), answer::foreign) << "a form";
  EXPECT_EQ(judge("GET", link + "document\r\n", &work), answer::foreign);
}

TEST_F(origin_policy_of, answers_a_preflight_for_configured_origins_only) {
  const auto ask = std::string{ask_post};
  EXPECT_EQ(judge("OPTIONS", evil + ask, nullptr), answer::foreign);
  EXPECT_EQ(judge("OPTIONS", chat + ask, nullptr), answer::foreign);
  all.cors.origins = {"http://other.example", "https://chat.example"};
  EXPECT_EQ(judge("OPTIONS", evil + ask, nullptr), answer::foreign);
  EXPECT_EQ(judge("OPTIONS", chat + ask, nullptr), answer::preflight);
  EXPECT_EQ(judge("OPTIONS", chat + ask, &work), answer::preflight) << "a path that is passed on";
  EXPECT_EQ(judge("OPTIONS", chat, &work), answer::serve_page) << "nothing is asked before";
  EXPECT_EQ(judge("POST", chat + ask, &work), answer::serve_page);
}

TEST_F(origin_policy_of, a_configured_origin_is_compared_exactly) {
  all.cors.origins = {"https://chat.example"};
  for (const route* one : std::initializer_list<const route*>{&work, &status, nullptr}) {
    EXPECT_EQ(judge("POST", chat, one), answer::serve_page);
    EXPECT_EQ(judge("POST", chat + std::string{"Sec-Fetch-Site: same-site\r\n"}, one),
              answer::serve_page);
  }
  for (const auto* near :
       {"http://chat.example", "https://chat.example:8443", "https://chat.example.",
        "https://x.chat.example", "https://chat.example.evil", "null"})
    EXPECT_EQ(judge("POST", "Origin: " + std::string{near} + "\r\n", &work), answer::foreign)
        << near;
  EXPECT_EQ(judge("GET", "Sec-Fetch-Site: cross-site\r\n", &work), answer::foreign)
      << "an image of that page: nobody knows whose";
}

TEST_F(origin_policy_of, the_dashboard_is_for_its_own_pages_alone) {
  all.cors.origins = {"https://chat.example"};
  for (const auto* method : {"GET", "POST"})
    for (const auto* one : {&guarded, &page})
      EXPECT_EQ(judge(method, chat, one), answer::foreign) << method;
}

TEST_F(origin_policy_of, trusted_proxies_say_which_host_was_asked) {
  const std::string fields =
      "Origin: https://public.example\r\nX-Forwarded-Host: public.example\r\n"
      "X-Forwarded-Proto: https\r\n";
  EXPECT_EQ(judge("POST", fields, &work), answer::foreign);
  place.proxies = config::networks_of(std::vector<std::string>{"127.0.0.0/8"});
  EXPECT_EQ(judge("POST", fields, &work), answer::serve);
  peer = "192.0.2.1";
  EXPECT_EQ(judge("POST", fields, &work), answer::foreign) << "another one wrote that";
}

} // namespace
} // namespace synapse::server
