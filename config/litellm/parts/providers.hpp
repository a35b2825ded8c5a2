/// @file
/// What the word before the first "/" of a LiteLLM model means.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace synapse::config::litellm {

/// What LiteLLM puts behind `api_base`.
enum class joining : std::uint8_t {
  openai,    ///< `/chat/completions`
  ollama,    ///< `/api/chat`
  anthropic, ///< `/v1/messages`
  azure      ///< `/openai/deployments/NAME/…`
};

struct provider {
  std::string_view name;
  backend_type type;
  joining joins = joining::openai;
  std::string_view base = {};          ///< without `api_base`; empty: it is required
  std::string_view base_variable = {}; ///< of the environment, goes before `base`
  std::string_view key_variable = {};  ///< where `api_key` is absent
  bool in_cloud = false;               ///< `base` is somebody's on the internet
  bool completions_only = false;
};

/// All that can be served.
std::span<const provider> providers();
/// By name; null when it is none of those.
const provider* find_provider(std::string_view name);
/// Whether LiteLLM has it and Synapse cannot serve it.
bool is_foreign_provider(std::string_view name);
/// The one in the cloud whose host that is; null when there is none.
const provider* provider_at(std::string_view host);

/// What `litellm_params.model` says.
struct model_reference {
  const provider* from = nullptr; ///< null: cannot be served
  std::string provider_name;      ///< as written, or as found out; empty = none
  std::string model;              ///< as the backend knows it
};

/// @param text `provider/name`, or a name alone. @param custom `custom_llm_provider`, or empty.
model_reference resolve_model(std::string_view text, std::string_view custom);

} // namespace synapse::config::litellm
