#pragma once

#include "backends/options.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace synapse::backends {

/// What is gathered from the options before the services are put together.
struct gathered_options {
  command_line result;
  std::optional<std::uint16_t> embed_port = 8081;
  std::optional<std::uint16_t> router_port = 8082;
  llama_embed_options embed;
  llama_router_options router;
  std::vector<misbehavior> embed_wrong;
  std::vector<misbehavior> router_wrong;
};

/// One option of the command line.
struct option_row {
  std::string name;
  std::string value; ///< name of the value in the help, empty for a switch
  std::string help;
  /// Takes the value in; returns a sentence if it is a bad one.
  std::function<std::string(gathered_options&, const std::string&)> read;
};

/// @returns every option, in the order of the help.
std::vector<option_row> all_options();

} // namespace synapse::backends
