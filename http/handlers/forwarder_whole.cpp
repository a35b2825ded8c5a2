// Whole answers that have to be what they are taken for: JSON, all of it, and no error. A small one
// is held until it is there, so the client gets a status that says what is wrong; of a larger one
// the last bytes are.
#include "http/core/chunked.hpp"
#include "http/core/sse.hpp"
#include "http/core/usage_tail.hpp"
#include "http/handlers/completion_chunk.hpp"
#include "http/handlers/deadlines.hpp"
#include "http/handlers/forwarder.hpp"
#include "http/handlers/refusal.hpp"

#include <array>

namespace synapse::handlers {

using actors::attempt_result;
using http::answer_form;
using http::body_framing;
using http::response_detail;
using counted_result = telemetry::attempt_result;
using telemetry::stream_end;

namespace {
/// Held at most: more than most completions have.
constexpr std::size_t most_held = 64 * 1024;
/// The same where the answer has to become an event, because the client was promised a stream.
constexpr std::size_t most_converted = 4 * 1024 * 1024;
/// Of an answer that is none, for the client and the log.
constexpr std::size_t most_quoted = 200;

/// Types under which servers send JSON, event streams and pages that say what is wrong. What calls
/// itself something else is not looked at.
bool may_be_text(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' '))
    type.remove_suffix(1);
  const auto ends = [&](std::string_view with) {
    return type.size() >= with.size() &&
           http::iequals(type.substr(type.size() - with.size()), with);
  };
  return type.empty() || http::iequals(type.substr(0, 5), "text/") || ends("/json") ||
         ends("+json");
}
} // namespace

bool forwarder::is_judged() const {
  const auto* coding = answer_.fields.find(http::known_field::content_encoding);
  return options_.openai_answer && !options_.request && answer_.status == 200 &&
         ex_.method() != http::verb::head &&
         (coding == nullptr || http::iequals(coding->value, "identity")) &&
         may_be_text(answer_.fields.value_of(http::known_field::content_type));
}

/// The backend says 200 and has no answer.
forwarder::verdict forwarder::no_answer(std::string why) {
  return fail(response_detail::upstream_protocol_error, counted_result::bad_response,
              attempt_result::bad_response, masked(why));
}

/// Of an answer that is all there, in `held`. `answered` here means: it is one.
forwarder::verdict forwarder::judge(std::string_view held) {
  if (json_.empty())
    return no_answer("its answer is empty");
  if (form_ != answer_form::json)
    return no_answer("its answer is no JSON: " + std::string{held.substr(0, most_quoted)});
  if (!json_.whole())
    return no_answer("its answer is no whole JSON text: it ends after " +
                     std::to_string(held.size()) + " bytes");
  if (!json_.reports_error()) {
    http::usage_tail tail;
    tail.feed(held);
    note_usage(tail);
    return verdict::answered;
  }
  collected_answer said;
  said.status = answer_.status;
  said.body = held.substr(0, most_held);
  return fail(response_detail::upstream_error, counted_result::ok, attempt_result::ok,
              "it answered with an error: " + sentence_of(said));
}

net::task<forwarder::verdict> forwarder::relay_judged() {
  if (!answer_.chunked && answer_.content_length == 0)
    co_return no_answer("its answer is empty");
  const auto length = static_cast<std::size_t>(std::max<std::int64_t>(answer_.content_length, 0));
  // What fits into the connection's buffer stays there.
  if (!answer_.chunked && length > 0 && length <= net::transport::default_buffer / 2 &&
      !committed_) {
    if (upstream_->input().size() < length)
      if (const auto how = co_await await_small_body(); how != verdict::answered)
        co_return how;
    const auto body = upstream_->input().substr(0, length);
    form_ = http::form_of(body);
    if (form_ != answer_form::events || !options_.openai_stream) {
      json_.feed(body);
      if (const auto how = judge(body); how != verdict::answered)
        co_return how;
      co_return co_await relay_body();
    }
  }
  co_return co_await hold_answer();
}

/// Reads the answer until it is known what to make of it.
net::task<forwarder::verdict> forwarder::hold_answer() {
  const auto most = committed_ ? most_converted : most_held;
  // A length tells by itself whether something is missing: such a body need not be held.
  const bool large = !answer_.chunked && answer_.content_length > std::int64_t{most_held};
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  decoded_.clear();
  for (;;) {
    const auto before = decoded_.size();
    take_input(decoded_);
    json_.feed(std::string_view{decoded_}.substr(before));
    if (form_ != answer_form::json)
      form_ = http::form_of(decoded_);
    if (form_ == answer_form::events && options_.openai_stream) {
      before_answer_ = false;
      stream_.buffer().swap(decoded_);
      co_return co_await relay_stream();
    }
    if (input_ended_ || (form_ != answer_form::json && form_ != answer_form::unknown))
      break;
    if (input_broken_)
      co_return fail(response_detail::upstream_reset_after_response_started,
                     counted_result::reset_after_head, attempt_result::reset_after_head,
                     "it closed the connection within its answer");
    if (decoded_.size() > most || (large && !committed_ && form_ == answer_form::json)) {
      if (committed_ || form_ != answer_form::json)
        co_return no_answer("its answer is no stream, and too long to become one");
      co_return co_await pass_rest();
    }
    if (ex_.given_up()) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    const auto idle_due =
        deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
    if (passed(total_due))
      co_return fail(response_detail::total_timeout, counted_result::total_timeout,
                     result_of_total(!decoded_.empty()),
                     "no complete answer within the time limit");
    if (passed(idle_due))
      co_return fail(response_detail::stream_idle_timeout, counted_result::idle_timeout,
                     attempt_result::response_timeout, "silence within its answer");
    // It may still turn out to be a stream.
    before_answer_ = form_ == answer_form::unknown;
    upstream_->read();
    co_await wait(sooner(idle_due, total_due));
  }
  before_answer_ = false;
  co_return co_await answer_held();
}

/// What the answer says that it has cost.
void forwarder::note_usage(const http::usage_tail& tail) {
  ex_.record().prompt_tokens = tail.prompt_tokens();
  ex_.record().completion_tokens = tail.completion_tokens();
}

/// All of the answer is there, or enough to know that it is none.
net::task<forwarder::verdict> forwarder::answer_held() {
  if (const auto how = judge(decoded_); how != verdict::answered)
    co_return how;
  if (committed_)
    co_return co_await answer_as_stream();
  // The backend has done its part, whatever the client makes of the rest.
  if (answer_.chunked || answer_.content_length >= 0)
    release_connection();
  else
    drop_connection();
  answered_well();
  answer_.chunked = false;
  answer_.content_length = static_cast<std::int64_t>(decoded_.size());
  write_answer_head(body_framing::content_length, false);
  const std::array<std::string_view, 2> pieces{ex_.out(), decoded_};
  if (!ex_.write(pieces) && !co_await await_client())
    note_departure(telemetry::request_phase::responding);
  co_return verdict::answered;
}

/// The client was promised a stream, and the backend has answered with a whole completion.
net::task<forwarder::verdict> forwarder::answer_as_stream() {
  const auto chunk = chunk_of(decoded_);
  if (!chunk)
    co_return no_answer("its answer is no stream: " + decoded_.substr(0, most_quoted));
  std::string events;
  http::append_data_event(events, *chunk);
  events += http::sse_done;
  stream_.add(events);
  if (answer_.chunked || answer_.content_length >= 0)
    release_connection();
  else
    drop_connection();
  answered_well();
  const auto sent = co_await send_events(true);
  const auto kind = sent ? stream_end::done_added : stream_end::client_abort;
  if (route_metrics_)
    route_metrics_->stream_ends[kind].increment();
  ex_.record().stream = telemetry::to_string(kind);
  if (!sent)
    note_departure(telemetry::request_phase::responding);
  co_return verdict::answered;
}

/// Passes on what is held and what follows. Its last bytes go out only when they complete a JSON
/// text: otherwise the client sees an answer that was cut off, which it was.
net::task<forwarder::verdict> forwarder::pass_rest() {
  if (json_.reports_error())
    co_return no_answer("it answered with an error: " + decoded_.substr(0, most_quoted));
  const bool sized = !answer_.chunked && answer_.content_length >= 0;
  const bool chunked = !sized && !ex_.plain_only();
  if (!sized && !chunked)
    ex_.close_after();
  write_answer_head(sized     ? body_framing::content_length
                    : chunked ? body_framing::chunked
                              : body_framing::until_close,
                    false);
  const auto total_due = deadline_of(time_.begun, settings_.timeouts.total);
  bool head_sent = false;
  char line[20];
  http::usage_tail tail;
  for (;;) {
    tail.feed(decoded_);
    if (input_broken_ || (input_ended_ && !json_.whole()))
      co_return cut_off(response_detail::upstream_reset_after_response_started,
                        counted_result::reset_after_head, attempt_result::reset_after_head);
    std::array<std::string_view, 5> pieces;
    std::size_t count = 0;
    if (!head_sent)
      pieces[count++] = ex_.out();
    if (!decoded_.empty()) {
      if (chunked)
        pieces[count++] = http::chunk_head(decoded_.size(), line);
      pieces[count++] = decoded_;
      if (chunked)
        pieces[count++] = "\r\n";
    }
    if (input_ended_ && chunked)
      pieces[count++] = http::last_chunk;
    head_sent = true;
    if (count > 0 && !ex_.write({pieces.data(), count}) && !co_await await_client()) {
      note_departure(telemetry::request_phase::responding);
      co_return verdict::abandoned;
    }
    decoded_.clear();
    if (input_ended_) {
      note_usage(tail);
      break;
    }
    if (!take_input(decoded_) && !input_ended_ && !input_broken_) {
      if (ex_.given_up()) {
        note_departure(telemetry::request_phase::responding);
        co_return verdict::abandoned;
      }
      const auto idle_due =
          deadline_of(std::max(upstream_->last_read(), time_.reading), settings_.timeouts.idle);
      if (passed(total_due))
        co_return cut_off(response_detail::total_timeout, counted_result::total_timeout,
                          result_of_total(true));
      if (passed(idle_due))
        co_return cut_off(response_detail::stream_idle_timeout, counted_result::idle_timeout,
                          attempt_result::response_timeout);
      upstream_->read();
      co_await wait(sooner(idle_due, total_due));
    }
    json_.feed(decoded_);
  }
  if (answer_.chunked || sized)
    release_connection();
  else
    drop_connection();
  answered_well();
  co_return verdict::answered;
}

} // namespace synapse::handlers
