/// @file
/// The actors that the supervisor watches over, each by what it is.
#pragma once

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <optional>
#include <string>

namespace synapse::actors {

/// Several may have one role: they are started again together. On the owner's actor only.
class child_list {
public:
  /// @param owner monitors them; it outlives this.
  explicit child_list(caf::local_actor& owner) : owner_(owner) {}

  template <class Handle>
  void adopt(const Handle& child, const std::string& role) {
    owner_.monitor(child);
    children_[child.address()] = {role, caf::actor_cast<caf::strong_actor_ptr>(child)};
  }

  /// It will end, and nothing is to be done then.
  template <class Handle>
  void expect_end(const Handle& child) {
    // One that has ended already must not come back into the list: its end is not told again.
    if (const auto found = children_.find(child.address()); found != children_.end())
      found->second.role.clear();
  }

  /// Tells it to end and expects that.
  template <class Handle>
  void end(const Handle& child) {
    expect_end(child);
    caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
  }

  /// The same with all of a role.
  void end_all(const std::string& role);
  /// Has every child end, whatever is expected of it.
  void exit_all(caf::exit_reason reason) const;

  /// It has ended. @returns what it was: empty if that was expected, nothing if it is no child
  std::optional<std::string> remove(const caf::actor_addr& child);
  bool empty() const noexcept { return children_.empty(); }
  void clear() { children_.clear(); }

private:
  struct entry {
    std::string role; ///< empty: its end is expected
    caf::strong_actor_ptr handle;
  };
  caf::local_actor& owner_;
  std::map<caf::actor_addr, entry> children_;
};

} // namespace synapse::actors
