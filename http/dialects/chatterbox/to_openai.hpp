/// @file
/// OpenAI's speech from a Chatterbox: which formats there are, and what becomes of its answers.
#pragma once

#include "http/dialects/answer_translator.hpp"
#include "http/dialects/chatterbox/request.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace synapse::http::chatterbox {

/// Values of `response_format` that can be served.
std::span<const std::string_view> openai_formats() noexcept;

/// With a voice of its own. Its OpenAI route knows no languages, so what is not English goes
/// another way.
json_call openai_call(const speech& what, std::string_view voice_file);

/// What the client of /v1/audio/speech gets.
class openai_answer {
public:
  /// @param format one of `openai_formats`. @param events the client reads server-sent events
  openai_answer(std::string_view format, bool events);
  answer_translator& translator() { return events_ ? *events_ : *audio_; }

private:
  std::unique_ptr<answer_translator> audio_;
  std::unique_ptr<answer_translator> events_;
};

} // namespace synapse::http::chatterbox
