/// @file
/// The keys of `litellm_params`.
#pragma once

#include "config/litellm/parts/entry.hpp"

#include <optional>
#include <string>
#include <vector>

namespace synapse::config::litellm {

/// What they say, before provider and backend are known.
struct params {
  std::optional<std::string> model;
  std::string custom_provider;
  std::optional<spot> base; ///< `api_base`
  std::optional<spot> key;  ///< `api_key`
  std::string api_version;
  bool verify = true;
  std::optional<unsigned> retries;     ///< `num_retries`
  std::optional<unsigned> sdk_retries; ///< `max_retries`
};

/// Reads `keys` into `into` and `found`; false when one of them makes the entry unusable, which was
/// reported.
bool read_params(const std::vector<spot>& keys, params& found, model_entry& into, context& say);

} // namespace synapse::config::litellm
