#include "http/dashboard/front_end.hpp"
#include "http/dashboard/gate/gate.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

namespace synapse::api {
namespace {

using verdict = dashboard_gate::verdict;
using namespace std::chrono_literals;

const dashboard_gate::time_point start{1'700'000'000s};

config::ip_address at(std::string_view text) {
  return config::parse_address(text).value();
}

/// A parsed head; keeps the bytes that its views point into.
struct request {
  explicit request(std::string fields, std::string_view method = "GET")
      : bytes(std::string{method} + " /dashboard HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n" +
              std::move(fields) + "\r\n") {
    parse();
  }
  void parse() {
    std::size_t scanned = 0;
    const auto parsed = http::parse_request(bytes.data(), bytes.size(), scanned, {}, head);
    EXPECT_TRUE(parsed.ok()) << bytes;
  }
  std::string bytes;
  http::request_head head;
};

dashboard_gate_options with_token() {
  dashboard_gate_options options;
  options.token = "s3cret-token";
  options.failures = {3, 5};
  return options;
}

/// The pair of a Set-Cookie line.
std::string pair_of(const std::string& line) {
  const auto begin = std::string_view{"Set-Cookie: "}.size();
  return line.substr(begin, line.find(';') - begin);
}

std::string cookie_field(const std::string& pair) {
  return "Cookie: other=1; " + pair + "; more=2\r\n";
}

TEST(dashboard_gate, asks_for_the_token) {
  dashboard_gate gate{with_token()};
  const auto check = [&](const std::string& fields) {
    const request asked{fields};
    return gate.check(asked.head, "10.0.0.1", start);
  };
  EXPECT_EQ(check(""), verdict::unauthorized);
  EXPECT_EQ(check("Authorization: Bearer s3cret-token\r\n"), verdict::allowed);
  EXPECT_EQ(check("Authorization: bearer   s3cret-token\r\n"), verdict::allowed);
  EXPECT_EQ(check("Authorization: Basic s3cret-token\r\n"), verdict::unauthorized);
  EXPECT_EQ(check("Authorization: Bearer s3cret-tokeN\r\n"), verdict::unauthorized);
  EXPECT_EQ(check("Authorization: Bearer s3cret-token-and-more\r\n"), verdict::unauthorized);
}

TEST(dashboard_gate, the_cookie_is_signed_and_expires_and_is_not_the_token) {
  dashboard_gate gate{with_token()};
  const auto line = gate.session_cookie(start);
  EXPECT_EQ(line.find("s3cret"), std::string::npos);
  for (const auto* part : {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"})
    EXPECT_NE(line.find(part), std::string::npos) << line;
  EXPECT_EQ(line.find("Secure"), std::string::npos);
  const auto pair = pair_of(line);
  const request right{cookie_field(pair)};
  EXPECT_EQ(gate.check(right.head, "ip", start), verdict::allowed);
  EXPECT_EQ(gate.session_end(right.head, start), start + 12h);
  EXPECT_EQ(gate.check(right.head, "ip", start + 12h - 1s), verdict::allowed);
  EXPECT_EQ(gate.check(right.head, "ip", start + 12h), verdict::unauthorized);
  // Each character counts.
  for (std::size_t i = pair.find('=') + 1; i < pair.size(); ++i) {
    auto changed = pair;
    changed[i] = changed[i] == '0' ? '1' : '0';
    const request wrong{cookie_field(changed)};
    EXPECT_EQ(gate.check(wrong.head, "ip", start), verdict::unauthorized) << i;
  }
  dashboard_gate replica{with_token()};
  EXPECT_EQ(replica.check(right.head, "ip", start), verdict::allowed) << "the same token";
  auto other = with_token();
  other.token = "another";
  dashboard_gate stranger{other};
  EXPECT_EQ(stranger.check(right.head, "ip", start), verdict::unauthorized);
}

TEST(dashboard_gate, a_session_that_was_ended_is_over) {
  dashboard_gate gate{with_token()};
  const request one{cookie_field(pair_of(gate.session_cookie(start)))};
  const request two{cookie_field(pair_of(gate.session_cookie(start)))};
  gate.end_session(one.head, start);
  EXPECT_EQ(gate.check(one.head, "ip", start), verdict::unauthorized);
  EXPECT_EQ(gate.check(two.head, "ip", start), verdict::allowed);
}

TEST(dashboard_gate, what_changes_something_has_to_come_from_the_dashboard) {
  dashboard_gate gate{with_token()};
  const auto cookie = cookie_field(pair_of(gate.session_cookie(start)));
  const auto check = [&](const std::string& fields) {
    const request asked{cookie + fields, "POST"};
    return gate.check(asked.head, "ip", start);
  };
  EXPECT_EQ(check(""), verdict::cross_site);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\n"), verdict::allowed);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\nOrigin: http://127.0.0.1:8000\r\n"), verdict::allowed);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\nOrigin: http://evil.example\r\n"),
            verdict::cross_site);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\nOrigin: null\r\n"), verdict::cross_site);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\nSec-Fetch-Site: same-origin\r\n"), verdict::allowed);
  EXPECT_EQ(check("X-Synapse-Dashboard: 1\r\nSec-Fetch-Site: cross-site\r\n"), verdict::cross_site);
  const request bearer{"Authorization: Bearer s3cret-token\r\n", "POST"};
  EXPECT_EQ(gate.check(bearer.head, "ip", start), verdict::allowed) << "no browser adds that";
}

TEST(dashboard_gate, wrong_tokens_are_limited_per_address) {
  dashboard_gate gate{with_token()};
  const auto guesser = at("192.0.2.1");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(gate.login("wrong", guesser, start), verdict::unauthorized);
  EXPECT_EQ(gate.login("wrong", guesser, start), verdict::limited);
  EXPECT_EQ(gate.login("s3cret-token", guesser, start), verdict::limited) << "or guessing is free";
  EXPECT_EQ(gate.wait_of(guesser, start), 20s);
  EXPECT_EQ(gate.login("s3cret-token", guesser, start + 20s), verdict::allowed) << "a way in";
  EXPECT_EQ(gate.login("s3cret-token", at("192.0.2.2"), start), verdict::allowed);
}

TEST(dashboard_gate, what_others_guess_keeps_the_owner_out_of_nothing) {
  dashboard_gate gate{with_token()};
  for (int address = 0; address < 200; ++address)
    for (int i = 0; i < 4; ++i)
      gate.login("wrong", at("198.51.100." + std::to_string(address)), start);
  EXPECT_EQ(gate.login("s3cret-token", at("192.0.2.1"), start), verdict::allowed);
  const request bearer{"Authorization: Bearer s3cret-token\r\n"};
  EXPECT_EQ(gate.check(bearer.head, "192.0.2.1", start), verdict::allowed);
}

TEST(dashboard_gate, a_session_goes_on_while_its_address_has_to_wait) {
  dashboard_gate gate{with_token()};
  const request session{cookie_field(pair_of(gate.session_cookie(start)))};
  for (int i = 0; i < 5; ++i)
    gate.login("wrong", at("192.0.2.1"), start);
  EXPECT_EQ(gate.login("wrong", at("192.0.2.1"), start), verdict::limited);
  EXPECT_EQ(gate.check(session.head, "192.0.2.1", start), verdict::allowed);
}

TEST(dashboard_gate, clients_behind_a_trusted_proxy_are_told_apart) {
  auto options = with_token();
  options.proxies = config::networks_of(std::vector<std::string>{"127.0.0.1"});
  dashboard_gate gate{options};
  const auto try_token = [&](const std::string& token, const std::string& hops,
                             std::string_view peer) {
    const request asked{"Authorization: Bearer " + token + "\r\nX-Forwarded-For: " + hops + "\r\n"};
    return gate.check(asked.head, peer, start);
  };
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(try_token("wrong", "203.0.113." + std::to_string(i) + ", 192.0.2.1", "127.0.0.1"),
              verdict::unauthorized);
  EXPECT_EQ(try_token("wrong", "203.0.113.9, 192.0.2.1", "127.0.0.1"), verdict::limited)
      << "another address in front is no other client";
  EXPECT_EQ(try_token("s3cret-token", "192.0.2.2", "127.0.0.1"), verdict::allowed);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(try_token("wrong", "192.0.2." + std::to_string(10 + i), "198.51.100.1"),
              verdict::unauthorized);
  EXPECT_EQ(try_token("wrong", "192.0.2.20", "198.51.100.1"), verdict::limited)
      << "who is no proxy speaks for itself";
}

/// Under another Host, or as HTTP/1.0.
request changed(std::string_view from, std::string_view to) {
  request asked{""};
  asked.bytes.replace(asked.bytes.find(from), from.size(), to);
  asked.parse();
  return asked;
}

TEST(dashboard_gate, without_a_token_it_is_open_to_this_machine_under_its_own_name) {
  dashboard_gate gate{{}};
  EXPECT_TRUE(gate.is_open());
  const request local{""};
  EXPECT_EQ(gate.check(local.head, "127.0.0.1", start), verdict::allowed);
  const auto rebound = changed("127.0.0.1:8000", "evil.example");
  EXPECT_EQ(gate.check(rebound.head, "127.0.0.1", start), verdict::closed);
  EXPECT_EQ(gate.login("", at("127.0.0.1"), start), verdict::closed)
      << "there is nothing to compare";
  dashboard_gate_options wide;
  wide.loopback = false;
  dashboard_gate closed{wide};
  EXPECT_FALSE(closed.is_open());
  EXPECT_EQ(closed.check(local.head, "127.0.0.1", start), verdict::closed);
}

TEST(dashboard_gate, without_a_token_it_is_closed_to_what_comes_through_a_proxy) {
  dashboard_gate gate{{}};
  for (const auto* field :
       {"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: 127.0.0.1",
        "x-forwarded-port: 443", "X-Forwarded-Server: a", "Forwarded: for=192.0.2.1",
        "Via: 1.1 proxy", "X-Real-IP: 192.0.2.1", "CF-Connecting-IP: 192.0.2.1", "CDN-Loop: x"}) {
    const request asked{std::string{field} + "\r\n"};
    EXPECT_EQ(gate.check(asked.head, "127.0.0.1", start), verdict::closed) << field;
    EXPECT_FALSE(gate.is_open_to(asked.head, false)) << field;
  }
  const auto by_nginx = changed("HTTP/1.1", "HTTP/1.0");
  EXPECT_EQ(gate.check(by_nginx.head, "127.0.0.1", start), verdict::closed) << "no browser";
  const request local{"Accept: */*\r\nX-Other: 1\r\nX-Real: 1\r\n"};
  EXPECT_EQ(gate.check(local.head, "127.0.0.1", start), verdict::allowed);
  EXPECT_EQ(gate.check(local.head, "127.0.0.1", start, true), verdict::closed)
      << "it has other names: others ask";
  dashboard_gate_options behind;
  behind.proxies = config::networks_of(std::vector<std::string>{"127.0.0.1"});
  dashboard_gate closed{behind};
  EXPECT_FALSE(closed.is_open());
  EXPECT_EQ(closed.check(local.head, "127.0.0.1", start), verdict::closed);
}

TEST(form_values, are_decoded) {
  EXPECT_EQ(form_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(form_value("a=1&b", "b"), "");
  EXPECT_EQ(form_value("a=%41%2b+%zz%4", "a"), "A+ %zz%4");
  EXPECT_EQ(form_value("%61=x", "a"), "x");
  EXPECT_FALSE(form_value("a=1", "b"));
  EXPECT_FALSE(form_value("", "b"));
}

TEST(dashboard_files, are_read_with_their_compressed_forms) {
  support::temporary_directory directory;
  std::string problem;
  EXPECT_TRUE(dashboard_files::load(directory.path(), problem).empty());
  EXPECT_NE(problem.find("index.html"), std::string::npos);
  std::filesystem::create_directories(directory.path() / "assets");
  support::write_file(directory.path() / "index.html", "<html>");
  support::write_file(directory.path() / "assets/x.1.js", "plain");
  support::write_file(directory.path() / "assets/x.1.js.gz", "gz");
  support::write_file(directory.path() / "assets/x.1.js.br", "br");
  std::filesystem::create_symlink("/etc/passwd", directory.path() / "assets/passwd");
  const auto files = dashboard_files::load(directory.path(), problem);
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(files.find("assets/passwd"), nullptr);
  EXPECT_EQ(files.find("assets/x.1.js.gz"), nullptr);
  const auto* file = files.find("assets/x.1.js");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(file->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(choose_coding("gzip, deflate, br", *file), content_coding::brotli);
  EXPECT_EQ(choose_coding("gzip;q=0.5, br;q=0", *file), content_coding::gzip);
  EXPECT_EQ(choose_coding("*", *file), content_coding::brotli);
  EXPECT_EQ(choose_coding("identity", *file), content_coding::plain);
  EXPECT_EQ(choose_coding("", *file), content_coding::plain);
  EXPECT_TRUE(etag_matches("\"x\", " + file->etag, file->etag));
  EXPECT_TRUE(etag_matches("*", file->etag));
  EXPECT_FALSE(etag_matches("\"x\"", file->etag));
}

} // namespace
} // namespace synapse::api
