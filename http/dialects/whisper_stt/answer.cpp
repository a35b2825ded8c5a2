#include "http/dialects/whisper_stt/answer.hpp"

#include "http/core/local_reply.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace synapse::http::whisper_stt {

using json = nlohmann::ordered_json;
using progress = answer_translator::progress;

namespace {
double number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  // Thirty years of audio are enough; what is no number at all (NaN is no JSON) is none.
  return found != object.end() && found->is_number() ? std::clamp(found->get<double>(), 0.0, 1e9)
                                                     : 0;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<transcript_segment> segment_of(const json& from) {
  if (!from.is_object() || !from.contains("text") || !from["text"].is_string())
    return {};
  transcript_segment segment;
  segment.text = text_at(from, "text");
  segment.start = number_at(from, "start");
  segment.end = number_at(from, "end");
  if (const auto words = from.find("words"); words != from.end() && words->is_array())
    for (const auto& word : *words)
      if (word.is_object())
        segment.words.push_back({text_at(word, "word"), number_at(word, "start"),
                                 number_at(word, "end"), number_at(word, "probability")});
  return segment;
}
} // namespace

std::optional<transcript> parse_transcript(std::string_view text) {
  const auto from = json::parse(text, nullptr, false);
  if (!from.is_object() || !from.contains("text") || !from["text"].is_string())
    return {};
  transcript result;
  result.text = text_at(from, "text");
  result.language = text_at(from, "language");
  result.duration = number_at(from, "duration");
  if (const auto segments = from.find("segments"); segments != from.end() && segments->is_array())
    for (const auto& one : *segments) {
      auto segment = segment_of(one);
      if (!segment)
        return {};
      result.segments.push_back(std::move(*segment));
    }
  return result;
}

std::optional<transcript_segment> parse_segment(std::string_view text) {
  return segment_of(json::parse(text, nullptr, false));
}

progress native_events::on_told(const sse_event& event, std::string_view raw, std::string& out) {
  out.append(raw);
  // The LF of the last line's CRLF would come with the next event, and there is none.
  if (event.type == "done" && raw.ends_with('\r'))
    out += '\n';
  return progress::more;
}

void native_events::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::plain, detail, message, label_);
  append_named_event(out, "error", body);
}

} // namespace synapse::http::whisper_stt
