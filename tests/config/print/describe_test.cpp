#include "config/environment.hpp"
#include "config/print/describe.hpp"
#include "tests/config/problems.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::config {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(describe, says_what_is_served_where) {
  const auto result = load_text("listener: {host: '::1', port: 9000}\n"
                                "backends:\n"
                                "  llama-embed:\n"
                                "    url: https://embed/base\n"
                                "    tls: {verify: false}\n"
                                "    timeouts: {total: 90s}\n"
                                "    concurrency: {max_requests: 4}\n"
                                "    breaker: {enabled: false}\n"
                                "    authorization: {bearer_env: EMBED_KEY}\n",
                                "test.yaml");
  ASSERT_TRUE(result);
  const std::string text = render_summary(*result.value);
  EXPECT_THAT(text, HasSubstr("http://[::1]:9000"));
  EXPECT_THAT(text, HasSubstr("https://embed/base (certificate not checked)"));
  EXPECT_THAT(text, HasSubstr("openai-compatible, in the model list"));
  EXPECT_THAT(text, HasSubstr("connect 5s, response 60s, first token 60s, idle 60s, total 90s"));
  EXPECT_THAT(text, HasSubstr("breaker off"));
  EXPECT_THAT(text, HasSubstr("4 at once, 256 waiting up to 30s"));
  EXPECT_THAT(text, HasSubstr("key from the variable EMBED_KEY"));
  EXPECT_THAT(text, HasSubstr("/v1/embeddings  -> llama-embed"));
  EXPECT_THAT(text, HasSubstr("token not set"));
}

TEST(describe, never_shows_a_secret) {
  settings all;
  apply_environment({{"SYNAPSE_DASHBOARD_ACCESS_TOKEN", "hunter2"},
                     {"SYNAPSE_TERMINAL_FEED_BUS_MODE", "redis"},
                     {"SYNAPSE_TERMINAL_FEED_REDIS_URL", "redis://:hunter2@redis:6379"}},
                    all);
  const std::string text = render_summary(all);
  EXPECT_THAT(text, HasSubstr("token set"));
  EXPECT_THAT(text, HasSubstr("redis URL set"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(describe, help_lists_every_variable_with_its_default) {
  const std::string text = environment_help();
  for (const variable& one : known_variables()) {
    EXPECT_THAT(
        text,
        HasSubstr("  " + std::string{one.name} + "\n      " + std::string{one.description} + " [" +
                  std::string{one.default_text.empty() ? "unset" : one.default_text} + "]\n"));
  }
}

} // namespace
} // namespace synapse::config
