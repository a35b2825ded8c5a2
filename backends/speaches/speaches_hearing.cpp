// Speaches' recognition.
#include "backends/engine/private_folder.hpp"
#include "backends/llama/api.hpp"
#include "backends/speaches/speaches.hpp"
#include "backends/speaches/subtitles.hpp"
#include "backends/web/validation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::backends {

namespace {

json verbose_text(const transcript& heard, bool with_words) {
  json segments = json::array();
  json words = json::array();
  for (const auto& each : heard.segments) {
    segments.push_back({{"id", segments.size() + 1},
                        {"avg_logprob", -0.2},
                        {"compression_ratio", 1.0},
                        {"end", each.end()},
                        {"no_speech_prob", 0.0},
                        {"seek", 0},
                        {"start", each.start()},
                        {"temperature", 0.0},
                        {"text", " " + each.text()},
                        {"tokens", json::array()}});
    for (const auto& word : each.words)
      words.push_back({{"end", word.end}, {"start", word.start}, {"word", " " + word.text}});
  }
  return {{"duration", heard.duration}, {"language", "en"},
          {"text", heard.text()},       {"segments", std::move(segments)},
          {"usage", nullptr},           {"words", with_words ? std::move(words) : json()}};
}

response transcript_answer(const transcript& heard, const std::string& format, bool with_words) {
  response out;
  out.content_type = format == "vtt" ? "text/vtt; charset=utf-8" : "text/plain; charset=utf-8";
  if (format == "text")
    out.body = heard.text();
  else if (format == "srt")
    out.body = to_srt(heard);
  else if (format == "vtt")
    out.body = to_vtt(heard);
  else if (format == "verbose_json")
    return json_answer(verbose_text(heard, with_words));
  else
    return json_answer({{"text", heard.text()}, {"logprobs", nullptr}, {"usage", nullptr}});
  return out;
}

} // namespace

asio::awaitable<transcript> speaches::hear(const form_part& file, exchange& out) {
  bool inside = co_await hearing_.enter(out);
  if (!inside)
    co_return transcript();
  turnstile_pass mine{hearing_};
  auto work = [this, data = file.data](const stop_signal& stop) {
    private_folder folder{options_.programs.temporary};
    auto path = folder.file("upload");
    write_file(path, data);
    return recognize(path, options_.programs, stop);
  };
  co_return co_await compute(out, std::move(work));
}

asio::awaitable<void> speaches::transcribe(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  bool streamed = fields.boolean("stream", false);
  auto asked = fields.text("model").value_or("");
  auto format = fields.text("response_format").value_or("json");
  auto times = fields.text("timestamp_granularities[]").value_or("segment");
  fields.check();
  static constexpr std::array formats{"text", "json", "verbose_json", "srt", "vtt"};
  validation wrong;
  if (asked.empty())
    wrong.add("missing", "model", "Field required", nullptr);
  if (std::find(formats.begin(), formats.end(), format) == formats.end())
    wrong.add("enum", "response_format",
              "Input should be 'text', 'json', 'verbose_json', 'srt' or 'vtt'", format);
  wrong.check();
  auto model = installed(asked, false);
  if (file->data.empty())
    throw http_problem(400, "The audio file is empty.");
  co_await load(model, out);
  transcript heard;
  bool decoded = true;
  try {
    heard = co_await hear(*file, out);
  } catch (const engine_error&) {
    decoded = false;
  }
  if (!decoded)
    throw http_problem(415, "Failed to decode audio. The provided file type is not supported.");
  if (out.gone())
    co_return;
  if (streamed) {
    co_await stream_text(heard, out);
    co_return;
  }
  auto answer = transcript_answer(heard, format, times == "word");
  co_await out.reply(std::move(answer));
}

// One event per segment; the last one's text is empty, and nothing says DONE.
asio::awaitable<void> speaches::stream_text(const transcript& heard, exchange& out) {
  response head;
  head.content_type = "text/event-stream; charset=utf-8";
  bool ok = co_await out.begin_stream(std::move(head));
  std::string before;
  for (const auto& each : heard.segments) {
    auto text = dump({{"delta", before + each.text()},
                      {"type", "transcript.text.delta"},
                      {"logprobs", nullptr}});
    before = " ";
    if (ok)
      ok = co_await out.event(std::move(text));
  }
  if (ok) {
    auto text = dump({{"text", ""},
                      {"type", "transcript.text.done"},
                      {"logprobs", nullptr},
                      {"usage", nullptr}});
    ok = co_await out.event(std::move(text), event_kind::done);
  }
  if (ok)
    co_await out.end_stream();
}

} // namespace synapse::backends
