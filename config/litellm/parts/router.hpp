/// @file
/// The keys of `router_settings`, `litellm_settings` and `general_settings`.
#pragma once

#include "config/litellm/fragment.hpp"
#include "config/litellm/text/context.hpp"
#include "config/litellm/text/sources.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace synapse::config::litellm {

/// A name, and those that are asked in its place.
struct fallback_rule {
  spot at;
  std::string name; ///< `*`: every one
  std::vector<std::string> others;
};

struct alias_rule {
  spot at;
  std::string name;
  std::string model;
  bool hidden = false;
};

/// What holds for all entries of `model_list`.
struct router_rules {
  std::optional<pick_strategy> strategy;
  std::optional<milliseconds> total;
  std::optional<milliseconds> first_token;
  unsigned max_requests = 0; ///< where an entry says nothing
  bool tags = false;         ///< whether tags of requests choose deployments
  std::vector<fallback_rule> any;
  std::vector<fallback_rule> context;
  std::vector<fallback_rule> policy;
  std::vector<fallback_rule> defaults; ///< names are empty
  std::vector<alias_rule> aliases;
};

/// Reads them; what our `routing` has a key for goes into `all`.
router_rules read_router(const document& from, fragment& all, context& say);

} // namespace synapse::config::litellm
