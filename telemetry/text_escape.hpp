/// @file
/// Makes text from outside harmless in a line of output.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace synapse::telemetry {

/// Bytes of the UTF-8 sequence that `text` begins with, 1 to 4; 0 when it begins with none
/// (or is empty). Overlong forms and surrogates are none.
std::size_t utf8_length(std::string_view text) noexcept;

/// The longest prefix of at most `limit` bytes that does not cut a UTF-8 sequence.
std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept;

enum class escape_style {
  line,  ///< what could start a new line or steer a terminal
  quoted ///< that, and the quote and the backslash
};

/// `escape` writes at most this many bytes per byte read.
inline constexpr std::size_t max_escape_growth = 6;

/// Writes `text` to `out`: control characters, line separators, text direction controls and bytes
/// that are no UTF-8 become `\n`, `\t`, `\r` or `\uXXXX`; other text stays as it is.
/// @returns the end of what was written; `out` has room for `max_escape_growth` times the text.
char* escape(char* out, std::string_view text, escape_style style) noexcept;

/// Appends `text`, escaped with `escape_style::line`.
void append_escaped_line(std::string& out, std::string_view text);

} // namespace synapse::telemetry
