#include "http/core/request/request_origin.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::parsed_request;

initiator of(const std::string& fields, arrival how = {}, std::string_view host = "gw.example") {
  const parsed_request asked{"POST / HTTP/1.1\r\nHost: " + std::string{host} + "\r\n" + fields +
                             "\r\n"};
  EXPECT_TRUE(asked.result.ok()) << fields;
  return initiator_of(asked.head, how);
}

TEST(initiator, is_not_known_of_what_no_browser_sends) {
  EXPECT_EQ(of(""), initiator::unknown);
  // Node's fetch says so much and no more.
  EXPECT_EQ(of("Sec-Fetch-Mode: cors\r\nReferer: http://evil.example/\r\n"), initiator::unknown);
}

TEST(initiator, is_what_the_browser_says) {
  EXPECT_EQ(of("Sec-Fetch-Site: same-origin\r\n"), initiator::own);
  EXPECT_EQ(of("Sec-Fetch-Site: none\r\n"), initiator::own) << "the address bar";
  for (const auto* site : {"cross-site", "same-site", "Same-Origin", "something-new", ""})
    EXPECT_EQ(of("Sec-Fetch-Site: " + std::string{site} + "\r\n"), initiator::foreign) << site;
  EXPECT_EQ(of("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n"), initiator::foreign);
  // Behind a proxy that gives us another Host the origin looks foreign, and is not.
  EXPECT_EQ(
      of("Sec-Fetch-Site: same-origin\r\nOrigin: https://public.example\r\n", {}, "127.0.0.1:8000"),
      initiator::own);
  EXPECT_EQ(of("Sec-Fetch-Site: cross-site\r\nOrigin: http://gw.example\r\n"), initiator::foreign);
}

TEST(initiator, is_the_origin_for_browsers_that_say_no_more) {
  struct {
    std::string_view origin, host;
    initiator expected;
  } const cases[] = {
      {"http://gw.example", "gw.example", initiator::own},
      {"http://GW.example", "gw.Example", initiator::own},
      {"http://gw.example", "gw.example:80", initiator::own},
      {"http://gw.example:8000", "gw.example:8000", initiator::own},
      {"http://[::1]:8000", "[::1]:8000", initiator::own},
      {"https://gw.example", "gw.example", initiator::own}, // a proxy ends TLS
      {"https://gw.example", "gw.example:443", initiator::own},
      {"http://gw.example:8001", "gw.example:8000", initiator::foreign},
      {"http://gw.example", "gw.example:8000", initiator::foreign},
      {"https://gw.example", "gw.example:80", initiator::foreign},
      {"http://evil.example", "gw.example", initiator::foreign},
      {"http://gw.example.evil.example", "gw.example", initiator::foreign},
      {"http://localhost:8000", "127.0.0.1:8000", initiator::foreign},
      {"null", "gw.example", initiator::foreign},
      {"", "gw.example", initiator::foreign},
      {"gw.example", "gw.example", initiator::foreign},
      {"chrome-extension://gw.example", "gw.example", initiator::foreign},
      {"http://", "", initiator::foreign},
  };
  for (const auto& one : cases)
    EXPECT_EQ(of("Origin: " + std::string{one.origin} + "\r\n", {}, one.host), one.expected)
        << one.origin << " asks " << one.host;
  EXPECT_EQ(of("Origin: http://gw.example\r\nOrigin: http://evil.example\r\n"), initiator::foreign);
}

TEST(initiator, http_is_another_origin_than_https) {
  EXPECT_EQ(of("Origin: http://gw.example\r\n", {.tls = true}), initiator::foreign);
  EXPECT_EQ(of("Origin: https://gw.example\r\n", {.tls = true}), initiator::own);
  const std::string by_proxy = "X-Forwarded-Proto: https\r\nOrigin: http://gw.example\r\n";
  EXPECT_EQ(of(by_proxy), initiator::own) << "who wrote that field?";
  EXPECT_EQ(of(by_proxy, {.trusted = true}), initiator::foreign);
}

TEST(initiator, counts_the_host_that_a_trusted_proxy_was_asked_for) {
  const std::string fields = "Origin: https://public.example\r\n"
                             "X-Forwarded-Host: public.example, inner.example\r\n";
  EXPECT_EQ(of(fields), initiator::foreign);
  EXPECT_EQ(of(fields, {.trusted = true}), initiator::own);
  EXPECT_EQ(
      of("Origin: https://evil.example\r\nX-Forwarded-Host: public.example\r\n", {.trusted = true}),
      initiator::foreign);
}

TEST(navigation, is_a_whole_tab) {
  const auto is = [](const std::string& fields) {
    const parsed_request asked{"GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"};
    return is_navigation(asked.head);
  };
  EXPECT_TRUE(is("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"));
  EXPECT_FALSE(is("Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n"));
  EXPECT_FALSE(is("Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n"));
  EXPECT_FALSE(is(""));
}

} // namespace
} // namespace synapse::http
