/// @file
/// What the gateway tells of itself with: logs and metrics.
#pragma once

#include "config/settings.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/gateway_metrics.hpp"
#include "telemetry/logging.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <vector>

namespace synapse::app {

/// Made before all else and ended after it. Any thread, but for making and ending.
struct instruments {
  /// Lines of libraries that know no logger of their own go to the log, too, from here on.
  /// @param threads number of I/O threads
  instruments(const config::settings& settings, unsigned threads);

  telemetry::log_system log;
  const std::shared_ptr<spdlog::logger> say; ///< in the gateway's own name
  telemetry::metric_registry registry;
  telemetry::gateway_metrics metrics;
  telemetry::access_log_output access_output;

private:
  std::vector<telemetry::callback_registration> dropped_lines_;
};

} // namespace synapse::app
