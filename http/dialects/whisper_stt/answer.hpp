/// @file
/// What whisper-stt answers: a transcription as JSON, or segment by segment as events.
#pragma once

#include "http/dialects/events_answer.hpp"
#include "http/dialects/transcript.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace synapse::http::whisper_stt {

/// @returns nothing when `text` is no such answer.
std::optional<transcript> parse_transcript(std::string_view text);
/// One segment, as in an event of its stream.
std::optional<transcript_segment> parse_segment(std::string_view text);

/// Its own events, byte by byte.
class native_events final : public events_answer {
public:
  /// @param label of the backend in an error event, such as "STT backend error".
  native_events(std::size_t max_event_bytes, std::string_view label)
      : events_answer(max_event_bytes), label_(label) {}
  void broken(std::string& out, response_detail detail, std::string_view message) override;

protected:
  progress on_told(const sse_event& event, std::string_view raw, std::string& out) override;

private:
  std::string_view label_;
};

} // namespace synapse::http::whisper_stt
