#include "http/api/speech/speech_dress.hpp"

#include "config/backend_types.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/speech/voice_copy.hpp"
#include "http/api/speech/voice_fit.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/core/json/json_text.hpp"
#include "http/dialects/chatterbox/languages.hpp"
#include "http/dialects/chatterbox/to_openai.hpp"
#include "http/dialects/piper/to_openai.hpp"
#include "http/dialects/speaches/request.hpp"
#include "http/dialects/speaches/to_openai.hpp"
#include "http/proxy/downstream/error_answer.hpp"

#include <algorithm>

namespace synapse::api {

using json = nlohmann::ordered_json;
using http::response_detail;

namespace {
namespace chatterbox = http::chatterbox;
namespace piper = http::piper;
namespace speaches = http::speaches;

bool asks_for_lists(config::backend_type type) {
  return type == config::backend_type::piper || type == config::backend_type::speaches;
}
} // namespace

/// One of the three.
class speech_dress::answer {
public:
  std::variant<std::monostate, chatterbox::openai_answer, piper::openai_answer,
               speaches::openai_answer>
      of;

  http::answer_translator* translator() {
    return std::visit(
        [](auto& one) -> http::answer_translator* {
          if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::monostate>)
            return nullptr;
          else
            return &one.translator();
        },
        of);
  }
};

speech_dress::speech_dress(net::blocking_pool& blocking, server::exchange& exchange,
                           const json& body)
    : blocking_(blocking), ex_(exchange), body_(body) {}

speech_dress::~speech_dress() = default;

/// The request with what the deployment fills in. @returns what is wrong with it then
std::optional<refusal> speech_dress::wish_for(const attempt_place& where,
                                              named_speech& into) const {
  const auto& defaults = where.deployment.settings->defaults;
  if (defaults.empty())
    return read_named_speech(body_, into);
  auto filled = body_;
  for (const auto& [name, text] : defaults)
    if (const auto found = filled.find(name); found == filled.end() || found->is_null())
      filled[name] = json::parse(text, nullptr, false);
  return read_named_speech(filled, into);
}

bool speech_dress::is_listed(const attempt_place& where, const voice_facts& facts) const {
  named_speech wish;
  if (wish_for(where, wish))
    return true; // another thing is wrong
  const bool is_piper = where.site.settings->type == config::backend_type::piper;
  return is_piper ? piper_has(facts, wish) : speaches_has(facts, where.model, wish);
}

bool speech_dress::has_to_prepare(const attempt_place& where) const {
  const auto type = where.site.settings->type;
  if (type == config::backend_type::chatterbox)
    return !library_voice_.empty();
  if (!asks_for_lists(type))
    return false;
  const auto facts = known_voices(ex_, where.site);
  if (!facts)
    return true;
  return !known_voices(ex_, where.site, facts_settle) && !is_listed(where, *facts);
}

net::task<void> speech_dress::prepare(attempt_place where, preparation& into) {
  if (!asks_for_lists(where.site.settings->type))
    return prepare_clone(where, into);
  const auto age = known_voices(ex_, where.site) ? facts_settle : facts_last;
  return find_voices(ex_, where.site, age, where.deadline, into);
}

net::task<void> speech_dress::prepare_clone(attempt_place where, preparation& into) {
  actors::question<actors::voice_location> question;
  question.ask(ex_.actor(), library_of(ex_),
               actors::locate_voice(library_voice_, false, where.site.name()));
  const auto asked = co_await library_answers(ex_, question, true, where.deadline);
  if (asked == wait_end::late && proxy::passed(where.deadline)) {
    into.fail(proxy::mishap::deadline_passed, "the voice library does not answer in time");
    co_return;
  }
  if (asked == wait_end::left) {
    into.how = preparation::outcome::gone;
    co_return;
  }
  if (asked != wait_end::done || !question.answer()) {
    into.how = preparation::outcome::faulty;
    into.why = {response_detail::draining, "the voice library does not answer", {}};
    if (asked == wait_end::done)
      into.why = refusal_of(question.answer().error(), library_voice_);
    co_return;
  }
  auto place = std::move(*question.answer());
  copy_ = std::move(place.uploaded_as);
  copied_ = &where.deployment;
  reference_hearer hearer;
  hearer.deadline = where.deadline;
  if (copy_.empty())
    co_await give_reference(blocking_, ex_, ex_.routes()->sites[where.site.place], place, hearer,
                            copy_, into);
}

/// A reference or a route that has gone: a backend that was restarted, or replaced.
bool speech_dress::corrects(const attempt_place& where, const proxy::miss& what) {
  const auto type = where.site.settings->type;
  if (asks_for_lists(type))
    forget_voices(ex_, where.site);
  if (what.answer == nullptr ||
      std::find(corrected_.begin(), corrected_.end(), &where.deployment) != corrected_.end())
    return false;
  const auto status = what.answer->status;
  bool gone = type == config::backend_type::piper &&
              piper::read_trouble(status, what.answer->body).other_generation;
  if (type == config::backend_type::chatterbox && status == chatterbox::unknown_voice &&
      !library_voice_.empty()) {
    tell_of_copy(ex_, where.site, library_voice_, {});
    gone = true;
  }
  if (gone)
    corrected_.push_back(&where.deployment);
  return gone;
}

std::optional<error_reading> speech_dress::read(const attempt_place& where,
                                                const proxy::collected_answer& answer) {
  error_reading result;
  switch (where.site.settings->type) {
  case config::backend_type::piper: {
    auto trouble = piper::read_trouble(answer.status, answer.body);
    result.status = trouble.status;
    result.text = std::move(trouble.text);
    return result;
  }
  case config::backend_type::speaches: {
    auto trouble = speaches::read_trouble(answer.status, answer.body);
    result.status = trouble.status;
    result.text = std::move(trouble.text);
    return result;
  }
  case config::backend_type::chatterbox:
    break;
  default:
    return {};
  }
  result.status = answer.status;
  result.text = proxy::sentence_of(answer);
  if (answer.status != chatterbox::unknown_voice)
    return result;
  named_speech wish;
  if (!library_voice_.empty()) {
    result.status = 502;
  } else if (!library_problem_.empty()) { // it may well be a voice of the library
    result.status = 503;
    result.text = library_problem_;
  } else if (!wish_for(where, wish)) {
    result.status = 400;
    result.field = "voice";
    result.text = "neither the library nor the backend has a voice '" + wish.voice + "'";
  }
  return result;
}

refusal speech_dress::no_clone(const attempt_place& where, const named_speech& wish) const {
  return invalid_field("voice", "'" + wish.voice + "' is a voice of the library, which backend " +
                                    where.site.name() + " cannot clone");
}

std::optional<refusal> speech_dress::dress(const attempt_place& where,
                                           proxy::forward_options& options) {
  answer_ = std::make_unique<answer>();
  fields_.clear();
  for (const auto& [name, value] : where.deployment.settings->headers)
    fields_.append(name).append(": ").append(value).append("\r\n");
  options.request_fields = fields_;
  options.free_with_head = config::row_of(where.site.settings->type).free_with_head;
  named_speech wish;
  if (auto why = wish_for(where, wish))
    return why;
  switch (where.site.settings->type) {
  case config::backend_type::chatterbox:
    return ask_chatterbox(wish, where, options);
  case config::backend_type::piper:
    return ask_piper(wish, where, options);
  case config::backend_type::speaches:
    return ask_speaches(wish, where, options);
  default:
    if (!library_voice_.empty())
      return no_clone(where, wish);
    return ask_openai(where, options);
  }
}

void speech_dress::ask(std::string path, std::string type, std::string body,
                       proxy::forward_options& options) {
  native_ = {};
  native_.target = std::move(path);
  native_.content_type = std::move(type);
  native_.body = std::move(body);
  options.request = &native_;
  options.translator = answer_->translator();
}

std::optional<refusal> speech_dress::ask_chatterbox(const named_speech& wish,
                                                    const attempt_place& where,
                                                    proxy::forward_options& options) {
  chatterbox::speech said;
  said.text = wish.text;
  said.speed = wish.speed;
  said.format = wish.format.empty() ? "mp3" : wish.format;
  if (!wish.language.empty())
    said.language = wish.language;
  if (auto why = check_format(said.format, chatterbox::openai_formats(), where.site.name()))
    return why;
  if (http::find_language(chatterbox::languages(), said.language) == nullptr)
    return invalid_field("language", "backend " + where.site.name() + " does not speak '" +
                                         said.language + "'");
  const auto call =
      library_voice_.empty()
          ? chatterbox::openai_call(said, wish.voice.empty()
                                              ? std::string{chatterbox::default_voice_file}
                                              : chatterbox::predefined_voice_file(wish.voice))
          : chatterbox::with_reference(said, copied_ == &where.deployment ? copy_ : std::string{});
  answer_->of.emplace<chatterbox::openai_answer>(said.format, wish.events);
  ask(call.path, "application/json", call.body, options);
  return {};
}

std::optional<refusal> speech_dress::ask_piper(const named_speech& wish, const attempt_place& where,
                                               proxy::forward_options& options) {
  const auto format =
      wish.format.empty() ? std::string{piper::openai_formats().front()} : wish.format;
  if (auto why = check_format(format, piper::openai_formats(), where.site.name()))
    return why;
  const auto facts = known_voices(ex_, where.site);
  if (!facts)
    return refusal{response_detail::no_healthy_upstream, "its voices are not known", {}};
  if (!library_voice_.empty() && !piper_lists(*facts, wish.voice))
    return no_clone(where, wish);
  piper::speech said;
  if (auto why = settle_piper(*facts, wish, where, said))
    return why;
  said.format = format;
  auto call = piper::call_of(said, facts->routes);
  answer_->of.emplace<piper::openai_answer>(format, wish.events);
  ask(std::move(call.path), std::move(call.content_type), std::move(call.body), options);
  return {};
}

std::optional<refusal> speech_dress::ask_speaches(const named_speech& wish,
                                                  const attempt_place& where,
                                                  proxy::forward_options& options) {
  const auto facts = known_voices(ex_, where.site);
  if (!facts)
    return refusal{response_detail::no_healthy_upstream, "its models are not known", {}};
  if (!library_voice_.empty() && !speaches_lists(*facts, where.model, wish.voice))
    return no_clone(where, wish);
  speaches::speech said;
  if (auto why = settle_speaches(*facts, wish, where, said))
    return why;
  answer_->of.emplace<speaches::openai_answer>(said.format, wish.events);
  ask(std::string{speaches::speech_path}, "application/json", speaches::body_of(said), options);
  return {};
}

/// The client's own request but for the model and what the deployment fills in.
std::optional<refusal> speech_dress::ask_openai(const attempt_place& where,
                                                proxy::forward_options& options) {
  auto body = body_;
  body["model"] = where.model;
  for (const auto& [name, text] : where.deployment.settings->defaults)
    if (const auto found = body.find(name); found == body.end() || found->is_null())
      body[name] = json::parse(text, nullptr, false);
  edited_ = http::dump(body);
  options.body = &edited_;
  const auto& backend = *where.site.settings;
  if (backend.type == config::backend_type::azure) {
    target_ =
        "/openai/deployments/" + where.model + "/audio/speech?api-version=" + backend.api_version;
    options.target = target_;
  }
  return {};
}

} // namespace synapse::api
