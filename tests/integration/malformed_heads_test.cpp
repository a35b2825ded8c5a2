// Heads that are not HTTP: each gets its status, the connection ends in an orderly way, and the
// gateway serves the next one.
#include "tests/integration/configs.hpp"
#include "tests/support/gateway_process.hpp"

#include <gtest/gtest.h>

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace synapse::integration {
namespace {

using support::closing;
using support::gateway_process;

struct bad_head {
  std::string_view name;
  std::string bytes;
  unsigned status;
};

/// A good request but for the request line or one more field line.
std::string with_line(std::string_view line) {
  return std::string{line} + "\r\nHost: gateway\r\n\r\n";
}
std::string with_field(std::string_view field) {
  return "GET /livez HTTP/1.1\r\nHost: gateway\r\n" + std::string{field} + "\r\n\r\n";
}

std::vector<bad_head> bad_request_lines() {
  return {
      {"lines end in LF", "GET /livez HTTP/1.1\nHost: gateway\n\n", 400},
      {"request line ends in LF", "GET /livez HTTP/1.1\nHost: gateway\r\n\r\n", 400},
      {"blank before the method", with_line(" GET /livez HTTP/1.1"), 400},
      {"no method", with_line("/livez HTTP/1.1"), 400},
      {"two blanks before the target", with_line("GET  /livez HTTP/1.1"), 400},
      {"tab instead of blank", with_line("GET\t/livez HTTP/1.1"), 400},
      {"blank in the target", with_line("GET /li vez HTTP/1.1"), 400},
      {"control character in the target", with_line("GET /li\x01vez HTTP/1.1"), 400},
      {"relative target", with_line("GET livez HTTP/1.1"), 400},
      {"asterisk for another method than OPTIONS", with_line("GET * HTTP/1.1"), 400},
      {"absolute target of another scheme", with_line("GET ftp://host/livez HTTP/1.1"), 400},
      {"absolute target without a host", with_line("GET http:///livez HTTP/1.1"), 400},
      {"absolute target with user info", with_line("GET http://me@host/livez HTTP/1.1"), 400},
      {"CONNECT without a port", with_line("CONNECT host HTTP/1.1"), 400},
      {"no version", with_line("GET /livez"), 400},
      {"version in small letters", with_line("GET /livez http/1.1"), 400},
      {"version without a minor number", with_line("GET /livez HTTP/1"), 400},
      {"blank after the version", with_line("GET /livez HTTP/1.1 "), 400},
      {"version of two digits", with_line("GET /livez HTTP/1.10"), 400},
      {"HTTP/1.2", with_line("GET /livez HTTP/1.2"), 505},
      {"HTTP/0.9 by name", with_line("GET /livez HTTP/0.9"), 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"character that no method has", with_line("GE(T /livez HTTP/1.1"), 400},
      {"method without an end",
       std::string(40, 'A') + " /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"TLS instead of HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s, 400},
      {"SOCKS instead of HTTP", "\x05\x01\x00"s, 400},
      {"too many empty lines", "\r\n\r\n\r\n\r\n\r\n\r\n" + with_line("GET /livez HTTP/1.1"), 400},
      {"a lone CR in front", "\rGET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n", 400},
  };
}

std::vector<bad_head> bad_fields() {
  return {
      {"no Host", "GET /livez HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", with_field("Host: gateway"), 400},
      {"Host that is a list", "GET /livez HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"Host with a path", "GET /livez HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"Host with a bad port", "GET /livez HTTP/1.1\r\nHost: a:port\r\n\r\n", 400},
      {"no colon", with_field("Accept"), 400},
      {"no field name", with_field(": value"), 400},
      {"blank before the colon", with_field("Accept : */*"), 400},
      {"character that no name has", with_field("Acc(ept: */*"), 400},
      {"folded field", with_field("X-Long: one\r\n two"), 400},
      {"first field begins with a blank", "GET /livez HTTP/1.1\r\n Host: gateway\r\n\r\n", 400},
      {"NUL in a value", with_field("X-Value: a\0b"sv), 400},
      {"control character in a value",
       with_field("X-Value: a\x08"
                  "b"),
       400},
      {"CR in a value", with_field("X-Value: a\rb"), 400},
      {"LF in a value", with_field("X-Value: a\nX-Other: b"), 400},
      {"Content-Length is negative", with_field("Content-Length: -1"), 400},
      {"Content-Length has a sign", with_field("Content-Length: +1"), 400},
      {"Content-Length is hexadecimal", with_field("Content-Length: 0x1"), 400},
      {"Content-Length is empty", with_field("Content-Length:"), 400},
      {"Content-Length is a list", with_field("Content-Length: 1, 1"), 400},
      {"Content-Length beyond 64 bits", with_field("Content-Length: 99999999999999999999"), 400},
      {"Content-Length beyond 63 bits", with_field("Content-Length: 9223372036854775808"), 400},
      {"two Content-Lengths", with_field("Content-Length: 1\r\nContent-Length: 2"), 400},
      {"length and chunks", with_field("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400},
      {"chunks and length", with_field("Transfer-Encoding: chunked\r\nContent-Length: 1"), 400},
      {"Transfer-Encoding is empty", with_field("Transfer-Encoding:"), 400},
      {"two Transfer-Encodings",
       with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {"chunked twice", with_field("Transfer-Encoding: chunked, chunked"), 501},
      {"unknown transfer coding", with_field("Transfer-Encoding: gzip, chunked"), 501},
      {"chunked is not the last", with_field("Transfer-Encoding: chunked, gzip"), 501},
      {"hidden transfer coding",
       with_field("Transfer-Encoding: \x0b"
                  "chunked"),
       400},
      {"identity", with_field("Transfer-Encoding: identity"), 501},
      {"chunks over HTTP/1.0", "GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"Connection is no list of names", with_field("Connection: clo(se"), 400},
  };
}

void expect_refused(const std::vector<bad_head>& heads) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  for (const auto& head : heads) {
    SCOPED_TRACE(std::string{head.name});
    auto client = gateway.connect();
    ASSERT_TRUE(client.send(head.bytes));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, head.status);
    EXPECT_TRUE(reply.complete()) << to_string(reply.end);
    EXPECT_EQ(reply.field("Connection"), "close");
    EXPECT_EQ(reply.field("Content-Type"), "application/json");
    EXPECT_FALSE(reply.field("X-Request-Id").empty());
    EXPECT_FALSE(text_at(reply.body, "/error/message").empty()) << reply.body;
    EXPECT_FALSE(text_at(reply.body, "/error/code").empty()) << reply.body;
    // Only this answer, and then an end that does not take it back.
    EXPECT_TRUE(client.unread().empty()) << client.unread();
    EXPECT_EQ(client.wait_closed(), closing::orderly);
  }
  EXPECT_TRUE(gateway.get("/livez").ok());
  EXPECT_EQ(upstream.requests(), 0u);
  // Each is counted by its reason.
  EXPECT_TRUE(gateway.wait_for_metric("synapse_local_replies_total", {},
                                      static_cast<double>(heads.size())));
}

TEST(malformed_head, request_line_is_refused) {
  expect_refused(bad_request_lines());
}

TEST(malformed_head, field_is_refused) {
  expect_refused(bad_fields());
}

TEST(malformed_head, behind_a_good_request_is_refused_after_its_answer) {
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  auto client = gateway.connect();
  ASSERT_TRUE(client.send(support::request_bytes("GET", "/livez") + "nonsense\r\n\r\n"));
  EXPECT_TRUE(client.read_reply().ok());
  EXPECT_EQ(client.read_reply().status, 400u);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
}

TEST(malformed_head, does_not_reach_a_backend_as_a_second_request) {
  // Request smuggling: both framings, and the rest looks like a request.
  support::scripted_upstream upstream{echo()};
  gateway_process gateway{chat_config(upstream)};
  auto client = gateway.connect();
  ASSERT_TRUE(
      client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                  "GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(client.read_reply().status, 400u);
  EXPECT_EQ(client.wait_closed(), closing::orderly);
  EXPECT_EQ(upstream.requests(), 0u);
}

} // namespace
} // namespace synapse::integration
