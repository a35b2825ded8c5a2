/// @file
/// Rules of `gpus`, and of the keys of backends that go with them or with one type. Pure; any
/// thread.
#pragma once

#include "config/rules/field_rules.hpp"
#include "config/settings.hpp"

namespace synapse::config {

/// Adds what is wrong with the cards to `out`.
void check_gpus(report& out, const settings& all);

/// Adds what is wrong with one backend's place on its card, its sleep, its key and what only some
/// types have. `prefix` is `backends.<name>.`.
void check_backend_use(report& out, const std::string& prefix, const backend_settings& backend,
                       const settings& all);

} // namespace synapse::config
