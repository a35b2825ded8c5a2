#include "http/core/local_reply.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http {
namespace {

using nlohmann::json;
using test::parsed_response;

json body_of(error_dialect dialect, response_detail detail, std::string_view message = {},
             std::string_view label = {}, std::string_view param = {}) {
  std::string out;
  append_error_body(out, dialect, detail, message, label, param);
  EXPECT_EQ(out.find('\n'), std::string::npos);
  return json::parse(out);
}

TEST(error_dialect, of_paths) {
  EXPECT_EQ(dialect_of("/v1/chat/completions"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v1/"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v1"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/v10/x"), error_dialect::plain);
  EXPECT_EQ(dialect_of("/tts/synthesize"), error_dialect::plain);
  EXPECT_EQ(dialect_of("/"), error_dialect::plain);
  EXPECT_EQ(dialect_of(""), error_dialect::plain);
  EXPECT_EQ(dialect_of("/v1/messages"), error_dialect::anthropic);
  EXPECT_EQ(dialect_of("/v1/messages/count_tokens"), error_dialect::anthropic);
  EXPECT_EQ(dialect_of("/v1/messagesx"), error_dialect::openai);
  EXPECT_EQ(dialect_of("/api/chat"), error_dialect::ollama);
  EXPECT_EQ(dialect_of("/api/catalog"), error_dialect::plain) << "the dashboard's";
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

TEST(error_body, anthropic) {
  std::string out;
  append_error_body(out, error_dialect::anthropic, response_detail::model_not_found, "no \"m\"", {},
                    "model", "req-1");
  EXPECT_EQ(json::parse(out),
            (json{{"type", "error"},
                  {"error", {{"type", "not_found_error"}, {"message", "no \"m\""}}},
                  {"request_id", "req-1"}}));
  EXPECT_FALSE(body_of(error_dialect::anthropic, response_detail::draining).contains("request_id"));
  const std::pair<unsigned, std::string_view> types[] = {{400, "invalid_request_error"},
                                                         {401, "authentication_error"},
                                                         {403, "permission_error"},
                                                         {404, "not_found_error"},
                                                         {413, "request_too_large"},
                                                         {422, "invalid_request_error"},
                                                         {429, "rate_limit_error"},
                                                         {500, "api_error"},
                                                         {502, "api_error"},
                                                         {503, "overloaded_error"},
                                                         {504, "timeout_error"},
                                                         {529, "overloaded_error"}};
  for (const auto& [status, type] : types)
    EXPECT_EQ(anthropic_error_type(status), type) << status;
}

TEST(error_body, ollama) {
  EXPECT_EQ(
      body_of(error_dialect::ollama, response_detail::model_not_found, "no m", "label", "model"),
      (json{{"error", "no m"}}));
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
