/// @file
/// Writes the heads the gateway forwards, from a parsed head into a reused string. Kept fields are
/// copied in runs, as they lie in the receive buffer. Allocates only when `out` has to grow.
#pragma once

#include "http/core/head/head_parser.hpp"
#include "http/core/request/credentials.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// Views must outlive the call only. Values are written as they are: the caller vouches that they
/// hold no control characters (they come from settings or were validated).
struct upstream_head_options {
  std::string_view authority; ///< value of Host: the backend's `host[:port]`
  std::string_view base_path; ///< "" or "/prefix", put before the path
  std::string_view method;    ///< replaces the method; empty: the request's own
  std::string_view target;    ///< replaces path and query ("/x?y"); empty: the request's own
  /// Not empty: a request in the gateway's own words, with this Content-Type. Of the client's
  /// fields only credentials, User-Agent, trace context and what names the way go along.
  std::string_view content_type;
  std::string_view request_id; ///< X-Request-Id sent upstream; empty: none
  std::string_view client_ip;  ///< appended to X-Forwarded-For; empty: the field stays as it came
  std::string_view client_scheme = "http"; ///< X-Forwarded-Proto; empty: not added
  /// Keep what came in X-Forwarded-* and Forwarded (a trusted proxy stands before us): then
  /// -Proto and -Host are added only where absent. False: those fields are dropped and made anew.
  bool trust_forwarded = true;
  bool forward_authorization = true; ///< false drops all credential fields, cookies among them
  std::string_view bearer;           ///< not empty: replaces them all by `<bearer_field><bearer>`
  std::string_view bearer_field = "Authorization: Bearer ";
  own_credentials own;                       ///< held back in any case
  bool drop_accept_encoding = false;         ///< for answers that have to be read on the way
  body_framing framing = body_framing::none; ///< none, content_length or chunked
  std::uint64_t content_length = 0;          ///< with framing content_length
  std::string_view extra;                    ///< complete lines, each with CRLF, put last
};

/// Replaces `out` by the head of the forwarded request (HTTP/1.1, no Connection field). Dropped:
/// connection-specific fields, Host, Expect, Content-Length, X-Request-Id, what is the gateway's
/// own of credentials, and what the options say. `framing none` writes `Content-Length: 0` for a
/// request that had a (then empty) body or whose method is POST, PUT or PATCH.
void write_upstream_request_head(std::string& out, const request_head& head,
                                 const upstream_head_options& options);

/// Appends only the lines that such a request in the gateway's own words has of credentials.
void append_credentials(std::string& out, const request_head& head,
                        const upstream_head_options& options);

/// What the Connection field of an answer says.
enum class connection_directive : std::uint8_t {
  none,       ///< stays open, HTTP/1.1 client
  close,      ///< `Connection: close`
  keep_alive, ///< stays open, HTTP/1.0 client that asked for it
};

struct downstream_head_options {
  /// content_length and chunked write their field; none and until_close write neither. An answer to
  /// HEAD or a 304 may say content_length to keep the length the backend named.
  body_framing framing = body_framing::none;
  std::uint64_t content_length = 0;
  std::string_view request_id; ///< X-Request-Id; replaces the backend's
  connection_directive connection = connection_directive::none;
  std::string_view date;         ///< HTTP-date put in where the backend sent none; empty: not added
  std::string_view extra;        ///< complete lines, each with CRLF
  std::string_view content_type; ///< replaces the backend's; empty: it stays
  /// Adds `Cache-Control: no-cache` and `X-Accel-Buffering: no` where absent, so that nothing
  /// between us and the client holds a stream back.
  bool event_stream = false;
  std::string_view own_cookie; ///< a cookie that only the gateway sets; empty: none
  /// `host[:port]` and base path of the backend's URL: a Location there becomes one here.
  std::string_view authority;
  std::string_view base_path;
};

/// Replaces `out` by the head of the answer to the client; the status line is always HTTP/1.1.
/// Dropped: connection-specific fields, Content-Length, X-Request-Id, a cookie of the gateway's
/// own, and CORS fields (Access-Control-*): which pages may use the gateway is not the backend's to
/// say.
void write_downstream_response_head(std::string& out, const response_head& head,
                                    const downstream_head_options& options);

/// Appends a decimal number.
void append_number(std::string& out, std::uint64_t n);

} // namespace synapse::http
