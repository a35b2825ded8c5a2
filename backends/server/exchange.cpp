#include "backends/server/exchange.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

namespace {

// Bytes that are no JSON, no SSE and no UTF-8, the same every time.
std::string garbage(std::size_t size) {
  std::string out(std::max<std::size_t>(size, 16), '\0');
  std::uint32_t state = 0x9e3779b9;
  for (auto& byte : out) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(0x80 | (state >> 24));
  }
  return out;
}

// Adds a member to a JSON object's text; other text stays as it is.
std::string padded(std::string text, std::uint64_t size) {
  auto brace = text.rfind('}');
  if (!text.starts_with('{') || brace == std::string::npos)
    return text;
  text.insert(brace, ",\"padding\":\"" + std::string(size, 'x') + "\"");
  return text;
}

} // namespace

exchange::exchange(environment env, const request& in, std::optional<misbehavior_plan> plan)
    : env_(env), in_(in), plan_(plan.value_or(misbehavior_plan{})), misbehaves_(plan.has_value()),
      timer_(env.socket.get_executor()), last_write_(clock::now()) {}

exchange::~exchange() = default;

asio::awaitable<bool> exchange::reply(response answer) {
  if (plan_.garbage_body)
    answer.body = garbage(answer.body.size());
  if (plan_.broken_audio && answer.content_type.starts_with("audio/"))
    answer.body = answer.body.substr(0, 12) + garbage(answer.body.size());
  if (plan_.big_event > 0)
    answer.body = padded(std::move(answer.body), plan_.big_event);
  auto size = static_cast<std::int64_t>(answer.body.size());
  auto length = std::max<std::int64_t>(0, size + plan_.lie_length.value_or(0));
  auto head = head_text(answer, static_cast<std::uint64_t>(length));
  bool no_body = in_.method == "HEAD" || answer.status == 204 || answer.status == 304;
  bool ok = false;
  if (!misbehaves_) {
    // Head and body leave in one write: what a client on loopback should see.
    started_ = true;
    if (!no_body)
      head += answer.body;
    ok = co_await write(head);
  } else {
    ok = co_await send_head(std::move(head));
    if (ok && !no_body)
      ok = co_await send_pieces(answer.body);
  }
  complete_ = ok;
  if (ok && length > size)
    fin();
  if (plan_.close_after)
    must_close_ = true;
  co_return ok;
}

asio::awaitable<bool> exchange::begin_stream(response head) {
  chunked_ = !in_.http_1_0;
  streaming_ = true;
  if (!chunked_)
    env_.close_wanted = true;
  auto text = head_text(head, std::nullopt);
  co_return co_await send_head(std::move(text));
}

const std::string& exchange::line_end() const {
  return plan_.line_end ? *plan_.line_end : env_.owner.profile().event_line_end;
}

asio::awaitable<bool> exchange::event(std::string payload, event_kind kind) {
  co_return co_await named_event({}, std::move(payload), kind);
}

asio::awaitable<bool> exchange::named_event(std::string_view name, std::string payload,
                                            event_kind kind) {
  if (leaves_out(kind))
    co_return true;
  bool go_on = co_await before_event();
  if (!go_on)
    co_return false;
  auto text = event_text(spoiled(std::move(payload)));
  if (!name.empty())
    text.insert(0, "event: " + std::string(name) + line_end());
  if (plan_.garbage_body)
    text = garbage(text.size());
  co_return co_await framed(std::move(text));
}

asio::awaitable<bool> exchange::line(std::string payload, event_kind kind) {
  in_lines_ = true;
  co_return co_await named_event({}, std::move(payload), kind);
}

bool exchange::leaves_out(event_kind kind) const {
  return (kind == event_kind::finish && plan_.no_finish) ||
         (kind == event_kind::done && plan_.no_done);
}

// Counts an event, and changes it as a misbehavior wants it.
std::string exchange::spoiled(std::string payload) {
  ++events_;
  if (plan_.big_event > 0 && events_ == 1)
    payload = padded(std::move(payload), plan_.big_event);
  if (plan_.malformed_event == events_)
    payload.resize(payload.size() / 2);
  return payload;
}

std::string exchange::event_text(const std::string& payload) const {
  return in_lines_ ? payload + "\n" : "data: " + payload + line_end() + line_end();
}

// What a misbehavior does in the place of the next event.
asio::awaitable<bool> exchange::before_event() {
  if (gone_ || broken_ || complete_)
    co_return false;
  if (!misbehaves_)
    co_return true;
  if (plan_.hang_after_events == events_)
    co_return co_await hang();
  if (plan_.cut_clean_after_events == events_) {
    co_await end_stream();
    co_return false;
  }
  if (plan_.cut_after_events == events_) {
    fin();
    co_return false;
  }
  if (plan_.error_after_events == events_ || (plan_.error_200_first && events_ == 0)) {
    auto error = env_.owner.error_for(in_, 500, "misbehaving: error in the stream");
    bool ok = co_await framed(event_text(error.body));
    if (ok)
      co_await end_stream();
    co_return false;
  }
  if (plan_.bad_chunk_after_events == events_) {
    if (co_await write("xyz\r\nthis is no chunk\r\n"))
      fin();
    co_return false;
  }
  if (plan_.slow_body)
    co_return co_await linger(*plan_.slow_body);
  co_return true;
}

asio::awaitable<bool> exchange::raw(std::string bytes) {
  if (gone_ || broken_ || complete_)
    co_return false;
  co_return co_await framed(std::move(bytes));
}

asio::awaitable<bool> exchange::end_stream() {
  if (gone_ || broken_ || complete_)
    co_return false;
  bool ok = true;
  if (chunked_)
    ok = co_await send_body("0\r\n\r\n");
  complete_ = ok;
  if (plan_.close_after)
    must_close_ = true;
  co_return ok;
}

asio::awaitable<void> exchange::pause_until(clock::time_point when) {
  if (!wake_pending_ && !gone_ && when > clock::now()) {
    timer_.expires_at(when);
    co_await timer_.async_wait(quietly);
  }
  wake_pending_ = false;
}

void exchange::wake() {
  wake_pending_ = true;
  timer_.cancel();
}

void exchange::when_gone(std::function<void()> then) {
  when_gone_ = std::move(then);
  if (gone_ && when_gone_)
    std::exchange(when_gone_, nullptr)();
}

void exchange::client_gone() {
  gone_ = true;
  timer_.cancel();
  if (when_gone_)
    std::exchange(when_gone_, nullptr)();
  // A plain answer may still reach a client that only closed its sending side; a stream is over,
  // and its write may be stuck.
  boost::system::error_code ignored;
  if (streaming_)
    env_.socket.cancel(ignored);
}

std::optional<response> exchange::forced_answer() const {
  if (plan_.loading)
    return env_.owner.loading_answer();
  auto with_wait = [this](response out) {
    if (plan_.retry_after)
      out.headers.emplace_back("Retry-After", std::to_string(plan_.retry_after->count()));
    return out;
  };
  if (plan_.answer)
    return with_wait(*plan_.answer);
  if (plan_.status)
    return with_wait(env_.owner.error_for(in_, *plan_.status, "misbehaving on request"));
  if (plan_.html_502) {
    response page;
    page.status = 502;
    page.content_type = "text/html";
    page.body = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
                "<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    return page;
  }
  if (plan_.text_500) {
    response page;
    page.status = 500;
    page.content_type = "text/plain; charset=utf-8";
    page.body = "Internal Server Error";
    return page;
  }
  return std::nullopt;
}

} // namespace synapse::backends
