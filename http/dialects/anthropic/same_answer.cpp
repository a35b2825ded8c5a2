#include "http/dialects/anthropic/same_answer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/answer_head.hpp"
#include "http/dialects/anthropic/errors.hpp"
#include "http/dialects/openai/json_values.hpp"

#include <utility>

namespace synapse::http::anthropic {

using progress = answer_translator::progress;

namespace {
bool is_type(std::string_view object, std::string_view type) {
  return detail::says(detail::value_in(object, "type"), type);
}

/// An error that its maker tells in an answer's place.
told_error told_in(std::string_view object) {
  const auto error = detail::value_in(object, "error");
  const auto type = detail::value_in(error, "type");
  told_error told;
  told.status = status_of_type(detail::inner(type));
  told.body = openai_error_of(object);
  return told;
}

std::string sentence_in(std::string_view object) {
  std::string text;
  detail::append_unescaped(text, detail::value_in(detail::value_in(object, "error"), "message"));
  return text.empty() ? "it reported an error" : text;
}
} // namespace

progress same_events::begin(const response_head& answer) {
  const auto type = answer.fields.value_of(known_field::content_type);
  if (is_encoded(answer) || type.size() < 17 || !iequals(type.substr(0, 17), "text/event-stream"))
    return refuse("its answer is no event stream");
  return progress::more;
}

progress same_events::on_event(const sse_event& event, std::string_view raw, std::string& out) {
  if (event.comment_only || !event.has_data) {
    (said_ ? out : held_) += raw;
    return progress::more;
  }
  if (!inspect_json(event.data).ok())
    return refuse("one of its events is no JSON object");
  if (event.type == "error" || is_type(event.data, "error")) {
    told_ = told_in(event.data);
    return refuse(sentence_in(event.data));
  }
  if (is_type(event.data, "message_start"))
    usage_.note(detail::value_in(detail::value_in(event.data, "message"), "usage"));
  else if (is_type(event.data, "message_delta"))
    usage_.note(detail::value_in(event.data, "usage"));
  const bool silent = is_type(event.data, "message_start") || is_type(event.data, "ping");
  if (!said_ && silent) {
    held_ += raw;
    return progress::more;
  }
  said_ = true;
  out += std::exchange(held_, {});
  out += raw;
  ended_ = is_type(event.data, "message_stop");
  return ended_ ? progress::ended : progress::more;
}

progress same_events::take(std::string_view bytes, std::string& out) {
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

progress same_events::finish(std::string& out) {
  sse_event event;
  // The blank line behind the last event is often forgotten.
  if (!ended_ && scanner_.finish(buffer_.data(), buffer_.size(), event) == sse_status::event &&
      event.has_data) {
    const auto raw = buffer_ + "\n\n";
    if (on_event(event, raw, out) == progress::bad)
      return progress::bad;
  }
  return ended_ ? progress::more : refuse("its stream ended before it was done");
}

answer_translator::head same_events::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

void same_events::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::anthropic, detail, message);
  append_named_event(out, "error", body);
}

progress same_message::translate(std::string& text, std::string& out) {
  if (is_type(text, "error"))
    return refuse_answer(text, sentence_in(text));
  if (!is_type(text, "message"))
    return refuse("its answer is no message: " + text.substr(0, 200));
  usage_.note(detail::value_in(text, "usage"));
  return json_answer::translate(text, out);
}

} // namespace synapse::http::anthropic
