#include "http/dialects/whisper_stt/request.hpp"

#include "http/dialects/whisper_stt/languages.hpp"

namespace synapse::http::whisper_stt {

form_fields fields_of(std::string_view language, std::optional<bool> word_timestamps) {
  form_fields result;
  if (const auto* known = language_of(language))
    result.emplace_back("language", known->code);
  // The backend's own default is true, ours is false: said in either case.
  if (word_timestamps)
    result.emplace_back("word_timestamps", *word_timestamps ? "true" : "false");
  return result;
}

} // namespace synapse::http::whisper_stt
