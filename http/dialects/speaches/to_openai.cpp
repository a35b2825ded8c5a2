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

progress transcription_events::on_event(const sse_event& event, std::string_view raw,
                                        std::string& out) {
  if (event.comment_only) {
    out.append(raw);
    return progress::more;
  }
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
  if (!done_ && unterminated(event) && !event.comment_only &&
      on_event(event, {}, out) == progress::bad)
    return progress::bad;
  return done_ ? progress::more : refuse("its stream ended before it was done");
}

void transcription_events::broken(std::string& out, response_detail detail,
                                  std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::speaches
