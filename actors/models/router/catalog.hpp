/// @file
/// What a llama.cpp router says about its models (GET /models of `llama-server` in router mode).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::models {

/// Whether the router can answer with a model. A sleeping one is as good as loaded: it wakes up by
/// itself at the next request.
enum class router_state : std::uint8_t { unloaded, loading, loaded, sleeping, unloading, failed };

std::string_view to_string(router_state state) noexcept;

struct router_model {
  std::string id; ///< what the router wants to be asked for
  router_state state = router_state::unloaded;
  std::optional<double> progress;       ///< of a load, 0 to 1, where the router tells
  int exit_code = 0;                    ///< of `failed`
  std::optional<std::int64_t> ctx_size; ///< from its arguments
  std::vector<std::string> parts;       ///< of a split model: the ids of all files; else empty
};

/// A model in files `base-00001-of-00003.gguf` …: `base`, number and count. Nothing for other
/// names.
struct split_name {
  std::string_view base;
  unsigned part = 0;
  unsigned parts = 0;
};
std::optional<split_name> split_of(std::string_view id) noexcept;

struct catalog {
  /// False when the list has no `status`: the server is no router (or an unknown one), and there is
  /// nothing to load.
  bool is_router = false;
  std::map<std::string, router_model, std::less<>> models; ///< by the name that clients use
  std::map<std::string, std::string, std::less<>> aliases; ///< further names → key of `models`

  /// The key of `models` for a name that a client used; null: nobody knows it.
  const std::string* find(std::string_view name) const;
};

/// Reads an answer of GET /models. Parts of a split model become one entry whose name is the base:
/// its state is that of any part that is loaded, else sleeping, else loading, else unloading, else
/// failed, else unloaded.
/// @returns nothing, and why in `problem`, for what is no model list. Entries that are none are
/// left out.
std::optional<catalog> parse_catalog(std::string_view json, std::string& problem);

/// The value after `--ctx-size` (or `-c`, or in `--ctx-size=N`) in a list of arguments.
std::optional<std::int64_t> ctx_size_in(const std::vector<std::string>& args);

} // namespace synapse::models
