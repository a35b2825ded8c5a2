#include "http/dialects/speaches/request.hpp"

#include "http/core/json/json_text.hpp"
#include "http/dialects/whisper_stt/languages.hpp"

#include <nlohmann/json.hpp>

namespace synapse::http::speaches {
namespace {

constexpr unsigned openai_rate = 24000; // of OpenAI's pcm, and of Kokoro's voices

std::string_view name_of(openai::transcription_format format) {
  switch (format) {
  case openai::transcription_format::text:
    return "text";
  case openai::transcription_format::srt:
    return "srt";
  case openai::transcription_format::vtt:
    return "vtt";
  case openai::transcription_format::verbose_json:
    return "verbose_json";
  case openai::transcription_format::json:
    break;
  }
  return "json";
}

form_fields common_fields(const question& what) {
  form_fields result;
  result.emplace_back("model", what.model);
  result.emplace_back("response_format", name_of(what.how.format));
  if (!what.prompt.empty())
    result.emplace_back("prompt", what.prompt);
  if (!what.temperature.empty())
    result.emplace_back("temperature", what.temperature);
  return result;
}

} // namespace

std::span<const std::string_view> openai_formats() noexcept {
  static constexpr std::string_view formats[]{"mp3", "opus", "aac", "flac", "wav", "pcm"};
  return formats;
}

std::string body_of(const speech& what) {
  const bool samples = what.format == "pcm";
  nlohmann::ordered_json body;
  body["model"] = what.model;
  body["input"] = what.text;
  body["voice"] = what.voice;
  body["response_format"] = samples ? "wav" : what.format;
  if (what.speed != 1)
    body["speed"] = what.speed;
  if (samples)
    body["sample_rate"] = openai_rate;
  return dump(body);
}

range speed_range(unsigned sample_rate) noexcept {
  return sample_rate == openai_rate ? range{0.5, 2} : range{0.25, 4};
}

form_fields transcription_fields(const question& what) {
  auto result = common_fields(what);
  if (const auto* known = whisper_stt::language_of(what.language))
    result.emplace_back("language", known->code);
  if (what.how.stream)
    result.emplace_back("stream", "true");
  if (what.how.words) {
    result.emplace_back("timestamp_granularities[]", "word");
    if (what.how.segments)
      result.emplace_back("timestamp_granularities[]", "segment");
  }
  return result;
}

form_fields translation_fields(const question& what) {
  return common_fields(what);
}

} // namespace synapse::http::speaches
