#include "http/api/speech/catalog_speech.hpp"

#include "config/backend_types.hpp"
#include "http/api/deployments/deployment_targets.hpp"
#include "http/api/deployments/named_request.hpp"
#include "http/api/llm/catalog_request.hpp"
#include "http/api/llm/checked_json.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/api/speech/speech_dress.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/core/json/json_body.hpp"
#include "http/proxy/forwarder.hpp"

#include <algorithm>

namespace synapse::api {

using json = nlohmann::ordered_json;

namespace {
/// 4096 characters, each escaped as a pair of surrogates, and a few fields.
constexpr std::size_t max_speech_bytes = 256 * 1024;

/// The body as text. @returns false when the client has its answer or has left.
net::task<bool> read_text(server::exchange& ex, std::size_t limit) {
  auto refused = check_json_head(ex.head());
  if (!refused && !ex.take_body_at_hand(limit)) {
    const auto state = co_await ex.read_body(limit);
    if (state == server::exchange::body_state::gone) {
      note_departure_while_reading(ex);
      co_return false;
    }
    refused = refusal_of(state, limit);
  }
  if (!refused)
    co_return true;
  co_await refuse(ex, std::move(*refused));
  co_return false;
}

/// Whether the voice is one of the library. @returns false when the client has its answer or left.
/// @param deadline of the request; 0: it has none
net::task<bool> look_up_voice(server::exchange& ex, const std::string& voice, net::time_ns deadline,
                              speech_dress& dress) {
  if (voice.empty())
    co_return true;
  actors::question<actors::voice_location> question;
  question.ask(ex.actor(), library_of(ex), actors::locate_voice(voice, true, {}));
  const auto asked = co_await library_answers(ex, question, true, deadline);
  if (asked == wait_end::left)
    co_return false;
  if (asked != wait_end::done) {
    dress.set_library_problem("the voice library does not answer");
    co_return true;
  }
  if (question.answer()) {
    dress.set_library_voice(question.answer()->voice.voice_id);
    co_return true;
  }
  const auto& error = question.answer().error();
  if (error == actors::ec::invalid_voice) {
    auto why = invalid_field("voice", actors::detail(error));
    co_await refuse(ex, std::move(why));
    co_return false;
  }
  // A library that is out of order must not silence the backends' own voices.
  if (error != actors::ec::voice_not_found)
    dress.set_library_problem(refusal_of(error, voice).message);
  co_return true;
}

net::task<void> speak(net::blocking_pool& blocking, server::exchange& ex,
                      const routing::model_name& name, std::string asked) {
  json body;
  const bool whole = co_await read_json_object(ex, body, max_speech_bytes);
  if (!whole)
    co_return;
  named_speech said;
  if (auto why = read_named_speech(body, said)) {
    co_await refuse(ex, std::move(*why));
    co_return;
  }
  deployment_wish wish;
  wish.name = &name;
  wish.routing.asked = asked;
  wish.routing.what = routing::kind::speech;
  wish.routing.text_bytes = said.text.size();
  wish.tokens = static_cast<std::int64_t>(said.text.size() / 4) + 1;
  read_wish(ex, wish);
  speech_dress dress{blocking, ex, body};
  const bool looked = co_await look_up_voice(ex, said.voice, wish.routing.deadline, dress);
  if (!looked)
    co_return;
  deployment_targets all{ex, wish, dress};
  bool begun = all.begin_at_once();
  if (!begun)
    begun = co_await all.begin();
  if (begun)
    co_await proxy::forward(ex, all, proxy::forward_options());
}
} // namespace

net::task<bool> speak_by_name(net::blocking_pool& blocking, server::exchange& ex) {
  const auto by_path = ex.routes()->site_for_path(ex.path());
  if (!concerns_catalog(ex, routing::kind::speech, by_path != nullptr))
    co_return false;
  const bool passes = by_path && config::row_of(by_path->settings->type).speaks_openai;
  const auto most = ex.settings().limits.max_json_body_bytes;
  const bool whole = co_await read_text(ex, passes ? most : std::min(most, max_speech_bytes));
  if (!whole)
    co_return true;
  const auto body = http::inspect_padded_json(ex.body());
  std::string asked{body.ok() ? body.model : std::string_view{}};
  const auto* name = name_for(ex, asked, routing::kind::speech, by_path != nullptr);
  ex.record().model.assign(asked);
  if (name != nullptr) {
    co_await speak(blocking, ex, *name, std::move(asked));
    co_return true;
  }
  if (by_path)
    co_return false;
  if (body.ok())
    co_await refuse_unknown_name(ex, asked);
  else
    co_await ex.reply_error(http::response_detail::invalid_json, body.message);
  co_return true;
}

} // namespace synapse::api
