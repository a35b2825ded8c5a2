/// @file
/// The `SYNAPSE_*` variables: one table, laid over the settings. The environment is a parameter, so
/// that nothing here depends on the process it runs in.
#pragma once

#include "config/settings.hpp"
#include "config/text/config_error.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// Variable → value.
using environment = std::map<std::string, std::string, std::less<>>;

/// Copies a null-terminated array of `NAME=value`, as `environ` is. Not thread-safe against setenv.
environment environment_from(const char* const* variables);

/// One variable the gateway knows.
struct variable {
  std::string_view name;
  std::string_view default_text; ///< "" = unset
  std::string_view description;
  /// Puts `value` into `into`; returns what is wrong with it, "" if nothing. Never repeats a
  /// secret.
  std::string (*apply)(std::string_view value, settings& into);
};

/// All variables, in the order of the documentation.
std::span<const variable> known_variables();

/// Lays `variables` over `into`; an empty variable counts as unset. Returns errors (bad values,
/// which leave `into` as it was in that place) and warnings (unknown `SYNAPSE_*` names, with the
/// nearest known one). Variables that Kubernetes injects for a Service whose name begins with
/// "synapse"
/// (`SYNAPSE_PORT=tcp://…`) are neither used nor reported. Any thread.
std::vector<problem> apply_environment(const environment& variables, settings& into);

} // namespace synapse::config
