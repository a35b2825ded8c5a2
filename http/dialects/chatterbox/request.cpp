#include "http/dialects/chatterbox/request.hpp"

#include "http/core/body/multipart_writer.hpp"
#include "http/core/json/json_text.hpp"
#include "http/dialects/openai/audio/stock_voices.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <utility>

namespace synapse::http::chatterbox {

using json = nlohmann::ordered_json;

namespace {
/// What it is to answer with: samples alone (OpenAI's pcm) are taken out of a WAV recording.
std::string_view format_of(const speech& what) {
  return what.format == "pcm" ? std::string_view{"wav"} : std::string_view{what.format};
}

json tts_body(const speech& what) {
  json body;
  body["text"] = what.text;
  body["split_text"] = what.split_sentences;
  body["language"] = what.language;
  if (what.speed != 1)
    body["speed_factor"] = what.speed;
  if (what.format != "wav")
    body["output_format"] = format_of(what);
  return body;
}
} // namespace

json_call with_reference(const speech& what, std::string_view reference) {
  auto body = tts_body(what);
  body["voice_mode"] = "clone";
  body["reference_audio_filename"] = reference;
  return {"/tts", dump(body)};
}

json_call with_voice(const speech& what, std::string_view voice_file) {
  auto body = tts_body(what);
  body["voice_mode"] = "predefined";
  body["predefined_voice_id"] = voice_file;
  return {"/tts", dump(body)};
}

json_call openai_with_voice(const speech& what, std::string_view voice_file) {
  json body;
  body["model"] = "chatterbox";
  body["input"] = what.text;
  body["voice"] = voice_file;
  if (what.format != "wav")
    body["response_format"] = format_of(what);
  body["speed"] = what.speed;
  return {"/v1/audio/speech", dump(body)};
}

std::string predefined_voice_file(std::string_view voice) {
  if (openai::is_stock_voice(voice))
    return std::string{default_voice_file};
  std::string file{voice};
  if (file.find('.') != std::string::npos)
    return file;
  if (!file.empty() && file[0] >= 'a' && file[0] <= 'z')
    file[0] = static_cast<char>(file[0] - 'a' + 'A');
  return file + ".wav";
}

reference_form make_reference_form(std::string_view name, std::string boundary) {
  const multipart_writer writer{std::move(boundary)};
  reference_form form;
  form.content_type = writer.content_type();
  writer.append_file_head(form.head, "files", name, "audio/wav");
  writer.append_part_end(form.tail);
  writer.append_close(form.tail);
  return form;
}

std::string reference_name(std::string_view voice_id, std::int64_t modified_ns,
                           std::uint64_t bytes) {
  char version[64];
  std::snprintf(version, sizeof version, "_%llx%llx.wav",
                static_cast<unsigned long long>(modified_ns),
                static_cast<unsigned long long>(bytes));
  return std::string{voice_id} + version;
}

} // namespace synapse::http::chatterbox
