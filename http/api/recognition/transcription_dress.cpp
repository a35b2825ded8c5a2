#include "http/api/recognition/transcription_dress.hpp"

#include "http/api/recognition/openai_form.hpp"
#include "http/dialects/openai/audio/passed_answer.hpp"
#include "http/dialects/speaches/request.hpp"
#include "http/dialects/speaches/to_openai.hpp"
#include "http/dialects/whisper_cpp/answer.hpp"
#include "http/dialects/whisper_cpp/request.hpp"
#include "http/dialects/whisper_cpp/to_openai.hpp"
#include "http/dialects/whisper_stt/answer.hpp"
#include "http/dialects/whisper_stt/request.hpp"
#include "http/dialects/whisper_stt/to_openai.hpp"
#include "http/proxy/downstream/error_answer.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

using config::backend_type;
namespace openai = http::openai;
namespace speaches = http::speaches;
namespace whisper = http::whisper_stt;
namespace whisper_cpp = http::whisper_cpp;

namespace {
/// Takes OpenAI's own form, whatever is in it.
bool takes_any_form(backend_type type) {
  return type != backend_type::faster_whisper && type != backend_type::whisper_cpp &&
         type != backend_type::speaches;
}

/// A value of `defaults` as a form has it.
std::string as_text(const std::string& json) {
  const auto value = nlohmann::ordered_json::parse(json, nullptr, false);
  return value.is_string() ? value.get<std::string>() : json;
}
} // namespace

transcription_dress::transcription_dress(server::exchange& exchange, std::string_view boundary,
                                         upload_body& body)
    : ex_(exchange), boundary_(boundary), body_(body) {}

bool transcription_dress::translates() const {
  return ex_.path() == "/v1/audio/translations";
}

/// A field of the form, or what the deployment fills in.
std::string transcription_dress::value_of(const upload_form& form, std::string_view name) const {
  if (form.has(name))
    return std::string{form.value(name)};
  const auto& defaults = deployment_->settings->defaults;
  const auto found = defaults.find(name);
  return found == defaults.end() ? std::string{} : as_text(found->second);
}

openai::transcription_wishes transcription_dress::wishes() const {
  auto result = wishes_of(*form_);
  const auto format = value_of(*form_, "response_format");
  if (const auto named = openai::format_named(format))
    result.format = *named;
  result.stream = result.stream && !translates();
  return result;
}

/// All of the client's fields, but for the model.
http::form_fields transcription_dress::whole_form(const upload_form& form) const {
  http::form_fields result;
  result.emplace_back("model", model_);
  for (const auto& [name, values] : form.all())
    for (const auto& value : values)
      if (name != "model")
        result.emplace_back(name, value);
  for (const auto& [name, value] : deployment_->settings->defaults)
    if (!form.has(name))
      result.emplace_back(name, as_text(value));
  return result;
}

http::form_fields transcription_dress::fields_for(const upload_form& form,
                                                  std::optional<refusal>& why) const {
  if (takes_any_form(type_))
    return whole_form(form);
  why = fault_of(form);
  const auto language = value_of(form, "language");
  const auto prompt = value_of(form, "prompt");
  const auto temperature = value_of(form, "temperature");
  if (type_ == backend_type::faster_whisper)
    return whisper::fields_of(language, wishes());
  if (type_ == backend_type::whisper_cpp) {
    const whisper_cpp::question what{language, prompt, temperature, translates()};
    return whisper_cpp::fields_of(what);
  }
  const speaches::question what{model_, language, prompt, temperature, wishes()};
  return translates() ? speaches::translation_fields(what) : speaches::transcription_fields(what);
}

std::string transcription_dress::target_for(const attempt_place& where) const {
  if (type_ == backend_type::faster_whisper)
    return std::string{events_ ? whisper::stream_path : whisper::transcribe_path};
  if (type_ == backend_type::whisper_cpp)
    return std::string{whisper_cpp::inference_path};
  if (type_ == backend_type::azure)
    return "/openai/deployments/" + where.model + std::string{ex_.path().substr(3)} +
           "?api-version=" + where.site.settings->api_version;
  return std::string{ex_.path()};
}

std::unique_ptr<http::answer_translator> transcription_dress::make_answer() {
  const auto max_event = ex_.settings().limits.max_stream_event_bytes;
  const bool stream = wishes().stream;
  if (type_ == backend_type::faster_whisper && events_)
    return std::make_unique<whisper::transcription_events>(max_event);
  if (type_ == backend_type::faster_whisper)
    return std::make_unique<whisper::transcription_answer>([this] { return wishes(); });
  if (type_ == backend_type::whisper_cpp)
    return std::make_unique<whisper_cpp::transcription_answer>([this] { return wishes(); },
                                                               translates());
  if (type_ == backend_type::speaches && stream)
    return std::make_unique<speaches::transcription_events>(max_event);
  return std::make_unique<openai::passed_answer>(max_event, stream);
}

bool transcription_dress::has_to_prepare(const attempt_place& where) const {
  return !translates() || where.site.settings->type != backend_type::faster_whisper;
}

/// Reads up to the file, which a backend is not troubled without.
net::task<void> transcription_dress::prepare(attempt_place where, preparation& into) {
  deployment_ = &where.deployment;
  type_ = where.site.settings->type;
  model_ = where.model;
  answer_.reset();
  form_.reset();
  if (!body_.is_kept()) { // nobody asks then; see `replayable`
    into.how = preparation::outcome::faulty;
    into.why = {http::response_detail::upstream_error, "the upload cannot be sent once more", {}};
    co_return;
  }
  body_.rewind();
  const bool any = takes_any_form(type_);
  form_ = std::make_unique<upload_form>(ex_, boundary_, any ? unchecked_fields() : named_fields(),
                                        &body_);
  form_->takes_others = any;
  form_->to_backend = [this](const upload_form& form, std::optional<refusal>& why) {
    return fields_for(form, why);
  };
  const auto how = co_await form_->begin();
  if (how == upload_form::beginning::gone)
    into.how = preparation::outcome::gone;
  if (how != upload_form::beginning::refused)
    co_return;
  into.how = preparation::outcome::faulty;
  into.why = form_->why();
}

std::optional<refusal> transcription_dress::dress(const attempt_place& where,
                                                  proxy::forward_options& options) {
  if (where.site.settings->type == backend_type::faster_whisper && translates())
    return refusal{http::response_detail::not_supported,
                   "backend " + where.site.name() + " transcribes but does not translate",
                   {}};
  // A wish for a stream that comes behind the file is granted from the whole transcription.
  events_ = http::is_true(form_->value("stream"));
  fields_.clear();
  for (const auto& [name, value] : where.deployment.settings->headers)
    fields_.append(name).append(": ").append(value).append("\r\n");
  answer_.emplace([this] { return make_answer(); });
  request_ = {};
  request_.target = target_for(where);
  request_.content_type = form_->content_type();
  request_.source = form_.get();
  options.request = &request_;
  options.translator = &*answer_;
  options.request_fields = fields_;
  return {};
}

std::optional<error_reading> transcription_dress::read(const attempt_place& where,
                                                       const proxy::collected_answer& answer) {
  error_reading result;
  switch (where.site.settings->type) {
  case backend_type::whisper_cpp: {
    auto trouble = whisper_cpp::read_trouble(answer.status, answer.body);
    result.status = trouble.status;
    result.text = std::move(trouble.text);
    return result;
  }
  case backend_type::speaches: {
    auto trouble = speaches::read_trouble(answer.status, answer.body);
    result.status = trouble.status;
    result.text = std::move(trouble.text);
    return result;
  }
  case backend_type::faster_whisper:
    result.status = answer.status;
    result.text = proxy::sentence_of(answer);
    return result;
  default:
    return {};
  }
}

} // namespace synapse::api
