/// @file
/// Settings in words, for people. Nothing here shows a secret: tokens, keys and the Redis URL
/// appear as "set" or "not set". Pure functions; any thread.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace synapse::config {

/// What is served where, and what each backend may take: several lines, for `--check-config` and
/// the start of the log.
std::string render_summary(const settings& all);

/// Every environment variable with default and meaning, for `--help`.
std::string environment_help();

} // namespace synapse::config
