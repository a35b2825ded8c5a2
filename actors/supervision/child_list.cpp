#include "actors/supervision/child_list.hpp"

#include <utility>

namespace synapse::actors {

void child_list::end_all(const std::string& role) {
  for (auto& [address, child] : children_)
    if (child.role == role) {
      child.role.clear();
      caf::anon_send_exit(child.handle, caf::exit_reason::user_shutdown);
    }
}

void child_list::exit_all(caf::exit_reason reason) const {
  for (const auto& [address, child] : children_)
    caf::anon_send_exit(child.handle, reason);
}

std::optional<std::string> child_list::remove(const caf::actor_addr& child) {
  const auto found = children_.find(child);
  if (found == children_.end())
    return std::nullopt;
  auto role = std::move(found->second.role);
  children_.erase(found);
  return role;
}

} // namespace synapse::actors
