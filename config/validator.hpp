/// @file
/// Rules that settings must keep, wherever they came from.
#pragma once

#include "config/settings.hpp"
#include "config/text/config_error.hpp"

#include <cstddef>
#include <vector>

namespace synapse::config {

constexpr std::size_t max_backends = 256;
constexpr std::size_t max_routes = 1024;

/// Checks the range of every value and the rules across values. Returns all problems, with key
/// paths as in the file, without file name and line (the loader adds those). `process` is not
/// looked at: environment.hpp checks it. Pure; any thread. Files that are named are not opened.
std::vector<problem> validate(const settings& all);

} // namespace synapse::config
