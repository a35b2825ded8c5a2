/// @file
/// What a failed attempt means: for the request, for the deployment, for the client.
#pragma once

#include <cstdint>

namespace synapse::routing {

/// Whose fault it is. Those of the client, busy, loading, context and policy are neutral: neither
/// a failure nor a success of the backend.
enum class disposition : std::uint8_t {
  none, ///< not the end of an attempt, or one that is mended free of charge
  success,
  client_fault,
  rate_limit,
  busy,
  loading,
  transient,
  hard_down,
  context,
  policy,
};

/// What may be tried next.
enum class remedy : std::uint8_t {
  nothing,
  same_at_once,        ///< the same once more, free of charge
  same_without_extras, ///< the same once more without fields it does not know, free of charge
  other,               ///< another deployment
  other_or_same,       ///< another deployment; if there is none, the same after `verdict::wait`
  other_or_wait,       ///< another deployment or waiting for this one, by how loaded they are
  larger_context,      ///< one with more context, then the fallbacks for it
  larger_limit,        ///< one that takes larger requests
  policy_fallback,     ///< the fallbacks for refused content
  next_tier,           ///< a deployment of the next tier
};

/// Which breaker cell learns of it: that of the backend or that of (backend, model, kind).
enum class cell_scope : std::uint8_t { none, backend, deployment };

enum class cell_harm : std::uint8_t {
  none,
  counts,              ///< one more failure
  shuts,               ///< shuts at once
  shuts_until_healthy, ///< shuts at once, until its health check succeeds
};

/// Why a cell is shut, for people and metrics.
enum class trouble : std::uint8_t {
  none,
  unreachable,
  name_unknown,
  tls,
  timeout,
  reset,
  rate_limited,
  key_refused,
  unpaid,
  forbidden,
  model_missing,
  route_missing,
  out_of_memory,
  unhealthy,
  server_error,
  proxy_error,
  bad_answer,
  cut,
};

/// What a cell is to do. Times in nanoseconds.
struct cell_effect {
  cell_scope scope = cell_scope::none;
  cell_harm harm = cell_harm::none;
  trouble why = trouble::none;
  std::int64_t first = 0;   ///< of `shuts`: for so long,
  std::int64_t longest = 0; ///< twice as long with each repetition, up to this
  std::int64_t floor = 0;   ///< the backend's own Retry-After: not open again before it is over

  friend bool operator==(const cell_effect&, const cell_effect&) = default;
};

/// What the client is told when nothing is left to try.
enum class last_answer : std::uint8_t {
  nothing,
  as_it_came, ///< status and body of the backend
  unavailable,
  bad_gateway,
  gateway_timeout,
  backend_auth,
  model_loading,
  context_length_exceeded,
  model_not_found,
  not_supported,
  rate_limited, ///< with the soonest time at which one of them may be asked again
  error_event,  ///< the answer has begun: an error event, and no regular end
  passed_on,    ///< the backend's own error event has gone out; no regular end
  end_added,    ///< a good answer without its `[DONE]`
  client_left,  ///< only a line in the log
};

/// What else follows.
struct side_effects {
  bool capability_no = false; ///< the deployment does not have this kind of request
  bool rediscover = false;    ///< ask the backend for its models again
  bool not_loaded = false;    ///< the model is no longer in memory
  bool halve_permits = false;
  bool warn_truncated = false; ///< tell the client that its prompt was cut

  friend bool operator==(const side_effects&, const side_effects&) = default;
};

/// The whole meaning of one attempt's end.
struct verdict {
  std::uint8_t row = 0; ///< 1 to 46; 0: a plain success
  std::uint8_t via = 0; ///< 34 or 35 when the error came within a 200, else 0
  disposition kind = disposition::none;
  remedy next = remedy::nothing;
  std::int64_t wait = 0; ///< of `remedy::other_or_same`, nanoseconds
  cell_effect cell;
  bool counts_as_attempt = true; ///< against the request's limit of attempts
  last_answer answer = last_answer::nothing;
  std::uint16_t status = 0; ///< of that answer; 0: there is none, or the answer has begun
  side_effects also;

  friend bool operator==(const verdict&, const verdict&) = default;
};

} // namespace synapse::routing
