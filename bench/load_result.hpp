/// @file
/// What the load generator found, and its text form.
#pragma once

#include "bench/histogram.hpp"

#include <cstdint>
#include <string>

namespace synapse::bench {

/// Everything that makes a window void, by cause. Counted from the first connection on, warm-up
/// included.
struct failures {
  std::uint64_t status = 0;     ///< an answer other than 200
  std::uint64_t length = 0;     ///< not the expected number of bytes or events
  std::uint64_t connection = 0; ///< refused, reset, or closed before the answer was complete
  std::uint64_t malformed = 0;  ///< bytes that are not HTTP
  std::uint64_t stalled = 0;    ///< no complete answer within the time limit
  std::uint64_t total() const { return status + length + connection + malformed + stalled; }
};

struct closed_loop_result {
  std::uint64_t requests = 0;   ///< complete and right, within the window
  std::uint64_t answered = 0;   ///< complete, warm-up included
  std::uint64_t reconnects = 0; ///< the server said `Connection: close` and did
  failures failed;
  double seconds = 0; ///< length of the window
  histogram latency;  ///< ns, request written → last byte of the answer read
};

struct stream_result {
  unsigned parallel = 0;      ///< streams side by side
  std::uint64_t complete = 0; ///< all events and [DONE], or all frames
  std::uint64_t answered = 0; ///< streams that reached their end, warm-up included
  failures failed;            ///< broken streams
  std::uint64_t events = 0;   ///< content events or frames, each with a send time
  double seconds = 0;
  histogram first_event;   ///< ns, request written → first byte of the body
  histogram first_content; ///< ns, request written → first content event
  histogram event_delay;   ///< ns, event written by the backend → read here
};

struct upload_result {
  unsigned parallel = 0;      ///< uploads side by side
  std::uint64_t complete = 0; ///< forms whose recording the backend has counted in full
  std::uint64_t answered = 0; ///< complete answers, warm-up included
  failures failed;
  std::uint64_t file_bytes = 0; ///< of the recordings of all complete forms
  double seconds = 0;           ///< first request begun → last answer read
  histogram taken;              ///< ns, request begun → last byte of its answer read
};

/// One line of JSON; times in microseconds.
std::string to_json(const closed_loop_result& result);
std::string to_json(const stream_result& result);
std::string to_json(const upload_result& result);

} // namespace synapse::bench
