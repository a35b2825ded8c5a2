/// @file
/// The catalog in words, for render_summary(). Nothing here shows a secret. Pure; any thread.
#pragma once

#include "config/settings.hpp"

#include <string>

namespace synapse::config {

/// Graphics cards, then each name with its deployments by tier and what is asked after them, in
/// several lines; "" when there is no catalog.
std::string describe_catalog(const settings& all);

} // namespace synapse::config
