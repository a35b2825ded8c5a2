/// @file
/// What usually is behind a YAML text that no parser reads: their messages name the consequence.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::config {

struct yaml_mistake {
  std::size_t line = 0; ///< 1-based
  std::string message;
};

/// The first tab in an indentation, or quote that does not close in its line, at or before `line`,
/// where a parser gave up. A quoted text may go on in further lines, so this is for texts that are
/// known to be wrong. Pure; any thread.
std::optional<yaml_mistake> find_yaml_mistake(std::string_view text, std::size_t line);

} // namespace synapse::config
