/// @file
/// The closed sets of label values: one enum per label, one text per value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::telemetry {

/// How one attempt at a backend ended (label `result`).
enum class attempt_result : std::uint8_t {
  ok,                  ///< a complete answer, whatever its status
  refused,             ///< no connection: refused, unreachable, name not found, TLS failed
  connect_timeout,     ///< no connection within `timeouts.connect`
  reset_before_head,   ///< connection lost before the answer's head was complete
  reset_after_head,    ///< connection lost within the answer's body
  response_timeout,    ///< no head within `timeouts.response`
  first_token_timeout, ///< no content within `timeouts.first_token`
  idle_timeout,        ///< silence longer than `timeouts.idle`
  total_timeout,       ///< longer than `timeouts.total`
  bad_response,        ///< not HTTP, or an answer that may not be passed on
  canceled             ///< the client left or the gateway stopped
};
inline constexpr std::array<std::string_view, 11> attempt_result_texts{"ok",
                                                                       "refused",
                                                                       "connect_timeout",
                                                                       "reset_before_head",
                                                                       "reset_after_head",
                                                                       "response_timeout",
                                                                       "first_token_timeout",
                                                                       "idle_timeout",
                                                                       "total_timeout",
                                                                       "bad_response",
                                                                       "canceled"};

/// Why a form is not kept, and so cannot be sent to another deployment (label `reason`).
enum class upload_unkept : std::uint8_t {
  size, ///< it is larger than `limits.max_kept_upload_bytes`
  total ///< all kept ones together have used up `limits.max_kept_uploads_total_bytes`
};
inline constexpr std::array<std::string_view, 2> upload_unkept_texts{"size", "total"};

/// Why a backend's permit was not given (label `reason`).
enum class permit_denial : std::uint8_t {
  breaker_open,  ///< the circuit breaker is open
  queue_full,    ///< `concurrency.max_waiting` requests wait already
  queue_timeout, ///< waited for `concurrency.queue_timeout`
  draining,      ///< the gateway is stopping
  no_address     ///< the backend's name resolves to nothing
};
inline constexpr std::array<std::string_view, 5> permit_denial_texts{
    "breaker_open", "queue_full", "queue_timeout", "draining", "no_address"};

/// How a stream to a client ended (label `kind`).
enum class stream_end : std::uint8_t {
  complete,       ///< with the backend's own end mark
  done_added,     ///< complete in content; the missing end mark was added
  truncated,      ///< the backend broke off; the client was told
  upstream_error, ///< the backend sent an error inside the stream
  client_abort,   ///< the client left
  timeout         ///< a timer of the gateway ended it
};
inline constexpr std::array<std::string_view, 6> stream_end_texts{
    "complete", "done_added", "truncated", "upstream_error", "client_abort", "timeout"};

/// What a request was doing when its client left (label `phase`).
enum class request_phase : std::uint8_t {
  reading,    ///< its body was being read
  model,      ///< waiting for its model
  permit,     ///< waiting for a permit or between attempts
  connecting, ///< opening an upstream connection
  waiting,    ///< sent; the backend had not answered
  responding  ///< the answer was on its way
};
inline constexpr std::array<std::string_view, 6> request_phase_texts{
    "reading", "model", "permit", "connecting", "waiting", "responding"};

/// The value of synapse_breaker_state.
enum class breaker_state_value : std::uint8_t { closed = 0, half_open = 1, open = 2 };

/// What a reload of the configuration came to (label `result`).
enum class reload_result : std::uint8_t {
  applied, ///< the new settings are in force
  rejected ///< faulty; the old settings stay
};
inline constexpr std::array<std::string_view, 2> reload_result_texts{"applied", "rejected"};

constexpr std::string_view to_string(attempt_result value) {
  return attempt_result_texts[static_cast<std::size_t>(value)];
}
constexpr std::string_view to_string(permit_denial value) {
  return permit_denial_texts[static_cast<std::size_t>(value)];
}
constexpr std::string_view to_string(stream_end value) {
  return stream_end_texts[static_cast<std::size_t>(value)];
}
constexpr std::string_view to_string(request_phase value) {
  return request_phase_texts[static_cast<std::size_t>(value)];
}
constexpr std::string_view to_string(reload_result value) {
  return reload_result_texts[static_cast<std::size_t>(value)];
}

} // namespace synapse::telemetry
