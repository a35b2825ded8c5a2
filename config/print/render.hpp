/// @file
/// The settings in force as text, for people who look at a running gateway.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace synapse::config {

/// All settings in the words of the configuration file (YAML), defaults included. Nothing in it is
/// a secret: the file names where keys are, and holds none. What a LiteLLM file has said stands in
/// our words, less the keys that it holds.
std::string render_settings(const settings& all);

/// What the environment has set, one `NAME: value` per line; of secrets only whether they are set.
std::string render_environment(const process_settings& process);

} // namespace synapse::config
