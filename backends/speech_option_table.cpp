#include "backends/option_table.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace synapse::backends {

namespace {

std::vector<option_row> spoken_options() {
  return {
      {"tts-answers-meanwhile", "", "the speech server answers other requests while it speaks",
       [](gathered_options& all, const std::string&) {
         all.chatterbox.blocks_while_speaking = false;
         return std::string();
       }},
      {"tts-load-time", "MS", "the speech server refuses connections at first (default 0)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.chatterbox.load_time);
       }},
      {"tts-load-fails", "", "the speech server has no model: 503 for every text",
       [](gathered_options& all, const std::string&) {
         all.chatterbox.load_fails = true;
         return std::string();
       }},
      {"no-tts-upload-check", "", "bad voices are refused only when they are used",
       [](gathered_options& all, const std::string&) {
         all.chatterbox.check_uploads = false;
         return std::string();
       }},
      {"stt-load-time", "MS", "the first recognition takes longer (default 0)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.whisper.load_time);
       }},
      {"stt-ping-interval", "MS", "between comments in a stream of /stream (default 15000)",
       [](gathered_options& all, const std::string& text) {
         auto problem = read_ms(text, all.whisper.ping_interval);
         if (problem.empty() && all.whisper.ping_interval.count() == 0)
           problem = "'0' would be without end";
         return problem;
       }},
  };
}

std::vector<option_row> engine_options() {
  return {
      {"engine-limit", "MS", "longest run of flite, pocketsphinx, ffmpeg (default 600000)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.programs.limit);
       }},
      {"speech-model", "DIR", "pocketsphinx' model (default: Debian's pocketsphinx-en-us)",
       [](gathered_options& all, const std::string& text) {
         all.programs.speech_model = text;
         return std::string();
       }},
      {"deepfilter-library", "FILE", "DeepFilterNet's libdeepfilter.so (default: ffmpeg's filter)",
       [](gathered_options& all, const std::string& text) {
         all.deepfilter.library = text;
         return std::string();
       }},
      {"deepfilter-model", "FILE", "the archive of its model",
       [](gathered_options& all, const std::string& text) {
         all.deepfilter.model = text;
         return std::string();
       }},
      {"audio-errors", "text|detail",
       "500 of the speaker and audio servers: plain text or JSON (default text)",
       [](gathered_options& all, const std::string& text) {
         using errors = unverified_shape::errors;
         if (text != "text" && text != "detail")
           return "'" + text + "' is not one of text, detail";
         all.shape.error_style = text == "text" ? errors::text : errors::detail;
         return std::string();
       }},
      {"audio-health", "JSON", "body of /health of the speaker and audio servers",
       [](gathered_options& all, const std::string& text) {
         if (!nlohmann::json::accept(text))
           return "'" + text + "' is no JSON";
         all.shape.health_body = text;
         return std::string();
       }},
      {"audio-type", "TYPE", "Content-Type of the audio server's audio (default: the right one)",
       [](gathered_options& all, const std::string& text) {
         if (text.find_first_of("\r\n") != std::string::npos)
           return std::string("a line end in it");
         all.shape.audio_type = text;
         return std::string();
       }},
  };
}

} // namespace

std::vector<option_row> speech_options() {
  auto out = spoken_options();
  auto more = engine_options();
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

} // namespace synapse::backends
