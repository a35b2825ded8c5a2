/// @file
/// What the dashboard needs of the configuration.
#pragma once

#include "config/settings.hpp"
#include "http/dashboard/gate/gate.hpp"

#include <spdlog/logger.h>

#include <filesystem>

namespace synapse::app {

api::dashboard_gate_options gate_options(const config::settings& settings);

/// Where its front end is, or would be: as configured, else in `share/` beside the program's
/// folder.
std::filesystem::path dashboard_directory(const config::process_settings& process);

/// Says who may see it while there is no token.
void tell_gate(const api::dashboard_gate& gate, const config::settings& settings,
               spdlog::logger& say);

} // namespace synapse::app
