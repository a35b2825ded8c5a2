#include "actors/replicas/directory.hpp"

#include <algorithm>

namespace synapse::actors::cluster {

directory::entry* directory::add(const config::host_port& address, address_sources from) {
  const std::string name = address.to_string();
  if (const auto found = entries_.find(name); found != entries_.end()) {
    auto& known = found->second.from;
    known.listed = known.listed || from.listed;
    known.dns = known.dns || from.dns;
    known.guest = known.guest || from.guest;
    return nullptr;
  }
  if (full())
    return nullptr;
  entry& fresh = entries_[name];
  fresh.address = address;
  fresh.from = from;
  fresh.status.address = name;
  return &fresh;
}

directory::entry* directory::find(const std::string& address) {
  const auto found = entries_.find(address);
  return found == entries_.end() ? nullptr : &found->second;
}

directory::entry* directory::find(const caf::actor_addr& link) {
  for (auto& [name, one] : entries_)
    if (one.link && one.link.address() == link)
      return &one;
  return nullptr;
}

bool directory::knows(std::uint64_t origin) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& one) {
    return one.second.link && one.second.status.origin == origin;
  });
}

member_state directory::update(entry& of, const link_status& status, std::int64_t now_us,
                               time_point now) {
  const member_state before = of.status.state;
  if (before != status.state || of.since_us == 0) {
    of.since_us = now_us;
    of.changed = now;
  }
  of.status = status;
  return before;
}

directory::entry* directory::up_besides(std::uint64_t origin, const std::string& than) {
  for (auto& [name, one] : entries_)
    if (name != than && one.link && one.status.state == member_state::up &&
        one.status.origin == origin)
      return &one;
  return nullptr;
}

std::size_t directory::up() const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const auto& one) {
        return one.second.link && one.second.status.state == member_state::up;
      }));
}

std::vector<cluster_member> directory::members(time_point now, const note_book& notes) const {
  std::vector<cluster_member> result;
  for (const auto& [name, one] : entries_) {
    if (!one.link)
      continue;
    cluster_member member;
    member.instance = one.status.instance;
    member.address = name;
    member.state = one.status.state;
    member.version = one.status.version;
    member.since_us = one.since_us;
    if (one.status.last_seen != time_point{})
      member.last_seen_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(now - one.status.last_seen).count();
    member.round_trip_us = one.status.round_trip_us;
    member.reason = one.status.reason;
    member.backends = notes.of(one.status.origin);
    result.push_back(std::move(member));
  }
  return result;
}

std::optional<change> change_of(directory::entry& entry, member_state before) {
  const link_status& now = entry.status;
  const bool changed = before != now.state;
  const std::string who =
      "replica " + (now.instance.empty() ? now.address : now.instance + " at " + now.address);
  if (now.state == member_state::up && changed) {
    entry.complained = false;
    return change{false, who + " is up (gateway " + now.version + ")"};
  }
  if (now.state == member_state::down && changed)
    return change{true, who + " is down: " + now.reason};
  if (now.state == member_state::refused && changed)
    return change{true, who + " is no member: it " + now.reason};
  if (now.state == member_state::connecting && !now.reason.empty() && !entry.complained) {
    entry.complained = true;
    return change{false, who + " is not reached yet: " + now.reason};
  }
  return std::nullopt;
}

} // namespace synapse::actors::cluster
