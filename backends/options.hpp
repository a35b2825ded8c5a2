#pragma once

#include "backends/backend_host.hpp"

#include <string>
#include <vector>

namespace synapse::backends {

/// What the command line asks for.
struct command_line {
  enum class action { run, help, version, refuse };

  action what = action::run;
  std::string problem; ///< a sentence, if `what` is refuse
  host_options host;
  std::string ports_file; ///< empty: none
  bool log = false;
};

/// @param arguments without the program's name
command_line parse_command_line(const std::vector<std::string>& arguments);

/// @returns the text of `--help`.
std::string help_text();

} // namespace synapse::backends
