#include "http/dialects/openai/event_relay.hpp"

#include <algorithm>

namespace synapse::http {

namespace {
/// Of the buffer, once what was in it has been sent.
constexpr std::size_t kept_capacity = 64 * 1024;
} // namespace

std::string_view to_string(stream_fate fate) noexcept {
  switch (fate) {
  case stream_fate::open:
    return "open";
  case stream_fate::complete:
    return "complete";
  case stream_fate::done_added:
    return "done_added";
  case stream_fate::truncated:
    return "truncated";
  case stream_fate::error_reported:
    return "error_reported";
  case stream_fate::event_too_large:
    return "event_too_large";
  }
  return "open";
}

void event_relay::look() {
  sse_event event;
  while (fate_ == stream_fate::open) {
    const auto status = scanner_.next(buffer_.data() + whole_, buffer_.size() - whole_, event);
    if (status == sse_status::too_large)
      finish(stream_fate::event_too_large);
    if (status != sse_status::event)
      return;
    take(event);
  }
}

/// Decides about the next event, which begins at `whole_`.
void event_relay::take(const sse_event& event) {
  ++events_;
  watch_.on_event(event);
  // Text outside of any field is how some servers say that they broke off: it stays behind.
  if (watch_.stray_seen() && !event.has_data)
    return finish(stream_fate::truncated);
  if (watch_.error_seen()) {
    if (!committed_)
      reported_error_ = event.data;
    whole_ += event.size;
    return finish(stream_fate::error_reported);
  }
  if (watch_.done_seen()) {
    // An end mark behind nothing is no end: passed on it would make an empty answer of it.
    const bool complete = watch_.at_end() == chat_end::complete;
    if (complete) {
      whole_ += event.size;
      committed_ = true;
    }
    return finish(complete ? stream_fate::complete : stream_fate::truncated);
  }
  whole_ += event.size;
  committed_ = committed_ || watch_.content_seen() || watch_.progress_seen() || whole_ > most_held;
  if (watch_.stray_seen())
    finish(stream_fate::truncated);
}

void event_relay::end(bool clean) {
  if (fate_ != stream_fate::open)
    return;
  bool half = false;
  sse_event event;
  const auto rest = std::string_view{buffer_}.substr(whole_);
  if (clean && scanner_.finish(rest.data(), rest.size(), event) == sse_status::event) {
    if (event.has_data && is_whole_at_end(event)) {
      const auto before = whole_;
      take(event);
      if (whole_ > before)
        buffer_.replace(whole_, std::string::npos, "\n\n");
      if (whole_ > before)
        whole_ += 2;
    } else {
      half = event.has_data || !event.stray.empty();
    }
  }
  if (fate_ != stream_fate::open)
    return;
  if (!clean || half || !watch_.finished())
    return finish(stream_fate::truncated);
  finish(stream_fate::done_added);
  add(sse_done);
}

void event_relay::finish(stream_fate fate) {
  fate_ = fate;
  if (committed_)
    end_line();
}

/// What the client has ends in a whole line end. The LF of a CRLF is counted into the next event
/// when the two arrive apart, and none is to come; a CR alone ends a line as well, and where the
/// lines before ended so, nothing is added.
void event_relay::end_line() {
  buffer_.resize(whole_);
  const auto byte = [&](std::size_t back) {
    return back <= whole_ ? buffer_[whole_ - back] : tail_[2 - (back - whole_)];
  };
  if (byte(1) != '\r' || byte(2) == '\r')
    return;
  buffer_ += '\n';
  ++whole_;
}

void event_relay::add(std::string_view events) {
  buffer_.insert(whole_, events);
  whole_ += events.size();
  committed_ = true;
}

void event_relay::add_error(std::string_view json) {
  std::string event;
  append_data_event(event, json);
  end_line();
  add(event);
}

void event_relay::sent() {
  if (!committed_ || whole_ == 0)
    return;
  tail_[0] = whole_ > 1 ? buffer_[whole_ - 2] : tail_[1];
  tail_[1] = buffer_[whole_ - 1];
  buffer_.erase(0, whole_);
  whole_ = 0;
  if (buffer_.size() < kept_capacity && buffer_.capacity() > 2 * kept_capacity) {
    std::string smaller{buffer_};
    buffer_.swap(smaller);
  }
}

} // namespace synapse::http
