// /speakers/* and /audio/*: a form with recordings goes to the backend as it comes.
#include "http/api/api_handlers.hpp"
#include "http/api/forms/form_call.hpp"
#include "http/api/request/value_checks.hpp"
#include "http/dialects/deepfilter/answer.hpp"
#include "http/dialects/pyannote/speakers.hpp"

namespace synapse::api {

using http::response_detail;

namespace {
namespace deepfilter = http::deepfilter;
namespace pyannote = http::pyannote;

constexpr std::string_view speaker_label = "Speaker backend error";
constexpr std::string_view audio_label = "Audio backend error";

// ---- checks ----

field_fault check_speakers(std::string_view value) {
  return check_whole_number(value, pyannote::fewest_speakers, pyannote::most_speakers,
                            "has to be a whole number from 1 to 100");
}

field_fault check_sample_rate(std::string_view value) {
  return check_whole_number(value, deepfilter::lowest_sample_rate, deepfilter::highest_sample_rate,
                            "has to be a number of Hz from 4000 to 384000");
}

field_fault check_bitrate(std::string_view value) {
  if (value.empty() || deepfilter::is_bitrate(value))
    return {};
  return fault_value("has to be a bit rate from 4k to 1000k, such as 192k");
}

field_fault check_format(std::string_view value) {
  if (deepfilter::format_named(value))
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

http::form_fields diarize_form(const upload_form& form, std::optional<refusal>& why) {
  const pyannote::speaker_counts counts{form.value("num_speakers"), form.value("min_speakers"),
                                        form.value("max_speakers")};
  const auto low = http::whole_number(counts.least);
  const auto high = http::whole_number(counts.most);
  if (low && high && *low > *high)
    why = invalid_field("min_speakers", "must not be above max_speakers");
  return pyannote::fields_of(counts);
}

http::form_fields convert_form(const upload_form& form, std::optional<refusal>&) {
  return deepfilter::fields_of(
      {form.value("output_format"), form.value("sample_rate"), form.value("bitrate")});
}

std::unique_ptr<http::answer_translator> speaker_answer(const upload_form&) {
  return pyannote::make_answer();
}

std::function<std::string(const upload_form&)> always(std::string_view path) {
  return [path](const upload_form&) { return std::string{path}; };
}
} // namespace

net::task<void> diarize(server::exchange& exchange) {
  form_call call;
  call.fields = diarize_fields;
  call.to_backend = diarize_form;
  call.target = always(pyannote::diarize_path);
  call.translate = speaker_answer;
  call.label = speaker_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> verify_speakers(server::exchange& exchange) {
  form_call call;
  call.fields = verify_fields;
  call.target = always(pyannote::verify_path);
  call.translate = speaker_answer;
  call.label = speaker_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> denoise(server::exchange& exchange) {
  form_call call;
  call.fields = denoise_fields;
  call.target = always(deepfilter::denoise_path);
  call.translate = [](const upload_form&) { return deepfilter::make_denoised(); };
  call.label = audio_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> convert(server::exchange& exchange) {
  form_call call;
  call.fields = convert_fields;
  call.to_backend = convert_form;
  call.target = always(deepfilter::convert_path);
  call.translate = [](const upload_form& form) {
    return deepfilter::make_converted(*deepfilter::format_named(form.value("output_format")));
  };
  call.label = audio_label;
  return pass_form(exchange, std::move(call));
}

} // namespace synapse::api
