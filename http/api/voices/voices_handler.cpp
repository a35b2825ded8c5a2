#include "http/api/api_handlers.hpp"
#include "http/api/request/body_reading.hpp"
#include "http/api/request/field_fault.hpp"
#include "http/api/request/head_checks.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/api/voices/voice_upload.hpp"
#include "http/core/json/json_text.hpp"

#include <nlohmann/json.hpp>

namespace synapse::api {

using http::response_detail;

namespace {
using json = nlohmann::ordered_json;

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
  return http::dump(all);
}

/// Takes files in, for a new voice or (with an id) for one that exists.
net::task<void> take_in(net::blocking_pool& blocking, server::exchange& ex, std::string voice_id) {
  std::string boundary;
  if (auto why = check_form_head(ex.head(), max_voice_form_bytes, boundary)) {
    co_await refuse(ex, std::move(*why));
    co_return;
  }
  const auto library = library_of(ex);
  if (!voice_id.empty()) {
    actors::question<actors::voice_location> known;
    known.ask(ex.actor(), library, actors::find_atom::value, voice_id);
    if (!co_await library_answered(ex, known, voice_id))
      co_return;
  }
  actors::question<actors::voice_upload> begun;
  begun.ask(ex.actor(), library, actors::upload_atom::value);
  if (!co_await library_answered(ex, begun))
    co_return;
  const auto folder = *begun.answer();

  voice_upload upload{blocking, ex, boundary, folder.directory};
  const auto outcome = co_await upload.receive();
  auto why = upload.why();
  if (outcome == voice_upload::outcome::complete) {
    fault_list missing;
    if (voice_id.empty() && !upload.has_name())
      missing.add("name", fault_missing(), {});
    if (upload.files().empty())
      missing.add("files", fault_missing(), {});
    if (!missing.empty())
      why = missing.to_refusal();
  }
  if (outcome == voice_upload::outcome::gone || !why.message.empty() ||
      outcome == voice_upload::outcome::refused) {
    caf::anon_send(library, actors::discard_atom::value, folder.upload_id);
    if (outcome == voice_upload::outcome::gone) {
      note_departure_while_reading(ex);
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
  if (!co_await library_answered(ex, made, voice_id))
    co_return;
  co_await ex.reply(voice_id.empty() ? 201 : 200, "application/json",
                    http::dump(describe(*made.answer())));
}

} // namespace

net::task<void> list_voices(net::blocking_pool& blocking, server::exchange& ex) {
  actors::question<std::vector<actors::voice_info>> question;
  question.ask(ex.actor(), library_of(ex), actors::list_atom::value);
  if (!co_await library_answered(ex, question))
    co_return;
  // Ten thousand of them take milliseconds to write down: not on the thread that serves streams.
  struct rendering {
    std::vector<actors::voice_info> voices;
    std::string text;
    bool done = false; ///< the I/O thread's
  };
  auto job = std::make_shared<rendering>();
  job->voices = std::move(*question.answer());
  blocking.run(
      ex.owner().io,
      [job] {
        job->text = describe_all(job->voices);
        job->voices = {};
      },
      [job, wake = ex.wake()] {
        job->done = true;
        wake->notify();
      });
  const auto done = [&job] { return job->done; };
  wait_rules rules;
  rules.also_departed = true;
  rules.is_upstream = false;
  co_await wait_until(ex, done, rules);
  co_await ex.reply(200, "application/json", job->text);
}

net::task<void> create_voice(net::blocking_pool& blocking, server::exchange& ex) {
  return take_in(blocking, ex, {});
}

net::task<void> add_voice_references(net::blocking_pool& blocking, server::exchange& ex) {
  return take_in(blocking, ex, std::string{ex.parameter("voice_id")});
}

net::task<void> delete_voice(server::exchange& ex) {
  const std::string id{ex.parameter("voice_id")};
  actors::question<bool> question;
  question.ask(ex.actor(), library_of(ex), actors::remove_atom::value, id);
  if (!co_await library_answered(ex, question, id))
    co_return;
  json answer;
  answer["status"] = "deleted";
  answer["voice_id"] = id;
  co_await ex.reply(200, "application/json", http::dump(answer));
}

} // namespace synapse::api
