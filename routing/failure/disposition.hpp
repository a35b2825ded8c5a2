/// @file
/// Judges how an attempt at a deployment ended.
#pragma once

#include "routing/failure/verdict.hpp"

#include <cstdint>
#include <string_view>

namespace synapse::routing {

/// How an attempt ended. The last ones are the gateway's own: there was none, or it did not matter.
enum class attempt_end : std::uint8_t {
  answered, ///< with a status; or with an error within a 200
  refused,  ///< or unreachable
  name_unknown,
  tls_failed,
  connect_timeout,
  stale_connection, ///< one that was kept had been closed meanwhile
  reset_before_answer,
  head_timeout,
  first_token_timeout,
  idle_after_commit,
  cut_after_commit,
  error_after_commit,
  wrong_content_type,
  malformed_body, ///< or one that is too short
  ended_before_content,
  content_filtered,   ///< ended by a content filter before content
  ended_without_done, ///< regular but for its `[DONE]`
  unhealthy,          ///< its health check said 503
  limit_full,
  queue_too_long,
  all_cells_open,
  deadline_gone,
  client_left,
  count_ ///< number of enumerators
};

/// What the request asked for, where it matters.
enum class request_kind : std::uint8_t { chat, embeddings, other };

/// Where an error was told.
enum class error_place : std::uint8_t {
  status,
  body,        ///< the body of a 200 (row 34)
  first_event, ///< the first event of a stream (row 35)
};

struct failure_facts {
  attempt_end what = attempt_end::answered;
  /// Of the answer if there is one; of an error within a 200 the code that it names, 0 if it names
  /// no number.
  std::uint16_t status = 0;
  /// Code, type and message, a line each, or the body as it came. Its beginning is looked at.
  std::string_view words = {};
  bool html = false;               ///< the body is a page
  std::int64_t retry_after_ms = 0; ///< 0: nothing was said
  bool our_key = false;            ///< the gateway's own key was used, not one of the client
  request_kind kind = request_kind::chat;
  error_place place = error_place::status;
  /// Sending it again does nothing twice, and its body is still there. What never reached the
  /// backend may be sent again in any case.
  bool replayable = true;
  bool repeated = false;  ///< this was a repetition free of charge: there is no second one
  bool truncated = false; ///< a good answer to less than was sent
};

/// The row of the table that fits, with what depends on the facts filled in. Pure; any thread.
verdict judge(const failure_facts& facts) noexcept;

} // namespace synapse::routing
