/// @file
/// What a reader of the log gets, without spdlog.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace synapse::telemetry {

enum class log_level : std::uint8_t { debug, info, warning, error, critical };

/// "DEBUG", "INFO", "WARNING", "ERROR" or "CRITICAL".
std::string_view to_string(log_level level);

/// The level of a text like "INFO" or "info"; nothing when it is none of the five.
std::optional<log_level> parse_log_level(std::string_view text);

/// One line; the views live until `on_line` returns.
struct log_line {
  std::chrono::system_clock::time_point time;
  log_level level;
  std::string_view source;  ///< name of the logger, e.g. "router"
  std::string_view message; ///< redacted, escaped, without line ends
};

/// Gets every line that is logged, e.g. to feed a terminal view.
class log_sink {
public:
  virtual ~log_sink() = default;
  /// Called in the log's own thread, one call at a time. Must not block for long (lines queue up
  /// and the oldest are dropped) and must not log.
  virtual void on_line(const log_line& line) = 0;
};

} // namespace synapse::telemetry
