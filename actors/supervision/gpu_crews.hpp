/// @file
/// The actors of each graphics card: started, renewed and retired for the supervisor.
#pragma once

#include "actors/gpus/gpu_card.hpp"
#include "actors/supervision/backend_crews.hpp"
#include "actors/supervision/child_list.hpp"
#include "actors/supervision/supervisor.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace synapse::actors {

/// Those of one card, which come and go together.
struct gpu_crew {
  gpu_coordinator_actor coordinator;
  std::vector<gpu_desk_actor> desks; ///< by number of the I/O thread
};

/// On the supervisor's actor only.
class gpu_crews {
public:
  /// @param backends whose actors the coordinators are given. All outlive this.
  gpu_crews(caf::actor_system& system, const supervisor_parts& parts, const backend_crews& backends,
            child_list& children)
      : system_(system), parts_(parts), backends_(backends), children_(children) {}

  /// What all actors of a card are to the list of children.
  static std::string role_of(const std::string& card) { return "card " + card; }
  /// The card of such a role; empty: it is another's role.
  static std::string card_of(const std::string& role);

  /// Starts those of new cards, retires those of cards without backends and tells the others.
  /// After backend_crews::apply.
  void apply(const settings_ptr& settings);
  /// Lets a card's actors end. No such one: nothing.
  void retire(const std::string& card);
  /// Who is in the cluster: all coordinators hear of it.
  void tell(const gpu_peers& peers);
  /// What another replica says of a card: its coordinator hears of it, one that starts later, too.
  void tell(const peer_gpu& what);
  /// Puts the cards' actors into the entries of their backends.
  void complete(std::vector<backend_entry>& entries) const;

  /// Those end that ask others; the rest is the list of children's.
  void end_askers() const;
  void clear() { crews_.clear(); }

private:
  gpu_card_ptr card_of(const std::string& name, const config::settings& settings) const;
  void start(const gpu_card_ptr& card);

  caf::actor_system& system_;
  const supervisor_parts& parts_;
  const backend_crews& backends_;
  child_list& children_;
  std::map<std::string, gpu_crew> crews_;
  std::map<std::pair<std::string, std::string>, gpu_note> notes_; ///< by card and replica
};

} // namespace synapse::actors
