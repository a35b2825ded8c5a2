#include "http/dialects/whisper_stt/to_openai.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/whisper_stt/answer.hpp"
#include "http/dialects/whisper_stt/request.hpp"

#include <algorithm>

namespace synapse::http::whisper_stt {

using progress = answer_translator::progress;

form_fields fields_of(std::string_view language, const openai::transcription_wishes& wishes) {
  // The words' probabilities make up a segment's, which verbose_json has; their blanks tell what
  // stands between segments, and the backend's own stream has words, too.
  return fields_of(language,
                   wishes.format == openai::transcription_format::verbose_json || wishes.stream);
}

answer_translator::head transcription_answer::client_head() const {
  head result;
  const auto wishes = wishes_();
  result.content_type = openai::media_type_of(wishes.format);
  if (wishes.stream) {
    result.content_type = "text/event-stream; charset=utf-8";
    result.event_stream = true;
  }
  return result;
}

progress transcription_answer::translate(std::string& text, std::string& out) {
  const auto read = parse_transcript(text);
  if (!read)
    return refuse_answer(text, "its answer is no transcription: " + text.substr(0, 200));
  out += openai::render(*read, wishes_());
  return progress::more;
}

progress transcription_events::on_told(const sse_event& event, std::string_view raw,
                                       std::string& out) {
  if (event.comment_only) {
    out.append(raw);
    return progress::more;
  }
  if (event.type == "done") {
    out += openai::done_event(joiner_.text(), end_);
    return progress::more;
  }
  if (event.type != "segment")
    return progress::more;
  const auto segment = parse_segment(event.data);
  if (!segment)
    return refuse("one of its events is no segment");
  if (const auto piece = joiner_.add(*segment); !piece.empty())
    out += openai::delta_event(piece);
  end_ = std::max(end_, segment->end);
  return progress::more;
}

void transcription_events::broken(std::string& out, response_detail detail,
                                  std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::whisper_stt
