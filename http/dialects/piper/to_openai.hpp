/// @file
/// OpenAI's speech from a Piper: which formats there are, and what becomes of its answers.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace synapse::http::piper {

/// Values of `response_format` that can be served: wav and pcm. Piper compresses nothing, so mp3,
/// which is OpenAI's default, is not among them; the first one is for who names none.
std::span<const std::string_view> openai_formats() noexcept;

/// What the client of /v1/audio/speech gets. Piper calls its recordings text/html, and has one
/// answered when all of it is spoken: events keep the client waiting until then.
class openai_answer {
public:
  /// @param format one of `openai_formats`. @param events the client reads server-sent events
  openai_answer(std::string_view format, bool events);
  answer_translator& translator() { return events_ ? *events_ : *audio_; }

private:
  std::unique_ptr<answer_translator> audio_;
  std::unique_ptr<answer_translator> events_;
};

/// An answer that is no success.
struct trouble {
  unsigned status = 502; ///< for the client
  std::string text;      ///< goes on after "backend NAME: "
  /// It has no such route: a server of another generation, to be found out anew.
  bool other_generation = false;
};
/// Reads one: Piper's are pages.
trouble read_trouble(unsigned status, std::string_view body);

} // namespace synapse::http::piper
