#include "http/dialects/deepfilter/answer.hpp"

#include "http/dialects/audio_answer.hpp"

namespace synapse::http::deepfilter {

std::unique_ptr<answer_translator> make_denoised() {
  return std::make_unique<audio_answer>(media_kind::wav, "audio/wav", "denoised.wav");
}

std::unique_ptr<answer_translator> make_converted(const output_format& format) {
  return std::make_unique<audio_answer>(format.kind, format.media_type, format.filename);
}

} // namespace synapse::http::deepfilter
