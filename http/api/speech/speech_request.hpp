/// @file
/// What a client wants spoken: the bodies of /tts/* and /v1/audio/speech, checked field by field.
#pragma once

#include "http/api/request/refusal.hpp"
#include "http/dialects/chatterbox/request.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace synapse::api {

struct speech_request {
  http::chatterbox::speech said;
  std::string voice;            ///< of the library; empty: a predefined one
  std::vector<std::string> mix; ///< all voices of an interpolation
  // OpenAI's
  bool events = false;             ///< `stream_format` is sse
  bool voice_may_be_named = false; ///< `voice` may be a name of a library voice, or predefined
};

/// The body of /tts/synthesize and /tts/stream.
std::optional<refusal> read_synthesis(const nlohmann::ordered_json& body, speech_request& into);
/// The body of /tts/interpolate; `voice` is the heaviest one.
std::optional<refusal> read_interpolation(const nlohmann::ordered_json& body, speech_request& into);
/// The body of /v1/audio/speech.
std::optional<refusal> read_openai_speech(const nlohmann::ordered_json& body, speech_request& into);

/// The body of /v1/audio/speech for a name of the catalog, whatever serves it.
struct named_speech {
  std::string text;
  std::string voice;    ///< empty: any
  std::string format;   ///< empty: as the backend likes it best
  std::string language; ///< code; empty: that of the voice
  double speed = 1;
  bool events = false; ///< `stream_format` is sse
};
std::optional<refusal> read_named_speech(const nlohmann::ordered_json& body, named_speech& into);

} // namespace synapse::api
