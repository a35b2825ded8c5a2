#include "actors/supervision/gpu_crews.hpp"

#include "actors/gpus/gpu_coordinator.hpp"
#include "actors/gpus/gpu_desk.hpp"

#include <caf/send.hpp>

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
  for (const auto& [backend, one] : settings.backends) {
    const auto* crew = backends_.find(backend);
    if (one.gpu != name || crew == nullptr)
      continue;
    gpu_card::member member;
    member.settings = one;
    member.control = crew->control;
    member.link = crew->link;
    member.bearer = crew->bearer;
    card->members.push_back(std::move(member));
  }
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

void gpu_crews::tell(const gpu_peers& peers) const {
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
