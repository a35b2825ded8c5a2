/// @file
/// Keys that LiteLLM has and that ask for nothing the gateway does.
#pragma once

#include <span>
#include <string_view>

namespace synapse::config::litellm {

struct ignored_key {
  std::string_view key;
  std::string_view words; ///< what happens in its place
};

std::span<const ignored_key> ignored_router_keys();
std::span<const ignored_key> ignored_litellm_keys();
std::span<const ignored_key> ignored_general_keys();
/// Ignoring one of these would let in whom LiteLLM keeps out.
std::span<const ignored_key> guarding_keys();

} // namespace synapse::config::litellm
