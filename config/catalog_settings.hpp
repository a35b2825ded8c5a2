/// @file
/// Names of models and where their requests may go: `catalog`, `fallbacks`, `routing`, `gpus`.
#pragma once

#include "config/timeout_settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::config {

/// What a model can do. Names as in the key `capabilities`.
enum class capability : std::uint8_t {
  chat,
  completions,
  responses,
  embeddings,
  rerank,
  speech,
  transcription,
  vision,
  audio_in,
  tools,
  json_schema,
  reasoning,
  count_ ///< number of enumerators
};
/// The text of the key, e.g. "json_schema".
std::string_view to_string(capability what) noexcept;

/// In the order of the enumerators.
inline constexpr auto all_capabilities = [] {
  std::array<capability, static_cast<std::size_t>(capability::count_)> all{};
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<capability>(i);
  return all;
}();
/// Those that are kinds of requests. The others, from the first on, are what a request may need.
inline constexpr std::span<const capability> all_kinds{
    all_capabilities.data(), static_cast<std::size_t>(capability::vision)};

/// What is known about capabilities; what is in neither set is not known.
struct capability_set {
  std::uint16_t yes = 0; ///< a bit for each enumerator
  std::uint16_t no = 0;

  static constexpr std::uint16_t bit(capability what) noexcept {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(what));
  }
  constexpr bool has(capability what) const noexcept { return (yes & bit(what)) != 0; }
  constexpr bool lacks(capability what) const noexcept { return (no & bit(what)) != 0; }
  bool operator==(const capability_set&) const = default;
};

/// How one of several deployments of a tier is picked. Names as in the key `strategy`.
enum class pick_strategy : std::uint8_t { adaptive, shuffle, least_busy, p2c, usage, cheapest };
std::string_view to_string(pick_strategy what) noexcept;

/// What keeps requests of one conversation together: the beginning of its prompt (or the session
/// that it names), only the session that it names, or nothing.
enum class affinity_rule : std::uint8_t { prefix, session, none };
std::string_view to_string(affinity_rule what) noexcept;

/// One backend that serves a name, under the name that its model has there.
struct deployment_settings {
  std::string id; ///< `backend/model` unless the file says otherwise
  std::string backend;
  std::string model;         ///< each `*` stands for what the name's stars have matched, in order
  unsigned order = 1;        ///< tier; lower ones first
  double weight = 1;         ///< share within its tier; 0 = only by id
  unsigned rpm = 0;          ///< requests per minute; 0 = no limit
  std::size_t tpm = 0;       ///< tokens per minute; 0 = no limit
  unsigned max_requests = 0; ///< at once; 0 = no limit but the backend's
  std::vector<std::string> tags;
  double cost_input = 0;   ///< per million tokens
  double cost_output = 0;  ///< per million tokens
  std::size_t context = 0; ///< tokens; 0 = as discovered
  capability_set capabilities;
  /// Fields that are filled in where a request leaves them out, and their values as JSON.
  std::map<std::string, std::string, std::less<>> defaults;
  std::map<std::string, std::string, std::less<>> headers; ///< further ones, by name
  timeout_settings timeouts; ///< the backend's, with what the file says here laid over
  unsigned attempts = 0;     ///< of one request at most; 0 = as in `routing`
  unsigned failures = 0;     ///< consecutive ones that take it out; 0 = as in `routing`
  milliseconds cooldown{0};  ///< 0 = as in `routing`
  bool operator==(const deployment_settings&) const = default;
};

/// When a tier is left although it could take more.
struct spill_settings {
  milliseconds wait{2'000}; ///< for a permit
  unsigned queue = 8;       ///< requests that wait inside the backend
  bool operator==(const spill_settings&) const = default;
};

struct catalog_model {
  std::string name; ///< each `*` matches any text
  std::vector<std::string> aliases;
  std::vector<deployment_settings> deployments;
  pick_strategy strategy = pick_strategy::adaptive;
  affinity_rule affinity = affinity_rule::prefix;
  bool hidden = false; ///< not in lists of models
  spill_settings spill;
  bool is_pattern() const noexcept { return name.find('*') != std::string::npos; }
  bool operator==(const catalog_model&) const = default;
};

using name_lists = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Names whose deployments are asked when those of another name have failed.
struct fallback_settings {
  name_lists any;     ///< after failures that are not the client's
  name_lists context; ///< when the prompt is too long; `any` where a name has none here
  name_lists policy;  ///< when the content was refused; `any` where a name has none here
  std::vector<std::string> defaults; ///< after `any` of each name; key `default`
  bool operator==(const fallback_settings&) const = default;
};

/// How a deployment is taken out after failures and let in again; its backend's own circuit breaker
/// is about connections.
struct cell_settings {
  unsigned failures = 5; ///< consecutive ones that take it out
  double rate = 0.5;     ///< or this share of failures within `window`
  unsigned results = 10; ///< of at least so many
  milliseconds window{10'000};
  milliseconds cooldown{1'000}; ///< until one request may try; doubles to `max_cooldown`
  milliseconds max_cooldown{60'000};
  bool operator==(const cell_settings&) const = default;
};

struct routing_settings {
  /// A request's first byte of an answer may take so long over all attempts; 0 = no limit.
  milliseconds deadline{600'000};
  unsigned attempts = 3;            ///< of one request at most
  unsigned hops = 5;                ///< from name to name at most
  double retry_ratio = 0.1;         ///< further attempts per request of a name, over 10 s
  unsigned retry_floor = 10;        ///< further attempts of a name in 10 s that are always allowed
  bool wait_when_exhausted = false; ///< key `on_exhausted`: `fail` or `wait`
  bool rewrite_model = false;       ///< answers have the client's name of the model
  bool any_tag = false;             ///< one of a request's tags is enough
  bool hedge = false;               ///< a second embedding or rerank request after p95 of the first
  cell_settings cell;
  bool operator==(const routing_settings&) const = default;
};

/// One graphics card (or several that are used as one).
struct gpu_settings {
  std::size_t vram = 0;                       ///< bytes
  std::size_t reserve = std::size_t{1} << 30; ///< of these, never given to a model
  /// Backends of which never two are awake at once.
  std::vector<std::vector<std::string>> exclusive;
  milliseconds min_awake{30'000}; ///< before another model may take its place
  bool operator==(const gpu_settings&) const = default;
};

} // namespace synapse::config
