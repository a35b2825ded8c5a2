// Event streams on their way to the client. What is said of them is decided in
// http/core/event_relay; here are sockets, clocks and counters.
#include "http/core/chunked.hpp"
#include "http/core/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/handlers/deadlines.hpp"
#include "http/handlers/early_head.hpp"
#include "http/handlers/forwarder.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <vector>

namespace synapse::handlers {

using actors::attempt_result;
using http::body_framing;
using http::response_detail;
using http::stream_fate;
using counted_result = telemetry::attempt_result;
using telemetry::stream_end;

namespace {
/// How long a finished stream's connection may take to end its transfer coding before it is closed
/// instead of kept.
constexpr net::time_ns tail_patience = 1'000'000'000;

/// Waits, apart from any request, for the end of an answer whose content is complete.
net::task<void> keep_after_tail(net::local_ptr<client::upstream_pool> pool,
                                client::connection_ptr connection, http::chunk_decoder chunks) {
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
  for (;;) {
    const auto input = connection->input();
    // More payload after the stream's end mark is not expected: give such a connection up.
    std::vector<std::string_view> payload;
    connection->consume(chunks.feed(input.data(), input.size(), &payload));
    if (chunks.done() && connection->input().empty()) {
      pool->give_back(std::move(connection));
      co_return;
    }
    if (!payload.empty() || chunks.failed() || chunks.done() || connection->ended() ||
        passed(due)) {
      pool->discard(std::move(connection));
      co_return;
    }
    connection->read();
    co_await timer.wake->wait();
  }
}
} // namespace

// ---- before the backend's head ----

/// While nothing is known of the answer, a client that has asked for a stream hears something every
/// `limits.stream_keepalive`, the head before the first comment: whoever stands between us and it
/// may take silence for an end. @returns when it is time for the next one, 0 for never
net::time_ns forwarder::sign_of_life(net::time_ns now) {
  const auto every = in_ns(ex_.settings().limits.stream_keepalive);
  auto* translator = options_.translator;
  const bool promised =
      options_.wants_stream || (translator && !uploading_ && translator->promises_events());
  if (every == 0 || !promised)
    return 0;
  if (now < silent_since_ + every)
    return silent_since_ + every;
  silent_since_ = now;
  if (!ex_.downstream().writing()) {
    // What the kernel does not take at once follows while the backend is waited for.
    const auto type =
        translator ? translator->client_head().content_type : std::string_view{"text/event-stream"};
    early_.clear();
    append_early(early_, ex_, *site_, type, http::sse_keepalive);
    const std::string_view piece = early_;
    ex_.write({&piece, 1});
    committed_ = streaming_ = true;
  }
  return now + every;
}

// ---- the stream ----

/// Takes the events that have arrived into account.
void forwarder::look_at_events() {
  const auto events = stream_.events();
  const auto malformed = stream_.watch().malformed();
  stream_.look();
  if (input_ended_ || input_broken_)
    stream_.end(input_ended_);
  if (first_content_ == 0 && stream_.watch().content_seen()) {
    first_content_ = net::io_thread::recent();
    if (route_metrics_)
      route_metrics_->first_token(metrics_).observe_ns(first_content_ - time_.sent);
  }
  if (route_metrics_ && stream_.events() > events) {
    route_metrics_->stream_events.add(stream_.events() - events);
    if (stream_.watch().malformed() > malformed)
      route_metrics_->malformed_events.add(stream_.watch().malformed() - malformed);
  }
}

/// Sends what is ready, with the head before it if it has not been sent and the end of the answer
/// after it if `last`. @returns false when the client has gone.
net::task<bool> forwarder::send_events(bool last) {
  const bool chunked = !ex_.plain_only();
  char chunk_line[20];
  std::array<std::string_view, 5> pieces;
  std::size_t count = 0;
  if (!committed_) {
    if (!chunked)
      ex_.close_after();
    write_answer_head(chunked ? body_framing::chunked : body_framing::until_close, true);
    pieces[count++] = ex_.out();
    committed_ = true;
  }
  if (const auto ready = stream_.ready(); !ready.empty()) {
    if (chunked)
      pieces[count++] = http::chunk_head(ready.size(), chunk_line);
    pieces[count++] = ready;
    if (chunked)
      pieces[count++] = "\r\n";
  }
  if (last && chunked)
    pieces[count++] = http::last_chunk;
  bool ok = true;
  if (count > 0 && !ex_.write({pieces.data(), count}))
    ok = co_await await_client();
  stream_.sent();
  silent_since_ = net::io_thread::recent();
  co_return ok;
}

net::task<forwarder::verdict> forwarder::relay_stream() {
  if (committed_)
    stream_.commit();
  const auto keepalive = in_ns(ex_.settings().limits.stream_keepalive);
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  for (;;) {
    take_input(stream_.buffer());
    look_at_events();
    if (stream_.fate() != stream_fate::open)
      co_return co_await end_stream();
    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    const auto first_due =
        first_content_ ? 0 : deadline_of(time_.sent, settings_.timeouts.first_token);
    if (passed(idle_due) || passed(first_due) || passed(total_due))
      co_return co_await stream_late(passed(total_due), passed(first_due));
    const auto keepalive_due = keepalive ? silent_since_ + keepalive : 0;
    // What is held back is whole events, so this is between events in any case.
    if (stream_.ready().empty() && passed(keepalive_due))
      stream_.add(http::sse_keepalive);
    if (!stream_.ready().empty()) {
      if (!co_await send_events(false))
        co_return co_await stream_abandoned();
      continue;
    }
    if (ex_.given_up())
      co_return co_await stream_abandoned();
    upstream_->read();
    co_await wait(sooner(sooner(idle_due, first_due), sooner(total_due, keepalive_due)));
  }
}

net::task<forwarder::verdict> forwarder::stream_abandoned() {
  if (route_metrics_)
    route_metrics_->stream_ends[stream_end::client_abort].increment();
  ex_.record().stream = telemetry::to_string(stream_end::client_abort);
  note_departure(telemetry::request_phase::responding);
  ex_.abort();
  co_return verdict::abandoned;
}

/// One of the clocks has run out.
net::task<forwarder::verdict> forwarder::stream_late(bool total, bool first) {
  const auto detail = total   ? response_detail::total_timeout
                      : first ? response_detail::first_token_timeout
                              : response_detail::stream_idle_timeout;
  const auto counted = total   ? counted_result::total_timeout
                       : first ? counted_result::first_token_timeout
                               : counted_result::idle_timeout;
  const auto told = total ? result_of_total(first_content_ != 0) : attempt_result::response_timeout;
  co_return co_await stream_failed(detail, http::info(detail).message, counted, told,
                                   stream_end::timeout);
}

/// The stream cannot go on. As long as nothing of it is the client's, a real status is the clearest
/// answer (`failed`); afterwards an error event tells, and the answer ends in a way that nobody
/// takes for a good end.
net::task<forwarder::verdict> forwarder::stream_failed(response_detail detail,
                                                       std::string_view message,
                                                       counted_result counted, attempt_result told,
                                                       stream_end kind) {
  if (route_metrics_)
    route_metrics_->stream_ends[kind].increment();
  if (!stream_.committed())
    co_return fail(detail, counted, told, std::string{message});
  const bool reported = stream_.fate() == stream_fate::error_reported;
  ex_.record().stream = telemetry::to_string(kind);
  metrics_.attempts[counted].increment();
  drop_connection();
  if (!reported) { // the backend's own words are enough
    spdlog::warn("request {}: backend {}: {} ({})", ex_.id(), settings_.name, message,
                 http::to_string(detail));
    std::string body;
    http::append_error_body(body, http::error_dialect::openai, detail,
                            "backend " + settings_.name + ": " + std::string{message});
    stream_.add_error(body);
  }
  const bool sent = co_await send_events(false);
  return_permit(told);
  if (!sent) {
    note_departure(telemetry::request_phase::responding);
    co_return verdict::abandoned;
  }
  ex_.record().detail = detail;
  ex_.abort();
  co_return verdict::answered;
}

net::task<forwarder::verdict> forwarder::end_stream() {
  switch (stream_.fate()) {
  case stream_fate::complete:
  case stream_fate::done_added:
    co_return co_await end_stream_well();
  case stream_fate::error_reported:
    if (!stream_.committed())
      co_return co_await reply_reported_error();
    co_return co_await stream_failed(response_detail::upstream_stream_error, {}, counted_result::ok,
                                     attempt_result::ok, stream_end::upstream_error);
  case stream_fate::event_too_large:
    co_return co_await stream_failed(response_detail::stream_event_too_large,
                                     http::info(response_detail::stream_event_too_large).message,
                                     counted_result::bad_response, attempt_result::bad_response,
                                     stream_end::truncated);
  default:
    co_return co_await stream_failed(
        response_detail::stream_truncated,
        stream_.committed() ? "it broke off the stream" : "its stream ended before any content",
        counted_result::reset_after_head, attempt_result::reset_after_head, stream_end::truncated);
  }
}

net::task<forwarder::verdict> forwarder::end_stream_well() {
  const auto kind =
      stream_.fate() == stream_fate::complete ? stream_end::complete : stream_end::done_added;
  if (route_metrics_)
    route_metrics_->stream_ends[kind].increment();
  ex_.record().stream = telemetry::to_string(kind);
  if (!co_await send_events(true)) {
    note_departure(telemetry::request_phase::responding);
    co_return verdict::abandoned;
  }
  if (upstream_ && answer_.chunked && !chunks_.done() && !chunks_.failed() && answer_.keep_alive &&
      !upstream_->ended()) {
    net::spawn(keep_after_tail(site_->pool, std::move(upstream_), chunks_));
    upstream_.reset();
  } else if (input_ended_ && (answer_.chunked || answer_.content_length >= 0)) {
    release_connection();
  } else {
    drop_connection();
  }
  answered_well();
  co_return verdict::answered;
}

/// An error before anything of the answer: the backend's own words, with the status they deserve
/// instead of its 200.
net::task<forwarder::verdict> forwarder::reply_reported_error() {
  const auto& watch = stream_.watch();
  spdlog::warn("request {}: backend {} reported an error in its stream: {}", ex_.id(),
               settings_.name, masked(watch.error_message()));
  if (route_metrics_)
    route_metrics_->stream_ends[stream_end::upstream_error].increment();
  metrics_.attempts[counted_result::ok].increment();
  drop_connection();
  return_permit(attempt_result::ok);
  const auto status = watch.error_status();
  auto body = stream_.reported_error();
  if (!http::inspect_json(body).ok()) { // an event that is an error by its name alone
    body.clear();
    http::append_error_body(body, http::error_dialect::openai,
                            response_detail::upstream_stream_error, watch.error_message());
  }
  co_await ex_.reply(status >= 400 && status <= 599 ? status : 502, "application/json", body,
                     site_->response_extra);
  ex_.record().detail = response_detail::upstream_stream_error;
  co_return verdict::answered;
}

} // namespace synapse::handlers
