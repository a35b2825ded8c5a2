#include "http/dialects/whisper_cpp/to_openai.hpp"

#include "http/core/body/sse.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/whisper_cpp/answer.hpp"

namespace synapse::http::whisper_cpp {

using progress = answer_translator::progress;

answer_translator::head transcription_answer::client_head() const {
  head result;
  const auto wishes = wishes_();
  result.event_stream = wishes.stream;
  result.content_type =
      wishes.stream ? "text/event-stream; charset=utf-8" : openai::media_type_of(wishes.format);
  return result;
}

progress transcription_answer::translate(std::string& text, std::string& out) {
  std::string problem;
  auto read = parse_transcript(text, problem);
  if (!read)
    return refuse_answer(text, std::move(problem));
  if (translated_)
    read->language = "en"; // it tells what was spoken
  out += openai::render(*read, wishes_());
  return progress::more;
}

void transcription_answer::broken(std::string& out, response_detail detail,
                                  std::string_view message) {
  if (!wishes_().stream)
    return;
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::whisper_cpp
