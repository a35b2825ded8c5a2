#include "http/dialects/piper/pcm_at_24khz.hpp"

#include "http/dialects/answer_head.hpp"

#include <algorithm>

namespace synapse::http::piper {

using progress = answer_translator::progress;

namespace {
/// Sizes from here on are those of headers that promise nothing (see wav_info::missing_bytes).
constexpr std::uint64_t largest_promise = 0x7fff0000;
} // namespace

progress pcm_at_24khz::begin(const response_head& answer) {
  unframed_ = is_unframed(answer);
  return is_encoded(answer) ? refuse("its answer is compressed, unasked") : progress::more;
}

progress pcm_at_24khz::take(std::string_view bytes, std::string& out) {
  if (!in_data_)
    return take_header(bytes, out);
  take_samples(bytes, out);
  return progress::more;
}

progress pcm_at_24khz::take_header(std::string_view bytes, std::string& out) {
  const auto before = seen_;
  seen_ += bytes.size();
  const auto status = wav_.feed(bytes);
  if (status == wav_status::need_more)
    return progress::more;
  if (status != wav_status::ok)
    return refuse("its answer is no WAV recording: " + wav_.problem());
  const auto& info = wav_.info();
  if (info.format != 1 || info.bits_per_sample != 16 || info.channels != 1)
    return refuse("its recording has " + std::to_string(info.channels) + " channels of " +
                  std::to_string(info.bits_per_sample) +
                  " bits: pcm has one channel of 16 bits, which is what can be made of one");
  if (!resampler::supports(info.sample_rate))
    return refuse("its recording has " + std::to_string(info.sample_rate) +
                  " Hz, of which no pcm can be made: that has 24000 Hz");
  if (info.data_offset < before)
    return refuse("its recording has its samples before their format");
  if (info.sample_rate != resampler::output_rate)
    resampler_.emplace(info.sample_rate);
  in_data_ = true;
  left_ = info.data_bytes; // or "unknown", which is more than will ever come
  take_samples(bytes.substr(static_cast<std::size_t>(info.data_offset - before)), out);
  return progress::more;
}

void pcm_at_24khz::take_samples(std::string_view bytes, std::string& out) {
  bytes = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  left_ -= bytes.size();
  if (resampler_)
    resampler_->take(bytes, out);
  else
    out.append(bytes);
}

progress pcm_at_24khz::finish(std::string& out) {
  if (!in_data_)
    return refuse("its answer is no WAV recording");
  if (left_ != 0 && (left_ < largest_promise || unframed_))
    return refuse("its recording was cut off");
  if (resampler_ && !resampler_->finish(out))
    return refuse("its recording was cut off within a sample");
  return progress::more;
}

answer_translator::head pcm_at_24khz::client_head() const {
  head result;
  result.content_type = "audio/pcm";
  return result;
}

} // namespace synapse::http::piper
