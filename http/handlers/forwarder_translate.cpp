// The way back of requests in the gateway's own words: an answer is collected for the handler, or
// translated for the client while it arrives.
#include "http/core/local_reply.hpp"
#include "http/core/sse.hpp"
#include "http/handlers/deadlines.hpp"
#include "http/handlers/forwarder.hpp"
#include "http/handlers/refusal.hpp"

#include <spdlog/spdlog.h>

namespace synapse::handlers {

using actors::attempt_result;
using http::body_framing;
using http::response_detail;
using counted_result = telemetry::attempt_result;
using progress = answer_translator::progress;
using telemetry::stream_end;

namespace {
/// What is kept of an answer that no translator takes: of an error, as much as says enough; of a
/// good one all of it (Chatterbox lists every reference it has ever been given).
constexpr std::size_t max_error = 256 * 1024;
constexpr std::size_t max_good = 16 * 1024 * 1024;

bool bodyless(unsigned status) {
  return status == 204 || status == 205 || status == 304;
}
} // namespace

/// Reads the answer to its end. One that is longer than anybody wants to read is cut off.
net::task<forwarder::verdict> forwarder::collect() {
  collected_ = {};
  collected_.status = answer_.status;
  collected_.retry_after = answer_.fields.value_of(http::known_field::retry_after);
  input_ended_ = bodyless(answer_.status);
  const bool good = answer_.status / 100 == 2;
  const auto most = good ? max_good : max_error;
  decoded_.clear();
  while (!input_ended_) {
    take_input(decoded_);
    if (input_ended_)
      break;
    if ((good || options_.hold_failures) && decoded_.size() > most)
      co_return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
                     attempt_result::bad_response, "its answer is too long");
    // Half of an error still says something, unless it is passed on for a whole one.
    if (!good && !options_.hold_failures && (input_broken_ || decoded_.size() > most))
      break;
    if (input_broken_)
      co_return fail(response_detail::upstream_reset_after_response_started,
                     counted_result::reset_after_head, attempt_result::reset_after_head,
                     "it closed the connection within its answer");
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
    if (passed(idle_due) || passed(total_due))
      co_return fail(
          passed(total_due) ? response_detail::total_timeout : response_detail::stream_idle_timeout,
          passed(total_due) ? counted_result::total_timeout : counted_result::idle_timeout,
          passed(total_due) ? result_of_total(!decoded_.empty()) : attempt_result::response_timeout,
          "no complete answer within the time limit");
    upstream_->read();
    co_await wait(sooner(idle_due, total_due));
  }
  collected_.body.assign(decoded_, 0, most);
  if (!good) // its words go to log and client: what it was sent must not
    collected_.body = masked(collected_.body);
  decoded_.clear();
  if (input_ended_ && (answer_.chunked || answer_.content_length >= 0))
    release_connection();
  else
    drop_connection();
  answered_well();
  end_ = forward_end::collected;
  co_return verdict::answered;
}

/// An answer that is no success, to a client that has the head of an event stream already.
net::task<forwarder::verdict> forwarder::collect_after_head() {
  const auto how = co_await collect();
  if (how != verdict::answered)
    co_return how;
  count_stream_end(stream_end::upstream_error);
  co_await break_off(response_detail::upstream_error,
                     "backend " + settings_.name + ": " + sentence_of(collected_));
  end_ = forward_end::replied;
  co_return how;
}

/// Ends a begun answer: with a last word if there is room for one, in a way that nobody takes for a
/// good end.
net::task<void> forwarder::break_off(response_detail detail, std::string message) {
  spdlog::warn("request {}: {} ({})", ex_.id(), message, http::to_string(detail));
  options_.translator->broken(translated_, detail, message);
  drop_connection();
  if (!translated_.empty())
    co_await send_translated(false);
  ex_.record().detail = detail;
  ex_.abort();
}

void forwarder::count_stream_end(stream_end kind) {
  if (!streaming_)
    return;
  if (route_metrics_)
    route_metrics_->stream_ends[kind].increment();
  ex_.record().stream = telemetry::to_string(kind);
}

void forwarder::write_own_head(body_framing framing, std::uint64_t length) {
  const auto wanted = options_.translator->client_head();
  std::string fields = wanted.fields;
  if (wanted.event_stream && framing != body_framing::content_length)
    ex_.begin_events();
  if (wanted.event_stream)
    fields += "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n";
  fields += site_->response_extra;
  http::reply_head head;
  head.status = 200;
  head.content_type = wanted.content_type;
  head.content_length.reset();
  if (framing == body_framing::content_length)
    head.content_length = length;
  head.chunked = framing == body_framing::chunked;
  if (framing == body_framing::until_close) {
    ex_.close_after();
    ex_.until_close();
  }
  head.request_id = ex_.id();
  head.connection = ex_.decide_connection();
  head.date = ex_.owner().date();
  head.extra = fields;
  ex_.out().clear();
  http::append_reply_head(ex_.out(), head);
  ex_.record().status = 200;
  ex_.record().detail = response_detail::via_upstream;
}

/// Sends what has been translated, after the head if that has not been sent, before the end of the
/// answer if `last`. @returns false when the client has gone.
net::task<bool> forwarder::send_translated(bool last) {
  char chunk_line[20];
  std::array<std::string_view, 5> pieces;
  std::size_t count = 0;
  if (!committed_) {
    auto framing = ex_.plain_only() ? body_framing::until_close : body_framing::chunked;
    auto length = static_cast<std::uint64_t>(std::max<std::int64_t>(answer_.content_length, 0));
    if (last) {
      framing = body_framing::content_length;
      length = translated_.size();
    } else if (options_.translator->client_head().same_length && answer_.content_length >= 0) {
      framing = body_framing::content_length;
    }
    streaming_ = framing != body_framing::content_length;
    write_own_head(framing, length);
    pieces[count++] = ex_.out();
    committed_ = true;
    if (route_metrics_)
      route_metrics_->first_token(metrics_).observe_ns(net::io_thread::recent() - time_.sent);
  }
  const bool chunked = streaming_ && !ex_.plain_only();
  if (!translated_.empty()) {
    if (chunked)
      pieces[count++] = http::chunk_head(translated_.size(), chunk_line);
    pieces[count++] = translated_;
    if (chunked)
      pieces[count++] = "\r\n";
  }
  if (last && chunked)
    pieces[count++] = http::last_chunk;
  bool ok = true;
  if (count > 0 && !ex_.write({pieces.data(), count}))
    ok = co_await await_client();
  translated_.clear();
  co_return ok;
}

/// The answer cannot go on. `failed` when nothing of it has been sent: the client gets a status
/// that says so. Otherwise a last word if there is room for one, and an end that nobody takes for a
/// good one.
net::task<forwarder::verdict> forwarder::translation_failed(response_detail detail,
                                                            counted_result counted,
                                                            attempt_result told, stream_end kind,
                                                            std::string message) {
  message = masked(message);
  // Events that came before the fault are an answer that has begun, whatever came with them in one
  // piece; of a recording or a text there is nothing to be had but the whole.
  const bool begun =
      committed_ || (!translated_.empty() && options_.translator->client_head().event_stream);
  if (!begun)
    co_return fail(detail, counted, told, message);
  co_await break_off(detail, "backend " + settings_.name + ": " + message);
  count_stream_end(kind);
  metrics_.attempts[counted].increment();
  return_permit(told);
  co_return verdict::answered;
}

net::task<forwarder::verdict> forwarder::relay_translated() {
  auto& translator = *options_.translator;
  input_ended_ = bodyless(answer_.status);
  decoded_.clear();
  translated_.clear();
  const auto keepalive = in_ns(ex_.settings().limits.stream_keepalive);
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  bool any = false; ///< of the answer
  // Chatterbox begins to answer when it has finished: who reads slowly keeps nobody from its turn.
  if (settings_.type == config::backend_type::chatterbox)
    return_permit(attempt_result::ok);
  auto how = translator.begin(answer_);
  for (;;) {
    if (how == progress::more && !input_ended_) {
      any = take_input(decoded_) || any;
      if (!decoded_.empty())
        how = translator.take(decoded_, translated_);
      decoded_.clear();
    }
    if (how == progress::more && input_ended_)
      how = translator.finish(translated_) == progress::bad ? progress::bad : progress::ended;
    if (how == progress::bad)
      co_return co_await translation_failed(
          response_detail::upstream_protocol_error, counted_result::bad_response,
          attempt_result::bad_response, stream_end::truncated, translator.problem());
    if (how == progress::ended)
      break;
    if (!translated_.empty()) {
      if (!co_await send_translated(false)) {
        count_stream_end(stream_end::client_abort);
        note_departure(telemetry::request_phase::responding);
        co_return verdict::abandoned;
      }
      silent_since_ = net::io_thread::recent();
      if (!input_broken_)
        continue;
    }
    if (input_broken_)
      co_return co_await translation_failed(response_detail::upstream_reset_after_response_started,
                                            counted_result::reset_after_head,
                                            attempt_result::reset_after_head, stream_end::truncated,
                                            "it closed the connection within its answer");
    if (ex_.given_up()) {
      count_stream_end(stream_end::client_abort);
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    if (passed(idle_due) || passed(total_due)) {
      const bool total = passed(total_due);
      co_return co_await translation_failed(
          total ? response_detail::total_timeout : response_detail::stream_idle_timeout,
          total ? counted_result::total_timeout : counted_result::idle_timeout,
          total ? result_of_total(any) : attempt_result::response_timeout, stream_end::timeout,
          total ? "no complete answer within the time limit" : "silence within its answer");
    }
    const auto keepalive_due =
        keepalive != 0 && translator.may_keep_alive() ? silent_since_ + keepalive : 0;
    if (passed(keepalive_due)) {
      translated_ = http::sse_keepalive;
      continue; // sent above
    }
    upstream_->read();
    co_await wait(sooner(keepalive_due, sooner(idle_due, total_due)));
  }
  // The backend has done its part, whatever the client makes of the rest.
  if (input_ended_ && (answer_.chunked || answer_.content_length >= 0))
    release_connection();
  else
    drop_connection();
  answered_well();
  const bool sent = co_await send_translated(true);
  count_stream_end(sent ? stream_end::complete : stream_end::client_abort);
  if (!sent)
    note_departure(telemetry::request_phase::responding);
  co_return verdict::answered;
}

} // namespace synapse::handlers
