#include "actors/kubernetes/refusal.hpp"
#include "actors/kubernetes/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace synapse::kubernetes {
namespace {

using testing::HasSubstr;
using testing::Not;

const attempted_call patch{"patch", "llm-infra", "llama-router", "/sa"};

struct refusal_case {
  const char* name;
  unsigned status;
  std::string body;
  std::vector<std::string> says;
};

class refusals : public testing::TestWithParam<refusal_case> {};

TEST_P(refusals, become_one_clear_sentence) {
  const auto text = describe_refusal(patch, GetParam().status, GetParam().body);
  EXPECT_THAT(text, HasSubstr("cannot patch the Deployment llm-infra/llama-router: the Kubernetes "
                              "API answers " +
                              std::to_string(GetParam().status)));
  for (const auto& part : GetParam().says)
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_LT(text.size(), 2500u);
}

std::string status_object(unsigned code, const std::string& reason, const std::string& message,
                          const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" +
         message + R"(","reason":")" + reason + R"(","details":)" + details + R"(,"code":)" +
         std::to_string(code) + "}";
}

INSTANTIATE_TEST_SUITE_P(
    all, refusals,
    testing::Values(
        refusal_case{
            "bad_request", 400, status_object(400, "BadRequest", "no"), {"BadRequest: no"}},
        refusal_case{"unauthorized",
                     401,
                     status_object(401, "Unauthorized", "Unauthorized"),
                     {"token in /sa"}},
        refusal_case{"forbidden",
                     403,
                     status_object(403, "Forbidden", "User x cannot patch"),
                     {"User x cannot patch", "a Role in the namespace llm-infra",
                      "resourceName llama-router", "RoleBinding"}},
        refusal_case{"not_found",
                     404,
                     status_object(404, "NotFound", "not found"),
                     {"NotFound", "SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAMESPACE",
                      "SYNAPSE_LLAMA_ROUTER_DEPLOYMENT_NAME"}},
        refusal_case{"not_found_by_somebody_else",
                     404,
                     "404 page\r\nnot found",
                     {"\"404 page not found\"", "SYNAPSE_KUBERNETES_API_URL"}},
        refusal_case{"conflict",
                     409,
                     status_object(409, "Conflict", "modified"),
                     {"Conflict: modified", "somebody else"}},
        refusal_case{"invalid",
                     422,
                     status_object(422, "Invalid", "is invalid",
                                   R"({"causes":[{"reason":"r","message":"Required value","field":)"
                                   R"("spec.args"},{"message":"second"},7,{"field":"third"},{}]})"),
                     {"Invalid: spec.args: Required value; second; third"}},
        refusal_case{"too_many",
                     429,
                     status_object(429, "TooManyRequests", "wait"),
                     {"TooManyRequests: wait", "try again later"}},
        refusal_case{"internal",
                     500,
                     status_object(500, "InternalError", "etcd"),
                     {"InternalError: etcd", "try again later"}},
        refusal_case{
            "a_proxys_page", 502, "<html>\n" + std::string(5000, 'x'), {"<html> xxx", "…"}},
        refusal_case{"no_body", 503, "", {"503 (the API itself"}},
        refusal_case{
            "no_text_at_all", 418, "\x01\xff\xfe\x80", {"\"???\"", "is this the Kubernetes"}},
        refusal_case{"odd_members",
                     403,
                     R"({"kind":"Status","reason":7,"message":[],"details":[1],"code":"x"})",
                     {"403 (a Role"}},
        refusal_case{"odd_causes",
                     422,
                     R"({"kind":"Status","message":"m","details":{"causes":{"a":1}}})",
                     {"422: m"}},
        refusal_case{"an_endless_message",
                     400,
                     status_object(400, "BadRequest", std::string(100'000, 'm')),
                     {"mmm…"}}),
    [](const auto& which) { return which.param.name; });

TEST(silences, name_who_does_not_answer) {
  const auto text = describe_silence(patch, "10.96.0.1", "Connection refused");
  EXPECT_EQ(text,
            "cannot patch the Deployment llm-infra/llama-router: no answer from the Kubernetes "
            "API at 10.96.0.1: Connection refused");
  EXPECT_THAT(describe_silence(patch, "h", "certificate verify failed (SSL routines)"),
              HasSubstr("signed by the authority in /sa/ca.crt and made out for this host"));
}

TEST(transient_refusals, are_those_that_pass) {
  for (const unsigned status : {429u, 500u, 502u, 503u, 504u})
    EXPECT_TRUE(is_transient(status)) << status;
  for (const unsigned status : {200u, 302u, 400u, 401u, 403u, 404u, 409u, 422u, 600u})
    EXPECT_FALSE(is_transient(status)) << status;
}

TEST(transient_refusals, may_say_how_long_to_wait) {
  EXPECT_EQ(retry_after_seconds(R"({"details":{"retryAfterSeconds":7}})"), 7);
  EXPECT_EQ(retry_after_seconds(R"({"details":{"retryAfterSeconds":18446744073709551615}})"), 3600);
  for (const char* none :
       {"", "[]", "{}", R"({"details":7})", R"({"details":{}})",
        R"({"details":{"retryAfterSeconds":-1}})", R"({"details":{"retryAfterSeconds":"7"}})"})
    EXPECT_EQ(retry_after_seconds(none), 0) << none;
}

TEST(quoted_texts, are_one_line_of_whole_characters) {
  EXPECT_EQ(quoted_text("  a\r\n\tb \x7f c  "), "a b c");
  EXPECT_EQ(quoted_text("a\xc3\xa4z", 3), "a\xc3\xa4…");
  EXPECT_EQ(quoted_text("a\xc3\xa4z", 2), "a…");
  EXPECT_EQ(quoted_text("\xc3"), "?");
  EXPECT_EQ(quoted_text("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(quoted_text(""), "");
}

TEST(quoted_texts, hide_a_secret_wherever_it_stands) {
  EXPECT_EQ(without("tok a toktok", "tok"), "[REDACTED] a [REDACTED][REDACTED]");
  EXPECT_EQ(without("abc", ""), "abc");
  EXPECT_THAT(without("xREDACTEDx", "RED"), Not(HasSubstr("xRED")));
}

} // namespace
} // namespace synapse::kubernetes
