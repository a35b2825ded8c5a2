/// @file
/// What this replica and the others say of backends, and what this one has found out about
/// deployments. No actor in it.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "actors/replicas/link/door.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace synapse::actors::cluster {

class note_book {
public:
  /// Called with what a replica says now.
  using tell = std::function<void(const peer_note&)>;

  /// @returns the note for sending, or null when there are too many backends.
  finding_list_ptr own(const backend_note& note);
  /// Likewise of a deployment; only those that are shut are kept.
  finding_list_ptr own(const cell_note& note);
  /// Likewise of a graphics card.
  finding_list_ptr own(const gpu_note& note);
  /// All that there is to say at `now`, for one that has not heard any of it.
  finding_list_ptr own(time_ns now) const;
  /// Of backends.
  std::vector<backend_note> own_backends() const;

  /// The replica of that origin has come (again).
  void joined(std::uint64_t origin, const std::string& instance);
  void said(std::uint64_t origin, const std::vector<backend_note>& notes, const tell& listeners);
  /// Its name; empty when it is not known.
  std::string name_of(std::uint64_t origin) const;
  /// Whether it has come and has not left.
  bool knows(std::uint64_t origin) const { return others_.contains(origin); }
  /// Nothing of what it said holds any more.
  void left(std::uint64_t origin, const tell& listeners);
  /// All that the others say.
  void tell_all(const tell& listener) const;
  /// By backend; nothing for an unknown replica.
  std::vector<backend_note> of(std::uint64_t origin) const;

private:
  using notes_by_backend = std::map<std::string, backend_note>;
  struct other {
    std::string instance;
    notes_by_backend words;
  };
  notes_by_backend own_;
  std::map<std::uint64_t, cell_note> own_cells_; ///< that are shut, by cell
  std::map<std::string, gpu_note> own_cards_;
  std::map<std::uint64_t, other> others_; ///< by origin
};

} // namespace synapse::actors::cluster
