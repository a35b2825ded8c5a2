#include "http/dialects/speaches/to_openai.hpp"

#include "http/core/json/json_members.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/answer_head.hpp"
#include "http/dialects/audio_answer.hpp"
#include "http/dialects/openai/audio/pcm_answer.hpp"
#include "http/dialects/openai/audio/speech_events.hpp"
#include "http/dialects/openai/audio/transcription.hpp"

namespace synapse::http::speaches {

using progress = answer_translator::progress;

namespace {
constexpr std::size_t max_event_json = 16 * 1024 * 1024;
/// A transcription of a whole day has a few MiB.
constexpr std::size_t max_text_bytes = 64 * 1024 * 1024;
} // namespace

openai_answer::openai_answer(std::string_view format, bool events) {
  if (format == "pcm")
    audio_ = std::make_unique<openai::pcm_answer>();
  else if (format == "wav")
    audio_ = std::make_unique<audio_answer>(media_kind::wav, "audio/wav", "");
  else if (format == "flac")
    audio_ = std::make_unique<audio_answer>(media_kind::flac, "audio/flac", "");
  else if (format == "opus")
    audio_ = std::make_unique<audio_answer>(media_kind::ogg, "audio/opus", "");
  else if (format == "aac")
    audio_ = std::make_unique<audio_answer>(media_kind::mpeg, "audio/aac", "");
  else
    audio_ = std::make_unique<audio_answer>(media_kind::mpeg, "audio/mpeg", "");
  if (events)
    events_ = std::make_unique<openai::speech_events>(*audio_);
}

progress transcription_events::begin(const response_head& answer) {
  const auto type = answer.fields.value_of(known_field::content_type);
  if (is_encoded(answer) || type.size() < 17 || !iequals(type.substr(0, 17), "text/event-stream"))
    return refuse("its answer is no event stream");
  return progress::more;
}

progress transcription_events::take(std::string_view bytes, std::string& out) {
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
    if (event.comment_only)
      out.append(buffer_, begin, event.size);
    else
      how = on_event(event, out);
    begin += event.size;
  }
  buffer_.erase(0, begin);
  return how;
}

progress transcription_events::on_event(const sse_event& event, std::string& out) {
  detail::borrowed_parser parser;
  std::string problem;
  const auto root = detail::parse_object(parser, event.data, max_event_json, problem);
  const auto type = root ? detail::text_member(*root, "type").value_or("") : std::string_view{};
  if (type == "transcript.text.delta") {
    const auto delta = detail::text_member(*root, "delta");
    if (!delta)
      return refuse("one of its events has no text");
    if (text_.size() + delta->size() > max_text_bytes)
      return refuse("its transcription exceeds " + std::to_string(max_text_bytes) + " bytes");
    text_ += *delta;
    if (!delta->empty())
      out += openai::delta_event(*delta);
    return progress::more;
  }
  if (type == "transcript.text.done") {
    const auto said = detail::text_member(*root, "text").value_or("");
    out += openai::done_event(said.empty() ? std::string_view{text_} : said, 0);
    done_ = true;
    return progress::ended;
  }
  // Others of OpenAI's say nothing that the text does not.
  if (type.starts_with("transcript."))
    return progress::more;
  return refuse("one of its events is none of a transcription: " +
                std::string{detail::shortened(event.data, 200)});
}

progress transcription_events::finish(std::string& out) {
  sse_event event;
  // The blank line behind the last event is often forgotten.
  if (!done_ && scanner_.finish(buffer_.data(), buffer_.size(), event) == sse_status::event &&
      !event.comment_only && on_event(event, out) == progress::bad)
    return progress::bad;
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

answer_translator::head transcription_events::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

void transcription_events::broken(std::string& out, response_detail detail,
                                  std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::speaches
