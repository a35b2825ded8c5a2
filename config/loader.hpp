/// @file
/// The configuration file → settings.
#pragma once

#include "config/environment.hpp"
#include "config/litellm/fragment.hpp"
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
  std::vector<std::string> derived_routes;  ///< paths that append_derived_routes() added
  std::vector<named_variable> variables;    ///< that the file refers to
  std::vector<std::string> files;           ///< that were read besides the first one
  std::optional<litellm::fragment> litellm; ///< what came from a file of LiteLLM's
  explicit operator bool() const { return value.has_value(); }
};

/// Where settings come from. At least one of the files is named.
struct origins {
  std::string file;    ///< our own; empty = all that it could say is as by default
  std::string litellm; ///< LiteLLM's, besides or instead of the key `litellm` of our own
  /// The one whose changes are looked for: our own, if there is one.
  const std::string& first() const { return file.empty() ? litellm : file; }
  bool operator==(const origins&) const = default;
};

/// What a text refers to: with it, a LiteLLM file that it names is read.
struct surroundings {
  const environment& variables;
  litellm::file_reader files;
};

/// Reads the registry from `text`; `file_name` only names it in problems. Everything that is wrong
/// is reported at once, ranges and cross-field rules included. What the text leaves out gets its
/// default, timeouts by what the backend is used for, and routes for the API's own paths to the
/// backends of the conventional names, or to those that can be nothing else. `process` keeps its
/// defaults. A file of LiteLLM's that the text names is not read: then rules across settings are
/// not checked. Pure; any thread.
load_result load_text(std::string_view text, const std::string& file_name);

/// The same with a file of LiteLLM's, if there is one. `text` is that of `from.first()`; a relative
/// name in it is looked for beside it. Pure but for `around.files`.
load_result load_text(std::string_view text, const origins& from, const surroundings& around);

/// load_text() of the file at `path`; a file that cannot be read is a problem. Blocks for disk I/O.
load_result load_file(const std::string& path);

/// Reads files from the disk, as far as a configuration may be long.
litellm::file_reader disk_reader();

/// Overlays `variables` on what was loaded and adds the problems of both; a variable with a key
/// that the file names has to be set. What a reload calls with the text a file_watcher handed out.
load_result with_environment(load_result loaded, const environment& variables);

/// The file that the environment names.
std::string file_of(const environment& variables);

/// Where the program's configuration is: what the command line names, else what the environment
/// does. A file of LiteLLM's alone is a complete configuration.
origins origins_of(const environment& variables, const std::optional<std::string>& file,
                   const std::optional<std::string>& litellm);

/// The text of `from.first()` → settings, as at start and at each reload: with the environment laid
/// over them and `process.config_path` as the file that was read.
load_result load(std::string_view text, const origins& from, const environment& variables,
                 const litellm::file_reader& files);

/// What the program does at start. Blocks for disk I/O.
load_result load(const origins& from, const environment& variables);

/// With the file that the environment names, unless `path` does.
load_result load(const environment& variables, const std::optional<std::string>& path = {});

} // namespace synapse::config
