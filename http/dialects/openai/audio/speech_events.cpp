#include "http/dialects/openai/audio/speech_events.hpp"

#include "http/core/body/sse.hpp"
#include "http/core/local_reply.hpp"

#include <openssl/evp.h>

namespace synapse::http::openai {

using progress = answer_translator::progress;

progress speech_events::begin(const response_head& answer) {
  const auto how = inner_.begin(answer);
  return how == progress::bad ? refuse(inner_.problem()) : how;
}

/// Sends what there is of `audio_`, all of it if it is the last.
progress speech_events::wrap(progress how, std::string& out, bool last) {
  if (how == progress::bad)
    return refuse(inner_.problem());
  const auto size = last ? audio_.size() : audio_.size() / 3 * 3;
  if (size > 0) {
    std::string text((size + 2) / 3 * 4 + 1, '\0'); // EVP_EncodeBlock ends it with a NUL
    const auto written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                         reinterpret_cast<const unsigned char*>(audio_.data()),
                                         static_cast<int>(size));
    text.resize(static_cast<std::size_t>(written));
    append_data_event(out, R"({"type":"speech.audio.delta","audio":")" + text + R"("})");
    audio_.erase(0, size);
  }
  return how;
}

progress speech_events::take(std::string_view bytes, std::string& out) {
  return wrap(inner_.take(bytes, audio_), out, false);
}

progress speech_events::finish(std::string& out) {
  const auto how = wrap(inner_.finish(audio_), out, true);
  // OpenAI's clients want to see a usage. The backend counts no tokens: there are none to report.
  if (how != progress::bad)
    append_data_event(out, R"({"type":"speech.audio.done","usage":{"input_tokens":0,)"
                           R"("output_tokens":0,"total_tokens":0}})");
  return how;
}

answer_translator::head speech_events::client_head() const {
  head result;
  result.content_type = "text/event-stream; charset=utf-8";
  result.event_stream = true;
  return result;
}

void speech_events::broken(std::string& out, response_detail detail, std::string_view message) {
  std::string body;
  append_error_body(body, error_dialect::openai, detail, message);
  append_data_event(out, body);
}

} // namespace synapse::http::openai
