/// @file
/// Rules of `catalog`. Pure; any thread.
#pragma once

#include "config/rules/field_rules.hpp"
#include "config/settings.hpp"

namespace synapse::config {

/// Adds what is wrong with the names, their aliases and deployments to `out`, under the keys of the
/// file: names that mean two things, backends that are not there, numbers out of range.
void check_catalog(report& out, const settings& all);

} // namespace synapse::config
