/// @file
/// Lines of the terminal feed on their way from the log to viewers, on every replica.
#pragma once

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace synapse::actors {

/// One line of the log. Its texts have no secrets any more and are valid UTF-8 without control
/// characters when they come from this process; from another one they are checked first.
struct feed_event {
  std::string instance;     ///< name of the replica, for people; two may have the same
  std::uint64_t origin = 0; ///< drawn at random when that process started
  std::uint64_t number = 0; ///< counts the lines of that origin from 1, without gaps
  std::int64_t time_us = 0; ///< microseconds since 1970, by the clock of the origin
  std::uint8_t level = 0;   ///< telemetry::log_level
  std::string source;       ///< name of the logger
  std::string message;

  feed_event() = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, feed_event& x) {
  return f(caf::meta::type_name("feed_event"), x.instance, x.origin, x.number, x.time_us, x.level,
           x.source, x.message);
}

/// Lines in the order in which they were logged; never null.
using feed_batch_ptr = std::shared_ptr<const std::vector<feed_event>>;

/// A line as viewers get it, the same bytes for all of them.
struct feed_line {
  std::uint64_t position = 0; ///< counts the lines of this process's ring from 1, without gaps
  std::int64_t time_us = 0;
  std::uint8_t level = 0;
  std::string source;
  std::string event; ///< the whole server-sent event, its empty line included
};

using feed_line_ptr = std::shared_ptr<const feed_line>;
/// In order of their positions, without gaps; never null.
using feed_lines_ptr = std::shared_ptr<const std::vector<feed_line_ptr>>;

} // namespace synapse::actors
