/// @file
/// A YAML value as JSON: what a deployment's `defaults` put into requests.
#pragma once

#include "config/text/yaml_tree.hpp"
#include "config/values/values.hpp"

#include <cstddef>
#include <string>

namespace synapse::config {

/// `node` as JSON (RFC 8259). Plain `true`, `false`, `null` and decimal numbers are those, as in
/// YAML's core schema; every other scalar, and whatever is quoted, is a string. Fails when the
/// result would have more than `max_bytes`, for infinities, and for a tree of more than 32 levels.
/// Pure; any thread.
parsed<std::string> json_text(const yaml_node& node, std::size_t max_bytes);

} // namespace synapse::config
