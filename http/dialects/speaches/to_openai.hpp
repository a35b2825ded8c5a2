/// @file
/// What becomes of a Speaches' answers. Those without a class here are OpenAI's as they come.
#pragma once

#include "http/dialects/sse_answer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::http::speaches {

/// What the client of /v1/audio/speech gets, of what `body_of` asks for. A voice or speed that the
/// model has not got is answered with status 200 and nothing: that is no recording.
class openai_answer {
public:
  /// @param format one of `openai_formats`. @param events the client reads server-sent events
  openai_answer(std::string_view format, bool events);
  answer_translator& translator() { return events_ ? *events_ : *audio_; }

private:
  std::unique_ptr<answer_translator> audio_;
  std::unique_ptr<answer_translator> events_;
};

/// Its events of a transcription → OpenAI's: the text in its last one is always empty.
class transcription_events final : public sse_answer {
public:
  using sse_answer::sse_answer;

  progress finish(std::string& out) override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;

private:
  progress on_event(const sse_event& event, std::string_view raw, std::string& out) override;

  std::string text_; ///< of all deltas
  bool done_ = false;
};

/// An answer that is no success.
struct trouble {
  enum class kind : std::uint8_t {
    other,
    key_refused,   ///< the backend's key is missing or wrong: nothing that the client can mend
    not_installed, ///< it has no such model, and would have to be told to fetch it
    wrong_kind,    ///< the model is there and is for another task
    bad_request,   ///< the client's form, or its recording
  };
  kind what = kind::other;
  unsigned status = 502; ///< for the client
  std::string text;      ///< goes on after "backend NAME: "
};
trouble read_trouble(unsigned status, std::string_view body);

} // namespace synapse::http::speaches
