#include "backends/piper/piper.hpp"

#include "backends/web/fastapi_service.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::backends {

namespace {

// Flask answers text as HTML unless it is told otherwise, sound too.
constexpr auto flask_type = "text/html; charset=utf-8";

constexpr std::array piper_voices{
    piper_voice{"en_US-lessac-medium", "en-us", "en", "slt", "f2"},
    piper_voice{"en_US-ryan-medium", "en-us", "en", "rms", "m3"},
    piper_voice{"en_GB-alan-low", "en-gb-x-rp", "en", "awb", "m1"},
    piper_voice{"de_DE-thorsten-medium", "de", "de", "rms", "m3"},
    piper_voice{"fr_FR-siwis-medium", "fr", "fr", "slt", "f2"},
};

server_profile flask_profile() {
  server_profile out;
  out.server_header = "Werkzeug/3.0.0 Python/3.11";
  out.requests_per_connection = 1;
  out.says_keep_alive = false;
  return out;
}

response flask_page(int status, std::string_view title, std::string_view text) {
  auto body = "<!doctype html>\n<html lang=en>\n<title>" + std::to_string(status) + " " +
              std::string(title) + "</title>\n<h1>" + std::string(title) + "</h1>\n<p>" +
              std::string(text) + "</p>\n";
  return text_answer(status, std::move(body), flask_type);
}

[[noreturn]] void uncaught() {
  throw standin_problem{500, "Internal Server Error", {}, {}};
}

} // namespace

const piper_voice* find_piper_voice(std::string_view name) {
  auto found = std::find_if(piper_voices.begin(), piper_voices.end(),
                            [&](const piper_voice& each) { return each.name == name; });
  return found == piper_voices.end() ? nullptr : &*found;
}

piper::piper(piper_options options)
    : standin_service(flask_profile()), options_(std::move(options)),
      missing_(missing_programs(
          {options_.programs.flite, options_.programs.espeak, options_.programs.ffmpeg})) {
  auto json_route = [this](const request& in, exchange& out) { return from_json(in, out); };
  auto text_route = [this](const request& in, exchange& out) { return from_text(in, out); };
  if (options_.routes == piper_routes::text) {
    add_route("POST", "/", text_route);
    add_route("GET", "/", text_route);
    return;
  }
  if (options_.routes == piper_routes::root) {
    add_route("POST", "/", json_route);
  } else {
    add_route("POST", "/synthesize", json_route);
    add_simple("GET", "/", [](const request&) {
      return text_answer(200, "<!DOCTYPE html>\n<title>Piper</title>\n", flask_type);
    });
  }
  auto plain = [](const json& body) { return text_answer(200, dump(body), "application/json"); };
  add_simple("GET", "/voices", [this, plain](const request&) { return plain(voices()); });
  add_simple("GET", "/info", [this, plain](const request&) { return plain(info()); });
}

response piper::refusal(const request&, const standin_problem& what) const {
  return flask_page(what.status, what.status == 500 ? "Internal Server Error" : "Error",
                    what.status == 500
                        ? "The server encountered an internal error and was unable to complete "
                          "your request."
                        : what.message);
}

response piper::no_route(const request&, bool known) const {
  return known ? flask_page(405, "Method Not Allowed",
                            "The method is not allowed for the requested URL.")
               : flask_page(404, "Not Found", "The requested URL was not found on the server.");
}

// An unknown voice is the default one, without a word.
speech_order piper::order_of(const std::string& text, std::string_view voice, double scale) const {
  if (!is_speakable(text))
    uncaught();
  const auto* chosen = find_piper_voice(voice);
  if (!chosen)
    chosen = find_piper_voice(options_.voice);
  speech_order out;
  out.text = text;
  out.language = chosen->language;
  out.voice.flite = chosen->flite;
  out.voice.variant = chosen->variant;
  out.speed = scale > 0 ? 1 / scale : 1;
  return out;
}

asio::awaitable<void> piper::from_json(const request& in, exchange& out) {
  auto body = json::parse(in.body, nullptr, false);
  if (!body.is_object() || !body.contains("text") || !body["text"].is_string())
    uncaught();
  auto order = order_of(body["text"].get<std::string>(), value_or<std::string>(body, "voice", ""),
                        value_or(body, "length_scale", 1.0));
  co_await say(out, std::move(order));
}

asio::awaitable<void> piper::from_text(const request& in, exchange& out) {
  auto text = in.method == "POST" ? in.body : std::string(in.query_value("text"));
  auto order = order_of(text, {}, 1);
  co_await say(out, std::move(order));
}

asio::awaitable<void> piper::say(exchange& out, speech_order order) {
  bool inside = co_await turns_.enter(out);
  if (!inside)
    co_return;
  turnstile_pass mine{turns_};
  auto since = exchange::clock::now();
  auto until = since + out.plan().synthesis_delay.value_or(std::chrono::milliseconds(0));
  while (!out.gone() && exchange::clock::now() < until)
    co_await out.pause_until(until);
  auto work = [this, &order](const stop_signal& stop) {
    return speak(order, options_.programs, stop);
  };
  auto sound = co_await compute(out, std::move(work));
  if (out.gone())
    co_return;
  std::chrono::duration<double> taken = exchange::clock::now() - since;
  last_ = {{"text", order.text},
           {"synthesize_seconds", taken.count()},
           {"phonemes", json::array()},
           {"alignments", json::array()}};
  auto answer = text_answer(200, std::move(sound), flask_type);
  co_await out.reply(std::move(answer));
}

json piper::voices() const {
  json out = json::object();
  for (const auto& each : piper_voices)
    out[std::string(each.name)] = {{"audio", {{"sample_rate", speech_rate}}},
                                   {"espeak", {{"voice", each.espeak}}},
                                   {"num_speakers", 1},
                                   {"speaker_id_map", json::object()}};
  return out;
}

json piper::info() const {
  const auto* voice = find_piper_voice(options_.voice);
  return {{"voice", {{"name", voice->name}, {"language", voice->espeak}, {"num_speakers", 1}}},
          {"last", last_}};
}

} // namespace synapse::backends
