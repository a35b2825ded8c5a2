#include "http/dialects/sse_answer.hpp"

#include "http/dialects/answer_head.hpp"

namespace synapse::http {

using progress = answer_translator::progress;

progress sse_answer::begin(const response_head& answer) {
  constexpr std::string_view wanted = "text/event-stream";
  const auto type = answer.fields.value_of(known_field::content_type);
  if (is_encoded(answer) || !iequals(type.substr(0, wanted.size()), wanted))
    return refuse("its answer is no event stream");
  return progress::more;
}

progress sse_answer::take(std::string_view bytes, std::string& out) {
  buffer_.append(bytes);
  std::size_t begin = 0;
  auto how = progress::more;
  while (how == progress::more) {
    sse_event event;
    const auto status = scanner_.next(buffer_.data() + begin, buffer_.size() - begin, event);
    if (status == sse_status::too_large)
      return refuse("one of its events is too large");
    if (status != sse_status::event)
      break;
    how = on_event(event, std::string_view{buffer_}.substr(begin, event.size), out);
    begin += event.size;
  }
  buffer_.erase(0, begin);
  return how;
}

bool sse_answer::unterminated(sse_event& event) {
  return scanner_.finish(buffer_.data(), buffer_.size(), event) == sse_status::event;
}

answer_translator::head sse_answer::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

} // namespace synapse::http
