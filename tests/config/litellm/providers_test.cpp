// Prefixes of models: type of the backend, its address, and what is said of another path.
#include "config/litellm/parts/groups.hpp"
#include "config/litellm/parts/providers.hpp"
#include "tests/config/litellm/reading.hpp"

#include <gtest/gtest.h>

namespace synapse::config::litellm {
namespace {

std::string entry_of(const std::string& params) {
  return "model_list:\n  - {model_name: a, litellm_params: {" + params + "}}\n";
}

struct prefix_row {
  std::string params;
  backend_type type;
  std::string name; ///< of the backend
  std::string url;
  std::string model;
};

TEST(litellm_providers, prefixes_with_an_address) {
  const std::string base = ", api_base: \"http://h:1/v1\"";
  const std::vector<prefix_row> rows{
      {"model: gpt-4o" + base, backend_type::openai_compatible, "h-1", "http://h:1", "gpt-4o"},
      {"model: mine" + base, backend_type::openai_compatible, "h-1", "http://h:1", "mine"},
      {"model: openai/org/m" + base, backend_type::openai_compatible, "h-1", "http://h:1", "org/m"},
      {"model: lm_studio/m" + base, backend_type::openai_compatible, "h-1", "http://h:1", "m"},
      {"model: llamafile/m" + base, backend_type::openai_compatible, "h-1", "http://h:1", "m"},
      {"model: litellm_proxy/m" + base, backend_type::openai_compatible, "h-1", "http://h:1", "m"},
      {"model: huggingface/o/m" + base, backend_type::openai_compatible, "h-1", "http://h:1",
       "o/m"},
      {"model: hosted_vllm/o/m" + base, backend_type::vllm, "h-1", "http://h:1", "o/m"},
      {"model: infinity/o/m" + base, backend_type::infinity, "h-1", "http://h:1", "o/m"},
      {"model: groq/m" + base, backend_type::openai_compatible, "h-1", "http://h:1", "m"},
      {"model: \"ollama/m:1b\", api_base: \"http://h:1/\"", backend_type::ollama, "h-1",
       "http://h:1", "m:1b"},
      {"model: ollama_chat/m, api_base: \"http://h:1\"", backend_type::ollama, "h-1", "http://h:1",
       "m"},
      {"model: text-completion-openai/m" + base, backend_type::openai_compatible, "h-1",
       "http://h:1", "m"},
      {"model: azure/mine, api_version: 2024-06-01, api_base: \"https://x.openai.azure.com\"",
       backend_type::azure, "x.openai.azure.com", "https://x.openai.azure.com", "mine"},
      {"model: m, custom_llm_provider: hosted_vllm" + base, backend_type::vllm, "h-1", "http://h:1",
       "m"},
      {"model: openai/m, api_key: k, api_base: \"https://api.groq.com/openai/v1\"",
       backend_type::openai, "groq", "https://api.groq.com/openai", "m"},
  };
  for (const auto& one : rows) {
    const auto found = read_text(entry_of(one.params));
    EXPECT_EQ(found.told(), "") << one.params;
    ASSERT_EQ(found.all.backends.size(), 1u) << one.params;
    EXPECT_EQ(to_string(found.all.backends[0].type), to_string(one.type)) << one.params;
    EXPECT_EQ(found.all.backends[0].name, one.name) << one.params;
    EXPECT_EQ(found.all.backends[0].url.to_string(), one.url) << one.params;
    EXPECT_EQ(found.all.catalog[0].deployments[0].model, one.model) << one.params;
  }
}

TEST(litellm_providers, those_in_the_cloud_need_no_address) {
  const std::vector<prefix_row> rows{
      {"gpt-4o", backend_type::openai, "openai", "https://api.openai.com", "OPENAI_API_KEY"},
      {"openai/gpt-4o", backend_type::openai, "openai", "https://api.openai.com", "OPENAI_API_KEY"},
      {"openrouter/o/m", backend_type::openrouter, "openrouter", "https://openrouter.ai/api",
       "OPENROUTER_API_KEY"},
      {"groq/m", backend_type::openai, "groq", "https://api.groq.com/openai", "GROQ_API_KEY"},
      {"mistral/m", backend_type::openai, "mistral", "https://api.mistral.ai", "MISTRAL_API_KEY"},
      {"deepseek/m", backend_type::openai, "deepseek", "https://api.deepseek.com",
       "DEEPSEEK_API_KEY"},
      {"together_ai/o/m", backend_type::openai, "together_ai", "https://api.together.xyz",
       "TOGETHERAI_API_KEY"},
      {"xai/m", backend_type::openai, "xai", "https://api.x.ai", "XAI_API_KEY"},
      {"anthropic/m", backend_type::anthropic, "anthropic", "https://api.anthropic.com",
       "ANTHROPIC_API_KEY"},
      {"claude-sonnet-4-5", backend_type::anthropic, "anthropic", "https://api.anthropic.com",
       "ANTHROPIC_API_KEY"},
  };
  for (const auto& one : rows) {
    // The last column is the variable that LiteLLM takes the key from.
    const auto found = read_text(entry_of("model: " + one.params), {{one.model, "k"}});
    EXPECT_EQ(found.told(), "") << one.params;
    ASSERT_EQ(found.all.backends.size(), 1u) << one.params;
    EXPECT_EQ(to_string(found.all.backends[0].type), to_string(one.type)) << one.params;
    EXPECT_EQ(found.all.backends[0].name, one.name);
    EXPECT_EQ(found.all.backends[0].url.to_string(), one.url);
    EXPECT_EQ(found.all.backends[0].authorization.bearer_env, one.model);
    EXPECT_EQ(read_text(entry_of("model: " + one.params)).told(),
              "warning: c.yaml:2: model_list[0].litellm_params.model: has no api_key, and " +
                  one.model + " is not set: requests go without a key\n");
  }
}

TEST(litellm_providers, another_path_than_litellms_is_said) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"openai/m|http://h:1", "LiteLLM would ask http://h:1/chat/completions; this gateway asks "
                              "http://h:1/v1/chat/completions"},
      {"hosted_vllm/m|http://h:1/api/v3",
       "LiteLLM would ask http://h:1/api/v3/chat/completions; this gateway asks "
       "http://h:1/api/v3/v1/chat/completions"},
      {"openai/m|http://h:1/v1/chat/completions",
       "LiteLLM would ask http://h:1/v1/chat/completions/chat/completions; this gateway asks "
       "http://h:1/v1/chat/completions"},
      {"ollama/m|http://h:1/v1",
       "LiteLLM would ask http://h:1/v1/api/chat; this gateway asks http://h:1/api/chat"},
      {"anthropic/m|http://h:1/v1",
       "LiteLLM would ask http://h:1/v1/v1/messages; this gateway asks http://h:1/v1/messages"},
      {"anthropic/m|http://h:1/v1/messages", ""},
      {"anthropic/m|http://h:1", ""},
      {"openai/m|http://h:1/x/v1", ""},
  };
  for (const auto& [given, words] : rows) {
    const auto bar = given.find('|');
    const auto told = read_text(entry_of("model: " + given.substr(0, bar) + ", api_base: \"" +
                                         given.substr(bar + 1) + "\""))
                          .told();
    EXPECT_EQ(told,
              words.empty()
                  ? ""
                  : "warning: c.yaml:2: model_list[0].litellm_params.api_base: " + words + "\n");
  }
}

TEST(litellm_providers, azure_needs_its_address_and_says_which_version) {
  EXPECT_EQ(read_text(entry_of("model: azure/m")).told(),
            "c.yaml:2: model_list[0].litellm_params.model: needs api_base\n");
  const auto found = read_text(entry_of("model: azure/m, api_base: \"https://x\""));
  EXPECT_EQ(found.told(), "warning: c.yaml:2: model_list[0].litellm_params.model: has no "
                          "api_version: 2024-10-21 is asked for\n");
  EXPECT_EQ(found.all.backends[0].api_version, "2024-10-21");
}

TEST(litellm_providers, completions_alone_are_no_chats) {
  const auto all =
      read_text(entry_of("model: text-completion-openai/m, api_base: \"http://h/v1\"")).all;
  EXPECT_TRUE(all.catalog[0].deployments[0].capabilities.has(capability::completions));
  EXPECT_TRUE(all.catalog[0].deployments[0].capabilities.lacks(capability::chat));
}

TEST(litellm_providers, what_cannot_be_served_is_refused) {
  for (const std::string name : {"bedrock", "vertex_ai", "vertex_ai_beta", "sagemaker", "gemini"})
    EXPECT_EQ(read_text(entry_of("model: " + name + "/m")).told(),
              "c.yaml:2: model_list[0].litellm_params.model: the provider \"" + name +
                  "\" is not supported\n");
  EXPECT_EQ(
      read_text(entry_of("model: llama3")).told(),
      "c.yaml:2: model_list[0].litellm_params.model: names no provider; write openai/NAME for "
      "what speaks OpenAI's API, or ollama/NAME, hosted_vllm/NAME\n");
}

TEST(litellm_providers, stars_stand_for_what_the_name_has) {
  EXPECT_EQ(read_text("model_list:\n  - {model_name: \"o/*\", litellm_params: {model: "
                      "\"ollama/*\"}}\n")
                .told(),
            "");
  EXPECT_EQ(read_text(entry_of("model: \"ollama/*\"")).told(),
            "c.yaml:2: model_list[0].litellm_params.model: has more \"*\" than model_name, whose "
            "text they stand for\n");
  EXPECT_TRUE(fits_pattern("a*c*", "abcd"));
  EXPECT_TRUE(fits_pattern("*", ""));
  EXPECT_TRUE(fits_pattern("*b", "abab"));
  EXPECT_FALSE(fits_pattern("a*c", "abcd"));
  EXPECT_FALSE(fits_pattern("", "a"));
}

} // namespace
} // namespace synapse::config::litellm
