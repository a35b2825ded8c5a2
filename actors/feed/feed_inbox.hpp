/// @file
/// From the log's thread to the actor of the terminal feed.
#pragma once

#include "actors/protocol/feed_messages.hpp"
#include "telemetry/log_sink.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

namespace synapse::feed {

/// Reads every line of the log and keeps it until the feed takes it: one message wakes the feed,
/// however many lines come until it runs. Holds a bounded number of lines; beyond it the oldest are
/// lost and counted.
class feed_inbox final : public telemetry::log_sink {
public:
  static constexpr std::size_t default_lines = 10'000;

  explicit feed_inbox(std::size_t max_lines = default_lines) : max_lines_(max_lines) {}

  /// From now on `wake` is called when the first line lies here; at once if one does. Called on
  /// any thread, one call at a time. Lines that came before are kept.
  void on_first_line(std::function<void()> wake);
  /// Nobody reads any more: lines are forgotten, and so is who was woken.
  void close();

  void on_line(const telemetry::log_line& line) override;

  /// Takes lines of an access log (see telemetry::access_log), each with its line end: as lines of
  /// the source `access`, at most `requests_per_second` of all threads together, and one line that
  /// says how many were left out. What the dashboard and probes ask is left out. Their secrets are
  /// still in them. Any thread.
  void add_requests(std::string_view lines, std::chrono::system_clock::time_point now);
  static constexpr std::string_view access_source = "access";
  static constexpr unsigned requests_per_second = 200;

  /// What has come, oldest first, without numbers, origin and instance; the next line wakes again.
  /// Any thread.
  std::vector<actors::feed_event> take();

  /// Lines lost because nobody took them in time. Any thread.
  std::uint64_t dropped() const;

private:
  const std::size_t max_lines_;
  mutable std::mutex mutex_;
  std::vector<actors::feed_event> lines_; ///< a ring once it is full
  std::size_t oldest_ = 0;
  std::uint64_t dropped_ = 0;
  void add(actors::feed_event event);

  std::int64_t second_ = 0; ///< that `requests_` and `left_out_` belong to
  unsigned requests_ = 0;
  std::uint64_t left_out_ = 0;
  std::function<void()> wake_;
  bool closed_ = false;
};

} // namespace synapse::feed
