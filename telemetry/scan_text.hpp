/// @file
/// Looking at single places of a line, without regard to case. Only for the secret scanner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace synapse::telemetry::scan {

inline constexpr auto npos = std::string_view::npos;

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

inline bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

inline bool is_name_char(char c) {
  c = lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

inline bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

inline bool is_closer(char c) {
  return is_quote(c) || c == ')' || c == ']' || c == '}' || c == '>';
}

inline char at(std::string_view line, std::size_t index) {
  return index < line.size() ? line[index] : ' '; // the end of a line ends words like a blank
}

/// Does lower-case `word` stand at `index`?
inline bool stands_at(std::string_view line, std::size_t index, std::string_view word) {
  if (line.size() < word.size() || index > line.size() - word.size())
    return false;
  return std::equal(word.begin(), word.end(), line.begin() + static_cast<std::ptrdiff_t>(index),
                    [](char w, char c) { return w == lower(c); });
}

inline bool ends_with_any(std::string_view text, const auto& words) {
  return std::ranges::any_of(words, [&](std::string_view word) {
    return text.size() >= word.size() && stands_at(text, text.size() - word.size(), word);
  });
}

inline std::size_t skip_blanks(std::string_view line, std::size_t index) {
  while (index < line.size() && is_blank(line[index]))
    ++index;
  return index;
}

} // namespace synapse::telemetry::scan
