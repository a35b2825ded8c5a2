/// @file
/// Which addresses there are, whose they are, and what is known of each replica. No actor in it.
#pragma once

#include "actors/protocol/cluster_messages.hpp"
#include "actors/replicas/link/link.hpp"
#include "actors/replicas/link/note_book.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace synapse::actors::cluster {

/// Where an address is from; an address may have several sources.
struct address_sources {
  bool listed = false; ///< in the configuration
  bool dns = false;    ///< in the latest answer
  bool guest = false;  ///< a replica that dialled this one said so
};

class directory {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct entry {
    config::host_port address;
    address_sources from;
    link_actor link; ///< null: not dialled, because it is this replica or another way to one
    link_status status;
    std::uint64_t other_way_to = 0; ///< origin whose link goes by another address
    bool self = false;
    bool complained = false;   ///< that it is not reached, since it was up last
    std::int64_t since_us = 0; ///< of the state, since 1970
    time_point changed;        ///< the same
  };
  using entries = std::map<std::string, entry>; ///< by address as text

  explicit directory(std::size_t most) : most_(most) {}

  /// @returns the entry when it is new, null when it was there or there are too many.
  entry* add(const config::host_port& address, address_sources from);
  entry* find(const std::string& address);
  entry* find(const caf::actor_addr& link);
  /// Whether a link is up or on its way to this origin.
  bool knows(std::uint64_t origin) const;
  bool full() const { return entries_.size() >= most_; }
  entries& all() { return entries_; }

  /// Takes a link's word. @returns the state before.
  member_state update(entry& of, const link_status& status, std::int64_t now_us, time_point now);
  /// The entry that is up with this origin by another address than `than`; null when there is none.
  entry* up_besides(std::uint64_t origin, const std::string& than);
  std::size_t up() const;

  /// One per replica, in order of addresses.
  std::vector<cluster_member> members(time_point now, const note_book& notes) const;

private:
  std::size_t most_;
  entries entries_;
};

/// What people are told.
struct change {
  bool grave;
  std::string text;
};

/// What is to be said now that the state was `before`; nothing when it was said already.
std::optional<change> change_of(directory::entry& entry, member_state before);

} // namespace synapse::actors::cluster
