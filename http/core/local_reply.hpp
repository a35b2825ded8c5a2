/// @file
/// Answers the gateway gives itself: what can go wrong, as one table, and the bodies and heads made
/// from it.
#pragma once

#include "http/core/head/head_writer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http {

/// How an exchange ended; its text stands in the access log and in metric labels.
enum class response_detail : std::uint8_t {
  via_upstream, ///< the backend's own answer
  local,        ///< an answer of the gateway that is no error
  route_not_found,
  method_not_allowed,
  bad_request_head,
  bad_request,
  header_timeout,
  body_timeout,
  uri_too_long,
  header_too_large,
  body_too_large,
  length_required,
  bad_request_body, ///< broken transfer coding
  invalid_json,
  unsupported_media_type,
  unsupported_content_coding, ///< 415 as well; says which ones are (Accept-Encoding)
  unprocessable,              ///< a form without a field it needs
  voice_not_found,            ///< the library has no such voice
  model_not_found,            ///< the router has no such model
  model_loading,              ///< not ready, and the client did not want to wait
  model_busy,                 ///< other models were in use for as long as one may wait
  model_load_failed,          ///< the router could not load it
  model_load_timeout,         ///< it did not become ready in time
  storage_failed,             ///< our own disk refused
  unsupported_transfer_coding,
  unsupported_method,
  unsupported_version,
  upgrade_not_supported,
  misdirected_request, ///< a name that a listener on loopback does not answer to
  origin_refused,      ///< a page of another origin may not have that
  unauthorized,
  forbidden,
  rate_limited,
  backend_not_found,   ///< the route names a backend that is not configured
  no_healthy_upstream, ///< circuit open
  upstream_overflow,   ///< too many wait for the backend already
  upstream_queue_timeout,
  upstream_connection_failure,
  upstream_connect_timeout,
  upstream_tls_failure,
  upstream_reset_before_response_started,
  upstream_reset_after_response_started,
  upstream_protocol_error,
  upstream_head_too_large,
  response_timeout,
  first_token_timeout,
  stream_idle_timeout,
  total_timeout,
  stream_truncated,
  stream_event_too_large,
  upstream_stream_error,   ///< the backend reported an error inside its stream
  upstream_error,          ///< the backend answered with an error that is not the client's
  backend_auth,            ///< no backend takes the gateway's own key
  context_length_exceeded, ///< the prompt is too long for every deployment that there is
  deployments_full,        ///< all deployments of the model are at their limits
  upstream_unavailable,    ///< the backend said that it cannot serve now (503)
  not_supported,           ///< no backend of this route can do that
  draining,
  too_many_connections,
  internal_error,
  client_disconnected, ///< logged as 499, never sent
  client_write_timeout,
  canceled,
  count_ ///< number of enumerators
};

struct detail_info {
  response_detail detail;
  std::string_view text;    ///< stable, snake_case
  unsigned status;          ///< HTTP status; 0 where there is none of our own
  std::string_view type;    ///< OpenAI `error.type`
  std::string_view code;    ///< OpenAI `error.code`; empty: null
  std::string_view label;   ///< `error` of the other envelope; empty: left out
  std::string_view message; ///< default sentence
};

const detail_info& info(response_detail d) noexcept;
inline std::string_view to_string(response_detail d) noexcept {
  return info(d).text;
}
/// The detail of an unreadable request head; its status equals `status_of(e)`.
response_detail detail_of(head_error e) noexcept;

/// Which envelope an error has.
enum class error_dialect : std::uint8_t {
  openai,    ///< `{"error":{"message","type","param","code"}}`
  plain,     ///< `{"detail": …}` and, for a failed backend, `"error"`
  anthropic, ///< `{"type":"error","error":{"type","message"},"request_id"}`
  ollama,    ///< `{"error": …}`
};
/// anthropic for /v1/messages and everything under it, openai for the rest of /v1, ollama for the
/// paths under /api that Ollama's clients ask, else plain.
error_dialect dialect_of(std::string_view path) noexcept;

/// What an error says, whichever envelope it is put into; what that has no place for is left out.
struct error_words {
  unsigned status = 500;
  std::string_view message;
  std::string_view type;  ///< OpenAI's; Anthropic's follows from the status
  std::string_view code;  ///< OpenAI's; empty: null
  std::string_view param; ///< field of the request; empty: null
  std::string_view label; ///< of the plain envelope; empty: left out
  std::string_view request_id;
};
/// Appends the error object of one line.
void append_error_body(std::string& out, error_dialect dialect, const error_words& words);
/// `error.type` of Anthropic's API by status (its reference, "Errors").
std::string_view anthropic_error_type(unsigned status) noexcept;

/// Appends the error object of one line. Empty `message` or `label` take the table's.
/// `param` names a field of the request (openai only; empty: null).
void append_error_body(std::string& out, error_dialect dialect, response_detail detail,
                       std::string_view message = {}, std::string_view label = {},
                       std::string_view param = {}, std::string_view request_id = {});

/// Head of an answer of our own. Views must outlive the call only and hold no control characters.
struct reply_head {
  unsigned status = 200;
  std::string_view content_type = "application/json"; ///< empty: no such field
  std::optional<std::uint64_t> content_length = 0;    ///< absent: see `chunked`
  bool chunked = false;
  std::string_view request_id;
  std::optional<unsigned> retry_after; ///< seconds
  std::string_view allow;              ///< for 405
  std::string_view accept_encoding;    ///< for 415 because of a coding (RFC 9110 section 15.5.16)
  connection_directive connection = connection_directive::none;
  std::string_view date;  ///< HTTP-date; empty: no such field
  std::string_view extra; ///< complete lines, each with CRLF
};
/// Appends the whole head with its empty line.
void append_reply_head(std::string& out, const reply_head& head);

/// Appends head and body of an error: status, type and texts from the table, `head` for the rest
/// (its status, content type and length are ignored). With `head_only` (HEAD requests) the body is
/// left out while its length stays.
void append_error_reply(std::string& out, error_dialect dialect, response_detail detail,
                        reply_head head, std::string_view message = {}, std::string_view label = {},
                        bool head_only = false);

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

} // namespace synapse::http
