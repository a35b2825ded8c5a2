#include "routing/model_choice.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace synapse::routing {

namespace {

constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// In lower case; 0 for what is no character of a word.
constexpr std::array<unsigned char, 256> make_letters() {
  std::array<unsigned char, 256> result{};
  for (unsigned c = 0; c < 256; ++c) {
    if (c >= 'A' && c <= 'Z')
      result[c] = static_cast<unsigned char>(c | 0x20);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80)
      result[c] = static_cast<unsigned char>(c);
  }
  return result;
}
constexpr auto letters = make_letters();

unsigned char letter(char c) {
  return letters[static_cast<unsigned char>(c)];
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// FNV-1a: a byte at a time, as the text is read.
constexpr std::uint64_t hash_seed = 0xcbf29ce484222325U;
constexpr std::uint64_t hash_step(std::uint64_t hash, unsigned char c) {
  return (hash ^ c) * 0x100000001b3U;
}
/// Its upper bits are the better ones.
constexpr std::size_t bucket(std::uint64_t hash, std::size_t mask) {
  return static_cast<std::size_t>(hash >> 32) & mask;
}

/// Matches `wanted` from `at` on. @returns where it ends, or npos.
std::size_t match_forward(std::string_view wanted, std::string_view text, std::size_t at) {
  for (const char c : wanted) {
    if (c == ' ') {
      const auto from = at;
      while (at < text.size() && is_space(text[at]))
        ++at;
      if (at == from)
        return std::string_view::npos;
    } else if (at >= text.size() || lower(text[at++]) != c) {
      return std::string_view::npos;
    }
  }
  return at;
}

/// Likewise, `wanted` standing right before `at`.
bool match_backward(std::string_view wanted, std::string_view text, std::size_t at) {
  for (auto c = wanted.rbegin(); c != wanted.rend(); ++c) {
    if (*c == ' ') {
      const auto from = at;
      while (at > 0 && is_space(text[at - 1]))
        --at;
      if (at == from)
        return false;
    } else if (at == 0 || lower(text[--at]) != *c) {
      return false;
    }
  }
  return true;
}

} // namespace

model_choice::hint model_choice::make_hint(std::string_view word, std::size_t rule) {
  hint result;
  result.rule = rule;
  for (const char c : word) {
    if (!is_space(c))
      result.text += lower(c);
    else if (!result.text.empty() && result.text.back() != ' ')
      result.text += ' ';
  }
  if (result.text.ends_with(' '))
    result.text.pop_back();
  const auto& text = result.text;
  while (result.run < text.size() && letter(text[result.run]) == 0)
    ++result.run;
  result.hash = hash_seed;
  for (auto at = result.run; at < text.size() && letter(text[at]) != 0; ++at, ++result.size)
    result.hash = hash_step(result.hash, letter(text[at]));
  return result;
}

model_choice::model_choice(const config::model_choice_settings& settings) : names_(settings.names) {
  for (const auto& rule : settings.rules) {
    for (const auto& word : rule.words) {
      auto made = make_hint(word, models_.size());
      if (!made.text.empty())
        (made.size == 0 ? symbols_ : hints_).push_back(std::move(made));
    }
    models_.push_back(rule.model);
  }
  models_.push_back(settings.general);
  make_table();
}

void model_choice::make_table() {
  // Four times as many places as words: most words of a text find an empty one.
  table_.assign(std::bit_ceil(4 * hints_.size() + 1), 0);
  const auto mask = table_.size() - 1;
  std::stable_sort(hints_.begin(), hints_.end(), [mask](const hint& a, const hint& b) {
    return bucket(a.hash, mask) < bucket(b.hash, mask);
  });
  for (std::size_t i = hints_.size(); i > 0; --i)
    table_[bucket(hints_[i - 1].hash, mask)] = static_cast<std::uint32_t>(i);
}

bool model_choice::is_choice(std::string_view name) const noexcept {
  return name.empty() || std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool model_choice::matches(const hint& what, std::string_view text, std::size_t at) noexcept {
  const std::string_view wanted = what.text;
  if (!match_backward(wanted.substr(0, what.run), text, at))
    return false;
  const auto end = match_forward(wanted.substr(what.run), text, at);
  if (end == std::string_view::npos)
    return false;
  // A word ends where the text's word ends; behind `c++` there may be anything.
  return letter(wanted.back()) == 0 || end == text.size() || letter(text[end]) == 0;
}

std::size_t model_choice::look_up(std::uint64_t hash, std::string_view text, std::size_t at,
                                  std::size_t best) const noexcept {
  const auto mask = table_.size() - 1;
  const auto place = bucket(hash, mask);
  const auto first = table_[place];
  for (std::size_t i = first; i > 0 && i <= hints_.size(); ++i) {
    const auto& one = hints_[i - 1];
    if (bucket(one.hash, mask) != place)
      break;
    if (one.hash == hash && one.rule < best && matches(one, text, at))
      best = one.rule;
  }
  return best;
}

const std::string& model_choice::choose(std::string_view text) const noexcept {
  std::size_t best = models_.size() - 1;
  for (std::size_t at = 0; at < text.size() && best > 0 && !hints_.empty();) {
    if (letter(text[at]) == 0) {
      ++at;
      continue;
    }
    const auto begin = at;
    auto hash = hash_seed;
    for (unsigned char c = 0; at < text.size() && (c = letter(text[at])) != 0; ++at)
      hash = hash_step(hash, c);
    best = look_up(hash, text, begin, best);
  }
  for (const auto& one : symbols_)
    for (std::size_t at = 0; at < text.size() && one.rule < best; ++at)
      if (match_forward(one.text, text, at) != std::string_view::npos)
        best = one.rule;
  return models_[best];
}

} // namespace synapse::routing
