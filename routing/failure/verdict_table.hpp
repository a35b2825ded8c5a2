/// @file
/// The table of failures: one line for each, with all that follows from it.
#pragma once

#include "routing/failure/verdict.hpp"

#include <cstdint>

namespace synapse::routing {

/// The lines of the table, named. Some rows have a second line, for the same failure in a place
/// where a client could bring it about on purpose: nobody's cell is shut then.
enum class situation : std::uint8_t {
  good_answer,
  refused,
  name_unknown,
  tls_failed,
  connect_timeout,
  stale_connection,
  reset_before_answer,
  head_timeout,
  first_token_timeout,
  idle_after_commit,
  client_fault,
  client_fault_elsewhere, ///< another deployment may see it differently
  unknown_field,
  context_exceeded,
  our_key_refused,
  client_key_refused,
  unpaid,
  moderated,
  forbidden,
  model_missing,
  model_missing_by_400, ///< a status whose words may be the client's own
  route_missing,
  request_timeout,
  slots_pinned,
  too_large,
  rate_limited_until,
  rate_limited,
  server_error,
  out_of_memory,
  engine_dead,
  proxy_page,
  loading,
  overloaded,
  wrong_content_type,
  malformed_body,
  ended_before_content,
  cut_after_commit,
  error_after_commit,
  ended_without_done,
  policy_refused,
  limit_full,
  queue_too_long,
  all_cells_open,
  deadline_gone,
  client_left,
  truncated,
  count_ ///< number of enumerators
};

/// How long a backend's own Retry-After may keep a cell shut, nanoseconds.
inline constexpr std::int64_t longest_retry_after = 300'000'000'000;

/// The line of a situation. Where the client's status is 0, it is that of the backend's answer.
const verdict& line_of(situation what) noexcept;

} // namespace synapse::routing
