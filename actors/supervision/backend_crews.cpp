#include "actors/supervision/backend_crews.hpp"

#include "actors/backends/health/prober.hpp"
#include "actors/backends/lane.hpp"
#include "actors/discovery/model_scout.hpp"
#include "actors/models/model_desk.hpp"
#include "http/client/http_link.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace synapse::actors {

namespace {
bool is_in_catalog(const config::settings& settings, const std::string& backend) {
  return std::any_of(settings.catalog.begin(), settings.catalog.end(), [&](const auto& name) {
    return std::any_of(name.deployments.begin(), name.deployments.end(),
                       [&](const auto& one) { return one.backend == backend; });
  });
}
} // namespace

void backend_crews::report(const std::string& backend, const std::string& problem) const {
  if (!problem.empty())
    parts_.report(role_of(backend) + ": " + problem);
}

// ---- start ----

void backend_crews::start(const config::backend_settings& settings) {
  const auto& name = settings.name;
  const auto role = role_of(name);
  backend_crew crew;
  std::string problem;
  crew.tls = parts_.make_tls(settings, problem);
  report(name, problem);
  problem.clear();
  crew.bearer = parts_.read_bearer(settings, problem);
  report(name, problem);
  crew.control = spawn_backend(system_, settings, core_.resolver, parts_.events_of(name),
                               settings_->routing.cell);
  children_.adopt(crew.control, role);
  for (std::uint32_t i = 0; i < parts_.units.size(); ++i) {
    auto lane_handle = spawn_pinned<lane>(*parts_.units[i], crew.control, i);
    caf::anon_send(crew.control, lane_handle, i);
    children_.adopt(lane_handle, role);
    crew.lanes.push_back(std::move(lane_handle));
  }
  start_prober(settings, crew);
  crew.discovered = std::make_shared<providers::discovered_names>();
  renew_scout(settings, crew);
  renew_link(settings, crew);
  if (settings.manage_models)
    start_models(settings, crew);
  crews_[name] = std::move(crew);
}

void backend_crews::start_prober(const config::backend_settings& settings, backend_crew& crew) {
  crew.prober =
      spawn_pinned<prober>(*parts_.units.front(), crew.control, settings, crew.tls, crew.bearer);
  children_.adopt(crew.prober, role_of(settings.name));
}

/// Like the prober's, its settings are for life; it is told the snapshot that is being made.
void backend_crews::renew_scout(const config::backend_settings& fresh, backend_crew& crew) {
  if (const auto old = std::exchange(crew.scout, nullptr))
    children_.end(old);
  if (!is_in_catalog(*settings_, fresh.name))
    return;
  model_scout_parts parts;
  parts.control = crew.control;
  parts.backend = fresh;
  parts.tls = crew.tls;
  parts.key = crew.bearer;
  parts.names = crew.discovered;
  parts.report = parts_.report;
  crew.scout = spawn_pinned<model_scout>(*parts_.units.front(), std::move(parts));
  children_.adopt(crew.scout, role_of(fresh.name));
}

void backend_crews::start_models(const config::backend_settings& settings, backend_crew& crew) {
  const auto role = role_of(settings.name);
  model_manager_parts parts;
  parts.backend = settings;
  parts.models = settings_->models;
  parts.reconfigure_timeout_s = settings_->process.runtime_reconfigure_timeout_seconds;
  parts.control = crew.control;
  parts.link = crew.link;
  parts.runtime = core_.runtime;
  parts.bearer = crew.bearer;
  parts.lanes = parts_.units.size();
  parts.events = parts_.model_events_of(settings.name);
  crew.models = spawn_model_manager(system_, std::move(parts));
  children_.adopt(crew.models, role);
  for (std::uint32_t i = 0; i < parts_.units.size(); ++i) {
    auto desk = spawn_pinned<client::model_desk>(*parts_.units[i], crew.models, i);
    caf::anon_send(crew.models, desk, i);
    children_.adopt(desk, role);
    crew.desks.push_back(std::move(desk));
  }
  listen_to_profiles(crew.models);
}

http_link_actor backend_crews::make_link(const config::backend_settings& settings,
                                         const backend_crew& crew) {
  client::pool_options options;
  options.max_idle = 2;
  options.idle_timeout = std::chrono::nanoseconds{settings.pool.idle_timeout}.count();
  options.tls = crew.tls;
  options.verify = settings.tls.verify;
  options.server_name =
      settings.tls.server_name.empty() ? settings.url.host : settings.tls.server_name;
  return spawn_pinned<http_link>(*parts_.units.front(), std::move(options));
}

void backend_crews::listen_to_profiles(const model_manager_actor& models) {
  if (core_.profiles && models)
    caf::anon_send(core_.profiles, listen_atom::value, caf::actor_cast<profile_listener>(models));
}

void backend_crews::renew_profiles() {
  for (const auto& [name, crew] : crews_)
    listen_to_profiles(crew.models);
}

// ---- a new configuration ----

void backend_crews::apply(const settings_ptr& settings) {
  settings_ = settings;
  std::vector<std::string> gone;
  for (const auto& [name, crew] : crews_)
    if (!settings->backends.count(name))
      gone.push_back(name);
  for (const auto& name : gone)
    retire(name);
  for (const auto& [name, backend] : settings->backends) {
    if (const auto running = crews_.find(name); running != crews_.end())
      renew(backend, running->second);
    else
      start(backend);
  }
}

void backend_crews::renew(const config::backend_settings& fresh, backend_crew& crew) {
  caf::anon_send(crew.control, settings_);
  renew_secrets(fresh, crew);
  // The prober has its settings for life.
  children_.end(crew.prober);
  start_prober(fresh, crew);
  renew_scout(fresh, crew);
  const auto old = crew.link;
  renew_link(fresh, crew);
  renew_models(fresh, crew);
  if (old)
    children_.end(old);
}

void backend_crews::renew_secrets(const config::backend_settings& fresh, backend_crew& crew) {
  std::string problem;
  auto tls = parts_.make_tls(fresh, problem);
  if (!problem.empty())
    report(fresh.name, problem + (crew.tls ? "; the old TLS settings stay" : ""));
  // Without old ones what was made is used, although it trusts nobody: with none at all the
  // requests of a backend that has become https would go out in the clear.
  if (problem.empty() || !crew.tls)
    crew.tls = std::move(tls);
  problem.clear();
  if (auto bearer = parts_.read_bearer(fresh, problem); problem.empty())
    crew.bearer = std::move(bearer);
  else
    report(fresh.name, problem + "; the old key stays");
}

/// Another way to the backend, if any of those who use it is there.
void backend_crews::renew_link(const config::backend_settings& fresh, backend_crew& crew) {
  crew.link = nullptr;
  if (!fresh.manage_models && fresh.gpu.empty())
    return;
  crew.link = make_link(fresh, crew);
  children_.adopt(crew.link, role_of(fresh.name));
}

/// What uses the models goes on: only the way to the router changes.
void backend_crews::renew_models(const config::backend_settings& fresh, backend_crew& crew) {
  if (!fresh.manage_models) {
    retire_models(crew);
  } else if (!crew.models) {
    start_models(fresh, crew);
  } else {
    caf::anon_send(crew.models, settings_);
    caf::anon_send(crew.models, crew.link, crew.bearer);
  }
}

// ---- end ----

void backend_crews::retire(const std::string& backend) {
  const auto found = crews_.find(backend);
  if (found == crews_.end())
    return;
  auto& crew = found->second;
  retire_models(crew);
  children_.expect_end(crew.control);
  for (const auto& lane : crew.lanes) {
    children_.expect_end(lane);
    caf::anon_send(lane, retire_atom::value);
  }
  children_.end(crew.prober);
  if (crew.scout)
    children_.end(crew.scout);
  if (crew.link)
    children_.end(crew.link);
  crews_.erase(found);
}

void backend_crews::retire_models(backend_crew& crew) {
  if (!crew.models)
    return;
  for (const auto& desk : crew.desks) {
    children_.expect_end(desk);
    caf::anon_send(desk, retire_atom::value);
  }
  crew.desks.clear();
  children_.end(crew.models);
  crew.models = nullptr;
}

void backend_crews::retire_all() {
  while (!crews_.empty())
    retire(std::string{crews_.begin()->first});
}

void backend_crews::end_askers() const {
  for (const auto& [name, crew] : crews_) {
    caf::anon_send_exit(crew.prober, caf::exit_reason::user_shutdown);
    if (crew.scout)
      caf::anon_send_exit(crew.scout, caf::exit_reason::user_shutdown);
    if (crew.models)
      caf::anon_send_exit(crew.models, caf::exit_reason::user_shutdown);
  }
}

// ---- what others are to know ----

const backend_crew* backend_crews::find(const std::string& backend) const {
  const auto found = crews_.find(backend);
  return found == crews_.end() ? nullptr : &found->second;
}

std::vector<backend_entry> backend_crews::entries(const config::settings& settings) const {
  std::vector<backend_entry> result;
  for (const auto& [name, crew] : crews_) {
    backend_entry entry;
    entry.settings = &settings.backends.at(name);
    entry.control = crew.control;
    entry.lanes = crew.lanes;
    entry.tls = crew.tls;
    entry.bearer = crew.bearer;
    entry.discovered = crew.discovered;
    entry.models = crew.models;
    entry.desks = crew.desks;
    result.push_back(std::move(entry));
  }
  return result;
}

std::vector<prober_actor> backend_crews::probers() const {
  std::vector<prober_actor> result;
  for (const auto& [name, crew] : crews_)
    result.push_back(crew.prober);
  return result;
}

void backend_crews::brief_scouts(const snapshot_ptr& snapshot) const {
  for (const auto& [name, crew] : crews_)
    if (crew.scout)
      caf::anon_send(crew.scout, snapshot);
}

} // namespace synapse::actors
