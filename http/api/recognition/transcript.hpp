/// @file
/// A transcription as whisper-stt answers it, and the forms in which OpenAI's clients want it
/// (OpenAI API reference, "Create transcription"). Plain functions.
#pragma once

#include "http/api/forms/translators.hpp"
#include "http/api/recognition/transcript_text.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::api {

struct transcript {
  std::string text;
  std::string language; ///< code
  double duration = 0;  ///< seconds
  std::vector<transcript_segment> segments;
};

/// @returns nothing when `text` is no such answer.
std::optional<transcript> parse_transcript(std::string_view text);
/// One segment, as in an event of whisper-stt's stream.
std::optional<transcript_segment> parse_segment(std::string_view text);

enum class transcript_format { json, text, srt, vtt, verbose_json };
/// The value of `response_format`, or nothing.
std::optional<transcript_format> transcript_format_of(std::string_view name);
std::string_view media_type_of(transcript_format format);

struct transcript_wishes {
  transcript_format format = transcript_format::json;
  bool stream = false;
  bool words = false; ///< `timestamp_granularities[]`, of verbose_json
  bool segments = true;
};

/// The whole answer.
std::string render(const transcript& what, const transcript_wishes& how);

/// `HH:MM:SS,mmm` (SubRip) or, with a point, WebVTT's.
std::string timestamp(double seconds, char decimal_mark);

/// `transcript.text.delta`.
std::string delta_event(std::string_view text);
/// `transcript.text.done`. @param seconds of audio; 0: not known.
std::string done_event(std::string_view text, double seconds);

/// whisper-stt's JSON → the form that the client wishes, which is asked for when the answer is
/// complete. A client that wishes a stream (and said so behind the file) gets its events at once.
class transcript_answer final : public json_answer {
public:
  explicit transcript_answer(std::function<transcript_wishes()> wishes)
      : wishes_(std::move(wishes)) {}
  head client_head() const override;

protected:
  progress translate(std::string& text, std::string& out) override;

private:
  std::function<transcript_wishes()> wishes_;
};

/// whisper-stt's events → OpenAI's.
class transcript_events final : public events_answer {
public:
  explicit transcript_events(std::size_t max_event_bytes) : events_answer(max_event_bytes) {}
  void broken(std::string& out, http::response_detail detail, std::string_view message) override;

protected:
  progress on_event(const http::sse_event& event, std::string_view raw, std::string& out) override;

private:
  segment_joiner joiner_;
  double end_ = 0; ///< of the last segment
};

} // namespace synapse::api
