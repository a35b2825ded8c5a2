/// @file
/// What is said about deployments: how attempts at them have ended.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "routing/failure/verdict.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>

namespace synapse::actors {

/// How an attempt at a deployment ended; to the lane, and by it to the backend. Within the process.
struct cell_report {
  enum class news : std::uint8_t {
    success, ///< told while the cell is suspect, and of a probe
    failure, ///< see `judged`; a neutral one gives a probe back
    nothing, ///< it came to no end: a probe comes back
  };
  std::uint32_t lane = 0; ///< filled in by it
  std::uint64_t cell = 0; ///< 0: it is the backend itself that is shut, or has failed once more
  news what = news::nothing;
  bool probe = false;
  routing::verdict judged;
  std::uint32_t successes = 0; ///< of the deployment lately, on all threads
  // What the deployment's own settings say; 0: what is usual.
  std::uint32_t failures = 0;
  time_ns cooldown = 0;
  bool alone = false; ///< its name has no other one: a share of failures does not shut it

  cell_report() = default;
};

} // namespace synapse::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(synapse::actors::cell_report)
