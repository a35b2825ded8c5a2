/// @file
/// The keys of the configuration file that say which models there are and what serves them:
/// `catalog`, `fallbacks`, `routing`, `gpus` and `litellm`.
#pragma once

#include "config/settings.hpp"
#include "config/text/section_reader.hpp"

namespace synapse::config {

/// Reads `entry`, whose key is one of these, into `all`. A name that cannot be read keeps its
/// place, without deployments. The file of `litellm` is not opened.
void read_catalog_key(section_reader& reader, const yaml_entry& entry, settings& all);

} // namespace synapse::config
