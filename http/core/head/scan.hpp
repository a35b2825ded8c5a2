/// @file
/// Byte scans used by the parsers: sixteen bytes at a time where the machine has SSE2 (every
/// x86-64), byte by byte elsewhere. Never reads outside [p, end).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace synapse::http::detail {

/// tchar of RFC 9110 section 5.6.2.
constexpr bool is_token_char(unsigned char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
    return true;
  switch (c) {
  case '!':
  case '#':
  case '$':
  case '%':
  case '&':
  case '\'':
  case '*':
  case '+':
  case '-':
  case '.':
  case '^':
  case '_':
  case '`':
  case '|':
  case '~':
    return true;
  default:
    return false;
  }
}

/// What a field value may not hold: everything below SP but HTAB, and DEL.
constexpr bool is_control(unsigned char c) noexcept {
  return (c < 0x20 && c != '\t') || c == 0x7f;
}

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

#if defined(__SSE2__)
inline __m128i load16(const char* p) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
inline __m128i in_range(__m128i x, char low, char high) noexcept {
  // Signed comparison suffices: the bounds are ASCII and bytes above them count as negative.
  return _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(static_cast<char>(low - 1))),
                       _mm_cmplt_epi8(x, _mm_set1_epi8(static_cast<char>(high + 1))));
}
#endif

/// First byte in [p, end) that `is_control` is true of, or `end`.
inline const char* find_control(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i limit = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - p >= 16; p += 16) {
    const __m128i x = load16(p);
    const __m128i low =
        _mm_andnot_si128(_mm_cmpeq_epi8(x, tab), _mm_cmpeq_epi8(_mm_min_epu8(x, limit), x));
    const int mask = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(x, del)));
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && !is_control(static_cast<unsigned char>(*p)))
    ++p;
  return p;
}

/// First byte in [p, end) that is not a token character, or `end`.
inline const char* find_token_end(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  // Letters, digits and '-' cover practically every name; the loop below sees to the rest.
  const __m128i case_bit = _mm_set1_epi8(0x20);
  const __m128i dash = _mm_set1_epi8('-');
  while (end - p >= 16) {
    const __m128i x = load16(p);
    const __m128i letter = in_range(_mm_or_si128(x, case_bit), 'a', 'z');
    const __m128i good =
        _mm_or_si128(_mm_or_si128(letter, in_range(x, '0', '9')), _mm_cmpeq_epi8(x, dash));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(good)) ^ 0xffffu;
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(mask);
    if (!is_token_char(static_cast<unsigned char>(*p)))
      return p;
    ++p;
  }
#endif
  while (p != end && is_token_char(static_cast<unsigned char>(*p)))
    ++p;
  return p;
}

/// First byte in [p, end) that cannot stand in a request target, or `end`: white space, control
/// characters, bytes above ASCII, and '#' (a fragment is never sent).
inline const char* find_target_end(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x21);
  const __m128i del = _mm_set1_epi8(0x7f);
  const __m128i hash = _mm_set1_epi8('#');
  for (; end - p >= 16; p += 16) {
    const __m128i x = load16(p);
    const __m128i bad = _mm_or_si128(_mm_cmplt_epi8(x, space), _mm_cmpeq_epi8(x, del));
    const int mask = _mm_movemask_epi8(_mm_or_si128(bad, _mm_cmpeq_epi8(x, hash)));
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && *p > 0x20 && *p != 0x7f && *p != '#')
    ++p;
  return p;
}

/// First CR or LF in [p, end), or `end`.
inline const char* find_line_end(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  for (; end - p >= 16; p += 16) {
    const __m128i x = load16(p);
    const int mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, cr), _mm_cmpeq_epi8(x, lf)));
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  while (p != end && *p != '\r' && *p != '\n')
    ++p;
  return p;
}

/// True if [p, p+size) equals `lower` but for the case of letters. `lower` must hold only
/// lower-case letters, digits and '-', and the text only token characters: then OR-ing the case bit
/// maps nothing else onto them.
template <std::size_t N>
bool same_name(const char* p, const char (&lower)[N]) noexcept {
  constexpr std::size_t size = N - 1;
  if constexpr (size >= 8) {
    constexpr std::uint64_t bits = 0x2020202020202020u;
    for (std::size_t i = 0;;) {
      std::uint64_t a, b;
      std::memcpy(&a, p + i, 8);
      std::memcpy(&b, lower + i, 8);
      if ((a | bits) != b)
        return false;
      if (i + 8 >= size)
        return true;
      i = i + 16 <= size ? i + 8 : size - 8;
    }
  } else if constexpr (size >= 4) {
    constexpr std::uint32_t bits = 0x20202020u;
    std::uint32_t a, b, c, d;
    std::memcpy(&a, p, 4);
    std::memcpy(&b, lower, 4);
    std::memcpy(&c, p + size - 4, 4);
    std::memcpy(&d, lower + size - 4, 4);
    return (a | bits) == b && (c | bits) == d;
  } else {
    for (std::size_t i = 0; i < size; ++i)
      if ((p[i] | 0x20) != lower[i])
        return false;
    return true;
  }
}

} // namespace synapse::http::detail
