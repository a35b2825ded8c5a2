// /tts/* and /v1/audio/speech: speech from Chatterbox, with voices of its own or of the library.
#include "config/backend_types.hpp"
#include "http/api/api_handlers.hpp"
#include "http/api/forms/form_call.hpp"
#include "http/api/llm/checked_json.hpp"
#include "http/api/request/await_answer.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/speech/catalog_speech.hpp"
#include "http/api/speech/speech_request.hpp"
#include "http/api/speech/voice_copy.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/core/json/json_text.hpp"
#include "http/dialects/audio_answer.hpp"
#include "http/dialects/chatterbox/answer.hpp"
#include "http/dialects/chatterbox/languages.hpp"
#include "http/dialects/chatterbox/request.hpp"
#include "http/dialects/chatterbox/to_openai.hpp"
#include "http/net/blocking_pool.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/proxy/forwarder.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <memory>

namespace synapse::api {

using http::response_detail;
using json = nlohmann::ordered_json;

namespace {
namespace chatterbox = http::chatterbox;

constexpr std::string_view tts_label = "TTS backend error";
/// 5000 characters, each escaped as a pair of surrogates, and a few fields.
constexpr std::size_t max_speech_bytes = 256 * 1024;

/// One request for speech, from the checked body to the last byte of the answer.
class speaking {
public:
  speaking(net::blocking_pool& blocking, server::exchange& exchange, client::site_ptr site,
           const speech_request& wanted, http::answer_translator& translator)
      : blocking_(blocking), ex_(exchange), site_(std::move(site)), wanted_(wanted),
        translator_(translator) {}

  /// With a voice of the library: the backend gets its reference if it has no copy, then the text.
  net::task<void> with_clone(actors::voice_location where);
  /// With one of the backend's own voices.
  net::task<void> with_predefined(chatterbox::json_call call);
  /// Why the library could not be asked for a voice of that name; `local`: it could.
  refusal library_problem{response_detail::local, {}, {}};

private:
  net::task<bool> ensure_copy(const actors::voice_location& where, std::string& copy);

  net::blocking_pool& blocking_;
  server::exchange& ex_;
  client::site_ptr site_;
  const speech_request& wanted_;
  http::answer_translator& translator_;
};

net::task<void> speaking::with_predefined(chatterbox::json_call call) {
  proxy::own_request request;
  request.target = std::move(call.path);
  request.content_type = "application/json";
  request.body = std::move(call.body);
  proxy::forward_options options;
  options.request = &request;
  options.translator = &translator_;
  options.free_with_head = config::row_of(site_->settings->type).free_with_head;
  options.label = tts_label;
  proxy::forwarder work{ex_, site_, options};
  if (co_await work.run() != proxy::forward_end::collected)
    co_return;
  auto& answer = work.answer();
  if (answer.status == chatterbox::unknown_voice &&
      library_problem.detail != response_detail::local) {
    // It may well be a voice of the library, which could not be asked.
    co_await refuse(ex_, std::move(library_problem));
    co_return;
  }
  if (answer.status == chatterbox::unknown_voice && wanted_.voice_may_be_named) {
    auto unknown = invalid_field("voice", "neither the library nor the backend has a voice '" +
                                              wanted_.voice + "'");
    co_await refuse(ex_, std::move(unknown));
    co_return;
  }
  co_await proxy::pass_on_error(ex_, answer, tts_label);
}

net::task<void> speaking::with_clone(actors::voice_location where) {
  const auto id = where.voice.voice_id;
  for (bool again = false;; again = true) {
    std::string copy = where.uploaded_as;
    if (copy.empty() && !co_await ensure_copy(where, copy))
      co_return;
    auto call = chatterbox::with_reference(wanted_.said, copy);
    proxy::own_request request;
    request.target = std::move(call.path);
    request.content_type = "application/json";
    request.body = std::move(call.body);
    proxy::forward_options options;
    options.request = &request;
    options.translator = &translator_;
    options.free_with_head = config::row_of(site_->settings->type).free_with_head;
    options.label = tts_label;
    proxy::forwarder work{ex_, site_, options};
    if (co_await work.run() != proxy::forward_end::collected)
      co_return;
    auto& answer = work.answer();
    if (answer.status != chatterbox::unknown_voice) {
      co_await proxy::pass_on_error(ex_, answer, tts_label);
      co_return;
    }
    // It has been restarted, or somebody has cleared its folder. Once is an accident.
    tell_of_copy(ex_, *site_, id, {});
    spdlog::info("request {}: backend {} has lost the reference of voice {}", ex_.id(),
                 site_->name(), id);
    if (again) {
      answer.status = 502;
      co_await proxy::pass_on_error(ex_, answer, tts_label);
      co_return;
    }
    where.uploaded_as.clear();
  }
}

/// Gives the backend the voice's first reference. @returns false when the client has its answer or
/// has left.
net::task<bool> speaking::ensure_copy(const actors::voice_location& where, std::string& copy) {
  preparation given;
  reference_hearer hearer;
  hearer.label = tts_label;
  co_await give_reference(blocking_, ex_, site_, where, hearer, copy, given);
  if (given.how == preparation::outcome::faulty)
    co_await refuse(ex_, std::move(given.why));
  else if (given.how == preparation::outcome::failed)
    co_await proxy::pass_on_error(ex_, given.answer, tts_label);
  co_return given.how == preparation::outcome::ready;
}

// ---- routes ----

/// Asks the library for the voice. @returns false when the client has its answer.
net::task<bool> find_voice(server::exchange& ex, const client::site_ptr& site, std::string voice,
                           actors::voice_location& into) {
  actors::question<actors::voice_location> question;
  question.ask(ex.actor(), library_of(ex), actors::locate_voice(voice, false, site->name()));
  if (!co_await library_answered(ex, question, voice, true))
    co_return false;
  into = std::move(*question.answer());
  co_return true;
}

enum class tts_route { synthesize, stream, interpolate };

net::task<void> speak(net::blocking_pool& blocking, server::exchange& ex, tts_route route) {
  json body;
  if (!co_await read_json_object(ex, body, max_speech_bytes))
    co_return;
  speech_request wanted;
  auto fault = route == tts_route::interpolate ? read_interpolation(body, wanted)
                                               : read_synthesis(body, wanted);
  if (fault) {
    co_await refuse(ex, std::move(*fault));
    co_return;
  }
  const auto site = co_await site_of(ex);
  if (!site)
    co_return;
  // A stream of the backend's own voice is for playing; whatever else is a recording as a whole.
  const bool played = route == tts_route::stream && wanted.voice.empty();
  const std::string_view filename = played                            ? ""
                                    : route == tts_route::interpolate ? "synapse_interpolate.wav"
                                                                      : "synapse_tts.wav";
  http::audio_answer translator{http::media_kind::wav, "audio/wav", filename};
  speaking work{blocking, ex, site, wanted, translator};
  if (wanted.voice.empty()) {
    auto call = route == tts_route::stream
                    ? chatterbox::openai_with_voice(wanted.said, chatterbox::default_voice_file)
                    : chatterbox::with_voice(wanted.said, chatterbox::default_voice_file);
    co_await work.with_predefined(std::move(call));
    co_return;
  }
  actors::voice_location where, other;
  for (const auto& one : wanted.mix) {
    if (one == wanted.voice)
      continue;
    if (!co_await find_voice(ex, site, one, other))
      co_return;
    if (other.reference_path.empty()) {
      auto why = no_such_voice(one, "it has no references");
      co_await refuse(ex, std::move(why));
      co_return;
    }
  }
  if (!co_await find_voice(ex, site, wanted.voice, where))
    co_return;
  co_await work.with_clone(std::move(where));
}

} // namespace

net::task<void> synthesize(net::blocking_pool& blocking, server::exchange& exchange) {
  return speak(blocking, exchange, tts_route::synthesize);
}

net::task<void> stream_speech(net::blocking_pool& blocking, server::exchange& exchange) {
  return speak(blocking, exchange, tts_route::stream);
}

net::task<void> interpolate(net::blocking_pool& blocking, server::exchange& exchange) {
  return speak(blocking, exchange, tts_route::interpolate);
}

net::task<void> list_languages(server::exchange& exchange) {
  auto list = json::array();
  for (const auto& one : chatterbox::languages())
    list.push_back({{"code", one.code}, {"name", one.name}});
  co_await exchange.reply(200, "application/json", http::dump(list));
}

net::task<void> openai_speech(net::blocking_pool& blocking, server::exchange& ex) {
  const bool told = co_await speak_by_name(blocking, ex);
  if (told)
    co_return;
  const auto site = co_await site_of(ex);
  if (!site)
    co_return;
  if (config::row_of(site->settings->type).speaks_openai) {
    co_await forward_whole_json(ex);
    co_return;
  }
  json body;
  if (!co_await read_json_object(ex, body, max_speech_bytes))
    co_return;
  speech_request wanted;
  if (auto fault = read_openai_speech(body, wanted)) {
    co_await refuse(ex, std::move(*fault));
    co_return;
  }
  chatterbox::openai_answer answer{wanted.said.format, wanted.events};
  speaking work{blocking, ex, site, wanted, answer.translator()};
  actors::question<actors::voice_location> question;
  question.ask(ex.actor(), library_of(ex), actors::locate_voice(wanted.voice, true, site->name()));
  const auto asked = co_await library_answers(ex, question, true);
  const bool known = asked == wait_end::done;
  if (known && question.answer()) {
    co_await work.with_clone(std::move(*question.answer()));
    co_return;
  }
  if (known && question.answer().error() == actors::ec::invalid_voice) {
    auto why = invalid_field("voice", actors::detail(question.answer().error()));
    co_await refuse(ex, std::move(why));
    co_return;
  }
  // A library that is out of order must not silence the backend's own voices.
  if (!known)
    work.library_problem = {response_detail::draining, "the voice library does not answer", {}};
  else if (question.answer().error() != actors::ec::voice_not_found)
    work.library_problem = refusal_of(question.answer().error(), wanted.voice);
  const auto file = chatterbox::predefined_voice_file(wanted.voice);
  auto call = chatterbox::openai_call(wanted.said, file);
  co_await work.with_predefined(std::move(call));
}

} // namespace synapse::api
