// Answers that are passed on as they come: chunks keep their framing, byte by byte, unless the
// client speaks HTTP/1.0. Trailer fields are left out: nothing has judged them as it has the
// head's.
#include "http/dialects/openai/usage_tail.hpp"
#include "http/proxy/media_type.hpp"
#include "http/proxy/relay/relay.hpp"

#include <array>
#include <vector>

namespace synapse::proxy {

using http::body_framing;

net::task<step> await_whole(call& of, upstream_request& from) {
  auto& connection = from.connection();
  const auto length = static_cast<std::size_t>(from.answer().content_length);
  while (connection.input().size() < length) {
    if (connection.ended())
      co_return of.fail(mishap::reset_within_answer);
    if (of.ex.given_up())
      co_return from.leave(telemetry::request_phase::responding);
    if (const auto late = from.overdue(!connection.input().empty()))
      co_return of.fail(*late);
    co_await from.more();
  }
  co_return step::done;
}

namespace {
class raw_relay {
public:
  raw_relay(call& of, upstream_request& from, bool is_json)
      : of_(of), from_(from), framing_(from.body().framing()), is_json_(is_json),
        any_(of.down.begun()) {
    // What has a length was there as a whole when it began.
    of.streamed = framing_ == body_framing::chunked || framing_ == body_framing::until_close;
  }

  net::task<step> run();

private:
  void write_head();
  void take_input();
  bool send();
  bool ends_badly();

  call& of_;
  upstream_request& from_;
  body_framing framing_; ///< of the backend's answer
  bool decode_ = false;  ///< chunks come in, and the client cannot read any
  std::size_t taken_ = 0;
  std::size_t tail_ = 0; ///< of what is taken, bytes behind the last chunk's line
  bool done_ = false;
  bool is_json_;
  bool any_;        ///< of the body
  char last_ = '}'; ///< that says something, of what is known to be JSON
  http::usage_tail tail_text_;
  std::vector<std::string_view> payload_;
  std::string joined_;
};

void raw_relay::write_head() {
  of_.committed = true;
  auto sent = framing_;
  const bool plain = of_.ex.plain_only();
  decode_ = plain && framing_ == body_framing::chunked;
  if (decode_)
    sent = body_framing::until_close;
  else if (framing_ == body_framing::until_close)
    sent = of_.down.stream_framing();
  else if (framing_ == body_framing::none && from_.answer().content_length >= 0)
    // HEAD and 304 keep the length the backend named; so does an empty answer.
    sent = from_.answer().status == 204 ? body_framing::none : body_framing::content_length;
  of_.down.pass_head(from_.answer(), sent, false);
}

/// Looks at what has arrived of the body.
void raw_relay::take_input() {
  if (decode_)
    payload_.clear();
  const auto passed = from_.body().pass(from_.connection(), decode_ ? &payload_ : nullptr);
  taken_ = passed.bytes;
  tail_ = passed.tail;
  done_ = from_.body().ended();
  any_ = any_ || taken_ > 0;
  if (of_.streamed && of_.first_content == 0 && taken_ > 0)
    of_.first_content = net::io_thread::recent();
}

/// What is JSON by its beginning has to end as JSON does: of a length that is kept nothing else can
/// tell that the text is not whole.
bool raw_relay::ends_badly() {
  if (!is_json_)
    return false;
  const auto piece = from_.connection().input().substr(0, taken_);
  if (const auto at = piece.find_last_not_of(" \t\r\n"); at != std::string_view::npos)
    last_ = piece[at];
  if (from_.body().left() < http::usage_tail::kept)
    tail_text_.feed(piece);
  return done_ && last_ != '}' && last_ != ']';
}

/// @returns whether the client has taken it at once.
bool raw_relay::send() {
  const auto input = from_.connection().input().substr(0, taken_);
  if (framing_ == body_framing::until_close)
    return of_.down.send(input, done_);
  if (decode_) {
    if (payload_.size() < net::transport::max_pieces)
      return of_.down.send_as_is(payload_);
    joined_.clear(); // more chunks than one write takes
    for (const auto piece : payload_)
      joined_.append(piece);
    const std::string_view piece = joined_;
    return of_.down.send_as_is({&piece, 1});
  }
  const std::array<std::string_view, 2> pieces{input.substr(0, taken_ - tail_),
                                               done_ && tail_ > 0 ? "\r\n" : ""};
  return of_.down.send_as_is(pieces);
}

net::task<step> raw_relay::run() {
  if (framing_ == body_framing::content_length &&
      from_.body().left() <= net::transport::default_buffer / 2 &&
      has_type(from_.answer().fields.value_of(http::known_field::content_type),
               "application/json") &&
      from_.connection().input().size() < from_.body().left())
    if (const auto how = co_await await_whole(of_, from_); how != step::done)
      co_return how;
  if (!of_.down.begun())
    write_head();
  for (bool first = true;; first = false) {
    take_input();
    if (ends_badly())
      co_return from_.cut_off(mishap::reset_within_answer);
    if (taken_ > 0 || first || done_) {
      bool sent = send();
      if (!sent)
        sent = co_await of_.down.drained();
      if (!sent) {
        from_.leave(telemetry::request_phase::responding);
        co_return step::gone;
      }
      from_.connection().consume(taken_);
    }
    if (done_)
      break;
    if (of_.ex.given_up())
      co_return from_.leave(telemetry::request_phase::responding);
    if (from_.body().broken())
      co_return from_.cut_off(mishap::reset_within_answer);
    if (const auto late = from_.overdue(any_))
      co_return from_.cut_off(*late);
    co_await from_.more();
  }
  if (is_json_) {
    const auto usage = tail_text_.counts();
    of_.ex.record().prompt_tokens = usage.prompt;
    of_.ex.record().completion_tokens = usage.completion;
  }
  from_.release();
  from_.answered_well();
  co_return step::done;
}
} // namespace

net::task<step> relay_raw(call& of, upstream_request& from, bool is_json) {
  raw_relay work{of, from, is_json};
  co_return co_await work.run();
}

} // namespace synapse::proxy
