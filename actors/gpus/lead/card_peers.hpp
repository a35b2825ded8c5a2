/// @file
/// The other replicas that share a graphics card, and what each says of it.
#pragma once

#include "actors/protocol/gpu_messages.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace synapse::gpus {

/// Only replicas that speak of the same backends at the same places share a card. Pure: no clock.
class card_peers {
public:
  /// What this replica's own card is.
  void set_place(std::uint64_t place) { place_ = place; }
  /// Who is there now. @returns those that do not share the card any more, or do not answer
  std::vector<std::string> heard(const actors::gpu_peers& peers);
  /// @returns whether it is about this card.
  bool said(const std::string& peer, actors::gpu_note note);

  /// Those that answer.
  std::vector<std::string> live() const { return names(true); }
  /// Those that have fallen silent.
  std::vector<std::string> silent() const { return names(false); }
  /// What a live one says; null: nothing.
  const actors::gpu_note* note_of(const std::string& peer) const;
  /// The live one that says that it leads; of several the lowest. Empty: none does.
  std::string leader() const;

private:
  struct one {
    actors::gpu_note note;
    bool live = false;
  };
  bool shares(const one& other) const { return other.note.place == place_; }
  std::vector<std::string> names(bool live) const;

  std::uint64_t place_ = 0;
  actors::gpu_peers peers_;
  std::map<std::string, one> others_;
};

} // namespace synapse::gpus
