#include "backends/recognition/whisper_stt.hpp"

#include "backends/engine/private_folder.hpp"
#include "backends/web/validation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <ctime>
#include <exception>
#include <stdexcept>
#include <utility>

namespace synapse::backends {

namespace {

// The codes that Whisper's tokenizer knows; another one is an error there.
constexpr std::string_view whisper_languages =
    " af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw "
    "he "
    "hi hr ht hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne "
    "nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk "
    "ur uz vi yi yo zh yue ";

json words_of(const heard_segment& segment) {
  json out = json::array();
  for (const auto& word : segment.words)
    out.push_back({{"word", " " + word.text},
                   {"start", word.start},
                   {"end", word.end},
                   {"probability", word.probability}});
  return out;
}

json segment_json(const heard_segment& segment, std::size_t id, bool with_words) {
  return {{"id", id},
          {"text", segment.text()},
          {"start", segment.start()},
          {"end", segment.end()},
          {"words", with_words ? words_of(segment) : json(nullptr)}};
}

// As Python writes JSON: a blank after commas and colons.
std::string spaced(const json& value) {
  if (value.is_array() || value.is_object()) {
    std::string out;
    for (auto at = value.begin(); at != value.end(); ++at) {
      out += out.empty() ? "" : ", ";
      if (value.is_object())
        out += json(at.key()).dump() + ": ";
      out += spaced(*at);
    }
    return value.is_array() ? "[" + out + "]" : "{" + out + "}";
  }
  return value.dump(-1, ' ', true, json::error_handler_t::replace);
}

std::string ping_comment() {
  char text[80];
  auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  auto size = std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S+00:00", &parts);
  return ": ping - " + std::string(text, size) + "\r\n\r\n";
}

} // namespace

whisper_stt::whisper_stt(whisper_options options)
    : options_(std::move(options)),
      missing_(missing_programs({options_.programs.recognizer, options_.programs.ffmpeg})) {
  if (!std::filesystem::exists(options_.programs.speech_model / "en-us.lm.bin"))
    missing_.push_back("missing speech model in " + options_.programs.speech_model.string() +
                       " (Debian package pocketsphinx-en-us)");
  add_simple("GET", "/health", [this](const request&) {
    return json{{"status", "ok"}, {"model_loaded", loaded_}, {"model", options_.model}};
  });
  add_route("POST", "/transcribe",
            [this](const request& in, exchange& out) { return transcribe(in, out); });
  add_route("POST", "/detect-language",
            [this](const request& in, exchange& out) { return detect(in, out); });
  add_route("POST", "/stream",
            [this](const request& in, exchange& out) { return stream(in, out); });
}

void whisper_stt::check_language(const std::string& code) const {
  if (code.find(' ') != std::string::npos ||
      whisper_languages.find(" " + code + " ") == std::string_view::npos)
    throw std::runtime_error("'" + code + "' is not a valid language code");
}

// The first request loads the model, and whoever comes meanwhile waits behind it.
asio::awaitable<void> whisper_stt::load(exchange& out) {
  if (!missing_.empty())
    throw http_problem(500, missing_.front());
  auto wait = out.plan().load_delay.value_or(std::chrono::milliseconds(0));
  if (!loaded_)
    wait = std::max(wait, options_.load_time);
  auto until = exchange::clock::now() + wait;
  while (!out.gone() && exchange::clock::now() < until)
    co_await out.pause_until(until);
  if (!out.gone())
    loaded_ = true;
}

asio::awaitable<transcript> whisper_stt::hear(const form_part& file, exchange& out) {
  bool inside = co_await turns_.enter(out);
  if (!inside)
    co_return transcript();
  turnstile_pass mine{turns_};
  co_await load(out);
  if (out.gone())
    co_return transcript();
  auto work = [this, data = file.data](const stop_signal& stop) {
    private_folder folder{options_.programs.temporary};
    auto path = folder.file("upload");
    write_file(path, data);
    return recognize(path, options_.programs, stop);
  };
  co_return co_await compute(out, std::move(work));
}

asio::awaitable<void> whisper_stt::transcribe(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  bool with_words = fields.boolean("word_timestamps", true);
  fields.check();
  if (auto language = fields.text("language"))
    check_language(*language);
  auto heard = co_await hear(*file, out);
  if (out.gone())
    co_return;
  json segments = json::array();
  for (const auto& segment : heard.segments)
    segments.push_back(segment_json(segment, segments.size() + 1, with_words));
  auto answer = json_answer({{"text", heard.text()},
                             {"language", "en"},
                             {"language_probability", heard.confidence()},
                             {"duration", heard.duration},
                             {"segments", std::move(segments)}});
  co_await out.reply(std::move(answer));
}

asio::awaitable<void> whisper_stt::detect(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  fields.check();
  auto heard = co_await hear(*file, out);
  if (out.gone())
    co_return;
  json english = {{"code", "en"}, {"name", "en"}};
  auto answer = json_answer({{"detected_language", "en"},
                             {"probability", heard.confidence()},
                             {"all_languages", json::array({std::move(english)})}});
  co_await out.reply(std::move(answer));
}

// Sends comments into a stream until it is stopped, for which it has to be waited.
class whisper_stt::pinger {
public:
  pinger(exchange& out, asio::any_io_executor executor, std::chrono::milliseconds interval)
      : out_(out), interval_(interval), due_(executor), ended_(executor) {
    asio::co_spawn(executor, run(), asio::detached);
  }

  asio::awaitable<void> stop() {
    over_ = true;
    due_.cancel();
    while (running_) {
      ended_.expires_at(exchange::clock::time_point::max());
      co_await ended_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

private:
  asio::awaitable<void> run() {
    while (!over_ && !out_.gone()) {
      due_.expires_after(interval_);
      co_await due_.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!over_)
        co_await out_.raw(ping_comment());
    }
    running_ = false;
    ended_.cancel();
  }

  exchange& out_;
  std::chrono::milliseconds interval_;
  asio::steady_timer due_;
  asio::steady_timer ended_;
  bool over_ = false;
  bool running_ = true;
};

asio::awaitable<void> whisper_stt::stream(const request& in, exchange& out) {
  auto sent = form::of(in);
  form_reader fields{sent};
  const auto* file = fields.file("file");
  fields.check();
  auto language = fields.text("language");
  response head;
  head.content_type = "text/event-stream; charset=utf-8";
  head.headers = {{"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
  bool ok = co_await out.begin_stream(std::move(head));
  if (!ok)
    co_return;
  // The whole file is heard before the first event; until then only comments are sent.
  pinger pings{out, co_await asio::this_coro::executor, options_.ping_interval};
  transcript heard;
  bool failed = false;
  try {
    if (language)
      check_language(*language);
    heard = co_await hear(*file, out);
  } catch (const std::exception&) {
    failed = true;
  } catch (const http_problem&) {
    failed = true;
  }
  co_await pings.stop();
  std::size_t id = 0;
  for (const auto& segment : heard.segments) {
    auto text = spaced(segment_json(segment, ++id, true));
    ok = co_await out.named_event("segment", std::move(text));
    if (!ok)
      co_return;
  }
  // A failure shows only by the missing end: the status is sent already.
  if (!failed)
    co_await out.named_event("done", "{}", event_kind::done);
  co_await out.end_stream();
}

} // namespace synapse::backends
