/// @file
/// Where the access logs of all I/O threads end up: one file descriptor, never waited for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace synapse::telemetry {

/// Writes whole lines to a descriptor without waiting for its reader. Any thread.
///
/// A pipe or terminal is opened a second time for that, because making the given descriptor
/// non-blocking would change it for every process that shares it. Regular files are written as
/// usual. SIGPIPE is ignored from here on.
class access_log_output {
public:
  /// @param fd e.g. 1; stays the caller's and must stay open as long as this.
  explicit access_log_output(int fd);
  access_log_output(const access_log_output&) = delete;
  access_log_output& operator=(const access_log_output&) = delete;
  ~access_log_output();

  /// Writes lines, each with its line end.
  /// @returns how many bytes are done with: written, or lost because the output failed. The rest
  ///          (whole lines again) did not fit now: offer it again or drop it.
  std::size_t write(std::string_view lines) noexcept;

  /// Counts lines that the caller gives up.
  void drop(std::string_view lines) noexcept;

  /// Waits until the output takes more, or `milliseconds` are over. For the end of the program.
  void wait(int milliseconds) const noexcept;

  /// Lines lost so far.
  std::uint64_t dropped_lines() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
  enum class method { plain, socket, polled };
  long write_some(std::string_view text) noexcept;
  bool write_owed() noexcept;

  int fd_;
  bool own_fd_ = false;
  method method_ = method::plain;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_; ///< one writer at a time; owed_
  std::string owed_; ///< the rest of a line of which a part is written: goes before all others
};

} // namespace synapse::telemetry
