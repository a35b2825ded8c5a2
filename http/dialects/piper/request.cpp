#include "http/dialects/piper/request.hpp"

#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace synapse::http::piper {

std::optional<generation> generation_of(unsigned status_of_get_root) noexcept {
  switch (status_of_get_root) {
  case 200:
    return generation::synthesize;
  case 405:
    return generation::root_json;
  case 500:
    return generation::root_text;
  default:
    return {};
  }
}

std::string problem_with(const speech& what, generation routes) {
  if (what.text.find_first_not_of(" \t\r\n\v\f") == std::string::npos)
    return "the text has no words";
  if (!std::isfinite(what.speed) || !(what.speed > 0))
    return "the speed is no number above 0";
  if (routes != generation::root_text)
    return {};
  if (!what.voice.empty() || !what.speaker.empty())
    return "this Piper is too old to be told a voice: it has one";
  if (what.speed != 1)
    return "this Piper is too old to be told a speed: it has one";
  return {};
}

call call_of(const speech& what, generation routes) {
  if (routes == generation::root_text)
    return {"/", "text/plain; charset=utf-8", what.text};
  nlohmann::ordered_json body;
  body["text"] = what.text;
  if (!what.voice.empty())
    body["voice"] = what.voice;
  if (!what.speaker.empty())
    body["speaker"] = what.speaker;
  // Without it the server takes the voice's own.
  if (what.speed != 1 && what.speed > 0)
    body["length_scale"] = what.length_scale / what.speed;
  return {routes == generation::synthesize ? "/synthesize" : "/", "application/json", dump(body)};
}

} // namespace synapse::http::piper
