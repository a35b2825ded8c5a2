/// @file
/// What became of the configuration's reloads, for people.
#pragma once

#include "telemetry/metric_labels.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace synapse::telemetry {

struct reload_note {
  std::int64_t at_ms = 0; ///< milliseconds since 1970
  reload_result result = reload_result::applied;
  std::vector<std::string> problems; ///< rendered: file, line, key, what is wrong
};

/// The last reloads. Any thread.
class reload_history {
public:
  static constexpr std::size_t max_notes = 20;

  void add(reload_note note) {
    const std::lock_guard lock{mutex_};
    notes_.push_front(std::move(note));
    if (notes_.size() > max_notes)
      notes_.pop_back();
  }
  /// The newest first.
  std::vector<reload_note> all() const {
    const std::lock_guard lock{mutex_};
    return {notes_.begin(), notes_.end()};
  }

private:
  mutable std::mutex mutex_;
  std::deque<reload_note> notes_;
};

} // namespace synapse::telemetry
