/// @file
/// The configuration in force, and what becomes of a new one.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"
#include "app/boot/instruments.hpp"
#include "app/observation/observation.hpp"
#include "config/environment.hpp"
#include "config/loader.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace synapse::app {

/// Main thread only.
class configuration {
public:
  struct receivers {
    /// Hands settings to all who use them; false when they could not take them, which was told.
    std::function<bool(const actors::settings_ptr&)> apply;
    /// All use them.
    std::function<void(const config::settings&)> applied;
    /// What else is to be looked at for changes, whether it could be used or not.
    std::function<void(const std::vector<std::string>& files)> follow;
  };

  /// @param first settings of the start. @param from their files. @param variables the
  /// environment, which new settings get, too. @param observed remembers reloads. All outlive this.
  configuration(const config::settings& first, config::origins from,
                const config::environment& variables, instruments& tools, observation& observed,
                receivers give);

  /// In force.
  const actors::settings_ptr& settings() const noexcept { return settings_; }
  /// Says what is wrong with a configuration or was derived from it; what stops nothing only once.
  void tell(const config::load_result& loaded);
  /// Puts the file's new text into force if there is nothing wrong with it.
  void take_over(const std::string& text);
  /// The file was to be read anew and could not be.
  void unreadable();

private:
  void tell_what_cannot_change(const config::settings& fresh);
  void note(telemetry::reload_result result, std::vector<std::string> problems);

  const config::origins from_;
  const config::environment& variables_;
  instruments& tools_;
  observation& observed_;
  const receivers give_;
  actors::settings_ptr settings_;
  std::set<std::string> told_; ///< warnings and notes
};

} // namespace synapse::app
