#include "actors/protocol/error.hpp"
#include "actors/runtime/ask.hpp"
#include "http/handlers/api_handlers.hpp"
#include "http/handlers/voice_upload.hpp"
#include "telemetry/gateway_metrics.hpp"

#include <nlohmann/json.hpp>

namespace synapse::handlers {

using http::response_detail;

namespace {
using json = nlohmann::ordered_json;

/// For a disk under load, and for a library that is just being restarted.
constexpr net::time_ns library_patience = 120'000'000'000;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json describe(const actors::voice_info& voice) {
  json result;
  result["voice_id"] = voice.voice_id;
  result["name"] = voice.name;
  result["references_count"] = voice.references.size();
  result["references"] = voice.references;
  return result;
}

std::string describe_all(const std::vector<actors::voice_info>& voices) {
  auto all = json::array();
  for (const auto& voice : voices) {
    auto one = describe(voice);
    one["created_at"] = voice.created_at;
    all.push_back(std::move(one));
  }
  return dump(all);
}

/// Waits even for a client that has left: what the library has begun has to be known.
/// @returns false when there is no answer in time.
template <class Reply>
net::task<bool> await_answer(server::exchange& ex, actors::question<Reply>& question) {
  const auto from = net::io_thread::now();
  const auto due = from + library_patience;
  while (!question.done() && net::io_thread::now() < due) {
    ex.alarm(due);
    co_await ex.wake()->wait();
  }
  ex.alarm(0);
  ex.record().upstream_ns += net::io_thread::now() - from;
  co_return question.done();
}

/// @returns null when the voice library has never been started.
const actors::voice_library_actor& library_of(server::exchange& ex) {
  return ex.routes()->snapshot->voices;
}

refusal refusal_of(const caf::error& error) {
  const auto text = actors::detail(error);
  if (error == actors::ec::voice_not_found)
    return {response_detail::voice_not_found, text, {}};
  if (error == actors::ec::invalid_voice)
    return {response_detail::bad_request, text, {}};
  if (error == actors::ec::storage_failed || error == actors::ec::upload_not_found)
    return {response_detail::storage_failed, text, {}};
  return {response_detail::draining, "the voice library is being restarted", {}};
}

net::task<void> refuse(server::exchange& ex, refusal why) {
  if (why.detail != response_detail::unprocessable) {
    std::optional<unsigned> retry_after;
    if (http::info(why.detail).status == 503)
      retry_after = 1;
    co_await ex.reply_error(why.detail, why.message, retry_after);
    co_return;
  }
  json fault;
  fault["loc"] = {"body", why.field};
  fault["msg"] = why.message;
  fault["type"] = "missing";
  json body;
  body["detail"] = json::array({fault});
  co_await ex.reply(422, "application/json", dump(body));
  ex.record().detail = response_detail::unprocessable;
}

/// @returns whether the library answered well; otherwise the client has its answer.
template <class Reply>
net::task<bool> accepted(server::exchange& ex, actors::question<Reply>& question) {
  if (!co_await await_answer(ex, question)) {
    refusal silence{response_detail::draining, "the voice library does not answer", {}};
    co_await refuse(ex, std::move(silence));
    co_return false;
  }
  if (!question.answer()) {
    auto why = refusal_of(question.answer().error());
    co_await refuse(ex, std::move(why));
    co_return false;
  }
  co_return true;
}

/// Takes files in, for a new voice or (with an id) for one that exists.
net::task<void> take_in(const services& all, server::exchange& ex, std::string voice_id) {
  auto fault = http::multipart_error::none;
  const auto boundary =
      http::multipart_boundary(ex.head().fields.value_of(http::known_field::content_type), fault);
  if (fault != http::multipart_error::none) {
    const auto detail = fault == http::multipart_error::not_form_data
                            ? response_detail::unsupported_media_type
                            : response_detail::bad_request;
    refusal why{detail, std::string{http::message_of(fault)}, {}};
    co_await refuse(ex, std::move(why));
    co_return;
  }
  const auto library = library_of(ex);
  if (!voice_id.empty()) {
    actors::question<actors::voice_location> known;
    known.ask(ex.actor(), library, actors::find_atom::value, voice_id);
    if (!co_await accepted(ex, known))
      co_return;
  }
  actors::question<actors::voice_upload> begun;
  begun.ask(ex.actor(), library, actors::upload_atom::value);
  if (!co_await accepted(ex, begun))
    co_return;
  const auto folder = *begun.answer();

  voice_upload upload{all, ex, boundary, folder.directory};
  const auto outcome = co_await upload.receive();
  auto why = upload.why();
  if (outcome == voice_upload::outcome::complete) {
    if (voice_id.empty() && !upload.has_name())
      why = {response_detail::unprocessable, "name: field required", "name"};
    else if (upload.files().empty())
      why = {response_detail::unprocessable, "files: at least one file is required", "files"};
  }
  if (outcome == voice_upload::outcome::gone || !why.message.empty() ||
      outcome == voice_upload::outcome::refused) {
    caf::anon_send(library, actors::discard_atom::value, folder.upload_id);
    if (outcome == voice_upload::outcome::gone) {
      if (ex.metrics())
        ex.metrics()->client_disconnects[telemetry::request_phase::reading].increment();
      co_return;
    }
    co_await refuse(ex, std::move(why));
    co_return;
  }

  actors::question<actors::voice_info> made;
  if (voice_id.empty())
    made.ask(ex.actor(), library,
             actors::create_voice(folder.upload_id, upload.name(), upload.files()));
  else
    made.ask(ex.actor(), library,
             actors::add_references(voice_id, folder.upload_id, upload.files()));
  if (!co_await accepted(ex, made))
    co_return;
  co_await ex.reply(voice_id.empty() ? 201 : 200, "application/json",
                    dump(describe(*made.answer())));
}

} // namespace

net::task<void> list_voices(const services& all, server::exchange& ex) {
  actors::question<std::vector<actors::voice_info>> question;
  question.ask(ex.actor(), library_of(ex), actors::list_atom::value);
  if (!co_await accepted(ex, question))
    co_return;
  // Ten thousand of them take milliseconds to write down: not on the thread that serves streams.
  struct rendering {
    std::vector<actors::voice_info> voices;
    std::string text;
    bool done = false; ///< the I/O thread's
  };
  auto job = std::make_shared<rendering>();
  job->voices = std::move(*question.answer());
  all.blocking->run(
      ex.owner().io,
      [job] {
        job->text = describe_all(job->voices);
        job->voices = {};
      },
      [job, wake = ex.wake()] {
        job->done = true;
        wake->notify();
      });
  while (!job->done)
    co_await ex.wake()->wait();
  co_await ex.reply(200, "application/json", job->text);
}

net::task<void> create_voice(const services& all, server::exchange& ex) {
  return take_in(all, ex, {});
}

net::task<void> add_voice_references(const services& all, server::exchange& ex) {
  return take_in(all, ex, std::string{ex.parameter("voice_id")});
}

net::task<void> delete_voice(const services&, server::exchange& ex) {
  const std::string id{ex.parameter("voice_id")};
  actors::question<bool> question;
  question.ask(ex.actor(), library_of(ex), actors::remove_atom::value, id);
  if (!co_await accepted(ex, question))
    co_return;
  json answer;
  answer["status"] = "deleted";
  answer["voice_id"] = id;
  co_await ex.reply(200, "application/json", dump(answer));
}

} // namespace synapse::handlers
