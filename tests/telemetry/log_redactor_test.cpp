#include "config/credential_fields.hpp"
#include "telemetry/log_redactor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace synapse::telemetry {
namespace {

struct redaction_case {
  const char* line;
  const char* expected;
};

TEST(log_redactor, replaces_the_known_shapes) {
  const std::vector<redaction_case> cases{
      // bearer
      {"Authorization: Bearer canary1", "Authorization: Bearer [REDACTED]"},
      {"authorization: bearer canary1 sent", "authorization: bearer [REDACTED] sent"},
      {"got Bearer canary1, refused", "got Bearer [REDACTED], refused"},
      {"BEARER canary1.x-y_z~+/=", "BEARER [REDACTED]"},
      {"Bearer%20canary1 Bearer+canary2", "Bearer%20[REDACTED] Bearer+[REDACTED]"},
      {"Bearer: canary1", "Bearer: [REDACTED]"},
      {"(Bearer canary1)", "(Bearer [REDACTED])"},
      {"Bearer \"canary1 canary2\" x", "Bearer \"[REDACTED]\" x"},
      // authorization with other schemes
      {"Authorization: Basic Y2FuYXJ5 end", "Authorization: Basic [REDACTED] end"},
      {"Proxy-Authorization: Token canary1", "Proxy-Authorization: Token [REDACTED]"},
      {"Authorization: canary1", "Authorization: [REDACTED]"},
      {"Authorization: Digest username=\"canary1\", response=\"canary2\"",
       "Authorization: [REDACTED]"},
      {"Authorization: Digest canary1, r=canary2\nHost: x", "Authorization: [REDACTED]\nHost: x"},
      {"{\"Authorization\":\"Bearer canary1\",\"a\":1}",
       "{\"Authorization\":\"Bearer [REDACTED]\",\"a\":1}"},
      {"authorization=Bearer canary1", "authorization=Bearer [REDACTED]"},
      {"('authorization', 'Bearer canary1')", "('authorization', 'Bearer [REDACTED]')"},
      {"curl -H 'Authorization: Bearer canary1' http://x/",
       "curl -H 'Authorization: Bearer [REDACTED]' http://x/"},
      // names in all spellings
      {"api_key=canary1", "api_key=[REDACTED]"},
      {"API-KEY: canary1", "API-KEY: [REDACTED]"},
      {"apikey = canary1", "apikey = [REDACTED]"},
      {"the API key: canary1 is wrong", "the API key: [REDACTED] is wrong"},
      {"x-api-key: canary1", "x-api-key: [REDACTED]"},
      {"OPENAI_API_KEY=canary1", "OPENAI_API_KEY=[REDACTED]"},
      {"aws_secret_access_key=canary1", "aws_secret_access_key=[REDACTED]"},
      {"privateKey: canary1", "privateKey: [REDACTED]"},
      {"token=canary1", "token=[REDACTED]"},
      {"SYNAPSE_DASHBOARD_ACCESS_TOKEN=canary1", "SYNAPSE_DASHBOARD_ACCESS_TOKEN=[REDACTED]"},
      {"refresh-token: canary1", "refresh-token: [REDACTED]"},
      {"accessToken: 'canary1'", "accessToken: '[REDACTED]'"},
      {"client_secret=canary1;next=2", "client_secret=[REDACTED];next=2"},
      {"secrets: canary1", "secrets: [REDACTED]"},
      {"password: canary1", "password: [REDACTED]"},
      {"PassWord=\"can ary1\" user=bob", "PassWord=\"[REDACTED]\" user=bob"},
      {"db_passwd=canary1", "db_passwd=[REDACTED]"},
      {"pwd=canary1 passphrase=canary2", "pwd=[REDACTED] passphrase=[REDACTED]"},
      {"password => canary1", "password => [REDACTED]"},
      {"password1=canary1", "password1=[REDACTED]"},
      {"password=can,ary;1)x&y end", "password=[REDACTED] end"},
      {"credentials: canary1", "credentials: [REDACTED]"},
      // sentences of backends
      {"Incorrect API key provided: canary1. See", "Incorrect API key provided: [REDACTED] See"},
      {"invalid token supplied: canary1", "invalid token supplied: [REDACTED]"},
      {"the API key 'canary1' is wrong", "the API key '[REDACTED]' is wrong"},
      {"unknown key sk-proj-0canary1canary, sorry", "unknown key [REDACTED], sorry"},
      {"hf_0canary1canary0canary1 and AIzaSy0canary1canary0", "[REDACTED] and [REDACTED]"},
      {"(eyJhbGciOi.eyJzdWIiOi0.canary1)", "([REDACTED])"},
      // cookies
      {"Cookie: sid=canary1; other=canary2 end", "Cookie: [REDACTED] end"},
      {"Set-Cookie: sid=canary1; Path=/; HttpOnly", "Set-Cookie: [REDACTED]"},
      {"{\"cookie\": \"sid=canary1; b=canary2\", \"x\": 1}",
       "{\"cookie\": \"[REDACTED]\", \"x\": 1}"},
      {"cookies={'a': 'canary1', 'b': 'canary2'} end", "cookies=[REDACTED] end"},
      // JSON, also within JSON text
      {"{\"token\":\"canary1\",\"user\":\"bob\"}", "{\"token\":\"[REDACTED]\",\"user\":\"bob\"}"},
      {"{\"password\": \"can\\\"ary1\", \"a\": 1}", "{\"password\": \"[REDACTED]\", \"a\": 1}"},
      {"{\"m\":\"{\\\"api_key\\\":\\\"canary1\\\",\\\"a\\\":1}\"}",
       "{\"m\":\"{\\\"api_key\\\":\\\"[REDACTED]\\\",\\\"a\\\":1}\"}"},
      {"{\"secret\":12345,\"a\":1}", "{\"secret\":[REDACTED],\"a\":1}"},
      {"{\"a\":\"token=canary1\",\"b\":1}", "{\"a\":\"token=[REDACTED]\",\"b\":1}"},
      {"{\"secret\": {\"a\": [\"canary1\"]}, \"b\": 1}", "{\"secret\": [REDACTED], \"b\": 1}"},
      // command lines
      {"llama-server --api-key canary1 --port 80", "llama-server --api-key [REDACTED] --port 80"},
      {"--token=canary1 --x", "--token=[REDACTED] --x"},
      {"[\"--api-key\", \"canary1\", \"-v\"]", "[\"--api-key\", \"[REDACTED]\", \"-v\"]"},
      // URLs
      {"redis://:canary1@host:6379/0", "redis://[REDACTED]@host:6379/0"},
      {"rediss://user:canary1@host", "rediss://[REDACTED]@host"},
      {"https://canary1:x-oauth-basic@h/p and http://h/p", "https://[REDACTED]@h/p and http://h/p"},
      {"redis://:can/ary1@host", "redis://[REDACTED]@host"},
      {"redis://:can@ary1@host/x", "redis://[REDACTED]@host/x"},
      {"GET /dashboard/login?access_token=canary1&next=/ui HTTP/1.1",
       "GET /dashboard/login?access_token=[REDACTED]&next=/ui HTTP/1.1"},
      {"/x?a=1&api-key=canary1", "/x?a=1&api-key=[REDACTED]"},
      {"%22token%22%3A%22canary1%22", "%22token%22%3A[REDACTED]"},
      // what has no clear end
      {"password=\"canary1 canary2", "password=\"[REDACTED]"},
      {"token={canary1 canary2", "token=[REDACTED]"}};
  log_redactor redactor;
  for (const auto& [line, expected] : cases) {
    auto result = redactor.redact(line);
    EXPECT_EQ(result, expected);
    EXPECT_EQ(result.find("canary"), std::string::npos) << result;
    EXPECT_EQ(redactor.redact(result), result) << "a second pass changes nothing";
  }
}

TEST(log_redactor, leaves_other_text_alone) {
  log_redactor redactor;
  for (auto line : {"",
                    "plain text",
                    "tokens=120 max_tokens: 256 completion_tokens=7",
                    "first_token=12ms first_token_timeout=60s time_to_first_token: 3",
                    "token_count=5 tokens_per_second=31.5",
                    "monkey=1 key=2 primary_key=3",
                    "cookie_name=synapse_dash_token",
                    "the token is missing",
                    "a secret",
                    "password",
                    "password:",
                    "Bearer",
                    "bearer_env: NAME",
                    "secretary: Bob",
                    "http://host:8080/path?x=1#y",
                    "https://[::1]:8443/",
                    "https://h/a@b",
                    "std::string x; a::b",
                    "no authorization given",
                    "tokenizer: bpe",
                    "unexpected token '}' at 3",
                    "the API key provided is wrong",
                    "sk-short1 task-0123456789abcdef sk-only-letters-and-dashes",
                    "http://host:80"})
    EXPECT_EQ(redactor.redact(line), line);
}

TEST(log_redactor, knows_every_field_that_carries_credentials) {
  log_redactor redactor;
  for (const auto field : config::credential_field_names) {
    const std::string name{field};
    EXPECT_EQ(redactor.redact("the backend got " + name + ": canary1"),
              "the backend got " + name + ": [REDACTED]");
    EXPECT_EQ(redactor.redact("{\"" + name + "\":\"canary1\"}"),
              "{\"" + name + "\":\"[REDACTED]\"}");
  }
}

TEST(log_redactor, finds_every_secret_of_a_line) {
  log_redactor redactor;
  std::string line, expected;
  for (int i = 0; i < 50; ++i) {
    line += "token=canary" + std::to_string(i) + " ok ";
    expected += "token=[REDACTED] ok ";
  }
  EXPECT_EQ(redactor.redact(line), expected);
}

TEST(log_redactor, applies_extra_patterns) {
  log_redactor redactor(R"(canary-\d+ || (?i)SK-[a-z0-9]{4,}||  ||^start\b)");
  EXPECT_TRUE(redactor.problems().empty());
  EXPECT_EQ(redactor.redact("start Canary-12 and sk-AB12x; canary-"),
            "[REDACTED] [REDACTED] and [REDACTED]; canary-");
  std::string out = "kept canary-1 ";
  redactor.redact("start canary-2", out); // only what is appended
  EXPECT_EQ(out, "kept canary-1 [REDACTED] [REDACTED]");
}

TEST(log_redactor, reports_and_skips_invalid_patterns) {
  log_redactor redactor("good\\d||(unclosed||[z-a]||x*||" + std::string(2000, 'y') + "||(a)\\1");
  ASSERT_EQ(redactor.problems().size(), 5u);
  EXPECT_EQ(redactor.problems()[0].find("pattern 2: "), 0u);
  EXPECT_EQ(redactor.problems()[2], "pattern 4: matches the empty text");
  for (const auto& problem : redactor.problems()) // a pattern may itself be a secret
    EXPECT_EQ(problem.find("unclosed"), std::string::npos);
  EXPECT_EQ(redactor.redact("good1 bad"), "[REDACTED] bad");
}

TEST(log_redactor, survives_patterns_that_match_nothing) {
  log_redactor redactor("\\b||o+");
  EXPECT_TRUE(redactor.problems().empty());
  EXPECT_EQ(redactor.redact("foo bar"), "f[REDACTED] bar");
}

TEST(log_redactor, cuts_long_lines_first) {
  log_redactor redactor("", 100);
  auto result = redactor.redact("token=" + std::string(500, 'c') + " end");
  EXPECT_EQ(result, "token=[REDACTED] [cut, 410 bytes more]");
  EXPECT_EQ(redactor.redact(std::string(99, 'a') + "\xC3\xA9"),
            std::string(99, 'a') + " [cut, 2 bytes more]");
  EXPECT_EQ(log_redactor().redact(std::string(9000, 'x')).size(),
            8192 + std::string(" [cut, 808 bytes more]").size());
}

TEST(log_redactor, replaces_all_matches_of_a_line) {
  log_redactor redactor("can.*?ary||[a-z]+@[a-z]+||^x|y$");
  EXPECT_EQ(redactor.redact("x canary1 a@b c@d@e can+ary x y"),
            "[REDACTED] [REDACTED]1 [REDACTED] [REDACTED]@e [REDACTED] x [REDACTED]");
}

TEST(log_redactor, hostile_lines_take_bounded_time) {
  // Patterns for which matchers that backtrack take exponential or quadratic time.
  log_redactor redactor(R"((a+)+\$||(x|y)*z||\w+@\w+)");
  ASSERT_TRUE(redactor.problems().empty());
  auto start = std::chrono::steady_clock::now();
  for (auto piece : {"token ", "token=", "\"", "://", "a://:a", "bearer ", "cookie=;", "[{", "a",
                     "x", "api key", "%20", ",a", "&a", "--", "x@", "az", "x"}) {
    std::string line;
    while (line.size() < 8192)
      line += piece;
    redactor.redact(line);
  }
  RecordProperty("milliseconds", std::to_string((std::chrono::steady_clock::now() - start) /
                                                std::chrono::milliseconds(1)));
  // A second at most; room for instrumented code on a busy machine. Searching every position of one
  // of these lines took longer than that.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(log_redactor, hides_the_rest_when_a_pattern_takes_too_long) {
  log_redactor redactor(R"(\w+@\w+)");
  auto line = std::string(8000, 'a') + " canary@host"; // a match, behind quadratic work
  auto result = redactor.redact(line);
  EXPECT_EQ(result.find("canary"), std::string::npos);
  EXPECT_TRUE(result.ends_with(log_redactor::mask));
  EXPECT_LT(result.size(), 8000U); // it was not searched to the end
}

} // namespace
} // namespace synapse::telemetry
