/// @file
/// A graphics card as it is configured, with what its backends are reached by.
#pragma once

#include "actors/protocol/actor_interfaces.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace synapse::actors {

struct gpu_card {
  struct member {
    config::backend_settings settings;
    backend_actor control; ///< knows the backend's addresses
    http_link_actor link;  ///< to the backend; null where it is not told anything
    std::string bearer;    ///< the backend's own key; never logged
  };
  std::string name;
  /// The same for all replicas that mean the same card by this name, which is each machine's own
  /// where a backend is reached at a loopback address.
  std::uint64_t place = 0;
  config::gpu_settings settings;
  config::model_settings turns; ///< how long turns are and how long one may wait
  std::vector<member> members;  ///< by name
};

} // namespace synapse::actors
