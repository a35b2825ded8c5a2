#include "actors/supervision/gpu_crews.hpp"

#include "actors/backends/backend_place.hpp"
#include "actors/gpus/gpu_coordinator.hpp"
#include "actors/gpus/gpu_desk.hpp"
#include "routing/names/name_table.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace synapse::actors {

std::string gpu_crews::card_of(const std::string& role) {
  const auto prefix = role_of({});
  return role.starts_with(prefix) ? role.substr(prefix.size()) : std::string{};
}

/// Null: no backend is on it.
gpu_card_ptr gpu_crews::card_of(const std::string& name, const config::settings& settings) const {
  auto card = std::make_shared<gpu_card>();
  card->name = name;
  card->settings = settings.gpus.at(name);
  card->turns = settings.models;
  std::uint64_t loopback = 0;
  for (const auto& [backend, one] : settings.backends) {
    const auto* crew = backends_.find(backend);
    if (one.gpu != name || crew == nullptr)
      continue;
    gpu_card::member member;
    member.settings = one;
    member.control = crew->control;
    member.link = crew->link;
    member.bearer = crew->bearer;
    loopback = std::max(loopback, loopback_of(one.url));
    card->members.push_back(std::move(member));
  }
  card->place = routing::stable_hash(name, loopback);
  return card->members.empty() ? gpu_card_ptr{} : card;
}

void gpu_crews::start(const gpu_card_ptr& card) {
  const auto role = role_of(card->name);
  gpu_coordinator_parts parts;
  parts.card = card;
  parts.lanes = parts_.units.size();
  parts.clustered = parts_.clustered;
  parts.events = parts_.gpu_events_of(card->name);
  gpu_crew crew;
  crew.coordinator = spawn_gpu_coordinator(system_, std::move(parts));
  children_.adopt(crew.coordinator, role);
  for (std::uint32_t i = 0; i < parts_.units.size(); ++i) {
    auto desk = spawn_pinned<client::gpu_desk>(*parts_.units[i], crew.coordinator, i);
    caf::anon_send(crew.coordinator, desk, i);
    children_.adopt(desk, role);
    crew.desks.push_back(std::move(desk));
  }
  for (const auto& [whose, note] : notes_)
    if (whose.first == card->name) {
      peer_gpu what;
      what.peer = whose.second;
      what.note = note;
      caf::anon_send(crew.coordinator, std::move(what));
    }
  crews_[card->name] = std::move(crew);
}

void gpu_crews::apply(const settings_ptr& settings) {
  std::vector<std::string> gone;
  for (const auto& [name, crew] : crews_)
    if (!settings->gpus.contains(name) || !card_of(name, *settings))
      gone.push_back(name);
  for (const auto& name : gone)
    retire(name);
  for (const auto& [name, one] : settings->gpus) {
    const auto card = card_of(name, *settings);
    if (!card)
      continue;
    if (const auto running = crews_.find(name); running != crews_.end())
      caf::anon_send(running->second.coordinator, card);
    else
      start(card);
  }
}

void gpu_crews::retire(const std::string& card) {
  const auto found = crews_.find(card);
  if (found == crews_.end())
    return;
  for (const auto& desk : found->second.desks) {
    children_.expect_end(desk);
    caf::anon_send(desk, retire_atom::value);
  }
  children_.end(found->second.coordinator);
  crews_.erase(found);
}

void gpu_crews::tell(const peer_gpu& what) {
  notes_[{what.note.card, what.peer}] = what.note;
  if (const auto found = crews_.find(what.note.card); found != crews_.end())
    caf::anon_send(found->second.coordinator, what);
}

void gpu_crews::tell(const gpu_peers& peers) {
  const auto is_there = [&](const std::string& peer) {
    return std::find(peers.live.begin(), peers.live.end(), peer) != peers.live.end() ||
           std::find(peers.silent.begin(), peers.silent.end(), peer) != peers.silent.end();
  };
  std::erase_if(notes_, [&](const auto& one) { return !is_there(one.first.second); });
  for (const auto& [name, crew] : crews_)
    caf::anon_send(crew.coordinator, peers);
}

void gpu_crews::complete(std::vector<backend_entry>& entries) const {
  for (auto& entry : entries) {
    const auto found = crews_.find(entry.settings->gpu);
    if (entry.settings->gpu.empty() || found == crews_.end())
      continue;
    entry.gpu = found->second.coordinator;
    entry.gpu_desks = found->second.desks;
  }
}

void gpu_crews::end_askers() const {
  for (const auto& [name, crew] : crews_)
    caf::anon_send_exit(crew.coordinator, caf::exit_reason::user_shutdown);
}

} // namespace synapse::actors
