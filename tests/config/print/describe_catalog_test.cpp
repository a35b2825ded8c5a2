#include "config/print/describe.hpp"
#include "config/print/describe_catalog.hpp"
#include "tests/config/problems.hpp"

#include <gtest/gtest.h>

namespace synapse::config {
namespace {

TEST(described_catalog, shows_names_with_their_deployments_by_tier) {
  const auto loaded = load_text(
      "backends:\n"
      "  vllm-a: {url: 'http://a', type: vllm, gpu: gpu0, vram: {awake: 20GiB}}\n"
      "  ollama: {url: 'http://o', type: ollama}\n"
      "gpus: {gpu0: {vram: 32GiB}}\n"
      "catalog:\n"
      "  llama:\n"
      "    aliases: [gpt-4o, gpt-4o-mini]\n"
      "    deployments:\n"
      "      - {backend: ollama, model: 'llama3.1:8b', order: 2, context: 8192}\n"
      "      - {backend: vllm-a, model: meta/llama, weight: 3, capabilities: {tools: true, "
      "vision: false}, cost: {output: 0.5}}\n"
      "      - {backend: vllm-a, model: other, weight: 0, id: x, max_requests: 4}\n"
      "  small: {hidden: true, affinity: none, deployments: [{backend: ollama, model: s}]}\n"
      "fallbacks: {any: {llama: [small]}, context: {llama: [small]}, default: [small]}\n",
      "f");
  ASSERT_TRUE(loaded) << render_all(loaded.problems);
  const auto text = describe_catalog(*loaded.value);
  EXPECT_EQ(text, "gpus\n"
                  "  gpu0  32GiB less 1GiB: vllm-a 20GiB\n"
                  "names\n"
                  "  llama, also gpt-4o, gpt-4o-mini  (adaptive)\n"
                  "    tier 1  vllm-a  meta/llama  (weight 3, cost 0/0.5, no-vision tools)\n"
                  "            vllm-a  other  (only by id, id x, 4 at once)\n"
                  "    tier 2  ollama  llama3.1:8b  (8192 tokens of context)\n"
                  "    then    small\n"
                  "    when too long: small\n"
                  "  small  (adaptive, affinity none, hidden)\n"
                  "    tier 1  ollama  s\n"
                  "  at last small\n");
  EXPECT_NE(render_summary(*loaded.value).find(text), std::string::npos);
}

TEST(described_catalog, is_empty_without_one) {
  EXPECT_EQ(describe_catalog({}), "");
}

TEST(described_catalog, a_key_of_a_litellm_file_is_named_not_shown) {
  settings all;
  all.backends["b"].authorization.literal = "sk-secret-value";
  const auto text = render_summary(all);
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  EXPECT_NE(text.find("sends    key from the LiteLLM file"), std::string::npos) << text;
}

} // namespace
} // namespace synapse::config
