/// @file
/// What can go wrong with a backend while a request is under way there, as one table: what the
/// client is told, what is counted, what the breaker learns, and whether another attempt may help.
/// Pure; any thread.
#pragma once

#include "actors/protocol/permit_messages.hpp"
#include "http/core/local_reply.hpp"
#include "telemetry/metric_labels.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::proxy {

enum class mishap : std::uint8_t {
  // before the backend had the request
  connect_timeout,
  connect_failure,
  tls_failure,
  request_not_taken, ///< it stopped reading within the request
  // before a byte of the answer
  reset_before_answer, ///< it may have carried the request out; see http/core/replay.hpp
  response_timeout,
  deadline_passed,      ///< of the whole request, before its answer has begun
  total_timeout_silent, ///< `timeouts.total` without a sign of life: it may hang
  // the answer's head
  not_http,
  protocol_switched,
  reset_within_head,
  answered_half_request, ///< a good answer to less than the whole request
  // the answer's body
  reset_within_answer,
  silence_within_answer,
  total_timeout_answering, ///< takes longer than anybody wants, which is no sign that it hangs
  answer_too_long,
  not_an_answer,       ///< 200, and nothing that could be the answer to the request
  answered_with_error, ///< 200, and its body is an error
  untranslatable,      ///< not what a backend of this type answers
  // event streams
  no_first_token,
  stream_truncated,
  event_too_large,
  error_in_stream,
  count_ ///< number of enumerators
};

struct mishap_row {
  mishap what;
  http::response_detail detail;      ///< the client's status and sentence, access log, metric
  telemetry::attempt_result counted; ///< synapse_upstream_attempts_total{result}
  actors::attempt_result told;       ///< to the lane: decides about the breaker
  bool repeatable;                   ///< the next attempt may end better
  telemetry::stream_end stream;      ///< how a stream that it ends is counted
  std::string_view sentence;         ///< goes on after "backend NAME: "
};

const mishap_row& row_of(mishap what) noexcept;

/// One of them, with what was special about it.
struct failure {
  mishap what = mishap::not_http;
  std::string message; ///< goes on after "backend NAME: "; never empty

  const mishap_row& row() const noexcept { return row_of(what); }
};

} // namespace synapse::proxy
