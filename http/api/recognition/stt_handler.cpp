// /stt/*, /v1/audio/transcriptions and /v1/audio/translations: speech to text.
#include "config/backend_types.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/forms/form_call.hpp"
#include "http/api/recognition/catalog_transcription.hpp"
#include "http/api/recognition/openai_form.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/api/request/value_checks.hpp"
#include "http/dialects/whisper_stt/answer.hpp"
#include "http/dialects/whisper_stt/request.hpp"
#include "http/dialects/whisper_stt/to_openai.hpp"

namespace synapse::api {

using http::response_detail;

namespace {
namespace whisper = http::whisper_stt;

constexpr std::string_view stt_label = "STT backend error";

// ---- forms ----

constexpr form_field transcribe_fields[] = {
    {"file", true, true},
    {"language", false, false, false, check_spoken_language},
    {"word_timestamps", false, false, false, check_boolean},
};
constexpr form_field detect_fields[] = {{"file", true, true}};
constexpr form_field stream_fields[] = {
    {"file", true, true},
    {"language", false, false, false, check_spoken_language},
};
/// A backend that speaks OpenAI's dialect itself gets the request as it came.
/// @param kept what was read of its body; null: nothing
net::task<void> as_it_came(server::exchange& ex, client::site_ptr site, upload_body* kept) {
  proxy::forward_options options;
  if (kept != nullptr)
    options.body_begun = kept->begun();
  options.stream_body = true;
  options.max_body = ex.settings().limits.max_upload_bytes;
  if (auto why = check_length(ex.head(), options.max_body))
    return refuse(ex, std::move(*why));
  return proxy::forward(ex, std::move(site), options);
}

net::task<void> transcribe_openai(server::exchange& ex) {
  upload_body body{ex};
  bool looked = false;
  const bool told = co_await transcribe_by_name(ex, body, looked);
  if (told)
    co_return;
  auto* kept = looked ? &body : nullptr;
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (config::row_of(site->settings->type).speaks_openai) {
    co_await as_it_came(ex, std::move(site), kept);
    co_return;
  }
  const auto max_event = ex.settings().limits.max_stream_event_bytes;
  bool events = false;
  form_call call;
  call.fields = openai_fields();
  call.to_backend = openai_form;
  call.target = [&events](const upload_form& form) {
    // A wish for a stream that comes behind the file is granted from the whole transcription: the
    // file need not be held back until it is known, and nothing is lost, because this backend has
    // the whole transcription before its first event.
    events = http::is_true(form.value("stream"));
    return std::string{events ? whisper::stream_path : whisper::transcribe_path};
  };
  call.translate = [&events, max_event](const upload_form& form) {
    std::unique_ptr<http::answer_translator> result;
    if (events)
      result = std::make_unique<whisper::transcription_events>(max_event);
    else
      result = std::make_unique<whisper::transcription_answer>([&form] { return wishes_of(form); });
    return result;
  };
  call.label = stt_label;
  if (kept != nullptr)
    kept->once(); // a route leads to one backend
  call.kept = kept;
  co_await pass_form(ex, std::move(site), std::move(call));
}
} // namespace

net::task<void> transcribe(server::exchange& exchange) {
  form_call call;
  call.fields = transcribe_fields;
  call.to_backend = [](const upload_form& form, std::optional<refusal>&) {
    return whisper::fields_of(form.value("language"), http::is_true(form.value("word_timestamps")));
  };
  call.target = [](const upload_form&) { return std::string{whisper::transcribe_path}; };
  call.translate = [](const upload_form&) { return std::make_unique<http::json_answer>(); };
  call.label = stt_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> detect_language(server::exchange& exchange) {
  form_call call;
  call.fields = detect_fields;
  call.target = [](const upload_form&) { return std::string{whisper::detect_language_path}; };
  call.translate = [](const upload_form&) { return std::make_unique<http::json_answer>(); };
  call.label = stt_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> stream_transcription(server::exchange& exchange) {
  form_call call;
  call.fields = stream_fields;
  call.to_backend = [](const upload_form& form, std::optional<refusal>&) {
    return whisper::fields_of(form.value("language"));
  };
  call.target = [](const upload_form&) { return std::string{whisper::stream_path}; };
  call.translate = [max = exchange.settings().limits.max_stream_event_bytes](const upload_form&) {
    return std::make_unique<whisper::native_events>(max, stt_label);
  };
  call.label = stt_label;
  return pass_form(exchange, std::move(call));
}

net::task<void> openai_transcription(server::exchange& exchange) {
  return transcribe_openai(exchange);
}

net::task<void> openai_translation(server::exchange& ex) {
  upload_body body{ex};
  bool looked = false;
  const bool told = co_await transcribe_by_name(ex, body, looked);
  if (told)
    co_return;
  auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (config::row_of(site->settings->type).speaks_openai) {
    co_await as_it_came(ex, std::move(site), looked ? &body : nullptr);
    co_return;
  }
  co_await ex.reply_error(response_detail::not_supported,
                          "backend " + site->name() +
                              " transcribes but does not translate; route /v1/audio/translations "
                              "to an openai-compatible backend that does");
}

} // namespace synapse::api
