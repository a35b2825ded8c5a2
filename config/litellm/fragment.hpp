/// @file
/// What a LiteLLM file says, in our own settings.
#pragma once

#include "config/settings.hpp"
#include "config/values/values.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config::litellm {

/// The text of the file at a path, or why there is none. May block for disk I/O.
using file_reader = std::function<parsed<std::string>(const std::string& path)>;

/// Where a setting of ours stands in a LiteLLM file.
struct place {
  std::string file;
  std::size_t line = 0;
  std::string key; ///< the file's own
  bool operator==(const place&) const = default;
};

/// The part of the settings that a LiteLLM file can speak of. What it is silent about has its
/// default.
struct fragment {
  std::vector<backend_settings> backends; ///< in the order of their first use
  std::vector<catalog_model> catalog;     ///< in the order of the file
  fallback_settings fallbacks;
  routing_settings routing;
  /// Key of ours (`backends.a`, `catalog.b.deployments[0].timeouts.total`) → where it comes from.
  /// Holds each key that the file decides.
  std::map<std::string, place, std::less<>> places;
  std::vector<std::string> files; ///< that were read: the file itself, then those it includes
  /// Keys of ours (`catalog.b.deployments[0].headers.X`) whose values came from the environment:
  /// they may be secrets.
  std::set<std::string, std::less<>> from_environment;

  /// Where `key` or the nearest key around it stands; null when the file does not speak of it.
  const place* place_of(std::string_view key) const {
    while (!key.empty()) {
      if (const auto found = places.find(key); found != places.end())
        return &found->second;
      const auto cut = key.find_last_of(".[");
      key = key.substr(0, cut == std::string_view::npos ? 0 : cut);
    }
    return nullptr;
  }
};

/// `catalog.NAME.deployments[INDEX]`.
inline std::string deployment_key(std::string_view name, std::size_t index) {
  return "catalog." + std::string{name} + ".deployments[" + std::to_string(index) + "]";
}

} // namespace synapse::config::litellm
