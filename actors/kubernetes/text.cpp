#include "actors/kubernetes/text.hpp"

namespace synapse::kubernetes {

namespace {

/// Length of the UTF-8 sequence that `text` begins with, 0 if there is none. Overlong forms and
/// surrogates are let through: this is about not cutting characters, not about their meaning.
std::size_t sequence_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80                     ? 1
                             : first >= 0xc2 && first < 0xe0  ? 2
                             : (first & 0xf0) == 0xe0         ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || length > text.size())
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
      return 0;
  return length;
}

} // namespace

std::string quoted_text(std::string_view text, std::size_t max) {
  std::string result;
  bool gap = false;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const auto length = sequence_length(text);
    if (first <= ' ' || first == 0x7f) {
      gap = !result.empty();
      text.remove_prefix(1);
      continue;
    }
    const auto piece = length == 0 ? std::string_view{"?"} : text.substr(0, length);
    if (result.size() + gap + piece.size() > max)
      return result + "…";
    if (gap)
      result += ' ';
    gap = false;
    result += piece;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

std::string without(std::string text, std::string_view secret) {
  constexpr std::string_view shown = "[REDACTED]";
  if (secret.empty())
    return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), shown);
    at += shown.size();
  }
  return text;
}

} // namespace synapse::kubernetes
