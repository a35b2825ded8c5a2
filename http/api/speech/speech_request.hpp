/// @file
/// What a client wants spoken: the bodies of /tts/* and /v1/audio/speech, checked field by field.
#pragma once

#include "http/api/request/refusal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace synapse::api {

/// The voice that speaks where none is named.
inline constexpr std::string_view default_voice_file = "Alice.wav";

struct speech_request {
  std::string text;
  std::string language = "en";
  double speed = 1;
  bool split_sentences = true;
  std::string voice;            ///< of the library; empty: a predefined one
  std::vector<std::string> mix; ///< all voices of an interpolation
  // OpenAI's
  std::string format = "wav";      ///< `response_format`
  bool events = false;             ///< `stream_format` is sse
  bool voice_may_be_named = false; ///< `voice` may be a name of a library voice, or predefined
};

/// The body of /tts/synthesize and /tts/stream.
std::optional<refusal> read_synthesis(const nlohmann::ordered_json& body, speech_request& into);
/// The body of /tts/interpolate; `voice` is the heaviest one.
std::optional<refusal> read_interpolation(const nlohmann::ordered_json& body, speech_request& into);
/// The body of /v1/audio/speech.
std::optional<refusal> read_openai_speech(const nlohmann::ordered_json& body, speech_request& into);

/// The file name under which Chatterbox knows a predefined voice: names without an ending get one
/// and a capital letter; OpenAI's stock voices, which it does not have, become the default one.
std::string predefined_voice_file(std::string_view voice);

/// The body of Chatterbox's POST /tts with a reference that it has.
std::string clone_body(const speech_request& request, std::string_view reference);
/// The same with a predefined voice.
std::string predefined_body(const speech_request& request, std::string_view voice_file);
/// The body of its POST /v1/audio/speech.
std::string openai_speech_body(const speech_request& request, std::string_view voice_file);

} // namespace synapse::api
