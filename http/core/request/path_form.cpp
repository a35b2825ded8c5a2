#include "http/core/request/path_form.hpp"

#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace synapse::http {

namespace {

int nibble_of(char c) noexcept {
  if (detail::is_digit(c))
    return c - '0';
  const char lower = detail::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The byte of an escape at `at`; -1 when there is none.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
  if (at + 2 >= text.size() || text[at] != '%')
    return -1;
  const int high = nibble_of(text[at + 1]);
  const int low = nibble_of(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/// RFC 3986 section 2.3.
bool is_unreserved(int c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// The first bytes of forms that are longer than they need to be (RFC 3629 section 3). Decoders
/// that do not refuse them take `%C0%AF` for a slash. 0xC0 and 0xC1 begin nothing else.
bool begins_overlong(int first, int second) noexcept {
  const auto below = [&](int limit) { return second >= 0x80 && second < limit; };
  switch (first) {
  case 0xc0:
  case 0xc1:
    return true;
  case 0xe0:
    return below(0xa0);
  case 0xf0:
    return below(0x90);
  case 0xf8:
    return below(0x88);
  case 0xfc:
    return below(0x84);
  default:
    return false;
  }
}

path_fault fault_of(std::string_view path, std::size_t at, int byte) noexcept {
  if (byte < 0)
    return path_fault::bad_escape;
  if (byte < 0x20 || byte == 0x7f)
    return path_fault::control_character;
  if (byte == '\\')
    return path_fault::backslash;
  if (begins_overlong(byte, escaped_byte(path, at + 3)))
    return path_fault::overlong_utf8;
  return path_fault::none;
}

/// RFC 3986 section 6.2.2: the escapes.
path_fault decode(std::string_view path, std::string& out) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\')
      return path_fault::backslash;
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    const int byte = escaped_byte(path, i);
    if (const auto fault = fault_of(path, i, byte); fault != path_fault::none)
      return fault;
    if (is_unreserved(byte)) {
      out += static_cast<char>(byte);
    } else {
      out += '%';
      out += digits[static_cast<std::size_t>(byte) >> 4];
      out += digits[static_cast<std::size_t>(byte) & 15];
    }
    i += 2;
  }
  return path_fault::none;
}

/// RFC 3986 section 5.2.4: the segments. `path` begins with a slash.
path_fault resolve(std::string_view path, std::string& out) {
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    const auto name = segment.substr(0, segment.find(';'));
    begin = end + 1;
    if (name == "..") {
      if (out.empty())
        return path_fault::above_root;
      out.resize(out.rfind('/'));
    } else if (!name.empty() && name != ".") {
      out.append("/").append(segment);
      continue;
    }
    if (end == path.size())
      out += '/';
  }
  return path_fault::none;
}

} // namespace

std::string_view message_of(path_fault fault) noexcept {
  switch (fault) {
  case path_fault::none:
    return "";
  case path_fault::bad_escape:
    return "a percent sign in the path is not followed by two hexadecimal digits";
  case path_fault::control_character:
    return "the path holds an escaped control character";
  case path_fault::backslash:
    return "the path holds a backslash";
  case path_fault::overlong_utf8:
    return "the path holds an overlong form of a character, which is not UTF-8";
  case path_fault::above_root:
    return "the path's \"..\" lead out of its root";
  }
  return "";
}

bool is_suspicious(std::string_view path) noexcept {
  const char* p = path.data();
  const char* const end = p + path.size();
#if defined(__SSE2__)
  const __m128i percent = _mm_set1_epi8('%');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i slash = _mm_set1_epi8('/');
  const __m128i dot = _mm_set1_epi8('.');
  const __m128i semicolon = _mm_set1_epi8(';');
  for (; end - p >= 17; p += 16) {
    const __m128i x = detail::load16(p);
    const __m128i next = detail::load16(p + 1);
    const __m128i special =
        _mm_or_si128(_mm_cmpeq_epi8(next, slash),
                     _mm_or_si128(_mm_cmpeq_epi8(next, dot), _mm_cmpeq_epi8(next, semicolon)));
    const __m128i bad =
        _mm_or_si128(_mm_and_si128(_mm_cmpeq_epi8(x, slash), special),
                     _mm_or_si128(_mm_cmpeq_epi8(x, percent), _mm_cmpeq_epi8(x, backslash)));
    if (_mm_movemask_epi8(bad) != 0)
      return true;
  }
#endif
  for (; p < end; ++p) {
    if (*p == '%' || *p == '\\')
      return true;
    if (*p == '/' && p + 1 < end && (p[1] == '/' || p[1] == '.' || p[1] == ';'))
      return true;
  }
  return false;
}

path_fault make_path_normal(request_head& head, char* bytes) {
  if (!is_suspicious(head.path))
    return path_fault::none;
  std::string decoded, normal;
  if (const auto fault = decode(head.path, decoded); fault != path_fault::none)
    return fault;
  if (const auto fault = resolve(decoded, normal); fault != path_fault::none)
    return fault;
  // It never gets longer. (A suspicious path is one of the buffer's, not a constant.)
  char* at = bytes + (head.path.data() - bytes);
  std::memcpy(at, normal.data(), normal.size());
  head.path = {at, normal.size()};
  at += normal.size();
  if (head.has_query) {
    *at++ = '?';
    std::memmove(at, head.query.data(), head.query.size());
    head.query = {at, head.query.size()};
    at += head.query.size();
  }
  head.target = detail::view(head.target.data(), at);
  return path_fault::none;
}

} // namespace synapse::http
