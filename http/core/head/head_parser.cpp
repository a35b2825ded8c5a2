#include "http/core/head/head_parser.hpp"

#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace synapse::http {
namespace {

constexpr std::size_t max_method_size = 32;
constexpr std::size_t max_empty_lines = 4;

using detail::is_digit;
using detail::parse_fields;
using detail::view;

parse_result fail(head_error e) noexcept {
  return {parse_status::error, e};
}

struct head_end {
  std::size_t size = 0; // 0: not there yet
  head_error error = head_error::none;
};

/// Judges the LF at `i`: sets `size` when it ends the empty line, `error` when no CR precedes it.
/// Returns whether the search is over.
inline bool judge_newline(const char* p, std::size_t i, std::size_t start, head_end& out) noexcept {
  if (i <= start || p[i - 1] != '\r') {
    out.error = head_error::bare_line_ending;
    return true;
  }
  if (i >= start + 2 && p[i - 2] != '\n')
    return false;
  out.size = i + 1;
  return true;
}

/// Searches [from, n) for the line end that closes the head which began at `start`.
head_end find_head_end(const char* p, std::size_t start, std::size_t from, std::size_t n) noexcept {
  head_end out;
  std::size_t i = from;
#if defined(__SSE2__)
  const __m128i lf = _mm_set1_epi8('\n');
  for (; n - i >= 16; i += 16) {
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(detail::load16(p + i), lf)));
    for (; mask != 0; mask &= mask - 1)
      if (judge_newline(p, i + static_cast<unsigned>(std::countr_zero(mask)), start, out))
        return out;
  }
#endif
  for (; i < n; ++i)
    if (p[i] == '\n' && judge_newline(p, i, start, out))
      return out;
  return out;
}

verb identify_verb(std::string_view m) noexcept {
  switch (m.size()) {
  case 3:
    return m == "GET" ? verb::get : m == "PUT" ? verb::put : verb::other;
  case 4:
    return m == "POST" ? verb::post : m == "HEAD" ? verb::head : verb::other;
  case 5:
    return m == "PATCH" ? verb::patch : m == "TRACE" ? verb::trace : verb::other;
  case 6:
    return m == "DELETE" ? verb::delete_ : verb::other;
  case 7:
    return m == "OPTIONS" ? verb::options : m == "CONNECT" ? verb::connect : verb::other;
  default:
    return verb::other;
  }
}

/// "HTTP/" digit "." digit at `p`; `n` bytes are there.
head_error parse_version(const char* p, std::size_t n, unsigned& minor) noexcept {
  if (n < 8 || std::memcmp(p, "HTTP/", 5) != 0 || !is_digit(p[5]) || p[6] != '.' || !is_digit(p[7]))
    return head_error::bad_version;
  if (p[5] != '1' || p[7] > '1')
    return head_error::unsupported_version;
  minor = static_cast<unsigned>(p[7] - '0');
  return head_error::none;
}

/// Method, target and version; sets `next` to the first byte after the line.
head_error parse_request_line(const char* p, const char* end, const head_limits& limits,
                              request_head& head, const char*& next) noexcept {
  const char* space = detail::find_token_end(p, end);
  if (space == p || *space != ' ')
    return head_error::bad_method;
  head.method = view(p, space);
  if (head.method.size() > max_method_size)
    return head_error::method_too_long;
  head.method_id = identify_verb(head.method);
  p = space + 1;
  space = detail::find_target_end(p, end);
  head.target = view(p, space);
  if (head.target.size() > limits.max_uri)
    return head_error::uri_too_long;
  if (head.target.empty() || (*space != ' ' && *space != '\r'))
    return head_error::bad_target;
  if (*space == '\r') // "GET /" alone, HTTP/0.9
    return head_error::bad_version;
  p = space + 1;
  if (const auto e = parse_version(p, static_cast<std::size_t>(end - p), head.minor);
      e != head_error::none)
    return e;
  p += 8;
  if (end - p < 4 || p[0] != '\r')
    return head_error::bad_version;
  if (p[1] != '\n')
    return head_error::bare_line_ending;
  next = p + 2;
  return head_error::none;
}

/// Host (RFC 9112 section 3.2) and Expect, once all fields are known.
head_error finish_request(request_head& head) noexcept {
  const field* host = nullptr;
  if (head.fields.has(known_field::host)) {
    for (const field& f : head.fields) {
      if (f.id != known_field::host)
        continue;
      if (host != nullptr)
        return head_error::duplicate_host;
      host = &f;
    }
    bool has_port = false;
    if (!detail::valid_authority(host->value, has_port))
      return head_error::bad_host;
    if (head.form == target_form::origin || head.form == target_form::asterisk)
      head.host = host->value;
  } else if (head.minor == 1) {
    return head_error::missing_host;
  }
  if (head.minor == 1)
    if (const field* expect = head.fields.find(known_field::expect))
      head.expect_continue = iequals(expect->value, "100-continue");
  return head_error::none;
}

/// Makes a head empty without writing over the storage of its fields.
void clear(request_head& head) noexcept {
  head.path = head.query = head.host = {};
  head.has_query = head.chunked = head.keep_alive = head.expect_continue = head.upgrade = false;
  head.content_length = -1;
  head.fields.clear();
}

void clear(response_head& head) noexcept {
  head.chunked = head.keep_alive = head.upgrade = false;
  head.content_length = -1;
  head.fields.clear();
}

/// Skips empty lines before a request line (RFC 9112 section 2.2); `start` gets past them.
parse_result skip_empty_lines(const char* p, std::size_t n, std::size_t& start) noexcept {
  for (std::size_t lines = 0; start < n && (p[start] == '\r' || p[start] == '\n'); ++lines) {
    if (lines == max_empty_lines)
      return fail(head_error::empty_lines);
    if (p[start] == '\n')
      return fail(head_error::bare_line_ending);
    if (start + 1 == n)
      return {};
    if (p[start + 1] != '\n')
      return fail(head_error::bare_line_ending);
    start += 2;
  }
  return start < n ? parse_result{parse_status::ok, {}} : parse_result{};
}

/// What to say while the head is incomplete after `n` bytes, `before` of which were known already.
parse_result incomplete_request(const char* p, std::size_t n, std::size_t start, std::size_t before,
                                const head_limits& limits) noexcept {
  if (!detail::is_token_char(static_cast<unsigned char>(p[start])))
    return fail(head_error::bad_method); // TLS or another protocol: no need to wait for its end
  // The first line may be max_uri and a method, blanks and a version long. Looked at once, when the
  // data crosses that mark, or when there is no more room.
  const std::size_t line_limit = std::min(limits.max_bytes, start + limits.max_uri + 64);
  if (n >= line_limit && before < line_limit &&
      std::memchr(p + start, '\n', line_limit - start) == nullptr)
    return fail(head_error::uri_too_long);
  return n >= limits.max_bytes ? fail(head_error::head_too_large) : parse_result{};
}

} // namespace

parse_result parse_request(const char* p, std::size_t n, std::size_t& scanned,
                           const head_limits& limits, request_head& head) noexcept {
  std::size_t start = 0;
  if (const parse_result r = skip_empty_lines(p, n, start); !r.ok())
    return r;
  const std::size_t usable = std::min(n, limits.max_bytes);
  const std::size_t before = scanned;
  const head_end found =
      find_head_end(p, start, std::min(std::max(scanned, start), usable), usable);
  if (found.error != head_error::none)
    return fail(found.error);
  if (found.size == 0) {
    scanned = usable;
    return start < usable ? incomplete_request(p, n, start, before, limits)
                          : fail(head_error::head_too_large);
  }
  clear(head);
  head.offset = start;
  head.size = found.size;
  const char* end = p + found.size;
  const char* next = nullptr;
  head_error e = parse_request_line(p + start, end, limits, head, next);
  if (e == head_error::none)
    e = parse_fields(next, end, limits, head);
  if (e == head_error::none && !detail::parse_target(head))
    e = head_error::bad_target;
  if (e == head_error::none)
    e = finish_request(head);
  if (e != head_error::none)
    return fail(e);
  scanned = 0;
  return {parse_status::ok, head_error::none};
}

namespace {

head_error parse_status_line(const char* p, const char* end, response_head& head,
                             const char*& next) noexcept {
  const auto n = static_cast<std::size_t>(end - p);
  if (const auto e = parse_version(p, n, head.minor); e != head_error::none)
    return e;
  if (n < 14 || p[8] != ' ' || !is_digit(p[9]) || !is_digit(p[10]) || !is_digit(p[11]))
    return head_error::bad_status_line;
  head.status = static_cast<unsigned>((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
  if (head.status < 100 || head.status > 599)
    return head_error::bad_status_line;
  p += 12;
  if (*p == ' ')
    ++p;
  else if (*p != '\r') // servers leave out the phrase, some with its blank
    return head_error::bad_status_line;
  const char* stop = detail::find_control(p, end);
  if (*stop != '\r')
    return head_error::bad_status_line;
  if (stop[1] != '\n')
    return head_error::bare_line_ending;
  head.reason = detail::trim(view(p, stop));
  next = stop + 2;
  return head_error::none;
}

} // namespace

parse_result parse_response(const char* p, std::size_t n, std::size_t& scanned,
                            const head_limits& limits, response_head& head) noexcept {
  if (n == 0)
    return {};
  if (std::memcmp(p, "HTTP/", std::min<std::size_t>(n, 5)) != 0)
    return fail(head_error::bad_version);
  const std::size_t usable = std::min(n, limits.max_bytes);
  const head_end found = find_head_end(p, 0, std::min(scanned, usable), usable);
  if (found.error != head_error::none)
    return fail(found.error);
  if (found.size == 0) {
    scanned = usable;
    return n >= limits.max_bytes ? fail(head_error::head_too_large) : parse_result{};
  }
  clear(head);
  head.size = found.size;
  const char* end = p + found.size;
  const char* next = nullptr;
  head_error e = parse_status_line(p, end, head, next);
  if (e == head_error::none)
    e = parse_fields(next, end, limits, head);
  if (e != head_error::none)
    return fail(e);
  scanned = 0;
  return {parse_status::ok, head_error::none};
}

namespace {

struct shift {
  const char* from;
  const char* to;
  std::size_t size;
  void operator()(std::string_view& v) const noexcept {
    // Views of constants ("/" for an absent path) do not lie in the buffer and stay.
    const auto at = reinterpret_cast<std::uintptr_t>(v.data());
    const auto begin = reinterpret_cast<std::uintptr_t>(from);
    if (at >= begin && at <= begin + size)
      v = {to + (at - begin), v.size()};
  }
};

} // namespace

void rebase(request_head& head, const char* from, const char* to) noexcept {
  const shift move{from, to, head.size};
  move(head.method);
  move(head.target);
  move(head.path);
  move(head.query);
  move(head.host);
  for (field& f : head.fields) {
    move(f.name);
    move(f.value);
  }
}

void rebase(response_head& head, const char* from, const char* to) noexcept {
  const shift move{from, to, head.size};
  move(head.reason);
  for (field& f : head.fields) {
    move(f.name);
    move(f.value);
  }
}

} // namespace synapse::http
