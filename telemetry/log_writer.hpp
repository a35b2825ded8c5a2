/// @file
/// The bounded queue behind all loggers and the thread that empties it. See logging.hpp.
#pragma once

#include "telemetry/log_redactor.hpp"
#include "telemetry/log_sink.hpp"

#include <spdlog/sinks/sink.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace synapse::telemetry {

struct log_writer_limits {
  std::size_t queue_lines = 2048;
  std::size_t max_line_bytes = 8192;
};

/// Takes lines from any thread and writes them from one of its own. Lines wait in a queue bounded
/// in number and each in length; when it is full the oldest is lost. (spdlog's own asynchronous
/// logger bounds the number only and would hold whatever length a line has.)
class log_writer final : public spdlog::sinks::sink {
public:
  log_writer() = default;
  ~log_writer() override { stop(); }

  /// Starts the thread. @returns false when it is running already.
  bool start(int fd, log_redactor redactor, log_writer_limits limits);
  /// Writes what is queued and ends the thread. Later lines are discarded.
  void stop();

  void log(const spdlog::details::log_msg& message) override;
  /// Asks for what was logged before to be written soon; does not wait.
  void flush() override;
  /// Waits until everything logged before is written or lost. Not in the log's own thread.
  void wait_until_written();
  void set_pattern(const std::string&) override {} // the form of lines is fixed
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void add_reader(std::shared_ptr<log_sink> reader);
  std::uint64_t dropped_lines() const;

private:
  struct entry {
    std::uint64_t number; ///< counts all lines ever queued
    std::chrono::system_clock::time_point time;
    log_level level;
    std::string source;
    std::string message;
    std::size_t cut; ///< bytes of the message that were left out
  };

  void run();
  void handle(const entry& line, const std::vector<std::shared_ptr<log_sink>>& readers);
  void write_out();

  mutable std::mutex mutex_; ///< all up to readers_
  std::condition_variable wake_;
  std::condition_variable written_;
  std::deque<entry> queue_;
  std::uint64_t last_number_ = 0;
  std::uint64_t written_number_ = 0; ///< lines up to this one are written or lost
  std::uint64_t flush_number_ = 0;   ///< somebody waits for this one
  std::uint64_t dropped_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  log_writer_limits limits_;
  std::vector<std::shared_ptr<log_sink>> readers_;

  std::thread thread_;
  int fd_ = -1; ///< from here on: the thread's own while it runs
  log_redactor redactor_;
  std::string text_; ///< lines not yet written
  std::chrono::steady_clock::time_point text_since_{};
  std::string message_; ///< scratch
};

} // namespace synapse::telemetry
