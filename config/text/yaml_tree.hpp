/// @file
/// A YAML text as a tree that is safe to walk: bounded in size, depth and number of nodes, without
/// duplicate keys, each node with its line. yaml-cpp's own Node keeps duplicate keys silently and
/// lets aliases form cycles, so its event interface is read instead.
#pragma once

#include "config/text/config_error.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

struct yaml_entry;

/// One node; immutable once the tree is complete, shared where the text has an alias.
struct yaml_node {
  enum class kind { null, scalar, sequence, map };
  kind type = kind::null;
  std::size_t line = 0;   ///< 1-based
  std::string text;       ///< of a scalar
  bool quoted = false;    ///< a scalar that is a text whatever it looks like: "1", |, !!str
  std::size_t height = 0; ///< levels below it, those of aliases included
  std::vector<std::shared_ptr<const yaml_node>> items;
  std::vector<yaml_entry> entries; ///< in the order of the text, keys unique
};

struct yaml_entry {
  std::string key;
  std::size_t line = 0;                   ///< of the key
  std::shared_ptr<const yaml_node> value; ///< never null
};

struct yaml_limits {
  std::size_t max_bytes = 1024 * 1024;
  std::size_t max_depth = 32; ///< through aliases, too
  std::size_t max_nodes = 100'000;
};

/// Reads one YAML document from `text`, adding what is wrong with it to `problems` under the name
/// `file`. Returns the root, or null when the text cannot be read at all. An empty document is a
/// null node. Throws nothing but std::bad_alloc.
std::shared_ptr<const yaml_node> parse_yaml(std::string_view text, const std::string& file,
                                            problem_list& problems, const yaml_limits& limits = {});

} // namespace synapse::config
