#include "http/dialects/openai/usage_tail.hpp"

#include "http/core/head/scan.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace synapse::http {

namespace {
std::string_view without_space(std::string_view text) noexcept {
  const auto at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

#if defined(__SSE2__)
/// At which of 16 places from `p` the first two bytes of `what` stand. Reads 17 bytes.
unsigned pairs_at(const char* p, std::string_view what) noexcept {
  const __m128i first = _mm_cmpeq_epi8(detail::load16(p), _mm_set1_epi8(what[0]));
  const __m128i second = _mm_cmpeq_epi8(detail::load16(p + 1), _mm_set1_epi8(what[1]));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(first, second)));
}
#endif

/// Where the last `what` begins, which begins with `"` and a letter. Searched from the end: that is
/// where a server writes it, and most texts hold one near it or none at all.
std::string_view from_last(std::string_view text, std::string_view what) noexcept {
  if (text.size() < what.size())
    return {};
  const char* const begin = text.data();
  const char* p =
      begin + (text.size() - what.size()) + 1; // behind the last place where it may begin
  const auto is_here = [&](const char* at) {
    return std::memcmp(at, what.data(), what.size()) == 0;
  };
  const auto found = [&](const char* at) {
    return text.substr(static_cast<std::size_t>(at - begin));
  };
#if defined(__SSE2__)
  for (; p - begin >= 16; p -= 16)
    for (auto mask = pairs_at(p - 16, what); mask != 0; mask ^= std::bit_floor(mask))
      if (const char* at = p - 16 + std::bit_width(mask) - 1; is_here(at))
        return found(at);
#endif
  while (p != begin)
    if (*--p == what[0] && is_here(p))
      return found(p);
  return {};
}

/// The text behind the last `"key":` and blanks, if `begin` stands there.
std::string_view behind_last(std::string_view text, std::string_view key, char begin) noexcept {
  while (true) {
    const auto found = from_last(text, key);
    if (found.empty())
      return {};
    if (auto rest = without_space(found.substr(key.size())); rest.starts_with(':')) {
      rest = without_space(rest.substr(1));
      if (rest.starts_with(begin))
        return rest;
    }
    text = text.substr(0, text.size() - found.size());
  }
}

/// Where the first `what` begins, which begins with `"` and a letter; the end of the text if there
/// is none.
std::size_t first_of(std::string_view text, std::string_view what) noexcept {
  std::size_t at = 0;
#if defined(__SSE2__)
  for (; at + 16 + what.size() <= text.size(); at += 16)
    for (auto mask = pairs_at(text.data() + at, what); mask != 0; mask &= mask - 1)
      if (const auto here = at + static_cast<unsigned>(std::countr_zero(mask));
          text.substr(here, what.size()) == what)
        return here;
#endif
  return std::min(text.find(what, at), text.size());
}

/// The number behind `"key":`. The details within the usage have names of their own.
std::int64_t number_of(std::string_view object, std::string_view key) noexcept {
  auto rest = object.substr(first_of(object, key));
  if (rest.empty())
    return -1;
  rest = without_space(rest.substr(key.size()));
  if (!rest.starts_with(':'))
    return -1;
  rest = without_space(rest.substr(1));
  std::int64_t value = -1;
  const auto [stop, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return problem == std::errc{} && value >= 0 ? value : -1;
}
} // namespace

void usage_tail::feed(std::string_view bytes) noexcept {
  if (bytes.size() >= kept) {
    std::memcpy(bytes_.data(), bytes.data() + bytes.size() - kept, kept);
    size_ = kept;
    return;
  }
  if (bytes.empty())
    return;
  if (size_ + bytes.size() > kept) {
    const auto stays = kept - bytes.size();
    std::memmove(bytes_.data(), bytes_.data() + size_ - stays, stays);
    size_ = stays;
  }
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

token_counts usage_tail::of(std::string_view text) noexcept {
  if (text.size() > kept)
    text.remove_prefix(text.size() - kept);
  const auto usage = behind_last(text, "\"usage\"", '{');
  if (usage.empty())
    return {};
  return {number_of(usage, "\"prompt_tokens\""), number_of(usage, "\"completion_tokens\"")};
}

} // namespace synapse::http
