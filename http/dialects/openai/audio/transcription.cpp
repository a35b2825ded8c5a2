#include "http/dialects/openai/audio/transcription.hpp"

#include "http/core/body/sse.hpp"
#include "http/core/json/json_text.hpp"
#include "http/dialects/segment_joiner.hpp"
#include "http/dialects/whisper_stt/languages.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace synapse::http::openai {

using json = nlohmann::ordered_json;

namespace {
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

json verbose(const transcript& what, const transcription_wishes& how) {
  json result;
  result["task"] = "transcribe";
  const auto* language = find_language(whisper_stt::languages(), what.language);
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
  append_data_event(out, dump(data));
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

/// As whisper_stt::transcription_events makes it of the same segments.
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

std::optional<transcription_format> format_named(std::string_view name) {
  if (name == "json")
    return transcription_format::json;
  if (name == "text")
    return transcription_format::text;
  if (name == "srt")
    return transcription_format::srt;
  if (name == "vtt")
    return transcription_format::vtt;
  if (name == "verbose_json")
    return transcription_format::verbose_json;
  return {};
}

std::string_view media_type_of(transcription_format format) {
  switch (format) {
  case transcription_format::json:
  case transcription_format::verbose_json:
    return "application/json";
  case transcription_format::vtt:
    return "text/vtt; charset=utf-8";
  default:
    return "text/plain; charset=utf-8";
  }
}

bool is_granularity(std::string_view value) {
  return value == "word" || value == "segment";
}

transcription_wishes wishes_of(std::string_view format, bool stream,
                               std::span<const std::string_view> granularities) {
  const auto has = [&](std::string_view what) {
    return std::find(granularities.begin(), granularities.end(), what) != granularities.end();
  };
  transcription_wishes wishes;
  wishes.format = format_named(format).value_or(transcription_format::json);
  wishes.stream = stream;
  wishes.words = has("word");
  wishes.segments = granularities.empty() || has("segment");
  return wishes;
}

std::string timestamp(double seconds, char decimal_mark) {
  const auto all = static_cast<long long>(std::llround(std::max(0.0, seconds) * 1000));
  char text[40];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld%c%03lld", all / 3'600'000,
                all / 60'000 % 60, all / 1000 % 60, decimal_mark, all % 1000);
  return text;
}

std::string render(const transcript& what, const transcription_wishes& how) {
  if (how.stream)
    return streamed(what);
  switch (how.format) {
  case transcription_format::text:
    return what.text + "\n";
  case transcription_format::srt:
  case transcription_format::vtt:
    return subtitles(what, how.format == transcription_format::vtt);
  case transcription_format::verbose_json:
    return dump(verbose(what, how));
  case transcription_format::json:
    break;
  }
  json result;
  result["text"] = what.text;
  result["usage"] = usage_of(what.duration);
  return dump(result);
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

} // namespace synapse::http::openai
