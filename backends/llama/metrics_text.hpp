#pragma once

#include "backends/server/request.hpp"

#include <cstdint>

namespace synapse::backends {

/// The numbers behind `GET /metrics`.
struct llama_metrics {
  double prompt_tokens = 0;
  double prompt_seconds = 0;
  double predicted_tokens = 0;
  double predicted_seconds = 0;
  double decodes = 0;
  double largest = 0;
  double processing = 0;
  double deferred = 0;
};

/// @returns the Prometheus text answer with llama.cpp's metric names.
response metrics_response(const llama_metrics& values, std::int64_t started_at);

} // namespace synapse::backends
