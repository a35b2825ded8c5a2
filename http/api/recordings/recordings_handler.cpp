// /speakers/* and /audio/*: a form with recordings goes to the backend as it comes.
#include "http/api/api_handlers.hpp"
#include "http/api/forms/form_call.hpp"
#include "http/api/forms/translators.hpp"
#include "http/core/head/field.hpp"

#include <algorithm>
#include <array>

namespace synapse::api {

using http::response_detail;
using text_fields = upload_form::text_fields;

namespace {
constexpr std::string_view speaker_label = "Speaker backend error";
constexpr std::string_view audio_label = "Audio backend error";

// ---- checks ----

field_fault check_speakers(std::string_view value) {
  return check_whole_number(value, 1, 100, "has to be a whole number from 1 to 100");
}

field_fault check_sample_rate(std::string_view value) {
  return check_whole_number(value, 4000, 384'000, "has to be a number of Hz from 4000 to 384000");
}

/// As ffmpeg's `-b:a`: a number of bits per second, or of thousands of them with a `k`.
field_fault check_bitrate(std::string_view value) {
  const bool thousands = value.ends_with('k') || value.ends_with('K');
  const auto number = whole_number(thousands ? value.substr(0, value.size() - 1) : value);
  const long rate = number.value_or(0) * (thousands ? 1000L : 1L);
  if (value.empty() || (rate >= 4000 && rate <= 1'000'000))
    return {};
  return fault_value("has to be a bit rate from 4k to 1000k, such as 192k");
}

struct output_format {
  std::string_view name;
  std::string_view media_type;
  std::string_view filename;
  http::media_kind kind;
};
constexpr std::array<output_format, 4> output_formats{{
    {"wav", "audio/wav", "converted.wav", http::media_kind::wav},
    {"mp3", "audio/mpeg", "converted.mp3", http::media_kind::mpeg},
    {"flac", "audio/flac", "converted.flac", http::media_kind::flac},
    {"ogg", "audio/ogg", "converted.ogg", http::media_kind::ogg},
}};

const output_format* format_of(std::string_view name) {
  if (name.empty())
    return output_formats.data();
  const auto found =
      std::find_if(output_formats.begin(), output_formats.end(),
                   [&](const output_format& one) { return http::iequals(one.name, name); });
  return found == output_formats.end() ? nullptr : &*found;
}

field_fault check_format(std::string_view value) {
  if (format_of(value))
    return {};
  return fault_value("has to be wav, mp3, flac or ogg");
}

// ---- forms ----

constexpr form_field diarize_fields[] = {
    {"file", true, true},
    {"num_speakers", false, false, false, check_speakers},
    {"min_speakers", false, false, false, check_speakers},
    {"max_speakers", false, false, false, check_speakers},
};
constexpr form_field verify_fields[] = {{"file1", true, true}, {"file2", true, true}};
constexpr form_field denoise_fields[] = {{"file", true, true}};
constexpr form_field convert_fields[] = {
    {"file", true, true},
    {"output_format", false, false, false, check_format, response_detail::bad_request},
    {"sample_rate", false, false, false, check_sample_rate},
    {"bitrate", false, false, false, check_bitrate},
};

/// Those of the fields that have a value.
text_fields given(const upload_form& form, std::initializer_list<std::string_view> names) {
  text_fields result;
  for (const auto name : names)
    if (const auto value = form.value(name); !value.empty())
      result.emplace_back(name, value);
  return result;
}

text_fields diarize_form(const upload_form& form, std::optional<refusal>& why) {
  const auto low = whole_number(form.value("min_speakers"));
  const auto high = whole_number(form.value("max_speakers"));
  if (low && high && *low > *high)
    why = invalid_field("min_speakers", "must not be above max_speakers");
  return given(form, {"num_speakers", "min_speakers", "max_speakers"});
}

text_fields convert_form(const upload_form& form, std::optional<refusal>&) {
  auto result = given(form, {"sample_rate", "bitrate"});
  result.emplace_back("output_format", format_of(form.value("output_format"))->name);
  return result;
}

std::unique_ptr<proxy::answer_translator> as_json(const upload_form&) {
  return std::make_unique<json_answer>();
}

std::function<std::string(const upload_form&)> always(std::string target) {
  return [target = std::move(target)](const upload_form&) { return target; };
}
} // namespace

net::task<void> diarize(const services&, server::exchange& exchange) {
  form_call call;
  call.fields = diarize_fields;
  call.to_backend = diarize_form;
  call.target = always("/diarize");
  call.translate = as_json;
  call.label = speaker_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> verify_speakers(const services&, server::exchange& exchange) {
  form_call call;
  call.fields = verify_fields;
  call.target = always("/verify");
  call.translate = as_json;
  call.label = speaker_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> denoise(const services&, server::exchange& exchange) {
  form_call call;
  call.fields = denoise_fields;
  call.target = always("/denoise");
  call.translate = [](const upload_form&) {
    return std::make_unique<audio_answer>(http::media_kind::wav, "audio/wav", "denoised.wav");
  };
  call.label = audio_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> convert(const services&, server::exchange& exchange) {
  form_call call;
  call.fields = convert_fields;
  call.to_backend = convert_form;
  call.target = always("/convert");
  call.translate = [](const upload_form& form) {
    const auto& format = *format_of(form.value("output_format"));
    return std::make_unique<audio_answer>(format.kind, format.media_type, format.filename);
  };
  call.label = audio_label;
  return pass_form(exchange, std::move(call));
}

} // namespace synapse::api
