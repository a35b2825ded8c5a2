#include "http/dialects/whisper_cpp/answer.hpp"

#include "http/core/json/json_members.hpp"
#include "http/dialects/segment_joiner.hpp"
#include "http/dialects/whisper_stt/languages.hpp"

#include <utility>

namespace synapse::http::whisper_cpp {
namespace {

constexpr double most_seconds = 1e9; // thirty years of audio are enough
constexpr std::size_t max_sentence_bytes = 300;

double seconds_at(const detail::json_object& from, std::string_view key) {
  return detail::number_member(from, key, 0, most_seconds, 0);
}

std::vector<token> tokens_of(const detail::json_array& list, std::size_t most) {
  std::vector<token> result;
  for (const auto one : list) {
    detail::json_object object;
    if (one.get(object) != simdjson::SUCCESS || result.size() >= most)
      continue;
    result.push_back({std::string{detail::text_member(object, "word").value_or("")},
                      seconds_at(object, "start"), seconds_at(object, "end"),
                      detail::number_member(object, "probability", 0, 1, 0)});
  }
  return result;
}

/// @returns false when one of them is no segment, or there are too many.
bool read_segments(const detail::json_array& list, transcript& into, std::string& problem) {
  std::size_t words = 0;
  for (const auto one : list) {
    detail::json_object object;
    const bool is_object = one.get(object) == simdjson::SUCCESS;
    const auto text = is_object ? detail::text_member(object, "text") : std::nullopt;
    if (!text || into.segments.size() == max_segments) {
      problem =
          text ? "its answer has more than " + std::to_string(max_segments) + " segments"
               : "segment " + std::to_string(into.segments.size()) + " of its answer has no text";
      return false;
    }
    auto& segment = into.segments.emplace_back();
    segment.text = *text;
    segment.start = seconds_at(object, "start");
    segment.end = seconds_at(object, "end");
    if (const auto list_of_words = detail::array_member(object, "words"))
      segment.words = words_of(*text, tokens_of(*list_of_words, max_words - words));
    words += segment.words.size();
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

std::string code_of(std::string_view language) {
  const auto* known = whisper_stt::language_of(language);
  return std::string{known ? known->code : detail::shortened(language, 64)};
}

/// What an error says, in JSON or plain.
std::string sentence_in(std::string_view body) {
  detail::borrowed_parser parser;
  std::string problem;
  if (const auto object = detail::parse_object(parser, body, max_answer_bytes, problem))
    if (const auto error = detail::text_member(*object, "error"))
      return std::string{detail::shortened(*error, max_sentence_bytes)};
  auto text = trimmed(body);
  // An exception: the status again, and its message in a line of its own.
  if (text.starts_with("500 Internal Server Error"))
    text = trimmed(text.substr(25));
  return std::string{detail::shortened(text, max_sentence_bytes)};
}

} // namespace

std::optional<transcript> parse_transcript(std::string_view text, std::string& problem) {
  detail::borrowed_parser parser;
  const auto root = detail::parse_object(parser, text, max_answer_bytes, problem);
  if (!root)
    return {};
  if (const auto error = detail::text_member(*root, "error")) {
    problem = "it reports an error: " + std::string{detail::shortened(*error, max_sentence_bytes)};
    return {};
  }
  const auto said = detail::text_member(*root, "text");
  const auto segments = detail::array_member(*root, "segments");
  if (!said || (!segments && (*root)["segments"].error() == simdjson::SUCCESS)) {
    problem = "its answer is no transcription: " + std::string{detail::shortened(text, 200)};
    return {};
  }
  transcript result;
  result.language = code_of(detail::text_member(*root, "language").value_or(""));
  result.duration = seconds_at(*root, "duration");
  if (segments && !read_segments(*segments, result, problem))
    return {};
  segment_joiner joiner;
  for (const auto& segment : result.segments)
    joiner.add(segment);
  result.text = result.segments.empty() ? std::string{trimmed(*said)} : joiner.text();
  return result;
}

trouble read_trouble(unsigned status, std::string_view body) {
  const auto said = sentence_in(body);
  // ffmpeg's failures have status 500, and are the recording's.
  if (status == 400 || (status == 500 && said.find("mpeg") != std::string::npos))
    return {400, "it cannot read the recording; what it always reads is WAV"};
  // Its own error handler makes a 404 of whatever it does not know, of "loading" too.
  if (status == 404)
    return {503, "it is loading a model, or has no such path"};
  std::string text = "it answered with status " + std::to_string(status);
  if (!said.empty())
    text += ": " + said;
  return {status == 503 || status == 504 || status == 413 ? status : 502, std::move(text)};
}

} // namespace synapse::http::whisper_cpp
