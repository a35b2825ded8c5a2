/// @file
/// The actors of each backend: started, renewed and retired for the supervisor.
#pragma once

#include "actors/supervision/child_list.hpp"
#include "actors/supervision/supervisor.hpp"
#include "providers/discovered_names.hpp"

#include <map>
#include <string>
#include <vector>

namespace synapse::actors {

/// The actors that there is one of. Null: not there.
struct core_actors {
  resolver_actor resolver;
  health_aggregator_actor health;
  voice_library_actor voices;
  model_profiles_actor profiles;
  runtime_controller_actor runtime;
  config_publisher_actor publisher;
};

/// Those of one backend, which come and go together.
struct backend_crew {
  backend_actor control;
  std::vector<lane_actor> lanes; ///< by number of the I/O thread
  prober_actor prober;
  model_scout_actor scout; ///< null where no catalog names it
  std::shared_ptr<providers::discovered_names> discovered;
  /// To a router whose models are managed, and to one that shares a graphics card.
  http_link_actor link;
  // Of a router whose models are managed.
  model_manager_actor models;
  std::vector<model_desk_actor> desks; ///< by number of the I/O thread
  // What they reach the backend with.
  std::shared_ptr<net::asio::ssl::context> tls;
  std::string bearer;
};

/// On the supervisor's actor only.
class backend_crews {
public:
  /// @param core whose actors new ones are given. All outlive this.
  backend_crews(caf::actor_system& system, const supervisor_parts& parts, const core_actors& core,
                child_list& children)
      : system_(system), parts_(parts), core_(core), children_(children) {}

  /// What all actors of a backend are to the list of children.
  static std::string role_of(const std::string& backend) { return "backend " + backend; }
  /// The backend of such a role.
  static std::string backend_of(const std::string& role) { return role.substr(role_of({}).size()); }

  /// Starts those of new backends, retires those of backends that are gone and tells the others.
  void apply(const settings_ptr& settings);
  /// Lets a backend's actors end: lanes when their last request is done. No such one: nothing.
  void retire(const std::string& backend);
  void retire_all();
  /// There are other profiles: managers of models hear of them.
  void renew_profiles();

  /// Null if there is none.
  const backend_crew* find(const std::string& backend) const;
  /// For a snapshot of `settings`, those of the last apply().
  std::vector<backend_entry> entries(const config::settings& settings) const;
  std::vector<prober_actor> probers() const;
  /// Scouts write into its records from now on.
  void brief_scouts(const snapshot_ptr& snapshot) const;

  /// Those end that ask others; the rest is the list of children's.
  void end_askers() const;
  void clear() { crews_.clear(); }

private:
  void start(const config::backend_settings& settings);
  void start_models(const config::backend_settings& settings, backend_crew& crew);
  void start_prober(const config::backend_settings& settings, backend_crew& crew);
  void renew_scout(const config::backend_settings& fresh, backend_crew& crew);
  http_link_actor make_link(const config::backend_settings& settings, const backend_crew& crew);
  void renew(const config::backend_settings& fresh, backend_crew& crew);
  void renew_secrets(const config::backend_settings& fresh, backend_crew& crew);
  void renew_link(const config::backend_settings& fresh, backend_crew& crew);
  void renew_models(const config::backend_settings& fresh, backend_crew& crew);
  void retire_models(backend_crew& crew);
  void listen_to_profiles(const model_manager_actor& models);
  void report(const std::string& backend, const std::string& problem) const;

  caf::actor_system& system_;
  const supervisor_parts& parts_;
  const core_actors& core_;
  child_list& children_;
  settings_ptr settings_;
  std::map<std::string, backend_crew> crews_;
};

} // namespace synapse::actors
