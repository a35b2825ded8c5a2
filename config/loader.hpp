/// @file
/// The configuration file → settings.
#pragma once

#include "config/environment.hpp"
#include "config/settings.hpp"
#include "config/text/config_error.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// An environment variable whose value is a key or a secret, and where the file names it.
struct named_variable {
  std::string name;
  std::string file;
  std::size_t line = 0;
  std::string key;
};

/// Settings, or the reasons why there are none. `value` is set exactly when `problems` has no
/// error; warnings may stand beside it.
struct load_result {
  std::optional<settings> value;
  std::vector<problem> problems;
  std::vector<std::string> derived_routes; ///< paths that append_derived_routes() added
  std::vector<named_variable> variables;   ///< that the file refers to
  explicit operator bool() const { return value.has_value(); }
};

/// Reads the registry from `text`; `file_name` only names it in problems. Everything that is wrong
/// is reported at once, ranges and cross-field rules included. What the text leaves out gets its
/// default, timeouts by what the backend is used for, and routes for the API's own paths to the
/// backends of the conventional names, or to those that can be nothing else. `process` keeps its
/// defaults. Pure; any thread.
load_result load_text(std::string_view text, const std::string& file_name);

/// load_text() of the file at `path`; a file that cannot be read is a problem. Blocks for disk I/O.
load_result load_file(const std::string& path);

/// Overlays `variables` on what was loaded and adds the problems of both; a variable with a key
/// that the file names has to be set. What a reload calls with the text a file_watcher handed out.
load_result with_environment(load_result loaded, const environment& variables);

/// The file that the environment names.
std::string file_of(const environment& variables);

/// What the program does at start: the environment says where the file is, unless `path` does; the
/// file is loaded and the environment laid over it. `process.config_path` is the file that was
/// read.
load_result load(const environment& variables, const std::optional<std::string>& path = {});

} // namespace synapse::config
