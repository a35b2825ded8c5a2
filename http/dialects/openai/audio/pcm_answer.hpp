/// @file
/// A WAV recording on its way to a client that wants OpenAI's `pcm`.
#pragma once

#include "http/core/body/wav_header.hpp"
#include "http/dialects/answer_translator.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http::openai {

/// The samples of a WAV recording, without its header: signed 16 bit, little-endian, mono, 24 kHz,
/// as OpenAI's `pcm` is. Another rate or form is refused: nobody could tell.
class pcm_answer : public answer_translator {
public:
  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

private:
  wav_scanner wav_;        ///< until the header is complete
  std::uint64_t seen_ = 0; ///< bytes, until then
  bool in_data_ = false;
  std::uint64_t left_ = 0; ///< bytes of samples to come
  bool unframed_ = false;
};

} // namespace synapse::http::openai
