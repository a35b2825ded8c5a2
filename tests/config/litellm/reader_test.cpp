// Each key of a LiteLLM file: what becomes of it, and what is said.
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

namespace synapse::config::litellm {
namespace {

using std::chrono::seconds;

/// What is said of an entry with `keys` in its litellm_params.
std::string told_of(const std::string& keys, const environment& variables = {}) {
  return read_text(entry_with(keys), variables).told();
}

deployment_settings deployment_with(const std::string& keys, const environment& variables = {}) {
  const auto found = read_text(entry_with(keys), variables);
  EXPECT_FALSE(has_errors(found.problems)) << found.told();
  if (found.all.catalog.size() != 1 || found.all.catalog[0].deployments.size() != 1)
    return {};
  return found.all.catalog[0].deployments[0];
}

fragment read_well(const std::string& text, const environment& variables = {}) {
  auto found = read_text(text, variables);
  EXPECT_EQ(found.told(), "") << text;
  return std::move(found.all);
}

// ---- what is supported says nothing ----

TEST(litellm_reader, an_entry_becomes_a_name_a_deployment_and_a_backend) {
  const auto all = read_well(entry_with(""));
  ASSERT_EQ(all.backends.size(), 1u);
  EXPECT_EQ(all.backends[0].name, "gpu-8000");
  EXPECT_EQ(all.backends[0].type, backend_type::vllm);
  EXPECT_EQ(all.backends[0].url.to_string(), "http://gpu:8000");
  EXPECT_FALSE(all.backends[0].authorization.forward) << "a client's key is not the backend's";
  ASSERT_EQ(all.catalog.size(), 1u);
  EXPECT_EQ(all.catalog[0].name, "a");
  ASSERT_EQ(all.catalog[0].deployments.size(), 1u);
  EXPECT_EQ(all.catalog[0].deployments[0].id, "gpu-8000/m");
  EXPECT_EQ(all.catalog[0].deployments[0].backend, "gpu-8000");
  EXPECT_EQ(all.catalog[0].deployments[0].model, "m");
  EXPECT_EQ(all.places.at("catalog.a"), (place{"c.yaml", 2, "model_list[0]"}));
}

TEST(litellm_reader, params_that_are_supported_say_nothing) {
  for (const std::string keys :
       {"order: 2", "weight: 3", "rpm: 60", "tpm: 1000", "max_parallel_requests: 4", "timeout: 30",
        "stream_timeout: 2.5", "input_cost_per_token: 0.000001", "temperature: 0.5",
        "keep_alive: 5m", "extra_headers: {X-A: b}", "extra_body: {think: true}",
        "allowed_fails: 2", "cooldown_time: 7", "organization: org", "ssl_verify: true",
        "api_key: sk-1", "api_key:", "stop: [a, b]"})
    EXPECT_EQ(told_of(keys), "") << keys;
}

TEST(litellm_reader, limits_and_times_of_a_deployment) {
  const auto one = deployment_with("rpm: 60\ntpm: 1000\nmax_parallel_requests: 4\n"
                                   "timeout: 30\nstream_timeout: 2.5\n"
                                   "allowed_fails: 2\ncooldown_time: 7\n");
  EXPECT_EQ(one.rpm, 60u);
  EXPECT_EQ(one.tpm, 1000u);
  EXPECT_EQ(one.max_requests, 4u);
  EXPECT_EQ(one.timeouts.total, seconds{30});
  EXPECT_EQ(one.timeouts.first_token, milliseconds{2500});
  EXPECT_EQ(one.failures, 3u) << "LiteLLM allows two, the third takes it out";
  EXPECT_EQ(one.cooldown, seconds{7});
}

TEST(litellm_reader, other_params_are_filled_into_requests) {
  const auto one = deployment_with("temperature: 0.5\nkeep_alive: 5m\nstop: [a, \"\\n\"]\n"
                                   "extra_body: {think: true, top_k: 40}\n"
                                   "extra_headers: {X-A: b}\norganization: org\n");
  EXPECT_EQ(one.defaults.at("temperature"), "0.5");
  EXPECT_EQ(one.defaults.at("keep_alive"), "\"5m\"");
  EXPECT_EQ(one.defaults.at("stop"), "[\"a\",\"\\u000a\"]");
  EXPECT_EQ(one.defaults.at("think"), "true");
  EXPECT_EQ(one.defaults.at("top_k"), "40");
  EXPECT_EQ(one.headers.at("X-A"), "b");
  EXPECT_EQ(one.headers.at("OpenAI-Organization"), "org");
}

TEST(litellm_reader, what_is_known_of_a_model) {
  const auto all = read_well(with_section("    model_info:\n"
                                          "      id: mine\n"
                                          "      mode: chat\n"
                                          "      max_input_tokens: 8192\n"
                                          "      input_cost_per_token: 2.5e-6\n"
                                          "      output_cost_per_token: 0.00001\n"
                                          "      supports_vision: true\n"
                                          "      supports_function_calling: false\n"));
  const auto& one = all.catalog.at(0).deployments.at(0);
  EXPECT_EQ(one.id, "mine");
  EXPECT_EQ(one.context, 8192u);
  EXPECT_DOUBLE_EQ(one.cost_input, 2.5);
  EXPECT_DOUBLE_EQ(one.cost_output, 10);
  EXPECT_TRUE(one.capabilities.has(capability::chat));
  EXPECT_TRUE(one.capabilities.lacks(capability::embeddings));
  EXPECT_TRUE(one.capabilities.has(capability::vision));
  EXPECT_TRUE(one.capabilities.lacks(capability::tools));
  EXPECT_FALSE(one.capabilities.has(capability::reasoning));
  EXPECT_FALSE(one.capabilities.lacks(capability::reasoning)) << "nobody knows";
}

TEST(litellm_reader, settings_of_the_router) {
  const auto all = read_well(with_section("router_settings:\n"
                                          "  routing_strategy: least-busy\n"
                                          "  num_retries: 4\n"
                                          "  allowed_fails: 3\n"
                                          "  cooldown_time: 90\n"
                                          "  max_fallbacks: 2\n"
                                          "  timeout: 900\n"
                                          "  stream_timeout: 20\n"
                                          "  default_max_parallel_requests: 8\n"
                                          "  enable_pre_call_checks: true\n"
                                          "  enable_tag_filtering: true\n"));
  EXPECT_EQ(all.catalog[0].strategy, pick_strategy::least_busy);
  EXPECT_EQ(all.routing.attempts, 5u);
  EXPECT_EQ(all.routing.cell.failures, 4u);
  EXPECT_EQ(all.routing.cell.cooldown, seconds{90});
  EXPECT_EQ(all.routing.cell.max_cooldown, seconds{90}) << "never shorter";
  EXPECT_EQ(all.routing.hops, 2u);
  EXPECT_EQ(all.routing.deadline, seconds{900}) << "must not end a call before its own time";
  EXPECT_TRUE(all.routing.any_tag) << "LiteLLM's default";
  const auto& one = all.catalog[0].deployments[0];
  EXPECT_EQ(one.timeouts.total, seconds{900});
  EXPECT_EQ(one.timeouts.first_token, seconds{20});
  EXPECT_EQ(one.max_requests, 8u);
}

TEST(litellm_reader, strategies_have_names_of_our_own) {
  for (const auto& [name, ours] :
       std::map<std::string, pick_strategy>{{"simple-shuffle", pick_strategy::shuffle},
                                            {"least-busy", pick_strategy::least_busy},
                                            {"usage-based-routing", pick_strategy::usage},
                                            {"usage-based-routing-v2", pick_strategy::usage},
                                            {"latency-based-routing", pick_strategy::p2c},
                                            {"cost-based-routing", pick_strategy::cheapest}}) {
    const auto all = read_well(with_section("router_settings: {routing_strategy: " + name + "}\n"));
    EXPECT_EQ(all.catalog[0].strategy, ours) << name;
  }
}

TEST(litellm_reader, aliases_and_fallbacks) {
  const auto all =
      read_well(with_section("  - model_name: b\n"
                             "    litellm_params: {model: ollama/b}\n"
                             "router_settings:\n"
                             "  model_group_alias: {x: a, y: {model: b, hidden: true}}\n"
                             "litellm_settings:\n"
                             "  fallbacks: [{a: [b]}, {\"*\": [b]}]\n"
                             "  context_window_fallbacks: [{a: [b]}]\n"
                             "  content_policy_fallbacks: [{b: [a]}]\n"
                             "  default_fallbacks: [a]\n"));
  EXPECT_EQ(all.catalog[0].aliases, std::vector<std::string>{"x"});
  ASSERT_EQ(all.catalog.size(), 3u);
  EXPECT_EQ(all.catalog[2].name, "y");
  EXPECT_TRUE(all.catalog[2].hidden);
  EXPECT_EQ(all.catalog[2].deployments, all.catalog[1].deployments);
  EXPECT_EQ(all.fallbacks.any, (name_lists{{"a", {"b"}}}));
  EXPECT_EQ(all.fallbacks.context, (name_lists{{"a", {"b"}}}));
  EXPECT_EQ(all.fallbacks.policy, (name_lists{{"b", {"a"}}}));
  EXPECT_EQ(all.fallbacks.defaults, (std::vector<std::string>{"b", "a"}));
}

TEST(litellm_reader, a_key_in_a_variable_is_named_and_never_held) {
  const environment variables{{"K", "secret"}};
  const auto all = read_well(entry_with("api_key: os.environ/K"), variables);
  EXPECT_EQ(all.backends[0].authorization.bearer_env, "K");
  EXPECT_EQ(all.backends[0].authorization.literal, "");
  EXPECT_EQ(read_well(entry_with("api_key: sk-1")).backends[0].authorization.literal, "sk-1");
}

TEST(litellm_reader, what_the_file_defines_itself_is_not_exported) {
  const std::string text = entry_with("api_key: os.environ/K") + "environment_variables: {K: v}\n";
  EXPECT_EQ(read_well(text).backends[0].authorization.literal, "v");
  EXPECT_EQ(read_well(text, {{"K", "w"}}).backends[0].authorization.bearer_env, "K")
      << "the environment goes first";
}

TEST(litellm_reader, any_value_may_be_in_the_environment) {
  const auto all = read_well("model_list:\n"
                             "  - model_name: a\n"
                             "    litellm_params: {model: os.environ/M, api_base: os.environ/U,"
                             " rpm: os.environ/R}\n",
                             {{"M", "hosted_vllm/m"}, {"U", "http://h:1/v1"}, {"R", "7"}});
  EXPECT_EQ(all.backends[0].url.to_string(), "http://h:1");
  EXPECT_EQ(all.catalog[0].deployments[0].rpm, 7u);
}

TEST(litellm_reader, credentials_fill_what_an_entry_leaves_out) {
  const auto all = read_well(entry_with("litellm_credential_name: c") +
                             "credential_list:\n"
                             "  - credential_name: c\n"
                             "    credential_values: {api_key: sk-2, api_base: http://other}\n"
                             "    credential_info: {description: d}\n");
  EXPECT_EQ(all.backends[0].authorization.literal, "sk-2");
  EXPECT_EQ(all.backends[0].url.host, "gpu");
}

TEST(litellm_reader, included_files_are_part_of_it) {
  const auto found = read_text("include: [more.yaml]\nrouter_settings: {num_retries: 1}\n", {},
                               {{"more.yaml", entry_with("aws_region: x")}});
  EXPECT_EQ(found.told(), "more.yaml:6: model_list[0].litellm_params.aws_region: is for Amazon's "
                          "services, which are not supported\n");
  EXPECT_EQ(found.all.files, (std::vector<std::string>{"c.yaml", "more.yaml"}));
  EXPECT_EQ(read_text("include: [more.yaml]\n" + entry_with("")).told(),
            "c.yaml:1: include[0]: \"more.yaml\" cannot be opened\n");
}

// ---- the same backend, the same name ----

TEST(litellm_reader, a_backend_is_what_has_another_type_address_or_key) {
  const auto all = read_text("model_list:\n"
                             "  - {model_name: a, litellm_params: {model: openai/a, api_base: "
                             "\"http://h:1/v1\"}}\n"
                             "  - {model_name: b, litellm_params: {model: openai/b, api_base: "
                             "\"http://h:1/v1/\"}}\n"
                             "  - {model_name: c, litellm_params: {model: hosted_vllm/c, api_base: "
                             "\"http://h:1/v1\"}}\n"
                             "  - {model_name: d, litellm_params: {model: openai/d, api_base: "
                             "\"http://h:1/v1\", api_key: k}}\n"
                             "  - {model_name: e, litellm_params: {model: ollama/e, api_base: "
                             "\"http://127.0.0.1:11434\"}}\n")
                       .all;
  std::string names;
  for (const auto& one : all.backends)
    names += one.name + " ";
  EXPECT_EQ(names, "h-1 h-1-2 h-1-3 ollama-127.0.0.1-11434 ");
  EXPECT_EQ(all.catalog[1].deployments[0].backend, "h-1");
}

TEST(litellm_reader, entries_of_one_name_stay_together_in_their_order) {
  const auto found = read_text(with_section("  - model_name: b\n"
                                            "    litellm_params: {model: ollama/b}\n"
                                            "  - model_name: a\n"
                                            "    litellm_params: {model: ollama/c, order: 4}\n"));
  ASSERT_EQ(found.all.catalog.size(), 2u);
  ASSERT_EQ(found.all.catalog[0].deployments.size(), 2u);
  EXPECT_EQ(found.all.catalog[0].deployments[0].order, 5u) << "without one: last";
  EXPECT_EQ(found.all.catalog[0].deployments[1].order, 4u);
  EXPECT_EQ(found.told(), "warning: c.yaml:2: model_list[0]: has no order, and others of this name "
                          "have: it comes last\n");
}

TEST(litellm_reader, rates_are_weights_where_there_are_none) {
  const auto all = read_well("model_list:\n"
                             "  - {model_name: a, litellm_params: {model: ollama/a, rpm: 90}}\n"
                             "  - {model_name: a, litellm_params: {model: ollama/b, rpm: 30}}\n"
                             "  - {model_name: b, litellm_params: {model: ollama/a, rpm: 90}}\n"
                             "  - {model_name: b, litellm_params: {model: ollama/b}}\n");
  EXPECT_EQ(all.catalog[0].deployments[0].weight, 3);
  EXPECT_EQ(all.catalog[0].deployments[1].weight, 1);
  EXPECT_EQ(all.catalog[1].deployments[0].weight, 1) << "not all have one";
}

TEST(litellm_reader, the_same_deployment_twice_has_two_ids) {
  const auto all = read_well("model_list:\n"
                             "  - {model_name: a, litellm_params: {model: ollama/a}}\n"
                             "  - {model_name: a, litellm_params: {model: ollama/a, seed: 1}}\n");
  EXPECT_EQ(all.catalog[0].deployments[0].id, "ollama-localhost-11434/a");
  EXPECT_EQ(all.catalog[0].deployments[1].id, "ollama-localhost-11434/a-2");
}

// ---- the file as people have it ----

TEST(litellm_reader, a_home_file_loads_without_an_error) {
  const auto text = read_all(SYNAPSE_SOURCE_DIR "/tests/config/litellm/homelab.yaml");
  const auto found = read_text(text, {{"VLLM_API_KEY", "x"}, {"ANTHROPIC_API_KEY", "y"}});
  EXPECT_FALSE(has_errors(found.problems)) << found.told();
  ASSERT_EQ(found.problems.size(), 1u) << found.told();
  EXPECT_EQ(found.problems[0].key, "litellm_settings.drop_params");
  std::string names;
  for (const auto& one : found.all.catalog)
    names += one.name + " ";
  EXPECT_EQ(names, "llama3.1-8b qwen-coder claude nomic-embed ollama/* gpt-4o ");
  const auto& chat = found.all.catalog[0].deployments;
  EXPECT_EQ(chat.at(0).order, 1u);
  EXPECT_EQ(chat.at(0).backend, "gpu-box-8000");
  EXPECT_EQ(chat.at(1).order, 2u);
  EXPECT_EQ(chat.at(1).backend, "ollama-192.168.1.20-11434");
}

} // namespace
} // namespace synapse::config::litellm
