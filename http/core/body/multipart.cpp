#include "http/core/body/multipart.hpp"

#include "http/core/body/multipart_parts.hpp"
#include "http/core/head/head_parts.hpp"
#include "http/core/head/scan.hpp"

#include <algorithm>
#include <cstring>

namespace synapse::http {

const char* detail::find_line_of_dashes(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
  // All four bytes at once: data with many CRs or line ends is as fast as any other.
  const __m128i cr = _mm_set1_epi8('\r');
  const __m128i lf = _mm_set1_epi8('\n');
  const __m128i dash = _mm_set1_epi8('-');
  for (; end - p >= 19; p += 16) {
    const __m128i line = _mm_and_si128(_mm_cmpeq_epi8(load16(p), cr), //
                                       _mm_cmpeq_epi8(load16(p + 1), lf));
    const __m128i dashes =
        _mm_and_si128(_mm_cmpeq_epi8(load16(p + 2), dash), _mm_cmpeq_epi8(load16(p + 3), dash));
    const int mask = _mm_movemask_epi8(_mm_and_si128(line, dashes));
    if (mask != 0)
      return p + std::countr_zero(static_cast<unsigned>(mask));
  }
#endif
  for (; p != end; ++p) {
    p = static_cast<const char*>(std::memchr(p, '\r', static_cast<std::size_t>(end - p)));
    if (p == nullptr)
      return end;
    if (std::memcmp(p, "\r\n--", static_cast<std::size_t>(std::min<std::ptrdiff_t>(end - p, 4))) ==
        0)
      return p;
  }
  return end;
}

multipart_reader::multipart_reader(std::string_view boundary, multipart_limits limits)
    : limits_(limits) {
  if (valid_multipart_boundary(boundary))
    dash_boundary_.append("--").append(boundary);
  else
    fail(multipart_error::bad_boundary);
}

multipart_reader::step multipart_reader::fail(multipart_error e) noexcept {
  state_ = state::failed;
  error_ = e;
  return {event::error, 0, {}};
}

/// What begins at `p`, the dashes of a line.
multipart_reader::match multipart_reader::match_at(const char* p, std::size_t n) const noexcept {
  const std::size_t size = dash_boundary_.size();
  if (std::memcmp(p, dash_boundary_.data(), std::min(n, size)) != 0)
    return match::none;
  if (n <= size)
    return match::partial;
  switch (p[size]) {
  case ' ':
  case '\t':
  case '\r':
  case '\n': // an error, but of a delimiter
    return match::delimiter;
  case '-':
    if (n == size + 1)
      return match::partial;
    return p[size + 1] == '-' ? match::closing : match::none;
  default:
    return match::none; // another, longer boundary
  }
}

multipart_reader::hit multipart_reader::find_delimiter(const char* p,
                                                       std::size_t n) const noexcept {
  const auto found = [&](match m, std::size_t before, std::size_t crlf) {
    return hit{m, before, crlf + dash_boundary_.size() + (m == match::closing ? 2 : 0)};
  };
  if (line_start_)
    if (const match m = match_at(p, n); m != match::none)
      return found(m, 0, 0);
  const char* const end = p + n;
  for (const char* at = p;; at += 2) {
    at = detail::find_line_of_dashes(at, end);
    const auto before = static_cast<std::size_t>(at - p);
    if (n - before <= 2) // not even a dash; nothing at all if nothing was found
      return {before == n ? match::none : match::partial, before, 0};
    if (const match m = match_at(at + 2, n - before - 2); m != match::none)
      return found(m, before, 2);
  }
}

multipart_reader::step multipart_reader::skip_preamble(const char* p, std::size_t n) noexcept {
  const hit h = find_delimiter(p, n);
  skipped_ += h.before;
  if (skipped_ > limits_.max_preamble_bytes)
    return fail(multipart_error::preamble_too_large);
  if (h.before > 0)
    line_start_ = false;
  if (h.what == match::none || h.what == match::partial)
    return {event::need_more, h.before, {}};
  state_ = h.what == match::closing ? state::closing : state::delimiter_blanks;
  return {event::need_more, h.before + h.size, {}};
}

/// The rest of a delimiter's line, one run of blanks or one byte of CRLF.
multipart_reader::step multipart_reader::read_delimiter_end(const char* p, std::size_t n) noexcept {
  const bool closing = state_ == state::closing_blanks || state_ == state::closing_lf;
  if (state_ == state::delimiter_lf || state_ == state::closing_lf) {
    if (*p != '\n')
      return fail(multipart_error::bad_line_end);
    if (closing) {
      state_ = state::epilogue;
      return {event::need_more, 1, {}};
    }
    if (parts_ == limits_.max_parts)
      return fail(multipart_error::too_many_parts);
    ++parts_;
    headers_ = header_bytes_ = scanned_ = 0;
    fields_ = 0;
    part_.has_filename = false; // and the strings keep their memory
    part_.name.clear();
    part_.filename.clear();
    part_.content_type.clear();
    state_ = state::headers;
    return {event::need_more, 1, {}};
  }
  const char* stop = std::find_if_not(p, p + n, detail::is_space);
  const auto blanks = static_cast<std::size_t>(stop - p);
  if (blanks == n)
    return {event::need_more, n, {}};
  if (*stop != '\r')
    return fail(*stop == '\n' ? multipart_error::bad_line_end : multipart_error::not_a_delimiter);
  state_ = closing ? state::closing_lf : state::delimiter_lf;
  return {event::need_more, blanks + 1, {}};
}

/// One header line, or the empty one after them.
multipart_reader::step multipart_reader::read_headers(const char* p, std::size_t n) {
  const std::size_t budget = limits_.max_header_bytes - header_bytes_;
  const std::size_t window = std::min(n, budget);
  const void* lf = scanned_ < window ? std::memchr(p + scanned_, '\n', window - scanned_) : nullptr;
  if (lf == nullptr) {
    if (n >= budget)
      return fail(multipart_error::header_too_large);
    scanned_ = window;
    return {event::need_more, 0, {}};
  }
  const auto size = static_cast<std::size_t>(static_cast<const char*>(lf) - p) + 1;
  scanned_ = 0;
  header_bytes_ += size;
  if (size < 2 || p[size - 2] != '\r')
    return fail(multipart_error::bad_line_end);
  if (size == 2) {
    if (part_.name.empty())
      return fail(multipart_error::no_name);
    state_ = state::data;
    line_start_ = true;
    return {event::part_begin, size, {}};
  }
  if (++headers_ > limits_.max_headers)
    return fail(multipart_error::too_many_headers);
  const multipart_error e = detail::read_part_header({p, size - 2}, fields_, part_);
  if (e != multipart_error::none)
    return fail(e);
  return {event::need_more, size, {}};
}

multipart_reader::step multipart_reader::read_data(const char* p, std::size_t n) noexcept {
  const hit h = find_delimiter(p, n);
  if (h.before > 0) {
    line_start_ = false;
    return {event::data, h.before, {p, h.before}};
  }
  if (h.what == match::none || h.what == match::partial)
    return {event::need_more, 0, {}};
  state_ = h.what == match::closing ? state::closing : state::delimiter_blanks;
  return {event::part_end, h.size, {}};
}

multipart_reader::step multipart_reader::next(const char* bytes, std::size_t size) {
  std::size_t used = 0;
  for (;;) {
    const char* p = bytes + used;
    const std::size_t n = size - used;
    if (n == 0 && state_ != state::closing && state_ != state::failed)
      return {event::need_more, used, {}};
    step s;
    switch (state_) {
    case state::preamble:
      s = skip_preamble(p, n);
      break;
    case state::delimiter_blanks:
    case state::delimiter_lf:
    case state::closing_blanks:
    case state::closing_lf:
      s = read_delimiter_end(p, n);
      break;
    case state::headers:
      s = read_headers(p, n);
      break;
    case state::data:
      s = read_data(p, n);
      break;
    case state::closing:
      state_ = state::closing_blanks;
      s.what = event::end;
      break;
    case state::epilogue:
      s.consumed = n;
      break;
    case state::failed:
      return {event::error, 0, {}};
    }
    used += s.consumed;
    if (s.what == event::error)
      return s;
    if (s.what != event::need_more || s.consumed == 0) {
      s.consumed = used;
      return s;
    }
  }
}

multipart_error multipart_reader::finish() noexcept {
  switch (state_) {
  case state::failed:
  case state::closing:
  case state::closing_blanks:
  case state::epilogue:
    break;
  case state::closing_lf:
    fail(multipart_error::bad_line_end);
    break;
  default:
    fail(multipart_error::unterminated);
  }
  return error_;
}

std::string_view message_of(multipart_error e) noexcept {
  switch (e) {
  case multipart_error::none:
    return "";
  case multipart_error::not_form_data:
    return "the content type is not multipart/form-data";
  case multipart_error::no_boundary:
    return "the content type has no boundary parameter";
  case multipart_error::bad_boundary:
    return "the boundary is not 1 to 70 of the characters allowed in one";
  case multipart_error::bad_line_end:
    return "a line of the multipart body does not end in CRLF";
  case multipart_error::not_a_delimiter:
    return "a line of the multipart body begins like a delimiter and goes on";
  case multipart_error::bad_header:
    return "a header line of a part is malformed";
  case multipart_error::line_folding:
    return "a header line of a part is folded";
  case multipart_error::header_too_large:
    return "the headers of a part are too large";
  case multipart_error::too_many_headers:
    return "a part has too many headers";
  case multipart_error::duplicate_header:
    return "a part has the same header twice";
  case multipart_error::unsupported_encoding:
    return "the content transfer encoding of a part is not 7bit, 8bit or binary";
  case multipart_error::no_name:
    return "a part has no Content-Disposition: form-data with a name";
  case multipart_error::bad_parameter:
    return "a parameter of a multipart header is malformed";
  case multipart_error::duplicate_parameter:
    return "a parameter of a multipart header is there twice";
  case multipart_error::too_many_parts:
    return "the multipart body has too many parts";
  case multipart_error::preamble_too_large:
    return "the multipart body has too much text before its first part";
  case multipart_error::unterminated:
    return "the multipart body ends before its closing delimiter";
  }
  return "";
}

} // namespace synapse::http
