/// @file
/// What Whisper's models recognize (openai/whisper, tokenizer.py).
#pragma once

#include "http/dialects/language.hpp"

namespace synapse::http::whisper_stt {

/// Names are in lower case, as OpenAI's API answers them.
std::span<const language> languages() noexcept;

/// What clients send: codes, and for some of them their English names in any case. Null: none.
const language* language_of(std::string_view value) noexcept;

} // namespace synapse::http::whisper_stt
