/// @file
/// What is served: the routes with their handlers, and what these need.
#pragma once

#include "app/boot/instruments.hpp"
#include "app/observation/observation.hpp"
#include "config/settings.hpp"
#include "http/api/operations/openapi_text.hpp"
#include "http/net/blocking_pool.hpp"
#include "http/server/connection/worker.hpp"
#include "http/server/routes/route_table.hpp"

namespace synapse::app {

/// Made before the I/O threads, which share it, and destroyed after them. Members in order of
/// construction.
struct surface {
  /// @param first settings of the start. Both outlive this.
  surface(const config::settings& first, instruments& tools);

  server::lifecycle life;
  net::blocking_pool blocking{2};
  api::openapi_text described;
  observation observed;
  server::route_table table;
};

} // namespace synapse::app
