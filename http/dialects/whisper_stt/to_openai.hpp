/// @file
/// OpenAI's transcriptions from a whisper-stt: what it is asked for them, and what becomes of its
/// answers.
#pragma once

#include "http/dialects/events_answer.hpp"
#include "http/dialects/form_fields.hpp"
#include "http/dialects/json_answer.hpp"
#include "http/dialects/openai/audio/transcription.hpp"
#include "http/dialects/segment_joiner.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace synapse::http::whisper_stt {

/// The fields of its form. @param language as the client calls it; empty: none
form_fields fields_of(std::string_view language, const openai::transcription_wishes& wishes);

/// whisper-stt's JSON → the form that the client wishes, which is asked for when the answer is
/// complete. A client that wishes a stream (and said so behind the file) gets its events at once.
class transcription_answer final : public json_answer {
public:
  explicit transcription_answer(std::function<openai::transcription_wishes()> wishes)
      : wishes_(std::move(wishes)) {}
  head client_head() const override;

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::function<openai::transcription_wishes()> wishes_;
};

/// whisper-stt's events → OpenAI's.
class transcription_events final : public events_answer {
public:
  explicit transcription_events(std::size_t max_event_bytes) : events_answer(max_event_bytes) {}
  void broken(std::string& out, response_detail detail, std::string_view message) override;

protected:
  progress on_told(const sse_event& event, std::string_view raw, std::string& out) override;

private:
  segment_joiner joiner_;
  double end_ = 0; ///< of the last segment
};

} // namespace synapse::http::whisper_stt
