// OpenAI's event streams on their way to the client. What is said of them is decided in
// http/dialects/openai/event_relay; here are sockets, clocks and counters.
#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/openai/event_relay.hpp"
#include "http/dialects/openai/model_name.hpp"
#include "http/proxy/relay/relay.hpp"

#include <spdlog/spdlog.h>

#include <string>

namespace synapse::proxy {

using http::response_detail;
using http::stream_fate;
using telemetry::request_phase;
using telemetry::stream_end;

namespace {
/// How long a finished stream's connection may take to end its transfer coding before it is closed
/// instead of kept.
constexpr net::time_ns tail_patience = 1'000'000'000;

/// Waits, apart from any request, for the end of an answer whose content is complete.
net::task<void> keep_after_tail(net::local_ptr<client::upstream_pool> pool,
                                client::connection_ptr connection, client::answer_body rest) {
  struct limit final : net::timer_node {
    net::wake_ptr wake;
    void on_timer() override {
      auto waiter = wake;
      waiter->notify();
    }
  } timer;
  timer.wake = net::make_local<net::wake_point>();
  connection->attach(timer.wake);
  const auto due = net::io_thread::now() + tail_patience;
  pool->io().arm(timer, due);
  std::string more;
  for (;;) {
    // More payload after the stream's end mark is not expected: give such a connection up.
    rest.take(*connection, more);
    if (rest.ended() && connection->input().empty()) {
      pool->give_back(std::move(connection));
      co_return;
    }
    if (!more.empty() || rest.ended() || rest.broken() || passed(due)) {
      pool->discard(std::move(connection));
      co_return;
    }
    connection->read();
    co_await timer.wake->wait();
  }
}

class event_stream_relay {
public:
  event_stream_relay(call& of, upstream_request& from, std::string begun)
      : of_(of), from_(from), stream_(of.ex.settings().limits.max_stream_event_bytes) {
    of.streamed = true;
    stream_.buffer() = std::move(begun);
    if (of.down.begun() && !of.options.elsewhere_decides)
      stream_.commit();
  }
  event_stream_relay(const event_stream_relay&) = delete;
  event_stream_relay& operator=(const event_stream_relay&) = delete;
  ~event_stream_relay() { note_usage(); }

  net::task<step> run();

private:
  void look();
  net::time_ns keep_alive();
  std::optional<mishap> overdue() const;
  net::task<bool> send(bool last);
  net::task<step> end();
  net::task<step> end_well();
  net::task<step> reply_reported_error();
  net::task<step> broken(mishap what, std::string_view message);
  void abandoned();
  void keep_connection();
  void note_usage();

  call& of_;
  upstream_request& from_;
  http::event_relay stream_;
  net::time_ns first_content_ = 0;
  std::string renamed_; ///< events with the client's name of the model
};

void event_stream_relay::note_usage() {
  auto& record = of_.ex.record();
  const auto& watch = stream_.watch();
  if (watch.prompt_tokens() >= 0)
    record.prompt_tokens = watch.prompt_tokens();
  if (watch.completion_tokens() >= 0)
    record.completion_tokens = watch.completion_tokens();
}

/// Takes the events that have arrived into account.
void event_stream_relay::look() {
  from_.take(stream_.buffer());
  const auto events = stream_.events();
  const auto malformed = stream_.watch().malformed();
  stream_.look();
  if (from_.body().ended() || from_.body().broken())
    stream_.end(from_.body().ended());
  if (first_content_ == 0 && stream_.watch().content_seen()) {
    first_content_ = net::io_thread::recent();
    of_.first_content = first_content_;
    if (of_.route_metrics)
      of_.route_metrics->first_token(of_.metrics).observe_ns(first_content_ - from_.sent_at());
  }
  if (of_.route_metrics && stream_.events() > events) {
    of_.route_metrics->stream_events.add(stream_.events() - events);
    if (stream_.watch().malformed() > malformed)
      of_.route_metrics->malformed_events.add(stream_.watch().malformed() - malformed);
  }
}

/// Sends what is ready, and the end of the answer after it if `last`. @returns false when the
/// client has gone.
net::task<bool> event_stream_relay::send(bool last) {
  if (!of_.down.begun())
    of_.down.pass_head(from_.answer(), of_.down.stream_framing(), true);
  of_.committed = of_.committed || stream_.committed();
  auto events = stream_.ready();
  if (!of_.options.rename_from.empty()) {
    renamed_.clear();
    http::openai::append_renamed(renamed_, events, of_.options.rename_from, of_.options.rename_to);
    events = renamed_;
  }
  bool ok = of_.down.send(events, last);
  if (!ok)
    ok = co_await of_.down.drained();
  stream_.sent();
  of_.down.heard(net::io_thread::recent());
  co_return ok;
}

/// The clock that has run out, if any.
std::optional<mishap> event_stream_relay::overdue() const {
  const auto late = from_.overdue(first_content_ != 0);
  if (late && *late != mishap::silence_within_answer)
    return late;
  if (first_content_ == 0 && passed(deadline_of(from_.sent_at(), of_.timeouts.first_token)))
    return mishap::no_first_token;
  return late;
}

/// A client that has heard nothing for too long gets a comment. Where another answer may follow, a
/// comment is nothing of this one. @returns when the next one is due, 0 for never
net::time_ns event_stream_relay::keep_alive() {
  const auto due = of_.down.keepalive_due();
  if (!stream_.ready().empty() || !passed(due))
    return due;
  if (of_.options.elsewhere_decides && !stream_.committed())
    return of_.down.sign_of_life(net::io_thread::now(), "text/event-stream");
  // What is held back is whole events, so this is between events in any case.
  stream_.add(http::sse_keepalive);
  return due;
}

net::task<step> event_stream_relay::run() {
  const auto first_due = deadline_of(from_.sent_at(), of_.timeouts.first_token);
  for (;;) {
    look();
    if (stream_.fate() != stream_fate::open)
      co_return co_await end();
    if (const auto late = overdue())
      co_return co_await broken(*late, http::info(row_of(*late).detail).message);
    const auto keepalive_due = keep_alive();
    if (!stream_.ready().empty()) {
      const bool sent = co_await send(false);
      if (!sent) {
        abandoned();
        co_return step::gone;
      }
      continue;
    }
    if (of_.ex.given_up()) {
      abandoned();
      co_return step::gone;
    }
    co_await from_.more(sooner(keepalive_due, first_content_ ? 0 : first_due));
  }
}

void event_stream_relay::abandoned() {
  of_.count_stream_end(stream_end::client_abort);
  from_.leave(request_phase::responding);
  of_.ex.abort();
}

/// The stream cannot go on. As long as nothing of it is the client's, a real status is the clearest
/// answer (`failed`); afterwards an error event tells, and the answer ends in a way that nobody
/// takes for a good end.
net::task<step> event_stream_relay::broken(mishap what, std::string_view message) {
  const auto& row = row_of(what);
  if (!stream_.committed()) {
    if (of_.route_metrics)
      of_.route_metrics->stream_ends[row.stream].increment();
    co_return of_.fail(what, std::string{message});
  }
  of_.count_stream_end(row.stream);
  from_.drop();
  if (what != mishap::error_in_stream) { // the backend's own words are enough
    spdlog::warn("request {}: backend {}: {} ({})", of_.ex.id(), of_.settings.name, message,
                 http::to_string(row.detail));
    std::string body;
    http::append_error_body(body, http::error_dialect::openai, row.detail, of_.named(message));
    stream_.add_error(body);
  }
  const bool sent = co_await send(false);
  from_.answered_badly(row);
  if (!sent)
    co_return from_.leave(request_phase::responding);
  of_.ex.record().detail = row.detail;
  of_.ex.abort();
  co_return step::done;
}

net::task<step> event_stream_relay::end() {
  switch (stream_.fate()) {
  case stream_fate::complete:
  case stream_fate::done_added:
    co_return co_await end_well();
  case stream_fate::error_reported:
    if (!stream_.committed())
      co_return co_await reply_reported_error();
    co_return co_await broken(mishap::error_in_stream, {});
  case stream_fate::event_too_large:
    co_return co_await broken(mishap::event_too_large,
                              http::info(row_of(mishap::event_too_large).detail).message);
  default:
    co_return co_await broken(mishap::stream_truncated,
                              stream_.committed() ? row_of(mishap::stream_truncated).sentence
                                                  : "its stream ended before any content");
  }
}

/// Its content is complete, though the end of its transfer coding may still be under way.
void event_stream_relay::keep_connection() {
  const auto& body = from_.body();
  if (body.framing() == http::body_framing::chunked && !body.ended() && !body.broken() &&
      from_.answer().keep_alive && !from_.connection().ended())
    net::spawn(keep_after_tail(of_.site->pool, from_.take_connection(), body));
  else
    from_.release();
}

net::task<step> event_stream_relay::end_well() {
  of_.count_stream_end(stream_.fate() == stream_fate::complete ? stream_end::complete
                                                               : stream_end::done_added);
  const bool sent = co_await send(true);
  if (!sent) {
    from_.leave(request_phase::responding);
    co_return step::gone;
  }
  keep_connection();
  from_.answered_well();
  co_return step::done;
}

/// An error before anything of the answer: the backend's own words, with the status they deserve
/// instead of its 200.
net::task<step> event_stream_relay::reply_reported_error() {
  const auto& watch = stream_.watch();
  spdlog::warn("request {}: backend {} reported an error in its stream: {}", of_.ex.id(),
               of_.settings.name, of_.masked(watch.error_message()));
  if (of_.route_metrics)
    of_.route_metrics->stream_ends[stream_end::upstream_error].increment();
  from_.drop();
  from_.answered_badly(row_of(mishap::error_in_stream));
  const auto status = watch.error_status();
  if (of_.options.elsewhere_decides) {
    of_.keep_error(status, stream_.reported_error());
    co_return step::done;
  }
  auto body = stream_.reported_error();
  if (!http::inspect_json(body).ok()) { // an event that is an error by its name alone
    body.clear();
    http::append_error_body(body, http::error_dialect::openai,
                            response_detail::upstream_stream_error, watch.error_message());
  }
  co_await of_.ex.reply(status >= 400 && status <= 599 ? status : 502, "application/json", body,
                        of_.down.extra());
  of_.ex.record().detail = response_detail::upstream_stream_error;
  co_return step::done;
}
} // namespace

net::task<step> relay_event_stream(call& of, upstream_request& from, std::string begun) {
  event_stream_relay work{of, from, std::move(begun)};
  co_return co_await work.run();
}

} // namespace synapse::proxy
