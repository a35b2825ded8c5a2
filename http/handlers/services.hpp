/// @file
/// What handlers need besides the request; made once, shared by all threads.
#pragma once

#include "http/net/blocking_pool.hpp"
#include "http/server/worker.hpp"

#include <string>

namespace synapse::telemetry {
class metric_registry;
}

namespace synapse::handlers {

struct services {
  const server::lifecycle* life = nullptr;
  telemetry::metric_registry* metrics = nullptr;
  net::blocking_pool* blocking = nullptr; ///< for files
  std::string version;
  std::string openapi; ///< the document, rendered
  std::string docs;    ///< the page, rendered
};

} // namespace synapse::handlers
