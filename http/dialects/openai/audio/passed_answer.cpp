#include "http/dialects/openai/audio/passed_answer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/json/json_members.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/answer_head.hpp"

#include <utility>

namespace synapse::http::openai {

using progress = answer_translator::progress;

namespace {
/// A transcription of a whole day has a few MiB.
constexpr std::size_t max_passed_bytes = 64 * 1024 * 1024;

bool begins_with(std::string_view type, std::string_view with) {
  return type.size() >= with.size() && iequals(type.substr(0, with.size()), with);
}

bool is_last_event(std::string_view data) {
  detail::borrowed_parser parser;
  std::string problem;
  const auto root = detail::parse_object(parser, data, max_passed_bytes, problem);
  return root && detail::text_member(*root, "type").value_or("") == "transcript.text.done";
}
} // namespace

progress passed_answer::begin(const response_head& answer) {
  type_ = answer.fields.value_of(known_field::content_type);
  events_ = begins_with(type_, "text/event-stream");
  json_ = begins_with(type_, "application/json");
  if (is_encoded(answer))
    return refuse("its answer is compressed, unasked");
  if (begins_with(type_, "text/html"))
    return refuse("its answer is a page");
  return progress::more;
}

progress passed_answer::take(std::string_view bytes, std::string& out) {
  if (text_.size() + bytes.size() > max_passed_bytes)
    return refuse("its answer exceeds " + std::to_string(max_passed_bytes) + " bytes");
  text_.append(bytes);
  if (!events_)
    return progress::more;
  std::size_t begin = 0;
  auto how = progress::more;
  while (how == progress::more) {
    sse_event event;
    const auto status = scanner_.next(text_.data() + begin, text_.size() - begin, event);
    if (status == sse_status::too_large)
      return refuse("one of its events is too large");
    if (status != sse_status::event)
      break;
    how = on_event(event, std::string_view{text_}.substr(begin, event.size), out);
    begin += event.size;
  }
  text_.erase(0, begin);
  return how;
}

progress passed_answer::on_event(const sse_event& event, std::string_view raw, std::string& out) {
  if (!event.comment_only) {
    told_ = told_error_in(event.data, true);
    if (told_)
      return refuse("it reports an error in its stream");
    done_ = done_ || is_last_event(event.data);
  }
  out.append(raw);
  return progress::more;
}

progress passed_answer::finish(std::string& out) {
  if (events_) {
    sse_event event;
    // The blank line behind the last event is often forgotten.
    if (!done_ && scanner_.finish(text_.data(), text_.size(), event) == sse_status::event &&
        !event.comment_only && on_event(event, text_ + "\n\n", out) == progress::bad)
      return progress::bad;
    return done_ ? progress::more : refuse("its stream ended before it was done");
  }
  if (json_) {
    if (const auto seen = inspect_json(text_); !seen.ok())
      return refuse("its answer is no JSON object: " + text_.substr(0, 200));
    told_ = told_error_in(text_, true);
    if (told_)
      return refuse("it reports an error in place of a transcription");
  }
  out += std::exchange(text_, {});
  return progress::more;
}

answer_translator::head passed_answer::client_head() const {
  head result;
  result.content_type =
      type_.empty() ? std::string_view{"application/json"} : std::string_view{type_};
  if (events_ || (wished_events_ && type_.empty()))
    result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = events_ || (wished_events_ && type_.empty());
  return result;
}

void passed_answer::broken(std::string& out, response_detail detail, std::string_view message) {
  if (!events_ && !wished_events_)
    return;
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::openai
