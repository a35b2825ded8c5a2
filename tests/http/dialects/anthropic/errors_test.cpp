#include "http/dialects/anthropic/errors.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::anthropic {
namespace {
using nlohmann::json;

TEST(anthropic_errors, each_status_has_its_type) {
  for (const auto& [status, type] :
       std::vector<std::pair<unsigned, std::string>>{{400, "invalid_request_error"},
                                                     {401, "authentication_error"},
                                                     {402, "billing_error"},
                                                     {403, "permission_error"},
                                                     {404, "not_found_error"},
                                                     {413, "request_too_large"},
                                                     {429, "rate_limit_error"},
                                                     {500, "api_error"},
                                                     {504, "timeout_error"},
                                                     {529, "overloaded_error"},
                                                     {422, "invalid_request_error"},
                                                     {502, "api_error"},
                                                     {503, "overloaded_error"},
                                                     {0, "api_error"}})
    EXPECT_EQ(error_type_of(status), type) << status;
  for (const unsigned status : {400U, 401U, 403U, 404U, 413U, 429U, 500U, 504U, 529U})
    EXPECT_EQ(status_of_type(error_type_of(status)), status);
  EXPECT_EQ(status_of_type("what_error"), 0U);
}

TEST(anthropic_errors, has_the_form_of_theirs) {
  std::string out;
  append_error(out, 404, "no \"x\"", "req_1");
  EXPECT_EQ(
      json::parse(out),
      json::parse(
          R"({"type":"error","error":{"type":"not_found_error","message":"no \"x\""},"request_id":"req_1"})"));
  out.clear();
  append_error(out, 500, "m", {});
  EXPECT_FALSE(json::parse(out).contains("request_id"));
}

TEST(anthropic_errors, any_body_of_an_error_becomes_its_message) {
  for (const auto& [body, message] : std::vector<std::pair<std::string, std::string>>{
           {R"({"error":{"message":"a\u00e9","type":"t","code":null}})", "aé"},
           {R"({"error":"flat"})", "flat"},
           {R"({"object":"error","message":"old"})", "old"},
           {R"({"detail":"plain"})", "plain"},
           {R"({"error":{"code":7}})", R"({"error":{"code":7}})"},
           {"<html>", "<html>"},
           {"", ""}}) {
    std::string out;
    append_error_of(out, 429, body, "r");
    EXPECT_EQ(json::parse(out)["error"],
              (json{{"type", "rate_limit_error"}, {"message", message}}));
  }
  std::string out;
  append_error_of(out, 500, std::string(100000, 'x'), {});
  EXPECT_LT(out.size(), 5000U);
  append_error_of(out = {}, 500, "\xff\xfe", {});
  EXPECT_TRUE(json::accept(out));
}

TEST(anthropic_errors, theirs_becomes_openais) {
  const auto made = json::parse(openai_error_of(
      R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"})"));
  EXPECT_EQ(made["error"]["message"], "Overloaded");
  EXPECT_EQ(made["error"]["type"], "overloaded_error");
  EXPECT_EQ(json::parse(openai_error_of("<html>"))["error"]["message"], "<html>");
}

} // namespace
} // namespace synapse::http::anthropic
