/// @file
/// The one form in which a request's path is judged and in which it is sent on. What a route, a
/// rule or a log line has seen is then what the backend gets.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstdint>
#include <string_view>

namespace synapse::http {

/// Why a path has no such form: 400.
enum class path_fault : std::uint8_t {
  none,
  bad_escape,        ///< '%' without two hexadecimal digits
  control_character, ///< escaped
  backslash,         ///< plain or escaped
  overlong_utf8,     ///< escaped, an encoding that UTF-8 does not have
  above_root,        ///< more ".." than segments before them
};
/// A sentence for people; empty for `none`.
std::string_view message_of(path_fault fault) noexcept;

/// Whether a path may not be in normal form yet: one pass that finds nothing in nearly every path.
bool is_suspicious(std::string_view path) noexcept;

/// Brings the head's path into its normal form (RFC 3986 sections 5.2.4 and 6.2.2), in place, and
/// with it `path`, `query` and `target`:
/// - escapes of letters, digits and `-._~` are decoded, other escapes written in capitals;
/// - empty segments, also those of parameters alone (`/;x/`), go: `//` is `/`;
/// - dot segments are resolved, also with parameters (`..;x`), which some servers take off first.
/// Everything else stays, `;` and `%2F` too: see has_escaped_slash(). The query stays as it came.
/// @param bytes what the views of `head` point into. @returns why it cannot be; the head has not
/// changed then.
path_fault make_path_normal(request_head& head, char* bytes);

/// A path in normal form with a slash inside of a segment. That is a character of a name to some
/// and a separator to others: it must not be passed on where a route was chosen by segments.
inline bool has_escaped_slash(std::string_view path) noexcept {
  return path.find("%2F") != std::string_view::npos;
}

} // namespace synapse::http
