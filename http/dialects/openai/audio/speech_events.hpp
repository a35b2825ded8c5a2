/// @file
/// A recording on its way to a client that wants it as OpenAI's events (OpenAI API reference,
/// "Create speech", `stream_format`).
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <string>
#include <string_view>

namespace synapse::http::openai {

/// What `inner` makes of a recording, as OpenAI's speech events: one `speech.audio.delta` for
/// whatever has arrived, and `speech.audio.done` at the end.
class speech_events : public answer_translator {
public:
  explicit speech_events(answer_translator& inner) : inner_(inner) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return true; }
  bool promises_events() override { return true; }
  std::optional<told_error> reported() const override { return inner_.reported(); }

private:
  progress wrap(progress how, std::string& out, bool last);

  answer_translator& inner_;
  std::string audio_; ///< not yet sent: base64 takes three bytes at a time
};

} // namespace synapse::http::openai
