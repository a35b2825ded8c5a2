/// @file
/// The actors, as the main thread knows them: the supervisor, and what it cannot make itself.
#pragma once

#include "actors/kubernetes/runtime_controller.hpp"
#include "actors/protocol/actor_interfaces.hpp"
#include "actors/supervision/supervisor.hpp"
#include "app/boot/engine.hpp"
#include "app/boot/instruments.hpp"
#include "app/observation/observation.hpp"
#include "config/environment.hpp"
#include "config/settings.hpp"

#include <chrono>

namespace synapse::app {

/// Main thread only. Outlives the actors.
class control_plane {
public:
  /// @param first settings of the start. All outlive this.
  control_plane(const config::settings& first, const config::environment& variables,
                instruments& tools, observation& observed, engine& machine);
  control_plane(const control_plane&) = delete;
  control_plane& operator=(const control_plane&) = delete;

  /// @pre the I/O threads run
  void start();
  /// Null before start() and after stop().
  const actors::supervisor_actor& supervisor() const noexcept { return supervisor_; }
  /// Hands settings to the actors and waits until every thread uses them, for ten seconds at most.
  /// False when they do not; it was told why.
  bool apply(const actors::settings_ptr& fresh);
  /// Has the actors end, and waits for that as long as `patience`; more is told.
  void stop(std::chrono::milliseconds patience);

private:
  actors::supervisor_parts parts();
  actors::switchboard_actor make_switchboard(actors::io_unit& unit);
  actors::voice_library_actor make_voice_library();
  actors::model_profiles_actor make_model_profiles();
  actors::runtime_controller_parts runtime_parts(const actors::resolver_actor& resolver);
  actors::cluster_parts cluster_parts_of(const actors::resolver_actor& resolver);

  const config::settings& first_;
  const config::environment& variables_;
  instruments& tools_;
  observation& observed_;
  engine& machine_;
  actors::supervisor_actor supervisor_;
};

} // namespace synapse::app
