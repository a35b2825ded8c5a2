#include "app/boot/instruments.hpp"

#include "app/version.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

namespace synapse::app {

instruments::instruments(const config::settings& settings, unsigned threads)
    : log(telemetry::logging_options{.level = settings.process.log_level,
                                     .redact_extra_patterns =
                                         settings.process.terminal_feed.redact_extra_patterns}),
      say(telemetry::make_logger("gateway")), registry(threads), metrics(registry, version),
      access_output(STDOUT_FILENO) {
  spdlog::set_default_logger(telemetry::make_logger("request"));
  for (const auto& problem : log.problems())
    say->warn("{}", problem);
  dropped_lines_.push_back(
      metrics.count_dropped_lines("system", [this] { return log.dropped_lines(); }));
  dropped_lines_.push_back(
      metrics.count_dropped_lines("access", [this] { return access_output.dropped_lines(); }));
}

} // namespace synapse::app
