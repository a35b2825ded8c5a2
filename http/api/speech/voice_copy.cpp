#include "http/api/speech/voice_copy.hpp"

#include "http/api/request/body_reading.hpp"
#include "http/api/speech/reference_upload.hpp"
#include "http/api/voices/voice_questions.hpp"
#include "http/dialects/chatterbox/answer.hpp"
#include "http/proxy/deadlines.hpp"
#include "http/proxy/forwarder.hpp"

#include <cerrno>
#include <system_error>

namespace synapse::api {

namespace {
namespace chatterbox = http::chatterbox;

/// One backend, whose answers and failures are kept for somebody who decides about them later.
class silent_target final : public proxy::targets {
public:
  silent_target(client::site_ptr site, preparation& into) : site_(std::move(site)), into_(into) {}

  const client::site_ptr& site() const noexcept override { return site_; }
  const std::string* body() override { return nullptr; }
  bool decide() const noexcept override { return true; }
  net::task<proxy::onward> after(proxy::miss what) override {
    using outcome = preparation::outcome;
    into_.how = what.denied != actors::deny_reason::none ? outcome::denied : outcome::failed;
    into_.denied = what.denied;
    into_.retry_after_ms = what.retry_after_ms;
    into_.lost = what.lost;
    if (what.answer != nullptr)
      into_.answer = *what.answer;
    else if (what.failed != nullptr)
      into_.failed = *what.failed;
    co_return proxy::onward::ended;
  }

private:
  client::site_ptr site_;
  preparation& into_;
};

/// Why a voice's reference cannot be given to a backend. @param error errno
refusal unreadable_reference(int error, std::string_view voice) {
  if (error == ENOENT)
    return no_such_voice(voice, "it has just been removed");
  return {http::response_detail::storage_failed,
          "the voice's reference cannot be read: " + std::generic_category().message(error),
          {}};
}

void fault(preparation& into, refusal why) {
  into.how = preparation::outcome::faulty;
  into.why = std::move(why);
}

/// @returns null with `into` set
net::task<net::local_ptr<net::file_source>> open_file(net::blocking_pool& blocking,
                                                      server::exchange& ex,
                                                      const actors::voice_location& where,
                                                      net::time_ns deadline, preparation& into) {
  auto file =
      net::make_local<net::file_source>(ex.owner().io, blocking, where.reference_path, ex.wake());
  const auto opened = [&file] { return file->opened(); };
  wait_rules rules;
  rules.due = proxy::sooner(net::io_thread::now() + library_patience, deadline);
  rules.is_upstream = false;
  const auto end = co_await wait_until(ex, opened, rules);
  if (file->opened() && file->error() == 0)
    co_return file;
  if (end == wait_end::left) {
    note_departure_while_waiting(ex);
    into.how = preparation::outcome::gone;
  } else if (!file->opened() && proxy::passed(deadline))
    into.fail(proxy::mishap::deadline_passed,
              std::string{proxy::row_of(proxy::mishap::deadline_passed).sentence});
  else
    fault(into,
          unreadable_reference(file->opened() ? file->error() : ETIMEDOUT, where.voice.voice_id));
  co_return nullptr;
}

/// Sends the form. @param into `failed` with what the backend has answered, or why there is no
/// answer
net::task<void> send_reference(server::exchange& ex, client::site_ptr site,
                               const reference_hearer& hearer, reference_upload& form,
                               const net::file_source& file, const std::string& voice,
                               preparation& into) {
  proxy::own_request request;
  request.target = chatterbox::upload_path;
  request.content_type = form.content_type();
  request.source = &form;
  proxy::forward_options options;
  options.request = &request;
  options.deadline = hearer.deadline;
  auto end = proxy::forward_end::gone;
  into.how = preparation::outcome::gone;
  if (hearer.label) {
    options.label = *hearer.label;
    proxy::forwarder work{ex, std::move(site), options};
    end = co_await work.run();
    if (end == proxy::forward_end::collected) {
      into.how = preparation::outcome::failed;
      into.answer = std::move(work.answer());
    }
  } else {
    silent_target target{std::move(site), into};
    end = co_await proxy::forward(ex, target, options);
  }
  if (end == proxy::forward_end::refused)
    fault(into, unreadable_reference(file.error(), voice));
}
} // namespace

net::task<void> give_reference(net::blocking_pool& blocking, server::exchange& ex,
                               client::site_ptr site, const actors::voice_location& where,
                               reference_hearer hearer, std::string& copy, preparation& into) {
  if (where.reference_path.empty()) {
    fault(into, no_such_voice(where.voice.voice_id, "it has no references"));
    co_return;
  }
  const auto file = co_await open_file(blocking, ex, where, hearer.deadline, into);
  if (!file)
    co_return;
  const auto name =
      chatterbox::reference_name(where.voice.voice_id, file->modified_ns(), file->size());
  reference_upload form{file, name};
  co_await send_reference(ex, site, hearer, form, *file, where.voice.voice_id, into);
  if (into.how != preparation::outcome::failed || into.answer.status == 0)
    co_return;
  auto receipt = chatterbox::read_receipt(into.answer.status, std::move(into.answer.body));
  into.answer.status = receipt.status;
  into.answer.body = std::move(receipt.body);
  if (receipt.kept_as.empty())
    co_return;
  into = {};
  copy = std::move(receipt.kept_as);
  tell_of_copy(ex, *site, where.voice.voice_id, copy);
}

void tell_of_copy(server::exchange& ex, const client::backend_site& site,
                  const std::string& voice_id, std::string copy) {
  caf::anon_send(library_of(ex), actors::reference_copy(voice_id, site.name(), std::move(copy)));
}

} // namespace synapse::api
