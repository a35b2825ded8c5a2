/// @file
/// Lines of the terminal feed as messages between replicas: one JSON object each,
/// `{"v":1,"instance":"…","origin":"16 hex digits","number":1,"time_us":0,"level":"INFO",
/// "source":"…","message":"…"}`. Fields that are not known are ignored. Pure functions, any thread.
#pragma once

#include "actors/protocol/feed_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::actors {

inline constexpr std::int64_t feed_wire_version = 1;

/// Larger messages are neither sent nor read.
inline constexpr std::size_t largest_feed_message = 64 * 1024;

/// The message, in UTF-8: bytes that are none become U+FFFD. A line that would make the message too
/// large has its message cut. Empty when even that does not help (a name of 64 KiB).
std::string encode_feed_event(const feed_event& event);

enum class feed_wire_fault : std::uint8_t {
  none,
  garbage,       ///< no JSON object, or one without what belongs to it
  oversize,      ///< above largest_feed_message
  other_version, ///< of a replica that speaks another version
};

struct decoded_feed_event {
  feed_wire_fault fault = feed_wire_fault::none;
  feed_event event; ///< with a fault: no more than the origin, 0 when that is not known either
  std::int64_t version = 0;

  decoded_feed_event() = default;
};

/// Reads a message, whoever sent it. Bytes that are no UTF-8 become U+FFFD. The texts are not
/// checked any further.
decoded_feed_event decode_feed_event(std::string_view message);

} // namespace synapse::actors
