#include "http/dialects/events_answer.hpp"

#include "http/dialects/answer_head.hpp"

namespace synapse::http {

using progress = answer_translator::progress;

progress events_answer::begin(const response_head& answer) {
  const auto type = answer.fields.value_of(known_field::content_type);
  if (is_encoded(answer) || type.size() < 17 || !iequals(type.substr(0, 17), "text/event-stream"))
    return refuse("its answer is no event stream");
  return progress::more;
}

progress events_answer::take(std::string_view bytes, std::string& out) {
  buffer_.append(bytes);
  auto how = progress::more;
  while (how == progress::more) {
    sse_event event;
    const auto status = scanner_.next(buffer_.data() + begin_, buffer_.size() - begin_, event);
    if (status == sse_status::too_large)
      return refuse("one of its events is too large");
    if (status != sse_status::event)
      break;
    done_ = event.type == "done";
    how = on_event(event, std::string_view{buffer_}.substr(begin_, event.size), out);
    begin_ += event.size;
    if (done_ && how == progress::more)
      how = progress::ended;
  }
  buffer_.erase(0, begin_);
  begin_ = 0;
  return how;
}

progress events_answer::finish(std::string& out) {
  sse_event event;
  // The blank line behind the last event is often forgotten.
  if (!done_ && scanner_.finish(buffer_.data(), buffer_.size(), event) == sse_status::event &&
      event.type == "done") {
    done_ = true;
    if (on_event(event, buffer_ + "\n\n", out) == progress::bad)
      return progress::bad;
  }
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

answer_translator::head events_answer::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

} // namespace synapse::http
