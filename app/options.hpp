/// @file
/// The command line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace synapse::app {

struct options {
  enum class action { run, check_config, probe, help, version, refuse };
  action what = action::run;
  std::optional<std::string> config_path; ///< --config, or the argument of --check-config
  std::optional<std::string> litellm;     ///< --litellm
  std::string port_file;                  ///< --port-file
  std::string probe_path;                 ///< of --probe: "/livez" or "/readyz"
  std::string problem;                    ///< for refuse: what is wrong
};

/// Reads the arguments after the program's name.
options parse_options(std::span<const std::string_view> arguments);

/// Text of --help.
std::string help_text();

} // namespace synapse::app
