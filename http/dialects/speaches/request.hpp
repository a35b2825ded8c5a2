/// @file
/// What Speaches is asked. Its routes are OpenAI's; these requests differ from a client's where it
/// would answer another thing than OpenAI does.
#pragma once

#include "http/dialects/form_fields.hpp"
#include "http/dialects/openai/audio/transcription.hpp"

#include <span>
#include <string>
#include <string_view>

namespace synapse::http::speaches {

inline constexpr std::string_view speech_path = "/v1/audio/speech";
inline constexpr std::string_view transcriptions_path = "/v1/audio/transcriptions";
inline constexpr std::string_view translations_path = "/v1/audio/translations"; ///< Whisper only

/// A text and how it is to be spoken.
struct speech {
  std::string model; ///< its own id of it, or one of its aliases (tts-1)
  std::string text;
  std::string voice; ///< one of the model's; OpenAI's stock voices become one of Kokoro's there
  std::string format = "mp3"; ///< one of `openai_formats`
  double speed = 1;           ///< see speed_range
};

/// Values of `response_format` that can be served: all of OpenAI's.
std::span<const std::string_view> openai_formats() noexcept;

/// JSON body of a POST to `speech_path`. Asked for is always sound, and not its events: those have
/// samples of the voice's own rate whatever was wished, and an end of another form. Samples are
/// asked for as a recording of OpenAI's rate, so that it is seen what they are.
std::string body_of(const speech& what);

struct range {
  double least;
  double most;
};
/// Speeds that a model of that family speaks in. One outside is answered with status 200 and no
/// sound, so it has to be seen before. @param sample_rate the list tells; 24000: it is a Kokoro
range speed_range(unsigned sample_rate) noexcept;

/// What a client wishes of a transcription; empty: nothing.
struct question {
  std::string_view model;
  std::string_view language; ///< as the client calls it; none of Whisper's: it finds out
  std::string_view prompt;
  std::string_view temperature;
  openai::transcription_wishes how;
};
/// The fields of the form besides the file. Its answers are OpenAI's but for streams, see
/// transcription_events. A granularity twice would be a failure of the server.
form_fields transcription_fields(const question& what);
/// The same for `translations_path`, which has neither stream, language nor granularities.
form_fields translation_fields(const question& what);

} // namespace synapse::http::speaches
