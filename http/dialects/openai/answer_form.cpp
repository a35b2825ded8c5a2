#include "http/dialects/openai/answer_form.hpp"

#include "http/dialects/openai/json_cursor.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace synapse::http {

namespace {
bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What stands before the first byte that says anything. @returns false when even that is not all
/// there.
bool skip_lead(std::string_view& text) noexcept {
  const auto known = std::min(text.size(), byte_order_mark.size());
  if (known > 0 && text.substr(0, known) == byte_order_mark.substr(0, known)) {
    if (known < byte_order_mark.size())
      return false;
    text.remove_prefix(known);
  }
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  return !text.empty();
}
} // namespace

answer_form form_of(std::string_view begin) noexcept {
  if (!skip_lead(begin))
    return answer_form::unknown;
  if (begin.front() == '{' || begin.front() == '[')
    return answer_form::json;
  if (begin.front() == ':')
    return answer_form::events;
  constexpr std::array<std::string_view, 4> fields{"data:", "event:", "id:", "retry:"};
  auto form = answer_form::other;
  for (const auto name : fields) {
    if (begin.starts_with(name))
      return answer_form::events;
    if (name.starts_with(begin))
      form = answer_form::unknown;
  }
  return form;
}

#if defined(__SSE2__)
namespace {
/// What 64 bytes hold, a bit for each.
struct structure {
  std::uint64_t quotes = 0, escapes = 0, opens = 0, closes = 0;

  explicit structure(const char* p) noexcept {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i escape = _mm_set1_epi8('\\');
    const __m128i case_bit = _mm_set1_epi8(0x20); // makes braces of brackets, and of nothing else
    const __m128i open = _mm_set1_epi8('{');
    const __m128i close = _mm_set1_epi8('}');
#pragma GCC unroll 4
    for (unsigned i = 0; i < 64; i += 16) {
      const __m128i x = detail::load16(p + i);
      const __m128i braced = _mm_or_si128(x, case_bit);
      quotes |= bits(_mm_cmpeq_epi8(x, quote)) << i;
      escapes |= bits(_mm_cmpeq_epi8(x, escape)) << i;
      opens |= bits(_mm_cmpeq_epi8(braced, open)) << i;
      closes |= bits(_mm_cmpeq_epi8(braced, close)) << i;
    }
  }

private:
  static std::uint64_t bits(__m128i mask) noexcept {
    return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(mask)));
  }
};

/// Which of the bytes have a backslash before them that is none itself. @param carry whether the
/// byte before the first one is such a backslash; afterwards, whether the last one is.
std::uint64_t escaped_by(std::uint64_t escapes, bool& carry) noexcept {
  std::uint64_t escaped = carry ? 1 : 0;
  carry = false;
  for (escapes &= ~escaped; escapes != 0;) {
    const auto at = std::countr_zero(escapes);
    if (at == 63) {
      carry = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    escapes &= ~(std::uint64_t{3} << at);
  }
  return escaped;
}

/// Each bit becomes the parity of those up to it: of quotes, whether a string is open behind it.
constexpr std::uint64_t parity_up_to(std::uint64_t x) noexcept {
  x ^= x << 1;
  x ^= x << 2;
  x ^= x << 4;
  x ^= x << 8;
  x ^= x << 16;
  return x ^ x << 32;
}
} // namespace

/// Blocks of 64 bytes where nothing but strings and depth matters. Stops before one that may lead
/// out of there.
const char* json_follower::skip_nested(const char* p, const char* end) noexcept {
  for (;; p += 64) {
    // Prose and lists of numbers have nothing of interest for long.
    if (!escaped_)
      p = in_string_ ? detail::find_quote_or_escape(p, end) : detail::find_structure(p, end);
    if (end - p < 64)
      break;
    const structure found{p};
    bool escaped = escaped_;
    const auto quotes =
        found.quotes & ~(found.escapes == 0 && !escaped ? 0 : escaped_by(found.escapes, escaped));
    const auto in_string =
        (quotes == 0 ? 0 : parity_up_to(quotes)) ^ (in_string_ ? ~std::uint64_t{0} : 0);
    if (const auto braces = (found.opens | found.closes) & ~in_string; braces != 0) {
      const auto closing = static_cast<unsigned>(std::popcount(found.closes & braces));
      if (depth_ <= floor() + closing)
        break;
      depth_ += static_cast<unsigned>(std::popcount(found.opens & braces));
      depth_ -= closing;
    }
    escaped_ = escaped;
    in_string_ = (in_string >> 63) != 0;
  }
  return p;
}
#else
const char* json_follower::skip_nested(const char* p, const char*) noexcept {
  return p;
}
#endif

void json_follower::feed(std::string_view bytes) noexcept {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  const char* tried = p; // up to here blocks have been looked at
  while (p != end) {
    if (p >= tried && depth_ > floor()) {
      p = skip_nested(p, end);
      tried = p + std::min<std::ptrdiff_t>(end - p, 64);
      if (p == end)
        return;
    }
    if (in_string_) {
      p = string_part(p, end);
    } else if (depth_ == 0) {
      outside(*p++);
    } else if (depth_ == floor()) {
      top(*p++);
    } else {
      p = detail::find_structure(p, end);
      if (p == end)
        return;
      const char c = *p++;
      if (c == '"')
        in_string_ = true;
      else if (c == '{' || c == '[')
        opens();
      else
        closes();
    }
  }
}

void json_follower::outside(char c) noexcept {
  if (is_blank(c))
    return;
  // Of a byte order mark, too, which may come in pieces.
  if (state_ == state::before && byte_order_mark.find(c) != std::string_view::npos)
    return;
  if (state_ != state::before || (c != '{' && c != '[')) {
    state_ = state::broken;
    return;
  }
  state_ = state::within;
  object_ = c == '{';
  role_ = role::name;
  opens();
}

/// A byte of the outermost object, outside of strings and nested values.
void json_follower::top(char c) noexcept {
  const bool begins_value = after_colon_ && !is_blank(c);
  switch (c) {
  case '"':
    in_string_ = true;
    role_ = after_colon_ ? role::value : role::name;
    text_size_ = 0;
    break;
  case ':':
    after_colon_ = true;
    return;
  case '{':
  case '[':
    error_ = error_ || (begins_value && member_ == member::error);
    opens();
    break;
  case '}':
  case ']':
    closes();
    break;
  default:
    // A number or `true` is an error as well; `null` and `false` are none.
    if (begins_value && member_ == member::error && c != 'n' && c != 'f')
      error_ = true;
  }
  if (begins_value)
    after_colon_ = false;
}

const char* json_follower::string_part(const char* p, const char* end) noexcept {
  const bool kept = depth_ == floor();
  const auto keep = [&](const char* from, const char* to) {
    if (!kept)
      return;
    const auto room = sizeof text_ - text_size_;
    const auto size = std::min(room, static_cast<std::size_t>(to - from));
    std::memcpy(text_ + text_size_, from, size);
    text_size_ = static_cast<unsigned char>(text_size_ + size);
  };
  if (escaped_) {
    escaped_ = false;
    keep(p, p + 1);
    ++p;
  }
  const char* const stop = detail::find_quote_or_escape(p, end);
  keep(p, stop);
  if (stop == end)
    return end;
  if (*stop == '\\') {
    escaped_ = true;
    keep(stop, stop + 1);
  } else {
    in_string_ = false;
    if (kept)
      string_ends();
  }
  return stop + 1;
}

void json_follower::string_ends() noexcept {
  const std::string_view text{text_, text_size_};
  if (role_ == role::value) {
    error_ = error_ || (member_ == member::error && !text.empty()) ||
             (member_ == member::object && text == "error");
    return;
  }
  member_ = text == "error" ? member::error : text == "object" ? member::object : member::other;
  answer_ = answer_ || text == "choices" || text == "data";
}

void json_follower::closes() noexcept {
  if (--depth_ == 0)
    state_ = state::behind;
}

} // namespace synapse::http
