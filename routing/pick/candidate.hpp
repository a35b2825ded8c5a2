/// @file
/// What a pick looks at.
#pragma once

#include "config/catalog_settings.hpp"
#include "routing/pick/meter.hpp"
#include "routing/pick/random.hpp"

#include <cstdint>

namespace synapse::routing {

using config::pick_strategy;

/// One deployment that a request may go to.
struct candidate {
  deployment_meter* meter = nullptr; ///< null: never picked. Lives longer than the pick
  double weight = 1;                 ///< share in its tier; 0: never picked
  double cost = 0;                   ///< per million tokens
  std::uint64_t id_hash = 0;         ///< `deployment_hash` of its id
  float headroom = 1;                ///< of its limits, 0 (nothing left) to 1
  std::uint32_t tier = 1;            ///< lower ones first
};

/// For whom a pick is.
struct pick_question {
  random_source& random; ///< of the asking thread
  pick_strategy strategy = pick_strategy::adaptive;
  std::uint64_t affinity = 0; ///< `affinity_key` of the request; 0: goes anywhere
  std::uint8_t prompt_class = 0;
  unsigned thread = 0; ///< the asking one, as the meters number them
  std::int64_t now = 0;
};

} // namespace synapse::routing
