/// @file
/// Strict zero-copy parser of HTTP/1.0 and HTTP/1.1 heads (RFC 9112) on a contiguous buffer.
/// Nothing is allocated or copied: every view points into the caller's buffer and is valid for as
/// long as those bytes stay where they are. Free of state: safe on any thread.
#pragma once

#include "http/core/head/field.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

enum class verb : std::uint8_t {
  get,
  head,
  post,
  put,
  delete_,
  patch,
  options,
  connect,
  trace,
  other
};

/// RFC 9112 section 3.2.
enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

/// How the end of a message's body is found.
enum class body_framing : std::uint8_t { none, content_length, chunked, until_close };

/// What a peer may send. Sizes in bytes.
struct head_limits {
  std::size_t max_bytes = 16 * 1024; ///< whole head, leading empty lines included
  std::size_t max_uri = 8 * 1024;    ///< request target
  std::size_t max_fields = 100;      ///< at most field_list::capacity
};

enum class head_error : std::uint8_t {
  none,
  bare_line_ending, ///< LF without CR, or CR without LF
  empty_lines,      ///< more empty lines before a request line than is tolerated
  bad_method,
  method_too_long, ///< 501
  bad_target,
  uri_too_long,        ///< 414
  bad_version,         ///< not "HTTP/" digit "." digit
  unsupported_version, ///< 505
  bad_status_line,
  bad_field_name,  ///< also space before the colon and a missing colon
  bad_field_value, ///< control characters
  line_folding,
  head_too_large,  ///< 431
  too_many_fields, ///< 431
  bad_content_length,
  duplicate_content_length,
  bad_transfer_encoding,
  duplicate_transfer_encoding,
  unsupported_transfer_coding, ///< 501
  length_and_transfer_encoding,
  transfer_encoding_in_http10,
  missing_host,
  duplicate_host,
  bad_host,
  bad_connection, ///< not a list of tokens
  too_many_connection_options,
  count_ ///< number of enumerators
};

/// The status a server answers to a request head with this error (of a response's head: 502).
unsigned status_of(head_error e) noexcept;
/// A sentence for people, without the peer's bytes in it. Never empty except for `none`.
std::string_view message_of(head_error e) noexcept;

struct request_head {
  std::string_view method;
  verb method_id = verb::other;
  target_form form = target_form::origin;
  std::string_view target; ///< as received
  std::string_view
      path; ///< without query; "/" for an absolute target without one, "*", or empty for CONNECT
  std::string_view query; ///< after the '?', without it
  bool has_query = false; ///< tells "/x?" from "/x"
  unsigned minor = 1;     ///< HTTP/1.minor
  field_list fields;
  std::string_view
      host; ///< of an absolute or CONNECT target, else of the Host field; may have a port
  std::int64_t content_length = -1; ///< -1: no such field
  bool chunked = false;
  bool keep_alive = false;
  bool expect_continue = false;
  bool upgrade = false;   ///< an Upgrade field named in Connection
  std::size_t offset = 0; ///< empty lines skipped before the request line
  std::size_t size = 0;   ///< bytes up to and including the empty line, `offset` included

  /// How the body follows: none, content_length or chunked.
  body_framing framing() const noexcept {
    if (chunked)
      return body_framing::chunked;
    return content_length > 0 ? body_framing::content_length : body_framing::none;
  }
};

struct response_head {
  unsigned status = 0;     ///< 100 to 599
  std::string_view reason; ///< may be empty
  unsigned minor = 1;
  field_list fields;
  std::int64_t content_length = -1;
  bool chunked = false;
  bool keep_alive =
      false; ///< what the head says; a body that runs until close ends the connection anyway
  bool upgrade = false;
  std::size_t size = 0;

  /// How the body follows a request of this method (RFC 9112 section 6.3). `none` for 1xx, 204,
  /// 304 and HEAD whatever the fields say.
  body_framing framing(verb request_method) const noexcept {
    if (status < 200 || status == 204 || status == 304 || request_method == verb::head)
      return body_framing::none;
    if (chunked)
      return body_framing::chunked;
    if (content_length >= 0)
      return content_length == 0 ? body_framing::none : body_framing::content_length;
    return body_framing::until_close;
  }
};

enum class parse_status : std::uint8_t { need_more, ok, error };

struct parse_result {
  parse_status status = parse_status::need_more;
  head_error error = head_error::none;
  bool ok() const noexcept { return status == parse_status::ok; }
  bool need_more() const noexcept { return status == parse_status::need_more; }
  bool failed() const noexcept { return status == parse_status::error; }
};

/// Looks for a complete request head at the start of `p[0..n)`.
/// `scanned` is 0 for a new message and afterwards belongs to the parser: calls after more bytes
/// have come search only the new ones. The buffer may have moved in between.
/// Bare line endings, garbage in front and oversized heads are errors at once, not at the timeout.
/// `head` is complete after `ok` only.
parse_result parse_request(const char* p, std::size_t n, std::size_t& scanned,
                           const head_limits& limits, request_head& head) noexcept;

/// The same for a response. More tolerant where real servers need it: a reason phrase may be
/// missing. Interim (1xx) heads are reported like others.
parse_result parse_response(const char* p, std::size_t n, std::size_t& scanned,
                            const head_limits& limits, response_head& head) noexcept;

/// True if field `i` belongs to this connection and must not be forwarded (RFC 9110 section 7.6.1):
/// the well-known ones and those named in Connection, except fields that carry the message's
/// meaning (Host, Content-*), which a Connection field cannot take away.
template <class Head>
bool is_hop_by_hop(const Head& head, std::size_t i) noexcept {
  return head.fields[i].hop_by_hop;
}

/// Moves all views of `head` after its bytes were moved from `from` to `to`.
void rebase(request_head& head, const char* from, const char* to) noexcept;
void rebase(response_head& head, const char* from, const char* to) noexcept;

/// True if `list` (a comma-separated field value) has this token, any case.
bool list_contains(std::string_view list, std::string_view token) noexcept;

} // namespace synapse::http
