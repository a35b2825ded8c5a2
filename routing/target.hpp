/// @file
/// Where requests can go.
#pragma once

#include <cstdint>

namespace synapse::routing {

/// A backend of one configuration: its place among them in order of their names.
using backend_place = std::uint32_t;

/// One place that a request may be sent to.
struct target {
  backend_place backend = 0;

  friend bool operator==(const target&, const target&) = default;
};

} // namespace synapse::routing
