/// @file
/// A Piper's recording on its way to a client that wants OpenAI's `pcm`.
#pragma once

#include "http/core/body/wav_header.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/dialects/piper/resampler.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::piper {

/// The samples of a WAV recording of one channel with 16 bits, at 24 kHz as OpenAI's `pcm` is:
/// Piper's voices have other rates, mostly 22.05 and 16 kHz. A recording that has less than its
/// header says is broken, whatever the answer's framing says.
class pcm_at_24khz final : public answer_translator {
public:
  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

private:
  progress take_header(std::string_view bytes, std::string& out);
  void take_samples(std::string_view bytes, std::string& out);

  wav_scanner wav_;        ///< until the header is complete
  std::uint64_t seen_ = 0; ///< bytes, until then
  bool in_data_ = false;
  bool unframed_ = false;
  std::uint64_t left_ = 0;             ///< bytes of samples to come
  std::optional<resampler> resampler_; ///< none where the rate is right
};

} // namespace synapse::http::piper
