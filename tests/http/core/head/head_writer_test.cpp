#include "http/core/head/head_writer.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using test::parsed_request;
using test::parsed_response;

std::string upstream(std::string_view request, const upstream_head_options& options) {
  const parsed_request r(request);
  EXPECT_TRUE(r.result.ok()) << message_of(r.result.error);
  std::string out = "left over from the last one";
  write_upstream_request_head(out, r.head, options);
  // What we send must be what we would accept.
  EXPECT_TRUE(parsed_request(out).result.ok()) << out;
  return out;
}

std::string downstream(std::string_view response, const downstream_head_options& options) {
  const parsed_response r(response);
  EXPECT_TRUE(r.result.ok()) << message_of(r.result.error);
  std::string out = "left over from the last one";
  write_downstream_response_head(out, r.head, options);
  EXPECT_TRUE(parsed_response(out).result.ok()) << out;
  return out;
}

TEST(upstream_head, in_its_own_words_takes_over_little) {
  const std::string out = upstream("PUT /audio/convert?a=b HTTP/1.1\r\n"
                                   "Host: gateway.example\r\n"
                                   "Content-Type: multipart/form-data; boundary=x\r\n"
                                   "Content-Length: 12\r\n"
                                   "Accept-Encoding: gzip\r\n"
                                   "Accept: audio/flac\r\n"
                                   "Range: bytes=0-1\r\n"
                                   "Cookie: session=secret\r\n"
                                   "X-Custom: 1\r\n"
                                   "User-Agent: tester\r\n"
                                   "X-Api-Key: key\r\n"
                                   "Tracestate: a=b\r\n"
                                   "\r\n",
                                   {.authority = "backend:8012",
                                    .base_path = "/base",
                                    .method = "POST",
                                    .target = "/convert",
                                    .content_type = "multipart/form-data; boundary=ours",
                                    .framing = body_framing::chunked});
  EXPECT_EQ(out, "POST /base/convert HTTP/1.1\r\n"
                 "Host: backend:8012\r\n"
                 "User-Agent: tester\r\n"
                 "X-Api-Key: key\r\n"
                 "Tracestate: a=b\r\n"
                 "X-Forwarded-Proto: http\r\n"
                 "X-Forwarded-Host: gateway.example\r\n"
                 "Content-Type: multipart/form-data; boundary=ours\r\n"
                 "Transfer-Encoding: chunked\r\n"
                 "\r\n");
}

TEST(upstream_head, forwards_what_is_end_to_end) {
  const std::string out = upstream("POST /v1/chat/completions?a=b HTTP/1.1\r\n"
                                   "Accept: */*\r\n"
                                   "Host: gateway.example\r\n"
                                   "X-Custom:  kept as written \r\n"
                                   "Connection: keep-alive, x-mine\r\n"
                                   "X-Mine: 1\r\n"
                                   "Content-Length: 12\r\n"
                                   "Expect: 100-continue\r\n"
                                   "X-Request-Id: theirs\r\n"
                                   "Authorization: Bearer client\r\n"
                                   "Traceparent: 00-1-2-03\r\n"
                                   "TE: trailers\r\n"
                                   "\r\n",
                                   {.authority = "backend:8082",
                                    .request_id = "req-1",
                                    .client_ip = "192.0.2.1",
                                    .framing = body_framing::content_length,
                                    .content_length = 12});
  EXPECT_EQ(out, "POST /v1/chat/completions?a=b HTTP/1.1\r\n"
                 "Host: backend:8082\r\n"
                 "Accept: */*\r\n"
                 "X-Custom:  kept as written \r\n"
                 "Authorization: Bearer client\r\n"
                 "Traceparent: 00-1-2-03\r\n"
                 "X-Forwarded-For: 192.0.2.1\r\n"
                 "X-Forwarded-Proto: http\r\n"
                 "X-Forwarded-Host: gateway.example\r\n"
                 "X-Request-Id: req-1\r\n"
                 "Content-Length: 12\r\n"
                 "\r\n");
}

TEST(upstream_head, runs_at_the_very_end_and_blank_values) {
  const std::string out =
      upstream("GET / HTTP/1.1\r\nHost: a\r\nX-A: 1 \t \r\nX-Empty:\r\nX-Blank:  \t\r\n\r\n",
               {.authority = "b", .client_scheme = ""});
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: b\r\nX-A: 1 \t \r\nX-Empty:\r\nX-Blank:  \t\r\n"
                 "X-Forwarded-Host: a\r\n\r\n");
}

TEST(upstream_head, credentials) {
  const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer client\r\n"
                                   "X-Api-Key: client\r\nCookie: c\r\n\r\n";
  const std::string forwarded = upstream(request, {.authority = "b"});
  EXPECT_NE(forwarded.find("Authorization: Bearer client\r\nX-Api-Key: client\r\n"),
            std::string::npos);
  const std::string dropped = upstream(request, {.authority = "b", .forward_authorization = false});
  EXPECT_EQ(dropped.find("client"), std::string::npos);
  EXPECT_EQ(dropped.find("Cookie"), std::string::npos);
  const std::string replaced = upstream(request, {.authority = "b", .bearer = "key"});
  EXPECT_EQ(replaced.find("client"), std::string::npos);
  EXPECT_NE(replaced.find("\r\nAuthorization: Bearer key\r\n"), std::string::npos);
}

TEST(upstream_head, accept_encoding) {
  const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n";
  EXPECT_NE(upstream(request, {.authority = "b"}).find("Accept-Encoding: br"), std::string::npos);
  EXPECT_EQ(upstream(request, {.authority = "b", .drop_accept_encoding = true}).find("Accept"),
            std::string::npos);
}

TEST(upstream_head, forwarded_fields) {
  const std::string_view request =
      "GET / HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2, 3\r\n"
      "X-Forwarded-Proto: https\r\nX-Forwarded-Host: public\r\nForwarded: for=1.1.1.1\r\n\r\n";
  const upstream_head_options trusting{.authority = "b", .client_ip = "::1"};
  EXPECT_EQ(upstream(request, trusting),
            "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: public\r\n"
            "Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2, 3, ::1\r\n\r\n");
  const upstream_head_options wary{
      .authority = "b", .client_ip = "::1", .client_scheme = "https", .trust_forwarded = false};
  EXPECT_EQ(upstream(request, wary),
            "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: ::1\r\nX-Forwarded-Proto: https\r\n"
            "X-Forwarded-Host: gw\r\n\r\n");
}

TEST(upstream_head, a_client_cannot_remove_forwarded_fields_by_naming_them) {
  const std::string out = upstream("GET / HTTP/1.1\r\nHost: gw\r\nConnection: x-forwarded-for, "
                                   "x-forwarded-proto, x-request-id\r\nX-Forwarded-For: 1\r\n"
                                   "X-Forwarded-Proto: https\r\n\r\n",
                                   {.authority = "b", .request_id = "r", .client_ip = "9"});
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: b\r\nX-Forwarded-For: 9\r\nX-Forwarded-Proto: http\r\n"
                 "X-Forwarded-Host: gw\r\nX-Request-Id: r\r\n\r\n");
}

TEST(upstream_head, targets) {
  const auto line = [](std::string_view start, std::string_view base, std::string_view target) {
    const std::string out =
        upstream(std::string(start) + " HTTP/1.1\r\nHost: a\r\n\r\n",
                 {.authority = "b", .base_path = base, .target = target, .client_scheme = ""});
    return out.substr(0, out.find(" HTTP/1.1"));
  };
  EXPECT_EQ(line("GET /x?y", "", ""), "GET /x?y");
  EXPECT_EQ(line("GET /x?", "/base", ""), "GET /base/x?");
  EXPECT_EQ(line("GET /x?y", "/base", "/other?z"), "GET /base/other?z");
  EXPECT_EQ(line("GET http://a/x?y", "", ""), "GET /x?y");
  EXPECT_EQ(line("GET http://a", "", ""), "GET /");
  EXPECT_EQ(line("GET http://a?", "/base", ""), "GET /base/?");
  EXPECT_EQ(line("OPTIONS *", "", ""), "OPTIONS *");
  EXPECT_EQ(line("OPTIONS *", "/base", ""), "OPTIONS /base");
}

TEST(upstream_head, framing) {
  const auto tail = [](std::string_view method, std::string_view fields,
                       const upstream_head_options& options) {
    const std::string out = upstream(
        std::string(method) + " / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n", options);
    return out.substr(out.find("\r\nHost: b\r\n") + 11);
  };
  upstream_head_options o{.authority = "b", .client_scheme = ""};
  const std::string host = "X-Forwarded-Host: a\r\n";
  EXPECT_EQ(tail("GET", "", o), host + "\r\n");
  EXPECT_EQ(tail("POST", "", o), host + "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(tail("DELETE", "Content-Length: 0\r\n", o), host + "Content-Length: 0\r\n\r\n");
  o.framing = body_framing::chunked;
  EXPECT_EQ(tail("POST", "Transfer-Encoding: chunked\r\n", o),
            host + "Transfer-Encoding: chunked\r\n\r\n");
  o.framing = body_framing::content_length;
  o.content_length = 18446744073709551615u;
  const parsed_request r("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string out;
  write_upstream_request_head(out, r.head, o);
  EXPECT_NE(out.find("\r\nContent-Length: 18446744073709551615\r\n\r\n"), std::string::npos);
}

TEST(upstream_head, extra_lines_and_leading_empty_lines) {
  EXPECT_EQ(upstream("\r\n\r\nGET / HTTP/1.0\r\nA: b\r\n\r\n",
                     {.authority = "b", .client_scheme = "", .extra = "X-E: 1\r\nX-F: 2\r\n"}),
            "GET / HTTP/1.1\r\nHost: b\r\nA: b\r\nX-E: 1\r\nX-F: 2\r\n\r\n");
}

TEST(downstream_head, forwards_what_is_end_to_end) {
  const std::string out = downstream("HTTP/1.0 404 Nope\r\n"
                                     "Server: x\r\n"
                                     "Keep-Alive: timeout=5\r\n"
                                     "Content-Length: 7\r\n"
                                     "X-Request-Id: theirs\r\n"
                                     "Content-Type: a/b\r\n"
                                     "Connection: close, x-hop\r\n"
                                     "X-Hop: 1\r\n"
                                     "Retry-After: 3\r\n"
                                     "\r\n",
                                     {.framing = body_framing::content_length,
                                      .content_length = 7,
                                      .request_id = "req-1",
                                      .connection = connection_directive::close,
                                      .extra = "X-Synapse-Backend: b\r\n"});
  EXPECT_EQ(out, "HTTP/1.1 404 Nope\r\n"
                 "Server: x\r\n"
                 "Content-Type: a/b\r\n"
                 "Retry-After: 3\r\n"
                 "Content-Length: 7\r\n"
                 "X-Request-Id: req-1\r\n"
                 "Connection: close\r\n"
                 "X-Synapse-Backend: b\r\n"
                 "\r\n");
}

TEST(downstream_head, framing_and_connection) {
  const std::string_view chunked = "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(downstream(chunked, {.framing = body_framing::chunked}),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(downstream(chunked, {.framing = body_framing::until_close,
                                 .connection = connection_directive::close}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(downstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                       {.framing = body_framing::content_length,
                        .connection = connection_directive::keep_alive}),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(downstream("HTTP/1.1 204\r\n\r\n", {}), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(downstream("HTTP/1.1 299\r\n\r\n", {}), "HTTP/1.1 299 Unknown\r\n\r\n");
}

TEST(downstream_head, event_stream_and_date) {
  const downstream_head_options options{.framing = body_framing::chunked,
                                        .date = "Thu, 01 Jan 1970 00:00:00 GMT",
                                        .event_stream = true};
  EXPECT_EQ(downstream("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", options),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n\r\n");
  EXPECT_EQ(downstream("HTTP/1.1 200 OK\r\nDate: then\r\nCache-Control: no-store\r\n"
                       "X-Accel-Buffering: no\r\n\r\n",
                       options),
            "HTTP/1.1 200 OK\r\nDate: then\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
}

TEST(downstream_head, leaves_it_to_the_gateway_which_pages_may_use_it) {
  EXPECT_EQ(downstream("HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nA: 1\r\n"
                       "access-control-allow-credentials: true\r\n"
                       "Access-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *\r\n"
                       "Access-Control-Expose-Headers: *\r\nAccess-Control-Max-Age: 1\r\n"
                       "Access-Control-Allow-Private-Network: true\r\nVary: Origin\r\n\r\n",
                       {.extra = "Access-Control-Allow-Origin: https://ours\r\n"}),
            "HTTP/1.1 200 OK\r\nA: 1\r\nVary: Origin\r\n"
            "Access-Control-Allow-Origin: https://ours\r\n\r\n");
}

TEST(downstream_head, lets_no_backend_set_the_gateways_cookie) {
  const std::string_view answer = "HTTP/1.1 200 OK\r\nSet-Cookie: own=evil; Path=/\r\nA: 1\r\n"
                                  "Set-Cookie: theirs=1; Path=/\r\nSet-Cookie: =own=2\r\n\r\n";
  EXPECT_EQ(downstream(answer, {.own_cookie = "own"}),
            "HTTP/1.1 200 OK\r\nA: 1\r\nSet-Cookie: theirs=1; Path=/\r\n\r\n");
  EXPECT_NE(downstream(answer, {}).find("own=evil"), std::string::npos);
}

TEST(downstream_head, names_its_own_paths_instead_of_the_backends_address) {
  EXPECT_EQ(downstream("HTTP/1.1 307 Temporary Redirect\r\n"
                       "Location: http://10.0.0.1:81/base/x?y\r\nA: 1\r\n"
                       "Content-Location: //10.0.0.1:81/base/z\r\n\r\n",
                       {.authority = "10.0.0.1:81", .base_path = "/base"}),
            "HTTP/1.1 307 Temporary Redirect\r\nA: 1\r\nLocation: /x?y\r\n"
            "Content-Location: /z\r\n\r\n");
  EXPECT_EQ(downstream("HTTP/1.1 201 Created\r\nLocation: https://example.com/x\r\n\r\n",
                       {.authority = "10.0.0.1:81"}),
            "HTTP/1.1 201 Created\r\nLocation: https://example.com/x\r\n\r\n");
}

TEST(append_number, all_sizes) {
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10},
                                std::uint64_t{18446744073709551615u}}) {
    std::string out = "x";
    append_number(out, n);
    EXPECT_EQ(out, "x" + std::to_string(n));
  }
}

} // namespace
} // namespace synapse::http
