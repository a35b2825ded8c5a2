/// @file
/// Languages of speech backends, by their codes (ISO 639).
#pragma once

#include <span>
#include <string_view>

namespace synapse::http {

struct language {
  std::string_view code;
  std::string_view name; ///< English
};

/// What Chatterbox's multilingual model speaks.
std::span<const language> spoken_languages() noexcept;

/// What Whisper's models recognize (openai/whisper, tokenizer.py). Names are in lower case, as
/// OpenAI's API answers them.
std::span<const language> recognized_languages() noexcept;

/// The entry of a code in a list, or null.
const language* find_language(std::span<const language> list, std::string_view code) noexcept;

} // namespace synapse::http
