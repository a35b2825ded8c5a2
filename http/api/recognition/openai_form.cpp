#include "http/api/recognition/openai_form.hpp"

#include "http/api/request/value_checks.hpp"
#include "http/dialects/whisper_stt/languages.hpp"
#include "http/dialects/whisper_stt/to_openai.hpp"

#include <cstdlib>

namespace synapse::api {

namespace openai = http::openai;
namespace whisper = http::whisper_stt;

field_fault check_spoken_language(std::string_view value) {
  if (value.empty() || whisper::language_of(value))
    return {};
  return fault_value("unknown: it has to be a code such as en");
}

namespace {
field_fault check_response_format(std::string_view value) {
  if (value.empty() || openai::format_named(value))
    return {};
  return fault_value("has to be json, text, srt, vtt or verbose_json");
}

field_fault check_granularity(std::string_view value) {
  if (openai::is_granularity(value))
    return {};
  return fault_value("has to be word or segment");
}

field_fault check_temperature(std::string_view value) {
  const std::string text{value};
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (value.empty() || (end == text.c_str() + text.size() && number >= 0 && number <= 1))
    return {};
  return fault_value("has to be a number from 0 to 1");
}

constexpr form_field fields_of_openai[] = {
    {"file", true, true},
    {"model", false, true},
    {"language", false, false, false, check_spoken_language},
    {"response_format", false, false, false, check_response_format},
    {"timestamp_granularities[]", false, false, true, check_granularity},
    {"timestamp_granularities", false, false, true, check_granularity},
    {"temperature", false, false, false, check_temperature},
    {"stream", false, false, false, check_boolean},
    {"prompt"}, // the last one: whisper-stt has no use for it
};
constexpr form_field fields_alone[] = {{"file", true, true}, {"model", false, true}};
} // namespace

std::span<const form_field> openai_fields() noexcept {
  return std::span{fields_of_openai}.first(std::size(fields_of_openai) - 1);
}

std::span<const form_field> named_fields() noexcept {
  return fields_of_openai;
}

std::span<const form_field> unchecked_fields() noexcept {
  return fields_alone;
}

openai::transcription_wishes wishes_of(const upload_form& form) {
  auto granularities = form.values("timestamp_granularities[]");
  for (const auto one : form.values("timestamp_granularities"))
    granularities.push_back(one);
  return openai::wishes_of(form.value("response_format"), http::is_true(form.value("stream")),
                           granularities);
}

std::optional<refusal> fault_of(const upload_form& form) {
  const auto wishes = wishes_of(form);
  if (!wishes.words || wishes.format == openai::transcription_format::verbose_json)
    return {};
  return refusal{http::response_detail::bad_request, "needs response_format verbose_json",
                 "timestamp_granularities[]"};
}

http::form_fields openai_form(const upload_form& form, std::optional<refusal>& why) {
  why = fault_of(form);
  return whisper::fields_of(form.value("language"), wishes_of(form));
}

} // namespace synapse::api
