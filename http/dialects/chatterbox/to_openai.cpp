#include "http/dialects/chatterbox/to_openai.hpp"

#include "http/dialects/audio_answer.hpp"
#include "http/dialects/openai/audio/pcm_answer.hpp"
#include "http/dialects/openai/audio/speech_events.hpp"

namespace synapse::http::chatterbox {

std::span<const std::string_view> openai_formats() noexcept {
  static constexpr std::string_view formats[]{"mp3", "opus", "wav", "pcm"};
  return formats;
}

json_call openai_call(const speech& what, std::string_view voice_file) {
  if (what.language == "en")
    return openai_with_voice(what, voice_file);
  return with_voice(what, voice_file);
}

openai_answer::openai_answer(std::string_view format, bool events) {
  if (format == "pcm")
    audio_ = std::make_unique<openai::pcm_answer>();
  else if (format == "wav")
    audio_ = std::make_unique<audio_answer>(media_kind::wav, "audio/wav", "");
  else if (format == "opus")
    audio_ = std::make_unique<audio_answer>(media_kind::ogg, "audio/opus", "");
  else
    audio_ = std::make_unique<audio_answer>(media_kind::mpeg, "audio/mpeg", "");
  if (events)
    events_ = std::make_unique<openai::speech_events>(*audio_);
}

} // namespace synapse::http::chatterbox
