/// @file
/// Timers of one attempt.
#pragma once

#include <chrono>

namespace synapse::config {

using std::chrono::milliseconds;

/// 0 switches a timer off. YAML `timeouts:` with the same names and a unit (`5s`, `500ms`, `2m`; a
/// bare number is seconds).
struct timeout_settings {
  milliseconds connect{5000};       ///< TCP (and TLS) handshake
  milliseconds response{60'000};    ///< request sent → complete response head
  milliseconds first_token{60'000}; ///< request sent → first content of a stream
  milliseconds idle{60'000};        ///< between bytes, either direction
  milliseconds total{0};            ///< whole attempt; applies to streams too, so off by default
  bool operator==(const timeout_settings&) const = default;
};

} // namespace synapse::config
