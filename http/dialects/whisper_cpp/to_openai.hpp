/// @file
/// OpenAI's transcriptions and translations from a whisper.cpp.
#pragma once

#include "http/dialects/json_answer.hpp"
#include "http/dialects/openai/audio/transcription.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http::whisper_cpp {

/// whisper.cpp's JSON → the form that the client wishes, which is asked for when the answer is
/// complete. The server has no stream: a client that wishes one gets an event for each segment and
/// the last one, at once.
class transcription_answer final : public json_answer {
public:
  /// @param translated it was asked for English
  explicit transcription_answer(std::function<openai::transcription_wishes()> wishes,
                                bool translated = false)
      : wishes_(std::move(wishes)), translated_(translated) {}
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return wishes_().stream; }
  bool promises_events() override { return wishes_().stream; }

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::function<openai::transcription_wishes()> wishes_;
  bool translated_;
};

} // namespace synapse::http::whisper_cpp
