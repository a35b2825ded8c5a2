/// @file
/// The catalog and what goes with it as YAML, for render_settings(). Pure functions; any thread.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace synapse::config {

/// Appends the lists below `fallbacks:`, indented by one level; `default` is a field of the table.
void render_fallbacks(std::string& out, const fallback_settings& fallbacks);

/// Appends `gpus:`, if there are any.
void render_gpus(std::string& out, const settings& all);

/// Appends `catalog:`, if there is one, of which only what differs from the defaults, and a comment
/// that names the LiteLLM file it comes from.
void render_catalog(std::string& out, const settings& all);

} // namespace synapse::config
