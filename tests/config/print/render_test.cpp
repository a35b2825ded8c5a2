#include "config/loader.hpp"
#include "config/print/render.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::config {
namespace {

settings loaded(std::string_view text) {
  auto result = load_text(text, "test.yaml");
  EXPECT_TRUE(result) << render(result.problems);
  return result.value.value_or(settings{});
}

constexpr std::string_view registry = R"(
threads: 3
listener: {host: "::1", port: 0, hosts: [box.lan, "other.lan"]}
limits: {max_json_body_bytes: 5MiB, min_body_rate: 0, body_timeout: 1500ms}
models:
  aliases: {gpt-4o: local-docs, "odd name: #1": "a \"quoted\" model"}
  auto:
    names: [auto, "the best one"]
    general: local-docs
    rules: [{model: local-coder, words: [code, "stack trace"]}]
cluster: {peers: ["10.0.0.1:7946"], secret_env: CLUSTER_SECRET, redial: {min: 50ms, max: 3s}}
backends:
  llama-router:
    url: https://user-models.example:8443/base
    title: "Models, large: ones"
    health: {path: /health, timeout: 2s}
    retry: {attempts: 2, waits: [100ms, 1s], jitter: 0.25}
    authorization: {forward: false, bearer_env: ROUTER_KEY}
  whisper-stt: {url: "http://[::1]:8010", type: faster-whisper, health: /healthz}
routes: {/v1/special/*: llama-router}
)";

TEST(rendered_settings, are_read_back_as_the_same_settings) {
  const auto before = loaded(registry);
  const auto text = render_settings(before);
  EXPECT_EQ(render_settings(loaded(text)), text);
  auto after = loaded(text);
  EXPECT_EQ(after, before) << text;
}

TEST(rendered_settings, say_what_is_in_force_where_the_file_says_nothing) {
  const auto text = render_settings(loaded("backends: {llama-embed: {url: 'http://h:1'}}"));
  EXPECT_NE(text.find("  idle_timeout: 75s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  /v1/embeddings: llama-embed\n"), std::string::npos) << text;
}

TEST(rendered_environment, shows_of_secrets_only_whether_they_are_set) {
  process_settings process;
  process.dashboard_access_token = "canary-token";
  process.terminal_feed.redis_url = "redis://user:canary-password@host";
  process.terminal_feed.redact_extra_patterns = "canary-pattern";
  process.instance_id = "gw-1";
  const auto text = render_environment(process);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  EXPECT_NE(text.find("SYNAPSE_DASHBOARD_ACCESS_TOKEN: (set)\n"), std::string::npos);
  EXPECT_NE(text.find("SYNAPSE_INSTANCE_ID: gw-1\n"), std::string::npos);
  EXPECT_NE(render_environment({}).find("SYNAPSE_DASHBOARD_ACCESS_TOKEN: (not set)\n"),
            std::string::npos);
}

} // namespace
} // namespace synapse::config
