/// @file
/// What the loader adds to a catalog that leaves it out. Pure functions; any thread.
#pragma once

#include "config/settings.hpp"

#include <functional>
#include <string>

namespace synapse::config {

/// Stands in a deployment's timeouts for "as its backend has it".
inline constexpr milliseconds backends_own{-1};

/// All of a deployment's timeouts before the file was read.
inline constexpr timeout_settings backends_timeouts{backends_own, backends_own, backends_own,
                                                    backends_own, backends_own};

/// Fills in, once the backends have their own defaults: ids (`backend/model`, and `#2`, `#3` …
/// behind it where one is taken) and the timeouts that are `backends_own`.
void apply_catalog_defaults(settings& all);

/// Backends of a catalog are tried again sooner than others: whoever tries goes to the next
/// deployment if it is in vain. @param given whether the file says something, as "backends.a.…"
void apply_catalog_backends(settings& all, const std::function<bool(const std::string&)>& given);

} // namespace synapse::config
