// The way back: the backend's answer to the client. The way there is in forwarder.cpp.
#include "http/core/head_writer.hpp"
#include "http/core/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/core/sse.hpp"
#include "http/handlers/deadlines.hpp"
#include "http/handlers/forwarder.hpp"
#include "http/handlers/refusal.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace synapse::handlers {

using actors::attempt_result;
using http::body_framing;
using http::response_detail;
using counted_result = telemetry::attempt_result;
using telemetry::stream_end;

namespace {
/// Larger than any error of a model server; what is larger is passed on as it comes.
constexpr std::int64_t max_held = 64 * 1024;

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

void forwarder::write_answer_head(body_framing framing, bool event_stream) {
  http::downstream_head_options head;
  head.framing = framing;
  if (framing == body_framing::content_length)
    head.content_length = static_cast<std::uint64_t>(answer_.content_length);
  head.request_id = ex_.id();
  head.connection = ex_.decide_connection();
  head.date = ex_.owner().date();
  if (framing == body_framing::until_close)
    ex_.until_close();
  head.extra = site_->response_extra;
  head.event_stream = event_stream;
  http::write_downstream_response_head(ex_.out(), answer_, head);
  ex_.record().status = answer_.status;
  ex_.record().detail = response_detail::via_upstream;
}

net::task<void> forwarder::relay_collected() {
  if (ex_.begun()) {
    spdlog::warn("request {}: backend {} answered {} to a stream that had begun", ex_.id(),
                 settings_.name, answer_.status);
    co_await end_begun_stream(ex_, collected_);
    co_return;
  }
  answer_.chunked = false;
  answer_.content_length = static_cast<std::int64_t>(collected_.body.size());
  write_answer_head(body_framing::content_length, false);
  const std::array<std::string_view, 2> pieces{
      ex_.out(), ex_.method() == http::verb::head ? std::string_view{} : collected_.body};
  if (!ex_.write(pieces) && !co_await await_client())
    note_departure(telemetry::request_phase::responding);
}

net::task<forwarder::verdict> forwarder::relay() {
  if (options_.request) {
    // What it makes of half a request is no answer to the whole one.
    if (streams_body_ && !body_read_ && answer_.status / 100 == 2)
      co_return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
                     attempt_result::bad_response, "it answered before it had the whole request");
    if (options_.translator && answer_.status / 100 == 2)
      co_return co_await relay_translated();
    co_return co_await collect();
  }
  if (options_.hold_failures && answer_.status >= 400 && answer_.content_length <= max_held)
    co_return co_await collect();
  const auto type = answer_.fields.value_of(http::known_field::content_type);
  const bool events = options_.openai_stream && answer_.status == 200 &&
                      ex_.method() != http::verb::head && type.size() >= 17 &&
                      http::iequals(type.substr(0, 17), "text/event-stream") &&
                      !answer_.fields.has(http::known_field::content_encoding);
  if (events)
    co_return co_await relay_stream();
  if (committed_) // the client was promised a stream
    co_return co_await collect();
  co_return co_await relay_body();
}

/// Waits until the client has taken what was written. Meanwhile nothing is read from the backend,
/// so its silence begins afterwards. @returns false when the client is gone or too slow.
net::task<bool> forwarder::await_client() {
  const auto from = net::io_thread::recent();
  const bool ok = co_await ex_.finish_write();
  time_.reading = net::io_thread::recent();
  ex_.record().upstream_ns += time_.reading - from;
  co_return ok;
}

// ---- plain answers ----

/// A small JSON answer is sent when all of it is here: if the backend breaks off within it, the
/// client gets an error instead of half an object. `answered` here means: complete.
net::task<forwarder::verdict> forwarder::await_small_body() {
  const auto length = static_cast<std::size_t>(answer_.content_length);
  auto idle_from = net::io_thread::recent();
  std::size_t seen = upstream_->input().size();
  while (upstream_->input().size() < length) {
    if (upstream_->ended())
      co_return fail(response_detail::upstream_reset_after_response_started,
                     counted_result::reset_after_head, attempt_result::reset_after_head,
                     "it closed the connection within its answer");
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    if (upstream_->input().size() > seen) {
      seen = upstream_->input().size();
      idle_from = net::io_thread::recent();
    }
    const auto idle_due = deadline_of(idle_from, settings_.timeouts.idle);
    const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
    if (passed(total_due))
      co_return fail(response_detail::total_timeout, counted_result::total_timeout,
                     attempt_result::response_timeout, "no complete answer within the time limit");
    if (passed(idle_due))
      co_return fail(response_detail::stream_idle_timeout, counted_result::idle_timeout,
                     attempt_result::response_timeout, "silence within its answer");
    upstream_->read();
    co_await wait(sooner(idle_due, total_due));
  }
  co_return verdict::answered;
}

/// Passes the body on as it comes. Chunks keep their framing, byte by byte, unless the client
/// speaks HTTP/1.0.
net::task<forwarder::verdict> forwarder::relay_body() {
  const auto framing = answer_.framing(ex_.method());
  body_left_ = answer_.content_length;
  if (framing == body_framing::content_length &&
      static_cast<std::size_t>(answer_.content_length) <= net::transport::default_buffer / 2) {
    const auto type = answer_.fields.value_of(http::known_field::content_type);
    if (type.size() >= 16 && http::iequals(type.substr(0, 16), "application/json") &&
        upstream_->input().size() < static_cast<std::size_t>(answer_.content_length))
      if (const auto how = co_await await_small_body(); how != verdict::answered)
        co_return how;
  }
  auto sent_framing = framing;
  const bool decode = ex_.plain_only() && framing == body_framing::chunked;
  const bool encode = !ex_.plain_only() && framing == body_framing::until_close;
  if (decode || (ex_.plain_only() && framing == body_framing::until_close)) {
    sent_framing = body_framing::until_close;
    ex_.close_after();
  } else if (encode) {
    sent_framing = body_framing::chunked;
  } else if (framing == body_framing::none && answer_.content_length >= 0) {
    // HEAD and 304 keep the length the backend named; so does an empty answer.
    sent_framing = answer_.status == 204 ? body_framing::none : body_framing::content_length;
  }
  write_answer_head(sent_framing, false);

  bool head_sent = false;
  bool done = framing == body_framing::none;
  char chunk_line[20];
  std::vector<std::string_view> payload;
  for (;;) {
    const auto input = upstream_->input();
    std::size_t take = input.size();
    if (framing == body_framing::none) {
      take = 0;
    } else if (framing == body_framing::content_length) {
      take = std::min<std::size_t>(take, static_cast<std::size_t>(body_left_));
      body_left_ -= static_cast<std::int64_t>(take);
      done = body_left_ == 0;
    } else if (framing == body_framing::chunked) {
      payload.clear();
      take = chunks_.feed(input.data(), take, decode ? &payload : nullptr);
      done = chunks_.done();
    } else {
      done = upstream_->ended() && !upstream_->read_error();
    }
    const bool broken = !done && (chunks_.failed() || upstream_->ended());
    if (take > 0 || !head_sent || done) {
      std::array<std::string_view, net::transport::max_pieces> pieces;
      std::size_t count = 0;
      if (!head_sent)
        pieces[count++] = ex_.out();
      if (decode) {
        if (payload.size() > pieces.size() - count) {
          // More chunks than one write takes: join them.
          events_.clear();
          for (auto piece : payload)
            events_.append(piece);
          pieces[count++] = events_;
        } else {
          for (auto piece : payload)
            pieces[count++] = piece;
        }
      } else if (encode && take > 0) {
        pieces[count++] = http::chunk_head(take, chunk_line);
        pieces[count++] = input.substr(0, take);
        pieces[count++] = "\r\n";
      } else {
        pieces[count++] = input.substr(0, take);
      }
      if (encode && done)
        pieces[count++] = http::last_chunk;
      head_sent = true;
      if (!ex_.write({pieces.data(), count})) {
        if (!co_await await_client()) {
          note_departure(telemetry::request_phase::responding);
          co_return verdict::abandoned;
        }
      }
      upstream_->consume(take);
    }
    if (done)
      break;
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
    if (broken || passed(idle_due) || passed(total_due)) {
      // The head is out: all that is left is an end that nobody takes for a good one.
      const auto detail = broken ? response_detail::upstream_reset_after_response_started
                          : passed(total_due) ? response_detail::total_timeout
                                              : response_detail::stream_idle_timeout;
      metrics_
          .attempts[broken              ? counted_result::reset_after_head
                    : passed(total_due) ? counted_result::total_timeout
                                        : counted_result::idle_timeout]
          .increment();
      spdlog::warn("request {}: backend {} broke off its answer ({})", ex_.id(), settings_.name,
                   http::to_string(detail));
      drop_connection();
      return_permit(broken ? attempt_result::reset_after_head : attempt_result::response_timeout);
      ex_.record().detail = detail;
      ex_.abort();
      co_return verdict::answered;
    }
    upstream_->read();
    co_await wait(sooner(idle_due, total_due));
  }
  if (framing == body_framing::until_close)
    drop_connection();
  else
    release_connection();
  answered_well();
  co_return verdict::answered;
}

// ---- event streams ----

/// Moves what has arrived into `events_`. @returns true if there was anything new.
bool forwarder::take_stream_input() {
  const auto input = upstream_->input();
  const auto before = events_.size();
  if (answer_.chunked) {
    auto rest = input;
    while (!rest.empty() && !chunks_.done() && !chunks_.failed()) {
      const auto step = chunks_.next(rest.data(), rest.size());
      events_.append(step.payload);
      rest.remove_prefix(step.consumed);
    }
    upstream_->consume(input.size() - rest.size());
    input_ended_ = chunks_.done();
    input_broken_ = chunks_.failed() || (!input_ended_ && upstream_->ended());
  } else {
    auto take = input.size();
    if (answer_.content_length >= 0)
      take = std::min<std::size_t>(take, static_cast<std::size_t>(body_left_));
    events_.append(input.substr(0, take));
    upstream_->consume(take);
    body_left_ -= static_cast<std::int64_t>(take);
    if (answer_.content_length >= 0) {
      input_ended_ = body_left_ == 0;
      input_broken_ = !input_ended_ && upstream_->ended();
    } else {
      input_ended_ = upstream_->ended() && !upstream_->read_error();
      input_broken_ = upstream_->ended() && upstream_->read_error();
    }
  }
  return events_.size() > before;
}

/// Looks at the whole events in `events_`. @returns true once the stream's own end mark or an
/// error was among them.
bool forwarder::scan_events() {
  http::sse_event event;
  for (;;) {
    const auto status =
        scanner_.next(events_.data() + events_complete_, events_.size() - events_complete_, event);
    if (status == http::sse_status::too_large)
      event_too_large_ = true;
    if (status != http::sse_status::event)
      return false;
    const auto malformed = watch_.malformed();
    const bool error_before = watch_.error_seen();
    watch_.on_event(event);
    if (watch_.error_seen() && !error_before)
      reported_error_ = event.data;
    if (route_metrics_) {
      route_metrics_->stream_events.increment();
      if (watch_.malformed() > malformed)
        route_metrics_->malformed_events.increment();
    }
    // Text outside of any field is how some servers say that they broke off: it stays behind.
    if (watch_.stray_seen() && !event.has_data)
      return false;
    events_complete_ += event.size;
    if (first_content_ == 0 && watch_.content_seen()) {
      first_content_ = net::io_thread::recent();
      if (route_metrics_)
        route_metrics_->first_token(metrics_).observe_ns(first_content_ - time_.sent);
    }
    // What follows an error is no part of the answer any more, an end mark least of all.
    if (watch_.done_seen() || watch_.error_seen())
      return watch_.done_seen();
  }
}

/// Sends the whole events, with the head before them if it has not been sent and the end of the
/// answer after them if `last`. @returns false when the client has gone.
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
  if (events_complete_ > 0) {
    const auto whole = std::string_view{events_}.substr(0, events_complete_);
    if (chunked) {
      pieces[count++] = http::chunk_head(whole.size(), chunk_line);
      pieces[count++] = whole;
      pieces[count++] = "\r\n";
    } else {
      pieces[count++] = whole;
    }
  }
  if (last && chunked)
    pieces[count++] = http::last_chunk;
  bool ok = true;
  if (count > 0 && !ex_.write({pieces.data(), count}))
    ok = co_await await_client();
  events_.erase(0, events_complete_);
  events_complete_ = 0;
  co_return ok;
}

/// The stream cannot go on: the client is told by an error event (or by an error answer, if nothing
/// was sent yet), and the answer ends in a way that nobody takes for a good end.
forwarder::verdict forwarder::stream_failed(response_detail detail, counted_result counted,
                                            attempt_result told, stream_end kind) {
  if (route_metrics_)
    route_metrics_->stream_ends[kind].increment();
  ex_.record().stream = telemetry::to_string(kind);
  ex_.record().detail = detail;
  metrics_.attempts[counted].increment();
  drop_connection();
  return_permit(told);
  ex_.abort();
  return verdict::answered;
}

net::task<forwarder::verdict> forwarder::end_stream() {
  http::sse_event event;
  bool half_event = false;
  if (input_ended_ && !watch_.done_seen() && !watch_.error_seen() && !watch_.stray_seen() &&
      scanner_.finish(events_.data() + events_complete_, events_.size() - events_complete_,
                      event) == http::sse_status::event) {
    // The blank line after the last event is often forgotten. Half an event is not: it stays
    // behind.
    const auto size = event.size;
    if (event.stray.empty() && (event.data == "[DONE]" || http::inspect_json(event.data).ok())) {
      watch_.on_event(event);
      events_complete_ += size;
      events_.resize(events_complete_);
      events_ += "\n\n";
      events_complete_ += 2;
    } else {
      half_event = event.has_data || !event.stray.empty();
    }
  }
  const auto end = watch_.at_end();
  if (end == http::chat_end::complete || (end == http::chat_end::finished_without_done &&
                                          input_ended_ && !half_event && !watch_.stray_seen())) {
    auto kind = stream_end::complete;
    events_.resize(events_complete_);
    if (end != http::chat_end::complete) {
      kind = stream_end::done_added;
      events_ += http::sse_done;
      events_complete_ = events_.size();
    }
    if (route_metrics_)
      route_metrics_->stream_ends[kind].increment();
    ex_.record().stream = telemetry::to_string(kind);
    if (!co_await send_events(true)) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    if (upstream_ && answer_.chunked && !chunks_.done() && !chunks_.failed() &&
        answer_.keep_alive && !upstream_->ended()) {
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

  const bool reported = end == http::chat_end::error_reported;
  const auto detail =
      reported ? response_detail::upstream_stream_error : response_detail::stream_truncated;
  if (!committed_) {
    // Nothing was sent yet: a real status is the clearest answer.
    if (route_metrics_)
      route_metrics_->stream_ends[reported ? stream_end::upstream_error : stream_end::truncated]
          .increment();
    if (reported) {
      // The backend's own words, with the status they deserve instead of its 200.
      spdlog::warn("request {}: backend {} reported an error in its stream: {}", ex_.id(),
                   settings_.name, watch_.error_message());
      const auto status = watch_.error_status();
      metrics_.attempts[counted_result::ok].increment();
      drop_connection();
      return_permit(attempt_result::ok);
      co_await ex_.reply(status >= 400 && status <= 599 ? status : 502, "application/json",
                         reported_error_, site_->response_extra);
      ex_.record().detail = detail;
      co_return verdict::answered;
    }
    const auto failed =
        fail(detail, counted_result::reset_after_head, attempt_result::reset_after_head,
             "its stream ended before any content");
    co_return failed;
  }
  if (!reported) {
    spdlog::warn("request {}: backend {} broke off its stream", ex_.id(), settings_.name);
    std::string body;
    http::append_error_body(body, http::error_dialect::openai, detail,
                            "backend " + settings_.name + " broke off the stream");
    events_.resize(events_complete_);
    http::append_data_event(events_, body);
    events_complete_ = events_.size();
  }
  if (!co_await send_events(false)) {
    note_departure(telemetry::request_phase::responding);
    co_return verdict::abandoned;
  }
  co_return stream_failed(detail, reported ? counted_result::ok : counted_result::reset_after_head,
                          reported ? attempt_result::ok : attempt_result::reset_after_head,
                          reported ? stream_end::upstream_error : stream_end::truncated);
}

net::task<forwarder::verdict> forwarder::relay_stream() {
  body_left_ = answer_.content_length;
  const auto& limits = ex_.settings().limits;
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  auto last_sent = net::io_thread::recent();
  for (;;) {
    take_stream_input();
    const bool finished = scan_events();
    const bool error_first = watch_.error_seen() && !watch_.content_seen();
    // Held back until there is content: an error before that can still become a real status.
    // Bounded all the same: a backend may send comments for as long as it likes.
    const bool commit = committed_ || (watch_.content_seen() && !error_first) ||
                        events_.size() > limits.max_stream_event_bytes;
    if (finished || input_ended_ || input_broken_ || watch_.stray_seen() || watch_.error_seen())
      co_return co_await end_stream();

    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    const auto first_due =
        first_content_ ? 0 : deadline_of(time_.sent, settings_.timeouts.first_token);
    const bool late = passed(idle_due) || passed(first_due) || passed(total_due);
    if (event_too_large_ || late) {
      const auto detail = event_too_large_    ? response_detail::stream_event_too_large
                          : passed(total_due) ? response_detail::total_timeout
                          : passed(first_due) ? response_detail::first_token_timeout
                                              : response_detail::stream_idle_timeout;
      const auto counted = event_too_large_    ? counted_result::bad_response
                           : passed(total_due) ? counted_result::total_timeout
                           : passed(first_due) ? counted_result::first_token_timeout
                                               : counted_result::idle_timeout;
      const auto told =
          event_too_large_ ? attempt_result::bad_response : attempt_result::response_timeout;
      if (!committed_) {
        if (route_metrics_)
          route_metrics_->stream_ends[late ? stream_end::timeout : stream_end::truncated]
              .increment();
        co_return fail(detail, counted, told, std::string{http::info(detail).message});
      }
      std::string body;
      http::append_error_body(body, http::error_dialect::openai, detail);
      events_.resize(events_complete_);
      http::append_data_event(events_, body);
      events_complete_ = events_.size();
      co_await send_events(false);
      co_return stream_failed(detail, counted, told,
                              late ? stream_end::timeout : stream_end::truncated);
    }

    const auto keepalive_due =
        limits.stream_keepalive.count() ? last_sent + in_ns(limits.stream_keepalive) : 0;
    if (commit && events_complete_ > 0) {
      if (!co_await send_events(false))
        break;
      last_sent = net::io_thread::recent();
      continue;
    }
    if (passed(keepalive_due)) {
      // What is held back is whole events, so this is between events in any case.
      events_.insert(events_complete_, http::sse_keepalive);
      events_complete_ += http::sse_keepalive.size();
      if (!co_await send_events(false))
        break;
      last_sent = net::io_thread::recent();
      continue;
    }
    if (ex_.given_up())
      break;
    upstream_->read();
    co_await wait(sooner(sooner(idle_due, first_due), sooner(total_due, keepalive_due)));
  }
  if (route_metrics_)
    route_metrics_->stream_ends[stream_end::client_abort].increment();
  ex_.record().stream = telemetry::to_string(stream_end::client_abort);
  note_departure(telemetry::request_phase::responding);
  ex_.abort();
  co_return verdict::abandoned;
}

} // namespace synapse::handlers
