/// @file
/// What is known of deployments at the moment of a pick.
#pragma once

#include "routing/failure/verdict.hpp"
#include "routing/names/name_table.hpp"
#include "routing/pick/meter.hpp"

#include <cstddef>
#include <cstdint>

namespace synapse::routing {

struct place_state {
  deployment_meter* meter = nullptr;
  /// Shut out until then by its cell or its backend's; 0: it is not. Half open ones may be asked:
  /// who grants permits knows whether the one request that may try is under way.
  std::int64_t shut_until = 0;
  trouble why = trouble::none; ///< of that
  /// It is half open, and nobody has tried lately: one request is to find out.
  bool wants_probe = false;
  std::int64_t full_until = 0;         ///< its limits are used up until then; 0: they are not
  float headroom = 1;                  ///< of its limits
  std::size_t context = 0;             ///< tokens; 0: not known
  config::capability_set capabilities; ///< as known by now
  std::uint32_t queue = 0;             ///< requests that wait inside the backend, as it says
  bool drained = false;                ///< taken out by hand
};

/// On the asking thread; does not allocate.
class standing {
public:
  standing() = default;
  standing(const standing&) = delete;
  standing& operator=(const standing&) = delete;
  virtual ~standing() = default;

  virtual place_state of(const deployment& which, kind what) = 0;
};

} // namespace synapse::routing
