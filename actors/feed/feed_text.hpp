/// @file
/// What viewers read of a line, and what is done to a line that another process has sent.
#pragma once

#include "actors/protocol/feed_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::telemetry {
class log_redactor;
}

namespace synapse::feed {

/// Longest names of instances and sources that are kept, in bytes.
inline constexpr std::size_t max_name_bytes = 128;

/// Leaves at most `max_chars` characters (Unicode code points) of a text that is UTF-8; a cut is
/// told at the end, beyond them.
void cut_line(std::string& text, std::size_t max_chars);

/// Makes an event of another process harmless: known levels, bounded names, no control characters,
/// no secrets, at most `max_chars` characters.
void sanitize(actors::feed_event& event, const telemetry::log_redactor& redactor,
              std::size_t max_chars);

/// The `id` of an event: which process's ring, the line's place in it, and when it was logged.
std::string event_id(std::uint64_t ring, std::uint64_t position, std::int64_t time_us);

struct resume_point {
  std::uint64_t ring = 0;
  std::uint64_t position = 0;
  std::int64_t time_us = 0; ///< to the millisecond
};
/// Reads `Last-Event-ID`; nothing when it is none of ours.
std::optional<resume_point> parse_event_id(std::string_view text);

/// The whole `event: log` as the API page has it, its empty line included.
std::string render_event(const actors::feed_event& event, std::string_view id);

} // namespace synapse::feed
