/// @file
/// The composition root: what there is, in which order it is made, and what signals do to it.
#pragma once

#include "config/environment.hpp"
#include "config/loader.hpp"

#include <memory>
#include <string>

namespace synapse::app {

class application {
public:
  /// @param loaded has settings, and the file that they came from; its warnings are logged.
  /// @param variables the environment, kept for reloads.
  /// @param port_file where to write the port; empty: nowhere.
  application(const config::load_result& loaded, config::origins from,
              config::environment variables, std::string port_file);
  application(const application&) = delete;
  application& operator=(const application&) = delete;
  ~application();

  /// Runs until SIGTERM or SIGINT. @returns the process's exit status.
  int run();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace synapse::app
