#include "http/core/head/status.hpp"
#include "http/core/local_reply.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace synapse::http {
namespace {

using nlohmann::json;
using test::parsed_response;

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

json body_of(error_dialect dialect, response_detail detail, std::string_view message = {},
             std::string_view label = {}, std::string_view param = {}) {
  std::string out;
  append_error_body(out, dialect, detail, message, label, param);
  EXPECT_EQ(out.find('\n'), std::string::npos);
  return json::parse(out);
}

TEST(response_detail, the_table_is_sound) {
  std::set<std::string_view> texts;
  for (unsigned i = 0; i < static_cast<unsigned>(response_detail::count_); ++i) {
    const detail_info& row = info(static_cast<response_detail>(i));
    EXPECT_EQ(static_cast<unsigned>(row.detail), i);
    EXPECT_TRUE(texts.insert(row.text).second) << row.text << " is there twice";
    EXPECT_EQ(row.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    if (row.detail == response_detail::via_upstream || row.detail == response_detail::local) {
      EXPECT_EQ(row.status, 0u);
      continue;
    }
    EXPECT_GE(row.status, 400u) << row.text;
    EXPECT_LE(row.status, 599u) << row.text;
    EXPECT_NE(reason_phrase(row.status), "Unknown") << row.text;
    EXPECT_FALSE(row.type.empty()) << row.text;
    EXPECT_FALSE(row.code.empty()) << row.text;
    EXPECT_FALSE(row.message.empty()) << row.text;
    // Whose fault it is shows in type and label.
    if (row.text.starts_with("upstream_") || row.text.starts_with("stream_")) {
      EXPECT_FALSE(row.label.empty()) << row.text;
    }
  }
  EXPECT_EQ(to_string(response_detail::stream_truncated), "stream_truncated");
}

TEST(response_detail, statuses_of_the_contract) {
  const std::pair<response_detail, unsigned> cases[] = {
      {response_detail::route_not_found, 404},
      {response_detail::method_not_allowed, 405},
      {response_detail::header_timeout, 408},
      {response_detail::body_timeout, 408},
      {response_detail::length_required, 411},
      {response_detail::body_too_large, 413},
      {response_detail::uri_too_long, 414},
      {response_detail::unsupported_media_type, 415},
      {response_detail::unsupported_content_coding, 415},
      {response_detail::header_too_large, 431},
      {response_detail::invalid_json, 400},
      {response_detail::upstream_overflow, 429},
      {response_detail::client_disconnected, 499},
      {response_detail::internal_error, 500},
      {response_detail::upstream_protocol_error, 502},
      {response_detail::stream_truncated, 502},
      {response_detail::no_healthy_upstream, 503},
      {response_detail::upstream_connection_failure, 503},
      {response_detail::upstream_queue_timeout, 503},
      {response_detail::draining, 503},
      {response_detail::response_timeout, 504},
      {response_detail::first_token_timeout, 504},
      {response_detail::total_timeout, 504},
  };
  for (const auto& [detail, status] : cases)
    EXPECT_EQ(info(detail).status, status) << to_string(detail);
}

TEST(response_detail, of_head_errors) {
  for (unsigned i = 1; i < static_cast<unsigned>(head_error::count_); ++i) {
    const auto error = static_cast<head_error>(i);
    EXPECT_EQ(info(detail_of(error)).status, status_of(error)) << message_of(error);
  }
}

TEST(error_dialect, of_paths) {
  EXPECT_EQ(dialect_of("/v1/chat/completions"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v1/"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v1"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v10/x"), error_dialect::plain);
  EXPECT_EQ(dialect_of("/tts/synthesize"), error_dialect::plain);
  EXPECT_EQ(dialect_of("/"), error_dialect::plain);
  EXPECT_EQ(dialect_of(""), error_dialect::plain);
}

TEST(error_body, openai) {
  EXPECT_EQ(body_of(error_dialect::openai, response_detail::invalid_json, "error at byte 7"),
            (json{{"error",
                   {{"message", "error at byte 7"},
                    {"type", "invalid_request_error"},
                    {"param", nullptr},
                    {"code", "invalid_json"}}}}));
  const json by_default =
      body_of(error_dialect::openai, response_detail::draining, "", "", "model");
  EXPECT_EQ(by_default["error"]["message"], "the gateway is shutting down");
  EXPECT_EQ(by_default["error"]["param"], "model");
  for (unsigned i = 0; i < static_cast<unsigned>(response_detail::count_); ++i) {
    const json body = body_of(error_dialect::openai, static_cast<response_detail>(i));
    ASSERT_EQ(body["error"].size(), 4u);
    EXPECT_TRUE(body["error"]["type"].is_string());
  }
}

TEST(error_body, plain) {
  EXPECT_EQ(body_of(error_dialect::plain, response_detail::route_not_found),
            (json{{"detail", "there is no such route"}}));
  EXPECT_EQ(body_of(error_dialect::plain, response_detail::upstream_connection_failure, "refused"),
            (json{{"detail", "refused"}, {"error", "Backend unavailable"}}));
  EXPECT_EQ(body_of(error_dialect::plain, response_detail::response_timeout)["error"],
            "Backend timeout");
  EXPECT_EQ(body_of(error_dialect::plain, response_detail::upstream_protocol_error, "x",
                    "TTS backend error")["error"],
            "TTS backend error");
}

TEST(json_string, escapes) {
  EXPECT_EQ(as_json(""), "\"\"");
  EXPECT_EQ(as_json("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  EXPECT_EQ(as_json("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
  using namespace std::string_view_literals;
  EXPECT_EQ(as_json("\0\x01\x1f\x7f"sv), "\"\\u0000\\u0001\\u001f\\u007f\"");
}

TEST(json_string, utf8) {
  const std::string_view good =
      "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf "
      "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf";
  EXPECT_EQ(as_json(good), "\"" + std::string(good) + "\"");
  const std::string_view bad[] = {"\x80",
                                  "\xbf",
                                  "\xc0\xaf",
                                  "\xc1\xbf",
                                  "\xc3",
                                  "\xc3(",
                                  "\xe0\x9f\xbf",
                                  "\xe2\x82",
                                  "\xed\xa0\x80",
                                  "\xf0\x8f\xbf\xbf",
                                  "\xf0\x9f\x98",
                                  "\xf4\x90\x80\x80",
                                  "\xf5\x80\x80\x80",
                                  "\xff",
                                  "\xfe"};
  for (const std::string_view text : bad) {
    const std::string out = as_json("a" + std::string(text) + "b");
    const json parsed = json::parse(out, nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << testing::PrintToString(text);
    EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos);
    EXPECT_EQ(out.front(), '"');
    EXPECT_NE(out.find('a'), std::string::npos);
    EXPECT_EQ(out[out.size() - 2], 'b');
  }
}

TEST(json_string, any_bytes_give_valid_json) {
  test::dice random(9);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t n = random.below(20); n > 0; --n)
      text += static_cast<char>(random.below(256));
    ASSERT_TRUE(json::accept(as_json(text))) << testing::PrintToString(text);
  }
}

TEST(reply_head, everything_in_it) {
  std::string out;
  append_reply_head(out, {.status = 405,
                          .content_type = "text/plain",
                          .content_length = 12,
                          .request_id = "req-1",
                          .retry_after = 30,
                          .allow = "GET, POST",
                          .connection = connection_directive::close,
                          .date = "Thu, 01 Jan 1970 00:00:00 GMT",
                          .extra = "X-A: 1\r\n"});
  EXPECT_EQ(out, "HTTP/1.1 405 Method Not Allowed\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                 "Content-Type: text/plain\r\nContent-Length: 12\r\nRetry-After: 30\r\n"
                 "Allow: GET, POST\r\nX-Request-Id: req-1\r\nConnection: close\r\nX-A: 1\r\n\r\n");
  EXPECT_TRUE(parsed_response(out).result.ok());
}

TEST(reply_head, framing) {
  std::string out;
  append_reply_head(out, {.content_type = "text/event-stream",
                          .chunked = true,
                          .connection = connection_directive::keep_alive});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                 "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n");
  out.clear();
  append_reply_head(out, {.status = 204, .content_type = "", .content_length = std::nullopt});
  EXPECT_EQ(out, "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(error_reply, head_and_body_fit) {
  std::string out = "before ";
  append_error_reply(out, error_dialect::openai, response_detail::no_healthy_upstream,
                     {.request_id = "r", .retry_after = 7}, "down");
  ASSERT_TRUE(out.starts_with("before HTTP/1.1 503 Service Unavailable\r\n"));
  const parsed_response r(std::string_view(out).substr(7));
  ASSERT_TRUE(r.result.ok());
  EXPECT_EQ(r.head.fields.value_of(known_field::retry_after), "7");
  EXPECT_EQ(r.head.fields.value_of(known_field::x_request_id), "r");
  EXPECT_EQ(r.head.fields.value_of(known_field::content_type), "application/json");
  const std::string body = out.substr(7 + r.head.size);
  EXPECT_EQ(static_cast<std::size_t>(r.head.content_length), body.size());
  EXPECT_EQ(json::parse(body)["error"]["message"], "down");
}

TEST(error_reply, to_a_head_request_has_no_body) {
  std::string with, without;
  append_error_reply(with, error_dialect::plain, response_detail::route_not_found, {});
  append_error_reply(without, error_dialect::plain, response_detail::route_not_found, {}, {}, {},
                     true);
  EXPECT_EQ(without, with.substr(0, with.find("\r\n\r\n") + 4));
  EXPECT_GT(with.size(), without.size());
}

} // namespace
} // namespace synapse::http
