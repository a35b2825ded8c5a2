#include "telemetry/text_escape.hpp"

#include <cstdint>
#include <cstring>

namespace synapse::telemetry {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::uint8_t byte_at(std::string_view text, std::size_t index) {
  return index < text.size() ? static_cast<std::uint8_t>(text[index]) : 0;
}

bool continues(std::string_view text, std::size_t from, std::size_t to) {
  for (auto i = from; i < to; ++i)
    if ((byte_at(text, i) & 0xC0) != 0x80)
      return false;
  return true;
}

/// The code point of a valid sequence of two or three bytes.
unsigned code_point(std::string_view text, std::size_t length) {
  if (length == 2)
    return (byte_at(text, 0) & 0x1Fu) << 6 | (byte_at(text, 1) & 0x3Fu);
  return (byte_at(text, 0) & 0x0Fu) << 12 | (byte_at(text, 1) & 0x3Fu) << 6 |
         (byte_at(text, 2) & 0x3Fu);
}

/// Characters beyond ASCII that end lines, steer terminals or turn the reading direction.
bool is_harmful(unsigned code) {
  return (code >= 0x80 && code <= 0x9F) || (code >= 0x200E && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

char* put_code(char* out, unsigned code) {
  *out++ = '\\';
  *out++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4)
    *out++ = hex_digits[(code >> shift) & 0xF];
  return out;
}

char* put_ascii(char* out, char c, escape_style style) {
  auto short_form = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : '\0';
  if (style == escape_style::quoted && (c == '"' || c == '\\'))
    short_form = c;
  if (short_form) {
    *out++ = '\\';
    *out++ = short_form;
    return out;
  }
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
    return put_code(out, static_cast<unsigned char>(c));
  *out++ = c;
  return out;
}

} // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty())
    return 0;
  auto first = byte_at(text, 0);
  auto second = byte_at(text, 1);
  if (first < 0x80)
    return 1;
  if (first >= 0xC2 && first <= 0xDF)
    return continues(text, 1, 2) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    bool overlong = first == 0xE0 && second < 0xA0;
    bool surrogate = first == 0xED && second > 0x9F;
    return continues(text, 1, 3) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    bool overlong = first == 0xF0 && second < 0x90;
    bool too_large = first == 0xF4 && second > 0x8F;
    return continues(text, 1, 4) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit)
    return text;
  auto end = limit;
  while (end > 0 && limit - end < 3 && (byte_at(text, end) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

char* escape(char* out, std::string_view text, escape_style style) noexcept {
  while (!text.empty()) {
    auto length = utf8_length(text);
    if (length == 1) {
      out = put_ascii(out, text.front(), style);
    } else if (length == 0) {
      out = put_code(out, byte_at(text, 0));
      length = 1;
    } else if (length < 4 && is_harmful(code_point(text, length))) {
      out = put_code(out, code_point(text, length));
    } else {
      std::memcpy(out, text.data(), length);
      out += length;
    }
    text.remove_prefix(length);
  }
  return out;
}

void append_escaped_line(std::string& out, std::string_view text) {
  auto old_size = out.size();
  out.resize(old_size + text.size() * max_escape_growth);
  auto* end = escape(out.data() + old_size, text, escape_style::line);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

} // namespace synapse::telemetry
