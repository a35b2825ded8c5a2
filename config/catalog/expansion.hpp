/// @file
/// How large a YAML tree is once every alias stands for what it names.
#pragma once

#include "config/text/yaml_tree.hpp"

#include <cstddef>

namespace synapse::config {

struct expansion_limits {
  std::size_t max_nodes = 400'000;
  std::size_t max_bytes = std::size_t{8} << 20; ///< of keys and texts
  std::size_t max_depth = 32;
};

/// Whether `node` stays within `limits`, aliases counted as often as they are used: a few lines can
/// stand for more than any memory holds. The work is bounded by the limits. Pure; any thread.
bool expands_within(const yaml_node& node, const expansion_limits& limits = {});

} // namespace synapse::config
