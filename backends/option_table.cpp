#include "backends/option_table.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

namespace synapse::backends {

namespace fs = std::filesystem;

namespace {

using std::chrono::milliseconds;

template <class T>
std::string read_number(const std::string& text, T& into, T least, T most) {
  T value{};
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return "'" + text + "' is not a number in the allowed range";
  into = value;
  return {};
}

std::string read_misbehavior(gathered_options& all, const std::string& text) {
  auto equals = text.find('=');
  auto service = equals == std::string::npos ? std::string() : text.substr(0, equals);
  if (!service.empty() && !all.places.contains(service))
    return "no service is called '" + service + "'";
  std::string problem;
  auto parsed =
      parse_misbehavior(equals == std::string::npos ? text : text.substr(equals + 1), problem);
  if (!parsed)
    return problem;
  for (auto& [name, place] : all.places)
    if (service.empty() || service == name)
      place.wrong.push_back(*parsed);
  return {};
}

option_row port_option(const std::string& service, const std::string& what) {
  auto usual = gathered_options::usual_places().at(service).port.value_or(0);
  return {service, "PORT",
          "port of the " + what + ", 0 = any, off = none (default " + std::to_string(usual) + ")",
          [service](gathered_options& all, const std::string& text) {
            return read_port(text, all.places.at(service).port);
          }};
}

std::string read_model(gathered_options& all, const std::string& text) {
  auto equals = text.rfind('=');
  auto kind = equals == std::string::npos ? std::string("docs") : text.substr(equals + 1);
  model_spec spec;
  spec.id = text.substr(0, equals);
  if (kind == "coder")
    spec.kind = model_kind::coder;
  else if (kind == "echo")
    spec.kind = model_kind::echo;
  else if (kind == "failing")
    spec.fails = true;
  else if (kind != "docs")
    return "'" + kind + "' is not one of docs, coder, echo, failing";
  auto& models = all.router.pool.models;
  bool known = std::any_of(models.begin(), models.end(),
                           [&](const model_spec& each) { return each.id == spec.id; });
  if (spec.id.empty() || known)
    return spec.id.empty() ? "a model needs a name" : "there is a model '" + spec.id + "' already";
  models.push_back(std::move(spec));
  return {};
}

std::string read_behavior(gathered_options& all, const std::string& text) {
  if (text != "old" && text != "new")
    return "'" + text + "' is not one of old, new";
  all.router.pool.behavior =
      text == "old" ? router_behavior::old_builds : router_behavior::new_builds;
  return {};
}

std::vector<option_row> service_options() {
  return {
      {"host", "ADDRESS", "IP address to listen on (default 127.0.0.1)",
       [](gathered_options& all, const std::string& text) {
         all.result.host.host = text;
         return std::string();
       }},
      port_option("llama-embed", "embedding server"),
      port_option("llama-router", "chat server"),
      port_option("chatterbox-tts", "speech server"),
      port_option("whisper-stt", "speech recognition server"),
      port_option("pyannote-speaker", "speaker server"),
      port_option("deepfilter-audio", "audio server"),
      {"docs", "PATH",
       "Markdown folder or file to answer from; repeatable (default: docs and README)",
       [](gathered_options& all, const std::string& text) {
         std::error_code code;
         if (!fs::exists(text, code))
           return "there is no '" + text + "'";
         all.router.docs.emplace_back(text);
         return std::string();
       }},
      {"ports-file", "FILE", "write the ports as a JSON object",
       [](gathered_options& all, const std::string& text) {
         all.result.ports_file = text;
         return std::string();
       }},
      {"api-key", "KEY", "ask for this key; repeatable",
       [](gathered_options& all, const std::string& text) {
         all.embed.api_keys.push_back(text);
         all.router.api_keys.push_back(text);
         return std::string();
       }},
      {"log", "", "one line per request on standard error",
       [](gathered_options& all, const std::string&) {
         all.result.log = true;
         return std::string();
       }},
  };
}

std::vector<option_row> model_options() {
  return {
      {"tokens-per-second", "N", "speed of answers, 0 = as fast as can be (default 60)",
       [](gathered_options& all, const std::string& text) {
         return read_number(text, all.router.speed.tokens_per_second, 0.0, 1e6);
       }},
      {"first-token-delay", "MS", "before the first token (default 0)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.router.speed.first_token);
       }},
      {"parallel", "N", "slots per model (default 4)",
       [](gathered_options& all, const std::string& text) {
         return read_number<std::size_t>(text, all.router.pool.parallel, 1, 1024);
       }},
      {"ctx-size", "N", "context of a model in tokens (default 16384)",
       [](gathered_options& all, const std::string& text) {
         return read_number<std::size_t>(text, all.router.pool.ctx_size, 16, 1U << 24);
       }},
      {"batch-size", "N", "largest embedding input in tokens (default 512)",
       [](gathered_options& all, const std::string& text) {
         return read_number<std::size_t>(text, all.embed.batch_size, 1, 1U << 20);
       }},
      {"models-max", "N", "models loaded at a time, 0 = any number (default 4)",
       [](gathered_options& all, const std::string& text) {
         return read_number<std::size_t>(text, all.router.pool.models_max, 0, 1024);
       }},
      {"models-autoload", "", "load a model when it is asked for (default)",
       [](gathered_options& all, const std::string&) {
         all.router.autoload = true;
         return std::string();
       }},
      {"no-models-autoload", "", "only POST /models/load loads",
       [](gathered_options& all, const std::string&) {
         all.router.autoload = false;
         return std::string();
       }},
      {"load-time", "MS", "of a model; the embedding server starts loading (default 300 and 0)",
       [](gathered_options& all, const std::string& text) {
         auto problem = read_ms(text, all.router.pool.load_time);
         all.embed.load_time = all.router.pool.load_time;
         return problem;
       }},
      {"unload-time", "MS", "until an unloaded model has gone (default 50)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.router.pool.unload_time);
       }},
      {"sleep-idle", "MS", "until an idle model sleeps, 0 = never (default 0)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.router.pool.sleep_idle);
       }},
      {"router-behavior", "old|new", "which builds of the router to follow (default new)",
       read_behavior},
      {"router-model", "ID=KIND", "one more model: docs, coder, echo or failing; repeatable",
       read_model},
      {"failing-model", "ID", "one more model that fails to load; repeatable",
       [](gathered_options& all, const std::string& text) {
         return read_model(all, text + "=failing");
       }},
  };
}

std::vector<option_row> server_options() {
  return {
      {"sse-ping-interval", "MS", "silence in a stream before a comment, 0 = none (default 30000)",
       [](gathered_options& all, const std::string& text) {
         return read_ms(text, all.router.speed.ping_interval);
       }},
      {"idle-timeout", "MS", "until the llama servers close an idle connection (default 5000)",
       [](gathered_options& all, const std::string& text) {
         auto problem = read_ms(text, all.router.profile.idle_timeout);
         all.embed.profile.idle_timeout = all.router.profile.idle_timeout;
         return problem;
       }},
      {"keep-alive-max", "N", "requests per connection of the llama servers, 0 = any (default 100)",
       [](gathered_options& all, const std::string& text) {
         auto& into = all.router.profile.requests_per_connection;
         auto problem = read_number<unsigned>(text, into, 0, 1U << 30);
         all.embed.profile.requests_per_connection = into;
         return problem;
       }},
      {"misbehave", "[SERVICE=]SPEC", "do this wrong with every request; repeatable",
       read_misbehavior},
      {"allow-misbehave", "", "let requests ask for it: X-Misbehave: SPEC, POST /__misbehave",
       [](gathered_options& all, const std::string&) {
         all.result.host.allow_misbehave = true;
         return std::string();
       }},
      {"help", "", "this text",
       [](gathered_options& all, const std::string&) {
         all.result.what = command_line::action::help;
         return std::string();
       }},
      {"version", "", "the version",
       [](gathered_options& all, const std::string&) {
         all.result.what = command_line::action::version;
         return std::string();
       }},
  };
}

} // namespace

std::string read_port(const std::string& text, std::optional<std::uint16_t>& into) {
  if (text == "off") {
    into.reset();
    return {};
  }
  std::uint16_t port = 0;
  auto problem = read_number<std::uint16_t>(text, port, 0, 65535);
  if (problem.empty())
    into = port;
  return problem;
}

std::string read_count(const std::string& text, std::size_t& into, std::size_t least,
                       std::size_t most) {
  return read_number<std::size_t>(text, into, least, most);
}

std::string read_ms(const std::string& text, milliseconds& into) {
  std::int64_t value = 0;
  auto problem = read_number<std::int64_t>(text, value, 0, 86'400'000);
  if (problem.empty())
    into = milliseconds(value);
  return problem;
}

std::map<std::string, gathered_options::place> gathered_options::usual_places() {
  return {{"llama-embed", {8081, {}}},
          {"llama-router", {8082, {}}},
          {"chatterbox-tts", {8004, {}}},
          {"whisper-stt", {8010, {}}},
          {"pyannote-speaker", {8011, {}}},
          {"deepfilter-audio", {8012, {}}},
          {"ollama", {}},
          {"vllm", {}},
          {"speaches", {}},
          {"piper", {}}};
}

std::vector<option_row> all_options() {
  auto out = service_options();
  for (auto part : {model_options(), speech_options(), standin_options(), server_options()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

} // namespace synapse::backends
