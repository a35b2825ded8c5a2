#include "http/api/recognition/transcript.hpp"

#include "http/api/request/refusal.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/languages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace synapse::api {

using json = nlohmann::ordered_json;
using progress = proxy::answer_translator::progress;

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

/// OpenAI counts begun seconds.
json usage_of(double seconds) {
  return {{"type", "duration"}, {"seconds", static_cast<std::int64_t>(std::ceil(seconds))}};
}

/// Mean of the words' log probabilities. Nothing when the backend told none.
std::optional<double> mean_log_probability(const transcript_segment& segment) {
  double sum = 0;
  std::size_t count = 0;
  for (const auto& word : segment.words)
    if (word.probability > 0) {
      sum += std::log(word.probability);
      ++count;
    }
  if (count == 0)
    return {};
  return sum / static_cast<double>(count);
}

/// Without the blank that Whisper puts in front of a word.
std::string trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return std::string{text};
}

json verbose(const transcript& what, const transcript_wishes& how) {
  json result;
  result["task"] = "transcribe";
  const auto* language = http::find_language(http::recognized_languages(), what.language);
  result["language"] = language ? std::string{language->name} : what.language;
  result["duration"] = what.duration;
  result["text"] = what.text;
  if (how.segments) {
    auto segments = json::array();
    for (const auto& one : what.segments) {
      json segment;
      segment["id"] = segments.size();
      segment["seek"] = 0;
      segment["start"] = one.start;
      segment["end"] = one.end;
      segment["text"] = one.text;
      // What the backend does not tell has the value that no filter of a client drops.
      segment["tokens"] = json::array();
      segment["temperature"] = 0.0;
      segment["avg_logprob"] = mean_log_probability(one).value_or(0.0);
      segment["compression_ratio"] = 1.0;
      segment["no_speech_prob"] = 0.0;
      segments.push_back(std::move(segment));
    }
    result["segments"] = std::move(segments);
  }
  if (how.words) {
    auto words = json::array();
    for (const auto& segment : what.segments)
      for (const auto& one : segment.words)
        words.push_back({{"word", trimmed(one.word)}, {"start", one.start}, {"end", one.end}});
    result["words"] = std::move(words);
  }
  result["usage"] = usage_of(what.duration);
  return result;
}

/// A text between two cues: neither SubRip nor WebVTT may have an empty line in it, nor WebVTT an
/// arrow.
std::string cue_text(const transcript_segment& segment) {
  auto text = trimmed(segment.text);
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  for (auto at = text.find("-->"); at != std::string::npos; at = text.find("-->"))
    text.replace(at, 3, "->");
  return text;
}

/// WebVTT cues have markup.
std::string cue_escaped(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  return out;
}

std::string subtitles(const transcript& what, bool vtt) {
  std::string out = vtt ? "WEBVTT\n\n" : "";
  const char mark = vtt ? '.' : ',';
  std::size_t number = 0;
  for (const auto& segment : what.segments) {
    if (!vtt)
      out += std::to_string(++number) + "\n";
    out += timestamp(segment.start, mark) + " --> " + timestamp(segment.end, mark) + "\n" +
           (vtt ? cue_escaped(cue_text(segment)) : cue_text(segment)) + "\n\n";
  }
  return out;
}

std::string event(const json& data) {
  std::string out;
  http::append_data_event(out, http::dump(data));
  return out;
}
/// The same but for blanks.
bool same_but_for_blanks(std::string_view a, std::string_view b) {
  const auto next = [](std::string_view& text) {
    const auto at = text.find_first_not_of(" \t\r\n");
    if (at == std::string_view::npos)
      return '\0';
    const char c = text[at];
    text.remove_prefix(at + 1);
    return c;
  };
  for (;;) {
    const char c = next(a);
    if (c != next(b))
      return false;
    if (c == '\0')
      return true;
  }
}

/// As `transcript_events` makes it of the same segments.
std::string streamed(const transcript& what) {
  std::string out;
  segment_joiner joiner;
  double end = 0;
  for (const auto& segment : what.segments) {
    if (const auto piece = joiner.add(segment); !piece.empty())
      out += delta_event(piece);
    end = std::max(end, segment.end);
  }
  if (what.text.empty() || same_but_for_blanks(joiner.text(), what.text))
    return out + done_event(joiner.text(), end);
  // Its segments are not all of it.
  return delta_event(what.text) + done_event(what.text, what.duration);
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

std::optional<transcript_format> transcript_format_of(std::string_view name) {
  if (name == "json")
    return transcript_format::json;
  if (name == "text")
    return transcript_format::text;
  if (name == "srt")
    return transcript_format::srt;
  if (name == "vtt")
    return transcript_format::vtt;
  if (name == "verbose_json")
    return transcript_format::verbose_json;
  return {};
}

std::string_view media_type_of(transcript_format format) {
  switch (format) {
  case transcript_format::json:
  case transcript_format::verbose_json:
    return "application/json";
  case transcript_format::vtt:
    return "text/vtt; charset=utf-8";
  default:
    return "text/plain; charset=utf-8";
  }
}

std::string timestamp(double seconds, char decimal_mark) {
  const auto all = static_cast<long long>(std::llround(std::max(0.0, seconds) * 1000));
  char text[40];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", all / 3'600'000,
                all / 60'000 % 60, all / 1000 % 60, decimal_mark, all % 1000);
  return text;
}

std::string render(const transcript& what, const transcript_wishes& how) {
  if (how.stream)
    return streamed(what);
  switch (how.format) {
  case transcript_format::text:
    return what.text + "\n";
  case transcript_format::srt:
  case transcript_format::vtt:
    return subtitles(what, how.format == transcript_format::vtt);
  case transcript_format::verbose_json:
    return http::dump(verbose(what, how));
  case transcript_format::json:
    break;
  }
  json result;
  result["text"] = what.text;
  result["usage"] = usage_of(what.duration);
  return http::dump(result);
}

std::string delta_event(std::string_view text) {
  return event({{"type", "transcript.text.delta"}, {"delta", text}});
}

std::string done_event(std::string_view text, double seconds) {
  json data{{"type", "transcript.text.done"}, {"text", text}};
  if (seconds > 0)
    data["usage"] = usage_of(seconds);
  return event(data);
}

proxy::answer_translator::head transcript_answer::client_head() const {
  head result;
  const auto wishes = wishes_();
  result.content_type = media_type_of(wishes.format);
  if (wishes.stream) {
    result.content_type = "text/event-stream; charset=utf-8";
    result.event_stream = true;
  }
  return result;
}

progress transcript_answer::translate(std::string& text, std::string& out) {
  const auto read = parse_transcript(text);
  if (!read)
    return refuse("its answer is no transcription: " + text.substr(0, 200));
  out += render(*read, wishes_());
  return progress::more;
}

progress transcript_events::on_event(const http::sse_event& event, std::string_view raw,
                                     std::string& out) {
  if (event.comment_only) {
    out.append(raw);
    return progress::more;
  }
  if (event.type == "done") {
    out += done_event(joiner_.text(), end_);
    return progress::more;
  }
  if (event.type != "segment")
    return progress::more;
  const auto segment = parse_segment(event.data);
  if (!segment)
    return refuse("one of its events is no segment");
  if (const auto piece = joiner_.add(*segment); !piece.empty())
    out += delta_event(piece);
  end_ = std::max(end_, segment->end);
  return progress::more;
}

void transcript_events::broken(std::string& out, http::response_detail detail,
                               std::string_view message) {
  std::string body;
  http::append_error_body(body, http::error_dialect::openai, detail, message);
  http::append_data_event(out, body);
}

} // namespace synapse::api
