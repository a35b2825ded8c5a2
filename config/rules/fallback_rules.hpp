/// @file
/// Rules of `fallbacks` and `routing`. Pure; any thread.
#pragma once

#include "config/rules/field_rules.hpp"
#include "config/settings.hpp"

namespace synapse::config {

/// Adds what is wrong to `out`: names that the catalog does not have, ways that lead back to where
/// they began, and limits that contradict each other. Names that no request would reach are warned
/// of.
void check_fallbacks(report& out, const settings& all);

} // namespace synapse::config
