#include "config/litellm/parts/providers.hpp"

#include "config/values/values.hpp"

#include <algorithm>
#include <array>

namespace synapse::config::litellm {

namespace {

constexpr auto rows = std::to_array<provider>({
    {.name = "openai",
     .type = backend_type::openai,
     .base = "https://api.openai.com",
     .base_variable = "OPENAI_API_BASE",
     .key_variable = "OPENAI_API_KEY",
     .in_cloud = true},
    {.name = "lm_studio",
     .type = backend_type::openai_compatible,
     .base_variable = "LM_STUDIO_API_BASE",
     .key_variable = "LM_STUDIO_API_KEY"},
    {.name = "llamafile",
     .type = backend_type::openai_compatible,
     .base = "http://127.0.0.1:8080",
     .base_variable = "LLAMAFILE_API_BASE",
     .key_variable = "LLAMAFILE_API_KEY"},
    {.name = "litellm_proxy",
     .type = backend_type::openai_compatible,
     .base_variable = "LITELLM_PROXY_API_BASE",
     .key_variable = "LITELLM_PROXY_API_KEY"},
    {.name = "hosted_vllm",
     .type = backend_type::vllm,
     .base_variable = "HOSTED_VLLM_API_BASE",
     .key_variable = "HOSTED_VLLM_API_KEY"},
    {.name = "infinity",
     .type = backend_type::infinity,
     .base_variable = "INFINITY_API_BASE",
     .key_variable = "INFINITY_API_KEY"},
    {.name = "ollama",
     .type = backend_type::ollama,
     .joins = joining::ollama,
     .base = "http://localhost:11434",
     .base_variable = "OLLAMA_API_BASE",
     .key_variable = "OLLAMA_API_KEY"},
    {.name = "ollama_chat",
     .type = backend_type::ollama,
     .joins = joining::ollama,
     .base = "http://localhost:11434",
     .base_variable = "OLLAMA_API_BASE",
     .key_variable = "OLLAMA_API_KEY"},
    {.name = "text-completion-openai",
     .type = backend_type::openai,
     .base = "https://api.openai.com",
     .base_variable = "OPENAI_API_BASE",
     .key_variable = "OPENAI_API_KEY",
     .in_cloud = true,
     .completions_only = true},
    {.name = "anthropic",
     .type = backend_type::anthropic,
     .joins = joining::anthropic,
     .base = "https://api.anthropic.com",
     .base_variable = "ANTHROPIC_API_BASE",
     .key_variable = "ANTHROPIC_API_KEY",
     .in_cloud = true},
    {.name = "azure",
     .type = backend_type::azure,
     .joins = joining::azure,
     .base_variable = "AZURE_API_BASE",
     .key_variable = "AZURE_API_KEY"},
    {.name = "huggingface",
     .type = backend_type::openai_compatible,
     .key_variable = "HUGGINGFACE_API_KEY"},
    {.name = "openrouter",
     .type = backend_type::openrouter,
     .base = "https://openrouter.ai/api",
     .base_variable = "OPENROUTER_API_BASE",
     .key_variable = "OPENROUTER_API_KEY",
     .in_cloud = true},
    {.name = "groq",
     .type = backend_type::openai,
     .base = "https://api.groq.com/openai",
     .base_variable = "GROQ_API_BASE",
     .key_variable = "GROQ_API_KEY",
     .in_cloud = true},
    {.name = "mistral",
     .type = backend_type::openai,
     .base = "https://api.mistral.ai",
     .base_variable = "MISTRAL_API_BASE",
     .key_variable = "MISTRAL_API_KEY",
     .in_cloud = true},
    {.name = "deepseek",
     .type = backend_type::openai,
     .base = "https://api.deepseek.com",
     .base_variable = "DEEPSEEK_API_BASE",
     .key_variable = "DEEPSEEK_API_KEY",
     .in_cloud = true},
    {.name = "together_ai",
     .type = backend_type::openai,
     .base = "https://api.together.xyz",
     .base_variable = "TOGETHERAI_API_BASE",
     .key_variable = "TOGETHERAI_API_KEY",
     .in_cloud = true},
    {.name = "xai",
     .type = backend_type::openai,
     .base = "https://api.x.ai",
     .base_variable = "XAI_API_BASE",
     .key_variable = "XAI_API_KEY",
     .in_cloud = true},
});

/// Known to people who come from LiteLLM: these are no slips of the pen.
constexpr std::array<std::string_view, 33> foreign{
    "ai21",       "aiml",           "assemblyai", "azure_ai",   "azure_text",     "bedrock",
    "cerebras",   "clarifai",       "cloudflare", "codestral",  "cohere",         "cohere_chat",
    "databricks", "deepgram",       "deepinfra",  "elevenlabs", "fireworks_ai",   "gemini",
    "github",     "github_copilot", "jina_ai",    "nlp_cloud",  "nvidia_nim",     "oci",
    "perplexity", "predibase",      "replicate",  "sagemaker",  "sagemaker_chat", "triton",
    "vertex_ai",  "voyage",         "watsonx"};

/// Beginnings of names by which LiteLLM knows the provider that is not written.
constexpr std::array<std::string_view, 11> openai_names{"gpt-",
                                                        "chatgpt-",
                                                        "o1",
                                                        "o3",
                                                        "o4",
                                                        "text-embedding-",
                                                        "whisper-",
                                                        "tts-",
                                                        "dall-e-",
                                                        "ft:gpt-",
                                                        "omni-moderation-"};

} // namespace

std::span<const provider> providers() {
  return rows;
}

const provider* find_provider(std::string_view name) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const provider& one) { return one.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

bool is_foreign_provider(std::string_view name) {
  return std::find(foreign.begin(), foreign.end(), name) != foreign.end() ||
         name.starts_with("vertex_ai");
}

const provider* provider_at(std::string_view host) {
  for (const provider& one : rows)
    if (one.in_cloud && parse_url(one.base)->host == host)
      return &one;
  return nullptr;
}

model_reference resolve_model(std::string_view text, std::string_view custom) {
  model_reference result;
  const auto slash = text.find('/');
  const auto prefix = slash == std::string_view::npos ? std::string_view{} : text.substr(0, slash);
  const auto starts_text = [text](std::string_view name) { return text.starts_with(name); };
  std::string_view name = custom;
  if (name.empty() && !prefix.empty())
    name = prefix;
  if (name.empty() && text.starts_with("claude-"))
    name = "anthropic";
  if (name.empty() && std::any_of(openai_names.begin(), openai_names.end(), starts_text))
    name = "openai";
  result.provider_name = name;
  result.from = find_provider(name);
  result.model = !prefix.empty() && prefix == name ? text.substr(slash + 1) : text;
  return result;
}

} // namespace synapse::config::litellm
