// Answers to requests in the gateway's own words, on their way through a translator.
#include "http/core/body/sse.hpp"
#include "http/proxy/relay/relay.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::proxy {

using http::body_framing;
using progress = answer_translator::progress;
using telemetry::request_phase;
using telemetry::stream_end;

net::task<void> break_off(call& of, http::response_detail detail, std::string message,
                          std::string pending) {
  spdlog::warn("request {}: {} ({})", of.ex.id(), message, http::to_string(detail));
  of.options.translator->broken(pending, detail, message);
  if (!pending.empty() && !of.down.send(pending, false))
    co_await of.down.drained();
  of.ex.record().detail = detail;
  of.ex.abort();
}

namespace {
class translated_relay {
public:
  translated_relay(call& of, upstream_request& from)
      : of_(of), from_(from), translator_(*of.options.translator) {}

  net::task<step> run();

private:
  progress translate(progress so_far);
  void write_head(bool last);
  void note_first(bool last);
  net::task<bool> send(bool last);
  bool said_nothing() const;
  net::task<step> broken(mishap what, std::string message);
  bool keep_told_error();
  net::task<step> finish();
  void gone();
  void count_end(stream_end kind);

  call& of_;
  upstream_request& from_;
  answer_translator& translator_;
  std::string decoded_;
  std::string translated_; ///< not yet sent
  bool any_ = false;       ///< of the answer
};

/// Recordings and texts with a length are no streams.
void translated_relay::count_end(stream_end kind) {
  if (of_.down.begun() && of_.down.framing() != body_framing::content_length)
    of_.count_stream_end(kind);
}

void translated_relay::write_head(bool last) {
  const auto wanted = translator_.client_head();
  own_head head;
  head.content_type = wanted.content_type;
  std::string fields = wanted.fields;
  if (wanted.event_stream)
    fields += event_fields;
  head.fields = fields;
  head.event_stream = wanted.event_stream;
  if (last) {
    head.framing = body_framing::content_length;
    head.length = translated_.size();
  } else if (wanted.same_length && from_.answer().content_length >= 0) {
    head.framing = body_framing::content_length;
    head.length = static_cast<std::uint64_t>(from_.answer().content_length);
  }
  of_.down.write_head(head);
}

/// The first that the client gets of the answer itself. One that comes all at once is no stream,
/// unless the client gets it as one.
void translated_relay::note_first(bool last) {
  of_.first_content = net::io_thread::recent();
  of_.streamed = !last || translator_.client_head().event_stream;
  if (of_.route_metrics)
    of_.route_metrics->first_token(of_.metrics).observe_ns(of_.first_content - from_.sent_at());
}

/// Sends what has been translated, after the head if that has not been sent, before the end of the
/// answer if `last`. @returns false when the client has gone.
net::task<bool> translated_relay::send(bool last) {
  if (last || translated_ != http::sse_keepalive) {
    of_.committed = true;
    if (of_.first_content == 0)
      note_first(last);
  }
  if (!of_.down.begun())
    write_head(last);
  bool ok = of_.down.send(translated_, last);
  if (!ok)
    ok = co_await of_.down.drained();
  translated_.clear();
  of_.down.heard(net::io_thread::recent());
  co_return ok;
}

/// The client has nothing of the answer. Comments are nothing, where another answer may follow.
bool translated_relay::said_nothing() const {
  return of_.options.elsewhere_decides ? !of_.committed : !of_.down.begun();
}

void translated_relay::gone() {
  count_end(stream_end::client_abort);
  from_.leave(request_phase::responding);
}

/// The answer cannot go on. `failed` when nothing of it has been sent: the client gets a status
/// that says so. Otherwise a last word if there is room for one, and an end that nobody takes for a
/// good one.
net::task<step> translated_relay::broken(mishap what, std::string message) {
  message = of_.masked(message.empty() ? row_of(what).sentence : std::string_view{message});
  // Events that came before the fault are an answer that has begun, whatever came with them in one
  // piece; of a recording or a text there is nothing to be had but the whole.
  if (said_nothing()) {
    if (translated_.empty() || !translator_.client_head().event_stream)
      co_return of_.fail(what, std::move(message));
    if (!of_.down.begun())
      write_head(false);
  }
  from_.drop();
  const auto& row = row_of(what);
  co_await break_off(of_, row.detail, of_.named(message), std::move(translated_));
  count_end(row.stream);
  from_.answered_badly(row);
  co_return step::done;
}

/// The backend itself has told an error in place of an answer: those who decide where the request
/// goes next judge it by its own words. @returns false: it is too late for that, or none was told
bool translated_relay::keep_told_error() {
  if (!of_.options.elsewhere_decides || !said_nothing() || !translated_.empty())
    return false;
  const auto told = translator_.reported();
  if (told)
    of_.keep_error(told->status, told->body);
  return told.has_value();
}

/// Has the translator take what has arrived.
progress translated_relay::translate(progress so_far) {
  if (so_far == progress::more && !from_.body().ended()) {
    any_ = from_.take(decoded_) || any_;
    if (!decoded_.empty())
      so_far = translator_.take(decoded_, translated_);
    decoded_.clear();
  }
  if (so_far == progress::more && from_.body().ended())
    so_far = translator_.finish(translated_) == progress::bad ? progress::bad : progress::ended;
  return so_far;
}

/// The backend has done its part, whatever the client makes of the rest.
net::task<step> translated_relay::finish() {
  from_.release();
  from_.answered_well();
  const bool sent = co_await send(true);
  count_end(sent ? stream_end::complete : stream_end::client_abort);
  if (!sent)
    from_.leave(request_phase::responding);
  co_return step::done;
}

net::task<step> translated_relay::run() {
  if (from_.answer().status == 205) // RFC 9110 section 15.3.6
    from_.body().end();
  if (of_.options.free_with_head)
    from_.free_permit();
  auto how = translator_.begin(from_.answer());
  for (;;) {
    how = translate(how);
    if (how == progress::bad && keep_told_error())
      co_return step::failed;
    if (how == progress::bad)
      co_return co_await broken(mishap::untranslatable, translator_.problem());
    if (how == progress::ended)
      co_return co_await finish();
    if (!translated_.empty()) {
      const bool sent = co_await send(false);
      if (!sent) {
        gone();
        co_return step::gone;
      }
      if (!from_.body().broken())
        continue;
    }
    if (from_.body().broken())
      co_return co_await broken(mishap::reset_within_answer, {});
    if (of_.ex.given_up()) {
      gone();
      co_return step::gone;
    }
    if (const auto late = from_.overdue(any_))
      co_return co_await broken(*late, {});
    const auto keepalive_due = translator_.may_keep_alive() ? of_.down.keepalive_due() : 0;
    if (passed(keepalive_due)) {
      translated_ = http::sse_keepalive;
      continue; // sent above
    }
    co_await from_.more(keepalive_due);
  }
}
} // namespace

net::task<step> relay_translated(call& of, upstream_request& from) {
  translated_relay work{of, from};
  co_return co_await work.run();
}

} // namespace synapse::proxy
