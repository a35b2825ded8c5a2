/// @file
/// One name's `deployments` of the configuration file.
#pragma once

#include "config/catalog_settings.hpp"
#include "config/text/section_reader.hpp"

#include <string>
#include <vector>

namespace synapse::config {

/// Reads the list `entry`, which stands under `key`, into `into`; one that cannot be read keeps its
/// place, empty. Timeouts that are not given are `backends_own`.
void read_deployments(section_reader& reader, const std::string& key, const yaml_entry& entry,
                      std::vector<deployment_settings>& into);

} // namespace synapse::config
