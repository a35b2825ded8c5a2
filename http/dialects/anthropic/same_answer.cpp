#include "http/dialects/anthropic/same_answer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
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

progress same_events::finish(std::string& out) {
  sse_event event;
  if (!ended_ && unterminated(event) && event.has_data &&
      on_event(event, completed(), out) == progress::bad)
    return progress::bad;
  return ended_ ? progress::more : refuse("its stream ended before it was done");
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
