/// @file
/// What a LiteLLM file says beside what our own file says.
#pragma once

#include "config/litellm/fragment.hpp"
#include "config/settings.hpp"
#include "config/text/config_error.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace synapse::config::litellm {

/// The line of a key in our own file; empty when the file does not have it.
using line_finder = std::function<std::optional<std::size_t>(const std::string& key)>;

/// Adds `from` to `all`. A backend, name, alias or fallback that both have is an error that names
/// both places; of `routing`, the file of our own goes first, which is said. @param file our own.
void add_to(settings& all, const fragment& from, const std::string& file, const line_finder& line,
            problem_list& problems);

/// Gives the deployments of `from` the timeouts of their backends, once those are known, but for
/// what the file says itself.
void apply_timeouts(settings& all, const fragment& from);

} // namespace synapse::config::litellm
