#include "backends/speaches/speaches.hpp"

#include "backends/llama/api.hpp"
#include "backends/llama/base64.hpp"
#include "backends/web/validation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::backends {

namespace {

struct kokoro_voice {
  std::string_view name;
  std::string_view flite;
  std::string_view variant;
  double pitch;
};

constexpr std::array kokoro_voices{
    kokoro_voice{"af_heart", "slt", "f2", 1.0},  kokoro_voice{"af_bella", "slt", "f3", 1.12},
    kokoro_voice{"am_adam", "rms", "m3", 1.0},   kokoro_voice{"am_michael", "kal16", "m7", 1.0},
    kokoro_voice{"bm_george", "awb", "m1", 1.0},
};

constexpr std::array openai_voices{"alloy", "ash",  "ballad", "coral",   "echo", "fable",
                                   "nova",  "onyx", "sage",   "shimmer", "verse"};

// OpenAI's names are the first voice; others that are not there are none.
const kokoro_voice* find_kokoro(const std::string& name) {
  if (std::find(openai_voices.begin(), openai_voices.end(), name) != openai_voices.end())
    return &kokoro_voices.front();
  auto found = std::find_if(kokoro_voices.begin(), kokoro_voices.end(),
                            [&](const kokoro_voice& each) { return each.name == name; });
  return found == kokoro_voices.end() ? nullptr : &*found;
}

std::string speech_type(const std::string& format) {
  return "audio/" + (format == "mp3" ? "mpeg" : format);
}

} // namespace

struct speaches::wanted_speech {
  speech_order order;
  bool events = false; ///< server-sent, with the sound in Base64
};

speaches::speaches(speaches_options options)
    : fastapi_service("\n"), options_(std::move(options)),
      missing_(missing_programs({options_.programs.flite, options_.programs.espeak,
                                 options_.programs.ffmpeg, options_.programs.recognizer})) {
  add_lists();
  add_route("POST", "/v1/audio/speech",
            [this](const request& in, exchange& out) { return speak_aloud(in, out); });
  add_route("POST", "/v1/audio/transcriptions",
            [this](const request& in, exchange& out) { return transcribe(in, out); });
}

void speaches::add_lists() {
  add_simple("GET", "/health", [](const request&) { return json{{"message", "OK"}}; });
  add_simple("GET", "/v1/models",
             [this](const request& in) { return models(in.query_value("task")); });
  add_simple("GET", "/v1/audio/models", [this](const request&) {
    return json{{"models", models("text-to-speech")["data"]}};
  });
  add_simple("GET", "/v1/audio/voices", [this](const request&) {
    return json{{"voices", voices()}, {"object", "list"}};
  });
  add_simple("GET", "/api/ps", [this](const request&) { return json{{"models", loaded_}}; });
}

void speaches::check_key(const request& in) const {
  const auto& keys = options_.api_keys;
  if (keys.empty() || in.path == "/health")
    return;
  auto given = in.header("authorization");
  if (!given.starts_with("Bearer "))
    throw http_problem(403, "API key required. Please provide an API key using the Authorization "
                            "header with the format: Bearer YOUR_API_KEY");
  given.remove_prefix(7);
  if (std::find(keys.begin(), keys.end(), given) == keys.end())
    throw http_problem(403, "Invalid API key. The provided API key is incorrect.");
}

asio::awaitable<void> speaches::handle(const request& in, exchange& out) {
  static constexpr std::string_view below = "/v1/models/";
  std::optional<response> answer;
  try {
    check_key(in);
    if (in.method == "GET" && in.path.starts_with(below))
      answer = one_model(in.path.substr(below.size()));
  } catch (const http_problem& problem) {
    answer = json_answer({{"detail", problem.detail}}, problem.status);
    if (problem.status == 403)
      answer->headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  if (answer)
    co_await out.reply(std::move(*answer));
  else
    co_await fastapi_service::handle(in, out);
}

// Returns the model behind a name or an alias.
std::string speaches::installed(const std::string& asked, bool speech) const {
  auto name = asked;
  if (asked == "tts-1" || asked == "tts-1-hd")
    name = options_.speech_model;
  else if (asked == "whisper-1")
    name = "Systran/faster-whisper-large-v3";
  if (name != options_.speech_model && name != options_.recognition_model)
    throw http_problem(404, "Model '" + name + "' is not installed locally. You can download the " +
                                "model using `POST /v1/models`");
  if (name != (speech ? options_.speech_model : options_.recognition_model))
    throw http_problem(404, "Model '" + name + "' is not supported.");
  return name;
}

json speaches::voices() const {
  json out = json::array();
  for (const auto& each : kokoro_voices)
    out.push_back({{"name", each.name}, {"id", each.name}, {"model_id", options_.speech_model}});
  return out;
}

json speaches::entry(bool speech) const {
  const auto& id = speech ? options_.speech_model : options_.recognition_model;
  json out = {{"id", id},
              {"created", 1'790'000'000},
              {"object", "model"},
              {"owned_by", id.substr(0, id.find('/'))},
              {"language", json::array({"en"})},
              {"task", speech ? "text-to-speech" : "automatic-speech-recognition"}};
  if (speech) {
    out["sample_rate"] = speech_rate;
    out["voices"] = voices();
  }
  return out;
}

json speaches::models(std::string_view task) const {
  json data = json::array();
  for (bool speech : {false, true}) {
    auto each = entry(speech);
    if (task.empty() || each["task"] == task)
      data.push_back(std::move(each));
  }
  return {{"data", std::move(data)}, {"object", "list"}};
}

response speaches::one_model(const std::string& id) const {
  if (id != options_.speech_model && id != options_.recognition_model)
    throw http_problem(404, "Model '" + id + "' is not installed locally. You can download the " +
                                "model using `POST /v1/models`");
  return json_answer(entry(id == options_.speech_model));
}

// A model goes into memory with its first use, and whoever uses it waits.
asio::awaitable<void> speaches::load(const std::string& model, exchange& out) {
  auto wait = out.plan().load_delay.value_or(std::chrono::milliseconds(0));
  if (!loaded_.contains(model))
    wait = std::max(wait, options_.load_time);
  auto until = exchange::clock::now() + wait;
  while (!out.gone() && exchange::clock::now() < until)
    co_await out.pause_until(until);
  if (!out.gone())
    loaded_.insert(model);
}

asio::awaitable<void> speaches::speak_aloud(const request& in, exchange& out) {
  json_reader fields{in};
  wanted_speech what;
  auto asked = fields.required_text("model", 0);
  what.order.text = fields.required_text("input", 0);
  auto voice = fields.required_text("voice", 0);
  what.order.format =
      fields.choice("response_format", {"mp3", "wav", "flac", "opus", "aac", "pcm"});
  what.order.speed = fields.number("speed", 1.0);
  what.events = fields.choice("stream_format", {"audio", "sse"}) == "sse";
  fields.check();
  auto model = installed(asked, true);
  co_await load(model, out);
  const auto* chosen = find_kokoro(voice);
  bool good =
      chosen && what.order.speed >= 0.5 && what.order.speed <= 2.0 && is_speakable(what.order.text);
  if (!good) {
    co_await broken_speech(out, speech_type(what.order.format));
    co_return;
  }
  what.order.voice.flite = chosen->flite;
  what.order.voice.variant = chosen->variant;
  what.order.voice.pitch = chosen->pitch;
  if (what.events)
    what.order.format = "pcm";
  co_await send_speech(out, std::move(what));
}

// What is wrong shows when the first sound is made, behind the head: a 200 whose body is cut.
asio::awaitable<void> speaches::broken_speech(exchange& out, std::string type) {
  response head;
  head.content_type = std::move(type);
  co_await out.begin_stream(std::move(head));
}

asio::awaitable<void> speaches::send_speech(exchange& out, wanted_speech what) {
  auto work = [this, &what](const stop_signal& stop) {
    return speak(what.order, options_.programs, stop);
  };
  auto sound = co_await compute(out, std::move(work));
  if (out.gone())
    co_return;
  response head;
  head.content_type =
      what.events ? "text/event-stream; charset=utf-8" : speech_type(what.order.format);
  bool ok = co_await out.begin_stream(std::move(head));
  constexpr std::size_t piece = 16 * 1024;
  for (std::size_t at = 0; ok && at < sound.size(); at += piece) {
    auto part = sound.substr(at, piece);
    if (!what.events) {
      ok = co_await out.raw(std::move(part));
      continue;
    }
    auto text = dump({{"type", "speech.audio.delta"}, {"audio", base64_encode(part)}});
    ok = co_await out.event(std::move(text));
  }
  if (ok && what.events) {
    json usage = {{"input_tokens", 0}, {"output_tokens", 0}, {"total_tokens", 0}};
    auto text = dump({{"type", "speech.audio.done"}, {"token_usage", std::move(usage)}});
    ok = co_await out.event(std::move(text), event_kind::done);
  }
  if (ok)
    co_await out.end_stream();
}

} // namespace synapse::backends
