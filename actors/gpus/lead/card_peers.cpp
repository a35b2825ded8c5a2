#include "actors/gpus/lead/card_peers.hpp"

#include <algorithm>
#include <utility>

namespace synapse::gpus {

namespace {
bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
} // namespace

std::vector<std::string> card_peers::heard(const actors::gpu_peers& peers) {
  peers_ = peers;
  std::vector<std::string> away;
  for (auto at = others_.begin(); at != others_.end();) {
    const bool was_live = at->second.live;
    at->second.live = has(peers.live, at->first);
    if (was_live && !at->second.live)
      away.push_back(at->first);
    const bool ended = !at->second.live && !has(peers.silent, at->first);
    at = ended ? others_.erase(at) : std::next(at);
  }
  return away;
}

bool card_peers::said(const std::string& peer, actors::gpu_note note) {
  auto& of = others_[peer];
  of.note = std::move(note);
  of.live = has(peers_.live, peer);
  return shares(of);
}

std::vector<std::string> card_peers::names(bool live) const {
  std::vector<std::string> result;
  for (const auto& [name, other] : others_)
    if (other.live == live && shares(other))
      result.push_back(name);
  return result;
}

const actors::gpu_note* card_peers::note_of(const std::string& peer) const {
  const auto found = others_.find(peer);
  const bool speaks = found != others_.end() && found->second.live && shares(found->second);
  return speaks ? &found->second.note : nullptr;
}

std::string card_peers::leader() const {
  for (const auto& [name, other] : others_)
    if (other.live && other.note.leads && shares(other))
      return name;
  return {};
}

} // namespace synapse::gpus
