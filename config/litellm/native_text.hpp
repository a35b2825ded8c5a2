/// @file
/// What a LiteLLM file says, in the words of our own.
#pragma once

#include "config/litellm/fragment.hpp"

#include <string>

namespace synapse::config::litellm {

/// A configuration file of our own (YAML) that says the same: `backends`, `catalog`, `fallbacks`
/// and `routing`, what is as by default left out. Keys are named by their variables; of those that
/// stand in the file itself only the place is told. Pure.
std::string render_native(const fragment& all);

} // namespace synapse::config::litellm
