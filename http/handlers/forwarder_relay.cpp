// The way back: the backend's answer to the client. The way there is in forwarder.cpp.
#include "http/core/head_writer.hpp"
#include "http/core/local_reply.hpp"
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

namespace {
/// Larger than any error of a model server; what is larger is passed on as it comes.
constexpr std::int64_t max_held = 64 * 1024;

bool is_event_stream(const http::response_head& answer) {
  const auto type = answer.fields.value_of(http::known_field::content_type);
  return type.size() >= 17 && http::iequals(type.substr(0, 17), "text/event-stream");
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
  if (event_stream) {
    // Clients go by it; a backend that has another name for its stream is corrected.
    if (!is_event_stream(answer_))
      head.content_type = "text/event-stream";
    ex_.begin_events();
  }
  head.own_cookie = ex_.settings().process.dashboard_cookie_name;
  head.authority = site_->authority;
  head.base_path = settings_.url.base_path;
  http::write_downstream_response_head(ex_.out(), answer_, head);
  ex_.record().status = answer_.status;
  ex_.record().detail = response_detail::via_upstream;
}

net::task<void> forwarder::relay_collected() {
  if (ex_.begun()) {
    spdlog::warn("request {}: backend {} answered {} to a stream that had begun", ex_.id(),
                 settings_.name, answer_.status);
    if (route_metrics_)
      route_metrics_->stream_ends[telemetry::stream_end::upstream_error].increment();
    ex_.record().stream = telemetry::to_string(telemetry::stream_end::upstream_error);
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
  before_answer_ = false;
  body_left_ = answer_.content_length;
  if (options_.request) {
    // What it makes of half a request is no answer to the whole one.
    if (streams_body_ && !body_read_ && answer_.status / 100 == 2)
      co_return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
                     attempt_result::bad_response, "it answered before it had the whole request");
    if (options_.translator && answer_.status / 100 == 2)
      co_return co_await relay_translated();
    if (options_.translator && committed_)
      co_return co_await collect_after_head();
    co_return co_await collect();
  }
  if (options_.hold_failures && answer_.status >= 400 && answer_.content_length <= max_held)
    co_return co_await collect();
  const bool events = options_.openai_stream && answer_.status == 200 &&
                      ex_.method() != http::verb::head && is_event_stream(answer_) &&
                      !answer_.fields.has(http::known_field::content_encoding);
  if (events)
    co_return co_await relay_stream();
  if (is_judged())
    co_return co_await relay_judged();
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
                     result_of_total(seen > 0), "no complete answer within the time limit");
    if (passed(idle_due))
      co_return fail(response_detail::stream_idle_timeout, counted_result::idle_timeout,
                     attempt_result::response_timeout, "silence within its answer");
    upstream_->read();
    co_await wait(sooner(idle_due, total_due));
  }
  co_return verdict::answered;
}

/// Passes the body on as it comes. Chunks keep their framing, byte by byte, unless the client
/// speaks HTTP/1.0. Trailer fields are left out: nothing has judged them as it has the head's.
net::task<forwarder::verdict> forwarder::relay_body() {
  const auto framing = answer_.framing(ex_.method());
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
  bool any = false; ///< of the body
  bool done = framing == body_framing::none;
  char chunk_line[20];
  std::vector<std::string_view> payload;
  for (;;) {
    const auto input = upstream_->input();
    std::size_t take = input.size();
    std::size_t tail = 0; // of what is taken, bytes behind the last chunk's line
    if (framing == body_framing::none) {
      take = 0;
    } else if (framing == body_framing::content_length) {
      take = std::min<std::size_t>(take, static_cast<std::size_t>(body_left_));
      body_left_ -= static_cast<std::int64_t>(take);
      done = body_left_ == 0;
    } else if (framing == body_framing::chunked) {
      payload.clear();
      tail = chunks_.tail_bytes();
      take = chunks_.feed(input.data(), take, decode ? &payload : nullptr);
      tail = chunks_.tail_bytes() - tail;
      done = chunks_.done();
    } else {
      done = upstream_->ended() && !upstream_->read_error();
    }
    const bool broken = !done && (chunks_.failed() || upstream_->ended());
    any = any || take > 0;
    if (take > 0 || !head_sent || done) {
      std::array<std::string_view, net::transport::max_pieces> pieces;
      std::size_t count = 0;
      if (!head_sent)
        pieces[count++] = ex_.out();
      if (decode) {
        if (payload.size() > pieces.size() - count) {
          // More chunks than one write takes: join them.
          decoded_.clear();
          for (auto piece : payload)
            decoded_.append(piece);
          pieces[count++] = decoded_;
        } else {
          for (auto piece : payload)
            pieces[count++] = piece;
        }
      } else if (encode && take > 0) {
        pieces[count++] = http::chunk_head(take, chunk_line);
        pieces[count++] = input.substr(0, take);
        pieces[count++] = "\r\n";
      } else {
        pieces[count++] = input.substr(0, take - tail);
      }
      if (encode && done)
        pieces[count++] = http::last_chunk;
      else if (done && tail > 0 && !decode)
        pieces[count++] = "\r\n";
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
      const bool total = passed(total_due);
      co_return cut_off(broken  ? response_detail::upstream_reset_after_response_started
                        : total ? response_detail::total_timeout
                                : response_detail::stream_idle_timeout,
                        broken  ? counted_result::reset_after_head
                        : total ? counted_result::total_timeout
                                : counted_result::idle_timeout,
                        broken  ? attempt_result::reset_after_head
                        : total ? result_of_total(any)
                                : attempt_result::response_timeout);
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

/// The head is out: all that is left is an end that nobody takes for a good one.
forwarder::verdict forwarder::cut_off(response_detail detail, counted_result counted,
                                      attempt_result told) {
  metrics_.attempts[counted].increment();
  spdlog::warn("request {}: backend {} broke off its answer ({})", ex_.id(), settings_.name,
               http::to_string(detail));
  drop_connection();
  return_permit(told);
  ex_.record().detail = detail;
  ex_.abort();
  return verdict::answered;
}

// ---- decoding ----

/// Moves what has arrived to the end of `into`, decoded. @returns true if there was anything.
bool forwarder::take_input(std::string& into) {
  const auto input = upstream_->input();
  const auto before = into.size();
  if (answer_.chunked) {
    auto rest = input;
    while (!rest.empty() && !chunks_.done() && !chunks_.failed()) {
      const auto step = chunks_.next(rest.data(), rest.size());
      into.append(step.payload);
      rest.remove_prefix(step.consumed);
    }
    upstream_->consume(input.size() - rest.size());
    input_ended_ = chunks_.done();
    input_broken_ = chunks_.failed() || (!input_ended_ && upstream_->ended());
  } else {
    auto take = input.size();
    if (answer_.content_length >= 0)
      take = std::min<std::size_t>(take, static_cast<std::size_t>(body_left_));
    into.append(input.substr(0, take));
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
  return into.size() > before;
}

/// What `timeouts.total` says about the backend: nothing, as long as it was answering; that it
/// takes longer than anybody wants is no sign that it hangs.
attempt_result forwarder::result_of_total(bool alive) const {
  return alive ? attempt_result::canceled : attempt_result::response_timeout;
}

} // namespace synapse::handlers
