#include "http/dialects/openai/chat_events_answer.hpp"

#include "http/core/json/json_body.hpp"

namespace synapse::http::openai {

using progress = answer_translator::progress;

namespace {
bool is_blank_data(std::string_view data) noexcept {
  return data.find_first_not_of(" \t\r\n") == std::string_view::npos;
}
} // namespace

progress chat_events_answer::finish(std::string& out) {
  if (ended_)
    return progress::more;
  sse_event event;
  auto how = progress::more;
  bool half = false;
  if (unterminated(event)) {
    half = !is_whole_at_end(event);
    if (!half)
      how = on_event(event, {}, out);
  }
  if (how != progress::more)
    return how == progress::ended ? progress::more : how;
  if (half || watch_.at_end() != chat_end::finished_without_done)
    return refuse("its stream ended before it was done");
  ended_ = true;
  return on_end(out) == progress::bad ? progress::bad : progress::more;
}

/// The backend's own error, as a client would have had it of the stream itself.
progress chat_events_answer::refuse_error(std::string_view data) {
  const auto& message = watch_.error_message();
  told_ = make_told_error(message, {}, watch_.error_status());
  if (is_json_object(data))
    told_->body = data;
  return refuse(message.empty() ? "it has reported an error without a word" : message);
}

progress chat_events_answer::on_event(const sse_event& event, std::string_view /*raw*/,
                                      std::string& out) {
  const auto kind = watch_.on_event(event);
  if (watch_.error_seen())
    return refuse_error(event.data);
  // Text outside of any field is how some servers say that they broke off.
  if (watch_.stray_seen())
    return refuse("its stream has text that is no event: " +
                  std::string{event.stray.substr(0, 200)});
  if (watch_.done_seen()) {
    // An end mark behind nothing is no end.
    if (watch_.at_end() != chat_end::complete)
      return refuse("its stream ended before it said anything");
    ended_ = true;
    return on_end(out) == progress::bad ? progress::bad : progress::ended;
  }
  if (event.comment_only)
    on_comment(out);
  if (!event.has_data || (kind == chat_event::other && is_blank_data(event.data)))
    return progress::more;
  const auto chunk = read_chat_chunk(event.data);
  if (!chunk)
    return refuse("one of its events is no chunk of a chat");
  return on_chunk(*chunk, out);
}

} // namespace synapse::http::openai
