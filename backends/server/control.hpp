#pragma once

#include "backends/server/counters.hpp"
#include "backends/server/misbehavior.hpp"
#include "backends/server/request.hpp"

#include <chrono>
#include <optional>

namespace synapse::backends {

/// What a control request asks for.
struct control_result {
  response answer;
  std::optional<std::chrono::milliseconds> refuse; ///< close the listener for that long
};

/// Answers `POST /__misbehave {"spec","times"?}` and `GET /__counters`.
control_result control_answer(const request& in, misbehavior_book& book,
                              const service_counters& counters);

} // namespace synapse::backends
