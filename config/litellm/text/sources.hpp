/// @file
/// A LiteLLM file and those it includes, taken apart into sections.
#pragma once

#include "config/litellm/text/context.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace synapse::config::litellm {

/// The sections of all files together: lists one behind the other; of keys the last one.
struct document {
  std::vector<spot> models;      ///< entries of `model_list`
  std::vector<spot> credentials; ///< entries of `credential_list`
  std::vector<spot> router;      ///< keys of `router_settings`
  std::vector<spot> litellm;     ///< keys of `litellm_settings`
  std::vector<spot> general;     ///< keys of `general_settings`
  std::vector<std::string> files;
  bool is_read = false; ///< false: the file itself is no YAML
};

/// Reads `text`, what it includes (through `files`, by paths from the folder of `file`) and
/// `environment_variables`; variables that are named and not set are reported. What is wrong with
/// the YAML itself goes to `problems`.
document gather(std::string_view text, const std::string& file, const file_reader& files,
                context& say, problem_list& problems);

/// `path` as seen from the folder of `file`.
std::string beside(const std::string& file, const std::string& path);

} // namespace synapse::config::litellm
