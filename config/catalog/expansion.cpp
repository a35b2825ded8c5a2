#include "config/catalog/expansion.hpp"

namespace synapse::config {

namespace {
/// Takes what `node` needs from `rest`; false when that is not enough.
bool take_expansion(const yaml_node& node, expansion_limits& rest, std::size_t depth) {
  if (rest.max_nodes == 0 || node.text.size() > rest.max_bytes || depth > rest.max_depth)
    return false;
  --rest.max_nodes;
  rest.max_bytes -= node.text.size();
  for (const auto& item : node.items)
    if (!take_expansion(*item, rest, depth + 1))
      return false;
  for (const yaml_entry& entry : node.entries) {
    if (entry.key.size() > rest.max_bytes)
      return false;
    rest.max_bytes -= entry.key.size();
    if (!take_expansion(*entry.value, rest, depth + 1))
      return false;
  }
  return true;
}
} // namespace

bool expands_within(const yaml_node& node, const expansion_limits& limits) {
  expansion_limits rest = limits;
  return take_expansion(node, rest, 0);
}

} // namespace synapse::config
