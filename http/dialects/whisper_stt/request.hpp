/// @file
/// What whisper-stt is asked: its paths, and the fields of its forms besides the file.
#pragma once

#include "http/dialects/form_fields.hpp"

#include <optional>
#include <string_view>

namespace synapse::http::whisper_stt {

inline constexpr std::string_view transcribe_path = "/transcribe";
inline constexpr std::string_view stream_path = "/stream";
inline constexpr std::string_view detect_language_path = "/detect-language";

/// @param language as the client calls it; empty, or none of Whisper's: the backend finds out
/// @param word_timestamps nothing: a form that knows no such field
form_fields fields_of(std::string_view language, std::optional<bool> word_timestamps = {});

} // namespace synapse::http::whisper_stt
