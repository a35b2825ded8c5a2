#include "http/dialects/whisper_cpp/request.hpp"

#include "http/dialects/whisper_stt/languages.hpp"

#include <charconv>

namespace synapse::http::whisper_cpp {
namespace {

/// Anything but a number would be an exception there, and an answer of status 500.
bool is_temperature(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end && number >= 0 && number <= 1;
}

} // namespace

form_fields fields_of(const question& what) {
  form_fields result;
  result.emplace_back("response_format", "verbose_json");
  // Its own default is English, and not to find out. It would take an unknown code as it is.
  const auto* known = whisper_stt::language_of(what.language);
  result.emplace_back("language", known ? known->code : "auto");
  result.emplace_back("translate", what.translate ? "true" : "false");
  // Segments end within words otherwise: it cuts them at 60 characters.
  result.emplace_back("split_on_word", "true");
  result.emplace_back("no_timestamps", "false");
  // The answer has the language without them; they cost another run of the encoder.
  result.emplace_back("no_language_probabilities", "true");
  if (!what.prompt.empty())
    result.emplace_back("prompt", what.prompt);
  if (is_temperature(what.temperature))
    result.emplace_back("temperature", what.temperature);
  return result;
}

} // namespace synapse::http::whisper_cpp
