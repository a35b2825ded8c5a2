// Whole answers that have to be what they are taken for: JSON, all of it, and no error. A small one
// is held until it is there, so the client gets a status that says what is wrong; of a larger one
// the last bytes are. One in which the model gets another name is no longer as long as its head
// says, so it goes out in chunks: each read is copied once (elsewhere what has a length is not) and
// searched, and of it only what may be the beginning of `"model":"NAME"` waits for the next one.
#include "http/core/body/chunked.hpp"
#include "http/core/body/sse.hpp"
#include "http/dialects/openai/answer_form.hpp"
#include "http/dialects/openai/model_name.hpp"
#include "http/dialects/openai/usage_tail.hpp"
#include "http/proxy/downstream/error_answer.hpp"
#include "http/proxy/relay/completion_chunk.hpp"
#include "http/proxy/relay/relay.hpp"

#include <array>

namespace synapse::proxy {

using http::answer_form;
using http::body_framing;
using telemetry::request_phase;
using telemetry::stream_end;

namespace {
/// Held at most: more than most completions have.
constexpr std::size_t most_held = 64 * 1024;
/// The same where the answer has to become an event, because the client was promised a stream.
constexpr std::size_t most_converted = 4 * 1024 * 1024;
/// Of one that is passed on while it comes, for an error that it may be instead.
constexpr std::size_t most_looked = 1024;
constexpr std::size_t look_step = 128;
/// Of an answer that is none, for the client and the log.
constexpr std::size_t most_quoted = 200;

class judged_relay {
public:
  judged_relay(call& of, upstream_request& from) : of_(of), from_(from) {}

  net::task<step> run() { return fits_buffer() ? answer_at_hand() : hold(); }

private:
  /// What to do with an answer that is being held.
  enum class course { read_on, judge, stream, pass, follow, failed };

  bool fits_buffer() const;
  bool is_large() const;
  bool renames() const { return !of_.options.rename_from.empty(); }
  std::string renamed(std::string_view text) const;
  std::size_t settle();
  net::task<step> answer_at_hand();
  course look();
  net::task<step> hold();
  net::task<step> answer();
  net::task<step> answer_as_stream();
  net::task<step> pass();
  net::task<step> follow();
  step judge(std::string_view held);
  step no_answer(const std::string& why);
  void note_usage(http::token_counts usage);

  call& of_;
  upstream_request& from_;
  std::string held_; ///< decoded, not yet sent
  http::json_follower json_;
  answer_form form_ = answer_form::unknown;
};

/// The backend says 200 and has no answer.
step judged_relay::no_answer(const std::string& why) {
  return of_.fail(mishap::not_an_answer, of_.masked(why));
}

/// What the answer says that it has cost.
void judged_relay::note_usage(http::token_counts usage) {
  of_.ex.record().prompt_tokens = usage.prompt;
  of_.ex.record().completion_tokens = usage.completion;
}

/// Of an answer that is all there. `done` here means: it is one.
/// `failed` with `call::end` collected: it is an error for those who decide where to go next.
step judged_relay::judge(std::string_view held) {
  if (json_.empty())
    return no_answer("its answer is empty");
  if (form_ != answer_form::json)
    return no_answer("its answer is no JSON: " + std::string{held.substr(0, most_quoted)});
  if (!json_.whole())
    return no_answer("its answer is no whole JSON text: it ends after " +
                     std::to_string(held.size()) + " bytes");
  if (!json_.reports_error()) {
    note_usage(http::usage_tail::of(held));
    return step::done;
  }
  if (of_.options.elsewhere_decides) {
    of_.keep_error(0, held.substr(0, most_held));
    return step::failed;
  }
  collected_answer said;
  said.status = from_.answer().status;
  said.body = held.substr(0, most_held);
  return of_.fail(mishap::answered_with_error, "it answered with an error: " + sentence_of(said));
}

/// Such a body stays in the connection's buffer until it is sent.
bool judged_relay::fits_buffer() const {
  return !renames() && from_.body().framing() == body_framing::content_length &&
         from_.body().left() <= net::transport::default_buffer / 2 && !of_.down.begun();
}

/// A length tells by itself whether something is missing: such a body need not be held.
bool judged_relay::is_large() const {
  return from_.body().framing() == body_framing::content_length &&
         from_.answer().content_length > std::int64_t{most_held} && !of_.down.begun();
}

/// Such a body is looked at and sent where it lies: most answers are one.
net::task<step> judged_relay::answer_at_hand() {
  auto& connection = from_.connection();
  const auto length = static_cast<std::size_t>(from_.body().left());
  if (connection.input().size() < length)
    if (const auto how = co_await await_whole(of_, from_); how != step::done)
      co_return how;
  const auto body = connection.input().substr(0, length);
  form_ = http::form_of(body);
  if (form_ == answer_form::events && of_.options.openai_stream)
    co_return co_await hold();
  json_.feed(body);
  if (const auto how = judge(body); how != step::done)
    co_return how;
  of_.committed = true;
  of_.down.pass_head(from_.answer(), body_framing::content_length, false);
  bool sent = of_.down.send(body, true);
  if (!sent)
    sent = co_await of_.down.drained();
  if (!sent) {
    from_.leave(request_phase::responding);
    co_return step::gone;
  }
  connection.consume(length);
  from_.body().end();
  from_.release();
  from_.answered_well();
  co_return step::done;
}

/// Takes what has arrived, and decides what to make of the answer if that is known by now.
judged_relay::course judged_relay::look() {
  const bool begun = of_.down.begun();
  if (is_large() && !renames() && held_.empty())
    if (const auto input = from_.connection().input(); http::form_of(input) == answer_form::json) {
      const auto begin = input.substr(0, most_looked);
      for (std::size_t at = 0; at < begin.size() && !json_.is_answer(); at += look_step)
        json_.feed(begin.substr(at, look_step));
      return course::pass;
    }
  const auto before = held_.size();
  from_.take(held_);
  json_.feed(std::string_view{held_}.substr(before));
  if (form_ != answer_form::json)
    form_ = http::form_of(held_);
  if (form_ == answer_form::events && of_.options.openai_stream)
    return course::stream;
  if (from_.body().ended() || (form_ != answer_form::json && form_ != answer_form::unknown))
    return course::judge;
  if (from_.body().broken()) {
    of_.fail(mishap::reset_within_answer);
    return course::failed;
  }
  const bool enough = renames() && is_large() && (json_.is_answer() || held_.size() >= most_looked);
  if (!enough && held_.size() <= (begun ? most_converted : most_held))
    return course::read_on;
  if (!begun && form_ == answer_form::json)
    return course::follow;
  no_answer("its answer is no stream, and too long to become one");
  return course::failed;
}

/// Reads the answer until it is known what to make of it.
net::task<step> judged_relay::hold() {
  for (;;) {
    switch (look()) {
    case course::read_on:
      break;
    case course::judge:
      of_.answer_unknown = false;
      co_return co_await answer();
    case course::stream:
      of_.answer_unknown = false;
      co_return co_await relay_event_stream(of_, from_, std::move(held_));
    case course::pass:
      of_.answer_unknown = false;
      co_return co_await pass();
    case course::follow:
      of_.answer_unknown = false;
      co_return co_await follow();
    case course::failed:
      co_return step::failed;
    }
    if (of_.ex.given_up())
      co_return from_.leave(request_phase::responding);
    if (const auto late = from_.overdue(!held_.empty()))
      co_return of_.fail(*late);
    // It may still turn out to be a stream.
    of_.answer_unknown = form_ == answer_form::unknown;
    co_await from_.more();
  }
}

/// All of the answer is there, or enough to know that it is none.
net::task<step> judged_relay::answer() {
  if (const auto how = judge(held_); how != step::done)
    co_return how;
  if (of_.down.begun())
    co_return co_await answer_as_stream();
  // The backend has done its part, whatever the client makes of the rest.
  of_.committed = true;
  from_.release();
  from_.answered_well();
  if (renames())
    held_ = renamed(held_);
  if (!of_.down.send_whole(from_.answer(), held_) && !co_await of_.down.drained())
    from_.leave(request_phase::responding);
  co_return step::done;
}

/// The client was promised a stream, and the backend has answered with a whole completion.
net::task<step> judged_relay::answer_as_stream() {
  const auto chunk = chunk_of(held_);
  if (!chunk)
    co_return no_answer("its answer is no stream: " + held_.substr(0, most_quoted));
  std::string events;
  http::append_data_event(events, renames() ? renamed(*chunk) : *chunk);
  events += http::sse_done;
  of_.committed = true;
  from_.release();
  from_.answered_well();
  bool sent = of_.down.send(events, true);
  if (!sent)
    sent = co_await of_.down.drained();
  of_.count_stream_end(sent ? stream_end::done_added : stream_end::client_abort);
  if (!sent)
    from_.leave(request_phase::responding);
  co_return step::done;
}

std::string judged_relay::renamed(std::string_view text) const {
  std::string result;
  http::openai::append_renamed(result, text, of_.options.rename_from, of_.options.rename_to);
  return result;
}

/// @returns how much of what is held can go out.
std::size_t judged_relay::settle() {
  if (!renames())
    return held_.size();
  const auto settled =
      http::openai::rename_in_place(held_, of_.options.rename_from, of_.options.rename_to);
  return from_.body().ended() ? held_.size() : settled;
}

/// Passes a large answer on as it comes.
net::task<step> judged_relay::pass() {
  if (json_.reports_error())
    co_return no_answer("it answered with an error: " +
                        std::string{from_.connection().input().substr(0, most_quoted)});
  of_.committed = true;
  of_.down.pass_head(from_.answer(), body_framing::content_length, false);
  co_return co_await relay_raw(of_, from_, true);
}

/// Passes on what is held and what follows, of a body whose length the client is not told. Its last
/// bytes go out only when they complete a JSON text: otherwise the client sees an answer that was
/// cut off, which it was.
net::task<step> judged_relay::follow() {
  if (json_.reports_error())
    co_return no_answer("it answered with an error: " + held_.substr(0, most_quoted));
  of_.committed = true;
  of_.down.pass_head(from_.answer(), of_.down.stream_framing(), false);
  http::usage_tail tail;
  tail.feed(held_);
  for (;;) {
    if (from_.body().broken() || (from_.body().ended() && !json_.whole()))
      co_return from_.cut_off(mishap::reset_within_answer);
    const auto settled = settle();
    bool sent = of_.down.send(std::string_view{held_}.substr(0, settled), from_.body().ended());
    if (!sent)
      sent = co_await of_.down.drained();
    if (!sent) {
      from_.leave(request_phase::responding);
      co_return step::gone;
    }
    held_.erase(0, settled);
    if (from_.body().ended())
      break;
    const auto before = held_.size();
    if (!from_.take(held_) && !from_.body().ended() && !from_.body().broken()) {
      if (of_.ex.given_up())
        co_return from_.leave(request_phase::responding);
      if (const auto late = from_.overdue(true))
        co_return from_.cut_off(*late);
      co_await from_.more();
    }
    const auto come = std::string_view{held_}.substr(before);
    json_.feed(come);
    tail.feed(come);
  }
  note_usage(tail.counts());
  from_.release();
  from_.answered_well();
  co_return step::done;
}
} // namespace

net::task<step> relay_judged(call& of, upstream_request& from) {
  judged_relay work{of, from};
  co_return co_await work.run();
}

} // namespace synapse::proxy
