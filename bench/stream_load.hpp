/// @file
/// The streaming load: many streams side by side, of events or of speech, the way of each event or
/// frame timed on its own.
#pragma once

#include "bench/load_result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <netinet/in.h>
#include <string>

namespace synapse::bench {

struct stream_plan {
  sockaddr_in address{};
  std::string warmup_request; ///< a short stream that opens connections all the way; not timed
  std::string request;        ///< complete bytes of the stream that is timed
  unsigned streams = 1;       ///< side by side, each on its own connection
  unsigned repeat = 1;        ///< streams one after another on each connection
  std::uint64_t expected_events = 64;
  bool audio = false; ///< frames of a recording instead of events
  /// First requests are spread over this span, so that the streams' events do not come in step.
  std::chrono::nanoseconds ramp{std::chrono::milliseconds{200}};
  std::chrono::nanoseconds limit{std::chrono::seconds{30}}; ///< of the whole run
};

/// Runs the plan on the calling thread. A stream that breaks is counted and not repeated on a new
/// connection. @param on_window  called after the warm-up
stream_result run_streams(const stream_plan& plan, const std::function<void()>& on_window);

} // namespace synapse::bench
