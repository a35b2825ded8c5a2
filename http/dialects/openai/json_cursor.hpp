/// @file
/// Internal: walks over JSON that is known to be valid, without looking at what it need not. On
/// anything else it ends early, but always within the text.
#pragma once

#include "http/core/head/scan.hpp"
#include "http/dialects/openai/chat_edit.hpp"

#include <string>
#include <string_view>

namespace synapse::http::detail {

/// First `"` or `\` in [p, end), or `end`.
inline const char* find_quote_or_escape(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i escape = _mm_set1_epi8('\\');
  for (; end - p >= 16; p += 16) {
    const __m128i x = load16(p);
    const int mask =
        _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, escape)));
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && *p != '"' && *p != '\\')
    ++p;
  return p;
}

/// First quote, brace or bracket in [p, end), or `end`.
inline const char* find_structure(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i case_bit = _mm_set1_epi8(0x20); // makes braces of brackets, and of nothing else
  const __m128i open = _mm_set1_epi8('{');
  const __m128i close = _mm_set1_epi8('}');
  for (; end - p >= 16; p += 16) {
    const __m128i x = load16(p);
    const __m128i braced = _mm_or_si128(x, case_bit);
    const __m128i found =
        _mm_or_si128(_mm_cmpeq_epi8(x, quote),
                     _mm_or_si128(_mm_cmpeq_epi8(braced, open), _mm_cmpeq_epi8(braced, close)));
    const int mask = _mm_movemask_epi8(found);
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
    ++p;
  return p;
}

class json_cursor {
public:
  /// Starts at `at`, behind white space.
  explicit json_cursor(std::string_view text, std::size_t at = 0) noexcept
      : begin_(text.data()), p_(text.data() + at), end_(text.data() + text.size()) {
    blanks();
  }

  std::uint32_t at() const noexcept { return static_cast<std::uint32_t>(p_ - begin_); }
  /// @returns 0 at the end.
  char peek() const noexcept { return p_ == end_ ? '\0' : *p_; }

  /// Over a string, with its quotes.
  byte_range string() noexcept {
    const auto from = at();
    skip_string();
    return {from, at()};
  }

  /// Over a value of any kind.
  byte_range value() noexcept {
    const auto from = at();
    switch (peek()) {
    case '"':
      skip_string();
      break;
    case '{':
    case '[':
      skip_nested();
      break;
    default:
      while (p_ != end_ && !ends_scalar(*p_))
        ++p_;
    }
    return {from, at()};
  }

  /// Over an object. `visit(name, separator)` moves the cursor over the member's value.
  template <class Visit>
  void members(Visit&& visit) {
    auto separator = at();
    step();
    while (peek() == '"') {
      const auto name = string();
      blanks();
      step(); // the colon
      visit(name, separator);
      blanks();
      separator = at();
      if (peek() != ',')
        break;
      step();
    }
    if (peek() == '}')
      ++p_;
  }

  /// Over an array. `visit()` moves the cursor over the element.
  template <class Visit>
  void elements(Visit&& visit) {
    step();
    while (p_ != end_ && *p_ != ']') {
      const auto* before = p_;
      visit();
      blanks();
      if (peek() == ',')
        step();
      else if (p_ == before)
        return; // no JSON
    }
    if (p_ != end_)
      ++p_;
  }

private:
  static bool ends_scalar(char c) noexcept {
    return c == ',' || c == '}' || c == ']' || is_blank(c);
  }
  static bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
  void blanks() noexcept {
    while (p_ != end_ && is_blank(*p_))
      ++p_;
  }
  /// Over one character and what white space follows.
  void step() noexcept {
    if (p_ != end_)
      ++p_;
    blanks();
  }
  void skip_string() noexcept {
    if (p_ != end_)
      ++p_;
    while ((p_ = find_quote_or_escape(p_, end_)) != end_) {
      if (*p_++ == '"')
        return;
      if (p_ != end_)
        ++p_;
    }
  }
  void skip_nested() noexcept {
    std::size_t depth = 0;
    while ((p_ = find_structure(p_, end_)) != end_) {
      if (*p_ == '"') {
        skip_string();
        continue;
      }
      const bool opens = (*p_++ | 0x20) == '{';
      depth += opens ? 1 : static_cast<std::size_t>(-1);
      if (depth == 0)
        return;
    }
  }

  const char* begin_;
  const char* p_;
  const char* end_;
};

/// Appends what a string says. @param quoted with its quotes.
void append_unescaped(std::string& out, std::string_view quoted);

/// Whether a value is a string that says `text`.
bool says(std::string_view value, std::string_view text);

/// Calls `use(value)` for each text of a message's content: the content itself, or its parts of the
/// type `text`. @param use takes the quoted string.
template <class Use>
void for_each_text(std::string_view body, byte_range content, Use&& use) {
  json_cursor cursor(body.substr(0, content.end), content.begin);
  if (cursor.peek() == '"')
    use(content.of(body));
  if (cursor.peek() != '[')
    return;
  cursor.elements([&] {
    if (cursor.peek() != '{') {
      cursor.value();
      return;
    }
    byte_range type, text;
    cursor.members([&](byte_range name, std::uint32_t) {
      const auto value = cursor.value();
      if (says(name.of(body), "type"))
        type = value;
      else if (says(name.of(body), "text"))
        text = value;
    });
    if (says(type.of(body), "text") && text.of(body).starts_with('"'))
      use(text.of(body));
  });
}

} // namespace synapse::http::detail
