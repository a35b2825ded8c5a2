/// @file
/// A recording on its way from a backend to the client.
#pragma once

#include "http/core/body/media_signature.hpp"
#include "http/core/body/wav_header.hpp"
#include "http/dialects/answer_translator.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// A recording, passed on as it comes. Checked is only that it begins like one of its kind: some
/// servers call their audio text/html, others send an error page with status 200.
class audio_answer : public answer_translator {
public:
  /// @param media_type for the client. @param filename makes it an attachment; empty: none.
  audio_answer(media_kind kind, std::string_view media_type, std::string_view filename);

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;

private:
  media_kind kind_;
  std::string_view media_type_;
  std::string_view filename_;
  std::string first_; ///< held back until it is known what it is
  bool known_ = false;
  bool unframed_ = false;
  wav_scanner wav_; ///< has seen an unframed WAV recording
  std::uint64_t total_ = 0;
};

} // namespace synapse::http
