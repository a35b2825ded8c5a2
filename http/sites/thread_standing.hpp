/// @file
/// What one I/O thread knows of a catalog's deployments.
#pragma once

#include "http/sites/thread_routes.hpp"
#include "routing/journey/standing.hpp"

namespace synapse::client {

/// On its thread; outlived by the routes. Does not allocate.
class thread_standing final : public routing::standing {
public:
  /// @param now of the thread's clock
  thread_standing(const thread_routes& routes, net::time_ns now) noexcept
      : routes_(routes), now_(now) {}

  routing::place_state of(const routing::deployment& which, routing::kind what) override;

private:
  const thread_routes& routes_;
  net::time_ns now_;
};

} // namespace synapse::client
