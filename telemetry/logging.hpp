/// @file
/// The system log: asynchronous, bounded, redacted, to stderr. Requests go to the access log.
#pragma once

#include "telemetry/log_redactor.hpp"
#include "telemetry/log_sink.hpp"

#include <spdlog/logger.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::telemetry {

struct logging_options {
  std::string level = "INFO";        ///< as SYNAPSE_LOG_LEVEL; unknown texts mean INFO
  std::string redact_extra_patterns; ///< `||`-separated regular expressions
  std::size_t queue_lines = 2048;    ///< lines that may wait to be written; older ones give way
  std::size_t max_line_bytes = 8192; ///< of a message; what is longer is cut
  int fd = 2;                        ///< where lines are written; stays the caller's
};

/// The running log of the process; at most one exists. Loggers write
/// `2026-11-21T05:20:00.123Z INFO  [source] message` through one thread of its own. An I/O thread
/// that logs pays for formatting and a short lock; it never waits for the output. Lines are written
/// at once from WARNING up, the others at least every second. A broken output never ends the
/// process: SIGPIPE is ignored from here on.
class log_system {
public:
  explicit log_system(const logging_options& options);
  log_system(const log_system&) = delete;
  log_system& operator=(const log_system&) = delete;
  /// Writes what is queued, then silences every logger.
  ~log_system();

  /// Adds a reader of all lines from now on. Any thread.
  void add_sink(std::shared_ptr<log_sink> sink);
  /// Changes the level of all loggers; false (and no change) for an unknown text. Any thread.
  bool set_level(std::string_view level);
  /// Writes what was logged before the call; returns when it is written. Any thread but the log's.
  void flush();
  /// Lines lost because the queue was full or the output failed.
  std::uint64_t dropped_lines() const;
  /// What was wrong with the options: an unknown level, invalid patterns. Empty when all is well.
  const std::vector<std::string>& problems() const noexcept { return problems_; }

private:
  std::vector<std::string> problems_;
};

/// The logger of a part of the program, made on first use; keep it. Sources are names in the code,
/// a few dozens. Without a running log_system its lines are discarded. Any thread.
std::shared_ptr<spdlog::logger> make_logger(std::string_view source);

} // namespace synapse::telemetry
