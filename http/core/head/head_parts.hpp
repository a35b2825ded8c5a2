/// @file
/// Internal parts of the head parser: field lines, request targets.
#pragma once

#include "http/core/head/head_parser.hpp"

#include <cstddef>
#include <string_view>

namespace synapse::http::detail {

inline bool is_space(char c) noexcept {
  return c == ' ' || c == '\t';
}
inline bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

inline std::string_view view(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// A set of known fields is a word of such bits.
constexpr std::uint64_t bit(known_field id) noexcept {
  return std::uint64_t{1} << static_cast<unsigned>(id);
}

inline std::string_view trim(std::string_view s) noexcept {
  while (!s.empty() && is_space(s.front()))
    s.remove_prefix(1);
  while (!s.empty() && is_space(s.back()))
    s.remove_suffix(1);
  return s;
}

/// Reads the field lines from `p` to the empty line that ends at `end`, and what they say of
/// framing and connection. `head.minor` is known already, its fields are empty.
head_error parse_fields(const char* p, const char* end, const head_limits& limits,
                        request_head& head) noexcept;
head_error parse_fields(const char* p, const char* end, const head_limits& limits,
                        response_head& head) noexcept;

/// Reads `head.target` (not empty) into form, host, path and query; false if it is malformed or of
/// a form the method does not have.
bool parse_target(request_head& head) noexcept;

/// `host[:port]`, the host a name, an IPv4 address or an IP literal in brackets. Names are narrower
/// than RFC 3986 allows: no sub-delimiters, which no host uses and some parsers trip over.
/// Sets `has_port` when digits follow the colon.
bool valid_authority(std::string_view text, bool& has_port) noexcept;

} // namespace synapse::http::detail
