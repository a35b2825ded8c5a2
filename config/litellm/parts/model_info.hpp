/// @file
/// The keys of `model_info`.
#pragma once

#include "config/litellm/parts/entry.hpp"

namespace synapse::config::litellm {

/// Reads `info`, a map or null, into `into`.
void read_model_info(const spot& info, model_entry& into, context& say);

/// What a deployment of this `mode` can and cannot do; nothing for a mode that LiteLLM does not
/// have.
std::optional<capability_set> capabilities_of(std::string_view mode);

} // namespace synapse::config::litellm
