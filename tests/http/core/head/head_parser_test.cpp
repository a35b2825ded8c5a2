#include "http/core/head/head_parser.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <ostream>

namespace synapse::http {

void PrintTo(head_error e, std::ostream* out) {
  *out << "head_error " << static_cast<unsigned>(e) << " (" << message_of(e) << ")";
}

namespace {

using test::exact_copy;
using test::parsed_request;
using test::parsed_response;

const std::string_view ordinary = "POST /v1/chat/completions?x=1&y HTTP/1.1\r\n"
                                  "Host: gateway.example:8000\r\n"
                                  "User-Agent:OpenAI/Python 1.0\r\n"
                                  "Content-Type: \t application/json \t \r\n"
                                  "content-length: 300\r\n"
                                  "X-Empty:\r\n"
                                  "X-Blank:   \r\n"
                                  "Accept: */*\r\n"
                                  "\r\n";

void expect_ordinary(const request_head& head) {
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.method_id, verb::post);
  EXPECT_EQ(head.form, target_form::origin);
  EXPECT_EQ(head.target, "/v1/chat/completions?x=1&y");
  EXPECT_EQ(head.path, "/v1/chat/completions");
  EXPECT_EQ(head.query, "x=1&y");
  EXPECT_TRUE(head.has_query);
  EXPECT_EQ(head.minor, 1u);
  EXPECT_EQ(head.host, "gateway.example:8000");
  EXPECT_EQ(head.content_length, 300);
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expect_continue);
  EXPECT_FALSE(head.upgrade);
  EXPECT_EQ(head.framing(), body_framing::content_length);
  ASSERT_EQ(head.fields.size(), 7u);
  EXPECT_EQ(head.fields[0].name, "Host");
  EXPECT_EQ(head.fields[0].id, known_field::host);
  EXPECT_EQ(head.fields[1].name, "User-Agent");
  EXPECT_EQ(head.fields[1].value, "OpenAI/Python 1.0");
  EXPECT_EQ(head.fields[2].value, "application/json");
  EXPECT_EQ(head.fields[3].id, known_field::content_length);
  EXPECT_EQ(head.fields[4].value, "");
  EXPECT_EQ(head.fields[4].id, known_field::other);
  EXPECT_EQ(head.fields[5].value, "");
  EXPECT_EQ(head.fields[6].value, "*/*");
}

TEST(request_head, ordinary) {
  const parsed_request r(ordinary);
  ASSERT_TRUE(r.result.ok()) << message_of(r.result.error);
  expect_ordinary(r.head);
  EXPECT_EQ(r.head.size, ordinary.size());
  EXPECT_EQ(r.head.offset, 0u);
}

TEST(request_head, stops_at_the_body) {
  const parsed_request r(std::string(ordinary) + "{\"a\":1}\r\n\r\nGET / HTTP/1.1\r\n");
  ASSERT_TRUE(r.result.ok());
  EXPECT_EQ(r.head.size, ordinary.size());
}

TEST(request_head, same_at_every_split) {
  const exact_copy bytes(ordinary);
  for (std::size_t split = 0; split <= ordinary.size(); ++split) {
    request_head head;
    std::size_t scanned = 0;
    const parse_result first = parse_request(bytes.begin(), split, scanned, {}, head);
    if (split < ordinary.size()) {
      ASSERT_TRUE(first.need_more()) << split;
      ASSERT_EQ(scanned, split);
      const parse_result second = parse_request(bytes.begin(), bytes.size(), scanned, {}, head);
      ASSERT_TRUE(second.ok()) << split;
    }
    expect_ordinary(head);
  }
}

TEST(request_head, byte_by_byte_in_a_moving_buffer) {
  request_head head;
  std::size_t scanned = 0;
  for (std::size_t n = 1; n <= ordinary.size(); ++n) {
    const exact_copy now(ordinary.substr(0, n));
    const parse_result r = parse_request(now.begin(), n, scanned, {}, head);
    ASSERT_EQ(r.ok(), n == ordinary.size()) << n;
    ASSERT_FALSE(r.failed()) << n;
    if (r.ok())
      expect_ordinary(head);
  }
}

TEST(request_head, a_head_object_can_be_used_again) {
  request_head head;
  std::size_t scanned = 0;
  const std::string_view first =
      "OPTIONS http://a.example?q HTTP/1.0\r\nTransfer-Encoding2: x\r\nConnection: upgrade\r\n"
      "Upgrade: x\r\nContent-Length: 5\r\n\r\n";
  ASSERT_TRUE(parse_request(first.data(), first.size(), scanned, {}, head).ok());
  EXPECT_EQ(scanned, 0u);
  ASSERT_TRUE(parse_request(ordinary.data(), ordinary.size(), scanned, {}, head).ok());
  expect_ordinary(head);
  EXPECT_FALSE(head.fields.has(known_field::upgrade));
}

TEST(request_head, empty_lines_in_front) {
  const std::string text = "\r\n\r\n" + std::string(ordinary);
  for (std::size_t split = 0; split < text.size(); ++split) {
    const exact_copy bytes(text);
    request_head head;
    std::size_t scanned = 0;
    ASSERT_TRUE(parse_request(bytes.begin(), split, scanned, {}, head).need_more()) << split;
    ASSERT_TRUE(parse_request(bytes.begin(), bytes.size(), scanned, {}, head).ok()) << split;
    EXPECT_EQ(head.offset, 4u);
    EXPECT_EQ(head.size, text.size());
    expect_ordinary(head);
  }
  EXPECT_EQ(parsed_request("\r\n\r\n\r\n\r\n\r\n").result.error, head_error::empty_lines);
  EXPECT_EQ(parsed_request("\n").result.error, head_error::bare_line_ending);
  EXPECT_EQ(parsed_request("\rG").result.error, head_error::bare_line_ending);
  EXPECT_TRUE(parsed_request("\r").result.need_more());
  EXPECT_TRUE(parsed_request("").result.need_more());
}

struct bad_case {
  const char* text; // of the request, without the final CRLF CRLF unless it has one
  head_error error;
};

void PrintTo(const bad_case& c, std::ostream* out) {
  *out << c.text;
}

class bad_request_head : public testing::TestWithParam<bad_case> {};

TEST_P(bad_request_head, is_refused) {
  std::string text = GetParam().text;
  if (text.find("\r\n\r\n") == std::string::npos)
    text += "\r\n\r\n";
  const parsed_request r(text);
  ASSERT_TRUE(r.result.failed());
  EXPECT_EQ(r.result.error, GetParam().error);
  EXPECT_FALSE(message_of(r.result.error).empty());
}

using e = head_error;
#define HOST "\r\nHost: a"
INSTANTIATE_TEST_SUITE_P(
    request_line, bad_request_head,
    testing::Values(bad_case{" GET / HTTP/1.1" HOST, e::bad_method}, bad_case{"GET", e::bad_method},
                    bad_case{"G@T / HTTP/1.1" HOST, e::bad_method},
                    bad_case{"G\tT / HTTP/1.1" HOST, e::bad_method},
                    bad_case{"GET\t/ HTTP/1.1" HOST, e::bad_method},
                    bad_case{"\x16\x03\x01\x02 / HTTP/1.1" HOST, e::bad_method},
                    bad_case{"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1" HOST,
                             e::method_too_long},
                    bad_case{"GET  / HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET /  HTTP/1.1" HOST, e::bad_version},
                    bad_case{"GET / HTTP/1.1 " HOST, e::bad_version},
                    bad_case{"GET /a b HTTP/1.1" HOST, e::bad_version},
                    bad_case{"GET /", e::bad_version}, bad_case{"GET ", e::bad_target},
                    bad_case{"GET /\tx HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET /\x7f HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET /\xc3\xa4 HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET /abcdefghijklmnopqrst\xc3 HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET /#x HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET x HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET * HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET a:80 HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET ftp://a/ HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET http:// HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET http:///x HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET http://user@a/ HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET http://a:99999/ HTTP/1.1" HOST, e::bad_target},
                    bad_case{"CONNECT / HTTP/1.1" HOST, e::bad_target},
                    bad_case{"CONNECT a HTTP/1.1" HOST, e::bad_target},
                    bad_case{"CONNECT a: HTTP/1.1" HOST, e::bad_target},
                    bad_case{"CONNECT http://a:80 HTTP/1.1" HOST, e::bad_target},
                    bad_case{"GET / http/1.1" HOST, e::bad_version},
                    bad_case{"GET / HTTP/1" HOST, e::bad_version},
                    bad_case{"GET / HTTP/1.x" HOST, e::bad_version},
                    bad_case{"GET / HTTP/1.10" HOST, e::bad_version},
                    bad_case{"GET / HTTP/2.0" HOST, e::unsupported_version},
                    bad_case{"PRI * HTTP/2.0", e::unsupported_version},
                    bad_case{"GET / HTTP/0.9" HOST, e::unsupported_version},
                    bad_case{"GET / HTTP/1.2" HOST, e::unsupported_version}));

INSTANTIATE_TEST_SUITE_P(
    lines, bad_request_head,
    testing::Values(bad_case{"GET / HTTP/1.1\nHost: a", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\nHost: a\nX: b", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\nHost: a\rX: b", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\rX: y\r\nHost: a", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\nHost: a\r\n\rX: b", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\nHost: a\n\n", e::bare_line_ending},
                    bad_case{"GET / HTTP/1.1\r\n Host: a", e::line_folding},
                    bad_case{"GET / HTTP/1.1" HOST "\r\nX: a\r\n b", e::line_folding},
                    bad_case{"GET / HTTP/1.1" HOST "\r\nX: a\r\n\tb", e::line_folding}));

INSTANTIATE_TEST_SUITE_P(
    fields, bad_request_head,
    testing::Values(
        bad_case{"GET / HTTP/1.1" HOST "\r\nX : b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX\t: b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\n: b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX(y): b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX\xe4: b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nLong-Name-With-A-Blank In: b", e::bad_field_name},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX: a\x01", e::bad_field_value},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX: a\x7f", e::bad_field_value},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX: a\x0b\x0c", e::bad_field_value},
        bad_case{"GET / HTTP/1.1" HOST "\r\nX: sixteen bytes and more \x1b[0m", e::bad_field_value},
        bad_case{"GET / HTTP/1.1" HOST "\r\nConnection: cl ose", e::bad_connection},
        bad_case{"GET / HTTP/1.1" HOST "\r\nConnection: x, \"close\"", e::bad_connection}));

INSTANTIATE_TEST_SUITE_P(
    host, bad_request_head,
    testing::Values(bad_case{"GET / HTTP/1.1\r\nX: a", e::missing_host},
                    bad_case{"GET / HTTP/1.1", e::missing_host},
                    bad_case{"GET http://a/ HTTP/1.1\r\nX: a", e::missing_host},
                    bad_case{"GET / HTTP/1.1" HOST "\r\nHost: a", e::duplicate_host},
                    bad_case{"GET / HTTP/1.0" HOST "\r\nhost: b", e::duplicate_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a b", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a/b", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: u@a", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a,b", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a:b", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a:65536", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: :80", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: a:80:80", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: [::1", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: []", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: [::1]x", e::bad_host},
                    bad_case{"GET / HTTP/1.1\r\nHost: [g::1]", e::bad_host},
                    bad_case{"GET / HTTP/1.0\r\nHost: a b", e::bad_host}));

// Requests that two servers could read as two different messages.
INSTANTIATE_TEST_SUITE_P(
    smuggling, bad_request_head,
    testing::Values(
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
                 e::length_and_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked\r\nContent-Length: 0",
                 e::length_and_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5\r\nContent-Length: 6",
                 e::duplicate_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5\r\ncontent-length: 5",
                 e::duplicate_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5, 5", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: +5", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: -5", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 0x5", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5 5", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length:", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 5.0", e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 9223372036854775808",
                 e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nContent-Length: 18446744073709551621",
                 e::bad_content_length},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
                 "chunked",
                 e::duplicate_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: "
                 "identity",
                 e::duplicate_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: identity",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: gzip, chunked",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked, chunked",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked, identity",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: xchunked",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: \"chunked\"",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: chunked;q=1",
                 e::unsupported_transfer_coding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding:", e::bad_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding: \x0b"
                 "chunked",
                 e::bad_field_value},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding : chunked", e::bad_field_name},
        bad_case{"POST / HTTP/1.1" HOST "\r\nTransfer-Encoding:\r\n chunked",
                 e::bad_transfer_encoding},
        bad_case{"POST / HTTP/1.1" HOST "\r\nX: y\rTransfer-Encoding: chunked",
                 e::bare_line_ending},
        bad_case{"POST / HTTP/1.1" HOST "\r\nX: y\nTransfer-Encoding: chunked",
                 e::bare_line_ending},
        bad_case{"POST / HTTP/1.0" HOST "\r\nTransfer-Encoding: chunked",
                 e::transfer_encoding_in_http10},
        bad_case{"GET / HTTP/1.1\r\nHost: a\r\n\rContent-Length: 5", e::bare_line_ending}));

TEST(request_head, a_nul_byte_is_refused) {
  using namespace std::string_view_literals;
  EXPECT_EQ(parsed_request("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"sv).result.error,
            head_error::bad_field_value);
  EXPECT_EQ(parsed_request("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv).result.error,
            head_error::bad_target);
  EXPECT_EQ(parsed_request("GET / HTTP/1.1\r\nHo\0st: a\r\n\r\n"sv).result.error,
            head_error::bad_field_name);
}

TEST(request_head, garbage_is_refused_before_it_ends) {
  EXPECT_EQ(parsed_request("\x16\x03\x01").result.error, head_error::bad_method);
  EXPECT_EQ(parsed_request("{\"a\":").result.error, head_error::bad_method);
  EXPECT_EQ(parsed_request("GET / HTTP/1.1\n").result.error, head_error::bare_line_ending);
  EXPECT_TRUE(parsed_request("G").result.need_more());
}

TEST(request_head, limits) {
  const head_limits limits{.max_bytes = 1000, .max_uri = 100, .max_fields = 3};
  const auto error_of = [&](const std::string& text) {
    return parsed_request(text, limits).result.error;
  };
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(error_of(line + "X: 1\r\nX: 2\r\n\r\n"), head_error::none);
  EXPECT_EQ(error_of(line + "X: 1\r\nX: 2\r\nX: 3\r\n\r\n"), head_error::too_many_fields);
  const std::string path99(99, 'x');
  EXPECT_EQ(error_of("GET /" + path99 + " HTTP/1.1\r\nHost: a\r\n\r\n"), head_error::none);
  EXPECT_EQ(error_of("GET /" + path99 + "x HTTP/1.1\r\nHost: a\r\n\r\n"), head_error::uri_too_long);
  // Complete or not: above the limit it is too much.
  const std::string frame = line + "X: \r\n\r\n";
  EXPECT_EQ(error_of(line + "X: " + std::string(1000 - frame.size(), 'y') + "\r\n\r\n"),
            head_error::none);
  EXPECT_EQ(error_of(line + "X: " + std::string(1001 - frame.size(), 'y') + "\r\n\r\n"),
            head_error::head_too_large);
  EXPECT_EQ(error_of(line + "X: " + std::string(1000 - line.size() - 3, 'y')),
            head_error::head_too_large);
  EXPECT_EQ(error_of(line + "X: " + std::string(999 - line.size() - 3, 'y')), head_error::none);
}

TEST(request_head, a_uri_without_end_is_noticed_early) {
  const head_limits limits{.max_bytes = 4000, .max_uri = 100, .max_fields = 3};
  request_head head;
  const std::string text = "GET /" + std::string(5000, 'x');
  for (const std::size_t step : {1, 7, 300, 5000}) {
    std::size_t scanned = 0;
    std::size_t n = 0;
    parse_result r;
    while (r.need_more() && n < text.size()) {
      n = std::min(text.size(), n + step);
      r = parse_request(text.data(), n, scanned, limits, head);
    }
    EXPECT_EQ(r.error, head_error::uri_too_long) << step;
    EXPECT_LE(n, 100 + 64 + step) << step;
  }
  // A buffer smaller than the URI limit.
  const head_limits small{.max_bytes = 200, .max_uri = 8000, .max_fields = 3};
  EXPECT_EQ(parsed_request(text.substr(0, 200), small).result.error, head_error::uri_too_long);
  EXPECT_TRUE(parsed_request(text.substr(0, 199), small).result.need_more());
}

TEST(request_head, a_hundred_fields_fit_and_no_more) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < 100; ++i)
    text += "X-" + std::to_string(i) + ": v\r\n";
  const parsed_request full(text + "\r\n", {.max_fields = 1000});
  ASSERT_TRUE(full.result.ok());
  EXPECT_EQ(full.head.fields.size(), 100u);
  EXPECT_EQ(full.head.fields[99].name, "X-99");
  EXPECT_EQ(parsed_request(text + "X-100: v\r\n\r\n", {.max_fields = 1000}).result.error,
            head_error::too_many_fields);
}

TEST(request_head, methods) {
  const std::pair<const char*, verb> cases[] = {{"GET", verb::get},
                                                {"HEAD", verb::head},
                                                {"POST", verb::post},
                                                {"PUT", verb::put},
                                                {"PATCH", verb::patch},
                                                {"DELETE", verb::delete_},
                                                {"OPTIONS", verb::options},
                                                {"TRACE", verb::trace},
                                                {"get", verb::other},
                                                {"BREW", verb::other},
                                                {"M-SEARCH", verb::other},
                                                {"!#$%&'*+.^_`|~", verb::other},
                                                {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", verb::other}};
  for (const auto& [method, id] : cases) {
    const parsed_request r(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(r.result.ok()) << method;
    EXPECT_EQ(r.head.method, method);
    EXPECT_EQ(r.head.method_id, id) << method;
  }
}

TEST(request_head, persistence) {
  struct {
    const char *version, *connection;
    bool keep_alive;
  } const cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "connection: Foo ,, CLOSE\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: closed\r\n", true},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.0", "Proxy-Connection: keep-alive\r\n", false},
  };
  for (const auto& c : cases) {
    const parsed_request r("GET / HTTP/" + std::string(c.version) + "\r\nHost: a\r\n" +
                           c.connection + "\r\n");
    ASSERT_TRUE(r.result.ok());
    EXPECT_EQ(r.head.keep_alive, c.keep_alive) << c.version << " " << c.connection;
  }
}

TEST(request_head, expect_upgrade_and_framing) {
  const parsed_request r("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                         "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                         "Transfer-Encoding: Chunked\r\n\r\n");
  ASSERT_TRUE(r.result.ok());
  EXPECT_TRUE(r.head.expect_continue);
  EXPECT_TRUE(r.head.upgrade);
  EXPECT_TRUE(r.head.chunked);
  EXPECT_EQ(r.head.framing(), body_framing::chunked);
  EXPECT_EQ(r.head.content_length, -1);
  // HTTP/1.0 knows no 100 (Continue); an Upgrade field that Connection does not name means nothing.
  const parsed_request old("POST / HTTP/1.0\r\nExpect: 100-continue\r\nUpgrade: x\r\n"
                           "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(old.result.ok());
  EXPECT_FALSE(old.head.expect_continue);
  EXPECT_FALSE(old.head.upgrade);
  EXPECT_EQ(old.head.content_length, 0);
  EXPECT_EQ(old.head.framing(), body_framing::none);
  const parsed_request big(
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
  ASSERT_TRUE(big.result.ok());
  EXPECT_EQ(big.head.content_length, std::numeric_limits<std::int64_t>::max());
  const parsed_request zeros("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0000000005\r\n\r\n");
  ASSERT_TRUE(zeros.result.ok());
  EXPECT_EQ(zeros.head.content_length, 5);
}

TEST(request_head, obs_text_and_tabs_in_values_pass) {
  const parsed_request r("GET / HTTP/1.1\r\nHost: a\r\nX: a\tb \xc3\xa4\xff z\r\n\r\n");
  ASSERT_TRUE(r.result.ok());
  EXPECT_EQ(r.head.fields[1].value, "a\tb \xc3\xa4\xff z");
}

TEST(request_head, hop_by_hop_fields) {
  const parsed_request r(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, x-one ,X-Two,host\r\n"
      "X-One: 1\r\nX-Two2: 2\r\nTE: trailers\r\nKeep-Alive: 5\r\nX-ONE: again\r\n"
      "Proxy-Authorization: secret\r\nContent-Type: a/b\r\n"
      "Connection: content-type, x-three\r\nX-Three: 3\r\nTrailer: x\r\n"
      "Proxy-Connection: x\r\nUpgrade: y\r\n\r\n");
  ASSERT_TRUE(r.result.ok());
  std::string kept;
  for (std::size_t i = 0; i < r.head.fields.size(); ++i)
    if (!is_hop_by_hop(r.head, i))
      kept += std::string(r.head.fields[i].name) + " ";
  EXPECT_EQ(kept, "Host X-Two2 Content-Type ");
}

TEST(request_head, connection_options_are_bounded) {
  std::string value;
  for (int i = 0; i < 100; ++i)
    value += "a,";
  const std::string frame = "GET / HTTP/1.1\r\nHost: a\r\nConnection: ";
  EXPECT_TRUE(parsed_request(frame + value + "\r\n\r\n").result.ok());
  EXPECT_EQ(parsed_request(frame + value + "b\r\n\r\n").result.error,
            head_error::too_many_connection_options);
}

TEST(request_head, rebase_moves_every_view) {
  std::string text = "GET http://b/x?y HTTP/1.1\r\nHost: a\r\nX: v\r\n\r\n";
  request_head head;
  std::size_t scanned = 0;
  ASSERT_TRUE(parse_request(text.data(), text.size(), scanned, {}, head).ok());
  const std::string moved = text;
  rebase(head, text.data(), moved.data());
  text.assign(text.size(), '#');
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "http://b/x?y");
  EXPECT_EQ(head.path, "/x");
  EXPECT_EQ(head.query, "y");
  EXPECT_EQ(head.host, "b");
  EXPECT_EQ(head.fields[0].value, "a");
  EXPECT_EQ(head.fields[1].name, "X");
  // The "/" that stands for an absent path is a constant and must survive.
  text = "GET http://b HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(parse_request(text.data(), text.size(), scanned, {}, head).ok());
  rebase(head, text.data(), moved.data());
  EXPECT_EQ(head.path, "/");
}

TEST(response_head, ordinary) {
  const std::string_view text = "HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: "
                                "application/json; charset=utf-8\r\nContent-Length: 12\r\n"
                                "Access-Control-Allow-Origin:\r\nKeep-Alive: timeout=5, max=100\r\n"
                                "\r\n{\"a\":1}";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    const exact_copy bytes(text);
    response_head head;
    std::size_t scanned = 0;
    parse_result r = parse_response(bytes.begin(), split, scanned, {}, head);
    if (r.need_more())
      r = parse_response(bytes.begin(), bytes.size(), scanned, {}, head);
    ASSERT_TRUE(r.ok()) << split;
    EXPECT_EQ(head.status, 200u);
    EXPECT_EQ(head.reason, "OK");
    EXPECT_EQ(head.content_length, 12);
    EXPECT_TRUE(head.keep_alive);
    EXPECT_EQ(head.size, text.size() - 7);
    EXPECT_EQ(head.fields.value_of(known_field::server), "llama.cpp");
    EXPECT_EQ(head.framing(verb::get), body_framing::content_length);
    EXPECT_EQ(head.framing(verb::head), body_framing::none);
    ASSERT_EQ(head.fields.size(), 5u);
    EXPECT_TRUE(is_hop_by_hop(head, 4));
  }
}

TEST(response_head, framing) {
  struct {
    const char* text;
    body_framing framing;
    bool keep_alive;
  } const cases[] = {
      {"HTTP/1.1 200 OK\r\n", body_framing::until_close, true},
      {"HTTP/1.0 200 OK\r\n", body_framing::until_close, false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n",
       body_framing::content_length, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", body_framing::chunked, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n", body_framing::none, false},
      {"HTTP/1.1 204 No Content\r\n", body_framing::none, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n", body_framing::none, true},
      {"HTTP/1.1 100 Continue\r\n", body_framing::none, true},
      {"HTTP/1.1 103 \r\nLink: x\r\n", body_framing::none, true},
  };
  for (const auto& c : cases) {
    const parsed_response r(std::string(c.text) + "\r\n");
    ASSERT_TRUE(r.result.ok()) << c.text;
    EXPECT_EQ(r.head.framing(verb::post), c.framing) << c.text;
    EXPECT_EQ(r.head.keep_alive, c.keep_alive) << c.text;
  }
}

TEST(response_head, reason_may_be_missing) {
  for (const char* line : {"HTTP/1.1 404", "HTTP/1.1 404 ", "HTTP/1.1 404   "}) {
    const parsed_response r(std::string(line) + "\r\n\r\n");
    ASSERT_TRUE(r.result.ok()) << line;
    EXPECT_EQ(r.head.status, 404u);
    EXPECT_EQ(r.head.reason, "");
  }
  const parsed_response r("HTTP/1.0 599 Nicht gef\xfcnden\t! \r\n\r\n");
  ASSERT_TRUE(r.result.ok());
  EXPECT_EQ(r.head.reason, "Nicht gef\xfcnden\t!");
}

TEST(response_head, bad) {
  const std::pair<const char*, head_error> cases[] = {
      {"SSH-2.0-OpenSSH", head_error::bad_version},
      {"H", head_error::none},
      {"HTTP/", head_error::none},
      {"HTTQ", head_error::bad_version},
      {"HTTP/2 200 OK\r\n\r\n", head_error::bad_version},
      {"HTTP/2.0 200 OK\r\n\r\n", head_error::unsupported_version},
      {"HTTP/1.1\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 20 OK\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 2000 OK\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1  200 OK\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 099 OK\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 600 OK\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 200 O\x01K\r\n\r\n", head_error::bad_status_line},
      {"HTTP/1.1 200 OK\rX\r\n\r\n", head_error::bare_line_ending},
      {"HTTP/1.1 200 OK\n\n", head_error::bare_line_ending},
      {"HTTP/1.1 200 OK\r\nX: y\n", head_error::bare_line_ending},
      {"HTTP/1.1 200 OK\r\n X: y\r\n\r\n", head_error::line_folding},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       head_error::duplicate_content_length},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       head_error::length_and_transfer_encoding},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
       head_error::unsupported_transfer_coding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       head_error::transfer_encoding_in_http10},
  };
  for (const auto& [text, error] : cases) {
    const parsed_response r(text);
    EXPECT_EQ(r.result.error, error) << text;
    EXPECT_FALSE(r.result.ok()) << text;
  }
  const std::string long_head = "HTTP/1.1 200 OK\r\nX: " + std::string(300, 'x');
  EXPECT_EQ(parsed_response(long_head, {.max_bytes = 300}).result.error,
            head_error::head_too_large);
}

TEST(list_contains, tokens) {
  EXPECT_TRUE(list_contains("a, B ,c", "b"));
  EXPECT_TRUE(list_contains("trailers", "Trailers"));
  EXPECT_TRUE(list_contains(",,\tx\t", "x"));
  EXPECT_FALSE(list_contains("ab,c", "a"));
  EXPECT_FALSE(list_contains("", "a"));
}

} // namespace
} // namespace synapse::http
