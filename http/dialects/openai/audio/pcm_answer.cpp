#include "http/dialects/openai/audio/pcm_answer.hpp"

#include "http/dialects/answer_head.hpp"

#include <algorithm>

namespace synapse::http::openai {

using progress = answer_translator::progress;

namespace {
/// Sizes from here on are those of headers that promise nothing (see wav_info::missing_bytes).
constexpr std::uint64_t largest_promise = 0x7fff0000;
} // namespace

progress pcm_answer::begin(const response_head& answer) {
  unframed_ = is_unframed(answer);
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress pcm_answer::take(std::string_view bytes, std::string& out) {
  if (in_data_) {
    const auto taken = std::min<std::uint64_t>(left_, bytes.size());
    out.append(bytes.substr(0, static_cast<std::size_t>(taken)));
    left_ -= taken;
    return progress::more;
  }
  const auto before = seen_;
  seen_ += bytes.size();
  switch (wav_.feed(bytes)) {
  case wav_status::need_more:
    return progress::more;
  case wav_status::ok:
    break;
  default:
    return refuse("its answer is no WAV recording: " + wav_.problem());
  }
  const auto& info = wav_.info();
  if (info.format != 1 || info.bits_per_sample != 16 || info.channels != 1 ||
      info.sample_rate != 24000)
    return refuse("its recording has " + std::to_string(info.sample_rate) + " Hz, " +
                  std::to_string(info.channels) + " channels of " +
                  std::to_string(info.bits_per_sample) +
                  " bits: pcm has 24000 Hz and one channel of 16 bits");
  in_data_ = true;
  left_ = info.data_bytes; // or "unknown", which is more than will ever come
  if (info.data_offset < before)
    return refuse("its recording has its samples before their format");
  return take(bytes.substr(static_cast<std::size_t>(info.data_offset - before)), out);
}

progress pcm_answer::finish(std::string& /*out*/) {
  if (!in_data_)
    return refuse("its answer is no WAV recording");
  if (unframed_ && left_ != 0 && left_ < largest_promise)
    return refuse("its recording was cut off");
  return progress::more;
}

answer_translator::head pcm_answer::client_head() const {
  head result;
  result.content_type = "audio/pcm";
  return result;
}

} // namespace synapse::http::openai
