// A LiteLLM file as one of our own.
#include "config/litellm/native_text.hpp"
#include "config/text/yaml_tree.hpp"
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

namespace synapse::config::litellm {
namespace {

std::string native_of(const std::string& text, const environment& variables = {}) {
  return render_native(read_text(text, variables).all);
}

TEST(litellm_native_text, has_only_what_differs_from_the_defaults) {
  EXPECT_EQ(native_of(entry_with("")), "backends:\n"
                                       "  gpu-8000:\n"
                                       "    url: \"http://gpu:8000\"\n"
                                       "    type: vllm\n"
                                       "    authorization:\n"
                                       "      forward: false\n"
                                       "catalog:\n"
                                       "  \"a\":\n"
                                       "    deployments:\n"
                                       "      - backend: gpu-8000\n"
                                       "        model: \"m\"\n");
}

TEST(litellm_native_text, has_all_that_the_file_says) {
  const auto text = native_of(entry_with("order: 2\nweight: 1.5\nrpm: 60\ntpm: 100\n"
                                         "max_parallel_requests: 3\ntags: [x]\ntimeout: 30\n"
                                         "allowed_fails: 1\ncooldown_time: 5\nmax_retries: 1\n"
                                         "stop: [\"1\", b]\nextra_headers: {X-A: \"b: c\"}\n") +
                              "router_settings:\n"
                              "  enable_tag_filtering: true\n"
                              "  num_retries: 1\n"
                              "  model_group_alias: {gpt-4o: a}\n"
                              "  default_fallbacks: []\n");
  for (const std::string line :
       {"    aliases: [gpt-4o]\n", "        order: 2\n", "        weight: 1.5\n",
        "        rpm: 60\n", "        tpm: 100\n", "        max_requests: 3\n",
        "        tags: [\"x\"]\n", "        attempts: 2\n", "        failures: 2\n",
        "        cooldown: 5s\n", "        timeouts: {total: 30s}\n",
        "        headers:\n          X-A: \"b: c\"\n",
        "routing:\n  attempts: 2\n  any_tag: true\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
}

TEST(litellm_native_text, never_has_a_key) {
  const auto text = native_of(entry_with("api_key: sesame\n"
                                         "extra_headers: {X-Api-Key: sesame, X-B: os.environ/S}\n"
                                         "extra_body: {api_key: sesame, x: [os.environ/S]}\n"),
                              {{"S", "sesame"}});
  EXPECT_EQ(text.find("sesame"), std::string::npos) << text;
  EXPECT_NE(text.find("      # the key stands in c.yaml:6: put it into a variable"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("# headers.\"X-B\" may be a key; it stands in c.yaml:2"), std::string::npos);
  EXPECT_NE(native_of(entry_with("api_key: os.environ/S"), {{"S", "sesame"}})
                .find("      bearer_env: S\n"),
            std::string::npos);
}

TEST(litellm_native_text, is_yaml_whatever_the_names_are) {
  for (const std::string name : {"true", "1e3", "a: b", "\\\"", "#x", "*", "null", "- a", "é"}) {
    const auto found = read_text("model_list:\n  - {model_name: \"" + name +
                                 "\", litellm_params: {model: ollama/m}}\n");
    ASSERT_FALSE(has_errors(found.problems)) << found.told();
    problem_list problems;
    const auto root = parse_yaml(render_native(found.all), "n.yaml", problems);
    ASSERT_TRUE(root) << name;
    ASSERT_EQ(root->entries.size(), 2u);
    EXPECT_EQ(root->entries[1].value->entries[0].key, found.all.catalog[0].name);
  }
}

TEST(litellm_native_text, its_backends_are_read_back) {
  const auto found = read_text(read_all(SYNAPSE_SOURCE_DIR "/tests/config/litellm/homelab.yaml"),
                               {{"VLLM_API_KEY", "x"}, {"ANTHROPIC_API_KEY", "y"}});
  const auto text = render_native(found.all);
  const auto native = load_text(text.substr(0, text.find("catalog:")), "native.yaml");
  ASSERT_TRUE(native) << render_all(native.problems);
  for (const backend_settings& one : found.all.backends) {
    ASSERT_TRUE(native.value->backends.contains(one.name));
    const auto& other = native.value->backends.at(one.name);
    EXPECT_EQ(other.url, one.url);
    EXPECT_EQ(other.type, one.type);
    EXPECT_EQ(other.authorization.bearer_env, one.authorization.bearer_env);
    EXPECT_FALSE(other.authorization.forward);
  }
}

} // namespace
} // namespace synapse::config::litellm
