/// @file
/// The forms in which OpenAI's clients want a transcription (OpenAI API reference, "Create
/// transcription"). Plain functions.
#pragma once

#include "http/dialects/transcript.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace synapse::http::openai {

enum class transcription_format { json, text, srt, vtt, verbose_json };
/// The value of `response_format`, or nothing.
std::optional<transcription_format> format_named(std::string_view name);
std::string_view media_type_of(transcription_format format);

struct transcription_wishes {
  transcription_format format = transcription_format::json;
  bool stream = false;
  bool words = false; ///< `timestamp_granularities[]`, of verbose_json
  bool segments = true;
};
/// Whether a value of `timestamp_granularities[]` is one.
bool is_granularity(std::string_view value);
/// @param format the field `response_format`; empty or unknown: json
/// @param granularities values of `timestamp_granularities[]`; none: segments
transcription_wishes wishes_of(std::string_view format, bool stream,
                               std::span<const std::string_view> granularities);

/// The whole answer.
std::string render(const transcript& what, const transcription_wishes& how);

/// `HH:MM:SS,mmm` (SubRip) or, with a point, WebVTT's.
std::string timestamp(double seconds, char decimal_mark);

/// `transcript.text.delta`.
std::string delta_event(std::string_view text);
/// `transcript.text.done`. @param seconds of audio; 0: not known.
std::string done_event(std::string_view text, double seconds);

} // namespace synapse::http::openai
