#include "http/dashboard/gate/login_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace synapse::api {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(login_pages, the_form_posts_the_token_to_the_login) {
  const auto page = login_page("");
  EXPECT_THAT(page, HasSubstr("<form method=\"post\" action=\"/dashboard/login\">"));
  EXPECT_THAT(page, HasSubstr("name=\"access_token\" type=\"password\""));
  EXPECT_THAT(page, Not(HasSubstr("class=\"problem\"")));
}

TEST(login_pages, a_problem_stands_above_the_form_as_text) {
  const auto page = login_page("<b>wrong</b> & late");
  EXPECT_THAT(page, HasSubstr("role=\"alert\">&lt;b>wrong&lt;/b> &amp; late</p>"));
  EXPECT_LT(page.find("alert"), page.find("<label"));
}

TEST(login_pages, where_nobody_gets_in_there_is_no_form_and_the_reason) {
  const auto page = closed_page("no <token> & so on");
  EXPECT_THAT(page, HasSubstr("The dashboard is closed: no &lt;token> &amp; so on."));
  EXPECT_THAT(page, HasSubstr("SYNAPSE_DASHBOARD_ACCESS_TOKEN"));
  EXPECT_THAT(page, Not(HasSubstr("<form")));
}

TEST(login_pages, without_a_front_end_it_says_how_to_build_it) {
  EXPECT_THAT(unbuilt_page(), HasSubstr("make dashboard"));
  EXPECT_THAT(unbuilt_page(), Not(HasSubstr("<form")));
}

/// The pages' Content-Security-Policy allows neither.
TEST(login_pages, have_no_script_and_no_style_of_their_own_in_them) {
  for (const auto& page : {login_page("x"), closed_page("x"), unbuilt_page()}) {
    EXPECT_THAT(page, Not(HasSubstr("<style"))) << page;
    EXPECT_THAT(page, Not(HasSubstr("<script>"))) << page;
    EXPECT_THAT(page, Not(HasSubstr(" style="))) << page;
    EXPECT_THAT(page, Not(HasSubstr(" onclick="))) << page;
    EXPECT_THAT(page, Not(HasSubstr("http://"))) << "nothing of other places";
    EXPECT_THAT(page, Not(HasSubstr("https://")));
  }
}

TEST(login_pages, are_whole_documents) {
  for (const auto& page : {login_page(""), closed_page("x"), unbuilt_page()}) {
    EXPECT_TRUE(page.starts_with("<!doctype html>\n<html lang=\"en\">")) << page;
    EXPECT_TRUE(page.ends_with("</main></body></html>\n")) << page;
    EXPECT_THAT(page, HasSubstr("<meta charset=\"utf-8\">"));
    EXPECT_THAT(page, HasSubstr("href=\"/dashboard/login.css\""));
    EXPECT_EQ(std::count(page.begin(), page.end(), '<'), std::count(page.begin(), page.end(), '>'));
  }
}

TEST(login_pages, the_script_leads_back_to_a_section_and_nowhere_else) {
  const std::string script{login_script()};
  EXPECT_THAT(script, HasSubstr("location.hash.startsWith('#/')"));
  EXPECT_THAT(script, HasSubstr("'/dashboard/login' + location.hash"));
}

TEST(login_pages, icon_and_style_are_whole) {
  EXPECT_TRUE(icon().starts_with("<svg "));
  EXPECT_TRUE(icon().ends_with("</svg>\n"));
  const auto style = login_style();
  EXPECT_EQ(std::count(style.begin(), style.end(), '{'),
            std::count(style.begin(), style.end(), '}'));
  EXPECT_EQ(style.find("url("), std::string_view::npos);
}

} // namespace
} // namespace synapse::api
