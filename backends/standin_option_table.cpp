#include "backends/option_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::backends {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 4> standin_ports{
    {{"ollama", 8013}, {"vllm", 8014}, {"speaches", 8015}, {"piper", 8016}}};

std::string read_with(gathered_options& all, const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    auto comma = rest.find(',');
    auto name = rest.substr(0, comma);
    auto found = std::find_if(standin_ports.begin(), standin_ports.end(),
                              [&](const auto& each) { return each.first == name; });
    if (found == standin_ports.end())
      return "'" + std::string(name) + "' is not one of ollama, vllm, speaches, piper";
    auto& port = all.places.at(std::string(name)).port;
    port = port.value_or(found->second);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return text.empty() ? "it names nothing" : std::string();
}

option_row standin_port_option(const std::string& service, const std::string& what) {
  return {service, "PORT", "port of the stand-in for " + what + ", 0 = any (default off)",
          [service](gathered_options& all, const std::string& text) {
            return read_port(text, all.places.at(service).port);
          }};
}

// An option that sets a count.
option_row count_option(std::string name, std::string help, std::size_t least, std::size_t most,
                        std::size_t& (*into)(gathered_options&)) {
  return {std::move(name), "N", std::move(help),
          [=](gathered_options& all, const std::string& text) {
            return read_count(text, into(all), least, most);
          }};
}

// An option that sets a time.
option_row time_option(std::string name, std::string help,
                       std::chrono::milliseconds& (*into)(gathered_options&)) {
  return {std::move(name), "MS", std::move(help),
          [=](gathered_options& all, const std::string& text) { return read_ms(text, into(all)); }};
}

option_row switch_option(std::string name, std::string help, void (*set)(gathered_options&)) {
  return {std::move(name), "", std::move(help), [=](gathered_options& all, const std::string&) {
            set(all);
            return std::string();
          }};
}

std::string read_speed(const std::string& text, std::optional<double>& into) {
  std::size_t whole = 0;
  auto problem = read_count(text, whole, 0, 1'000'000);
  if (problem.empty())
    into = static_cast<double>(whole);
  return problem;
}

std::string read_words(gathered_options& all, const std::string& text) {
  static constexpr std::array kinds{std::pair{"docs", model_kind::docs},
                                    std::pair{"coder", model_kind::coder},
                                    std::pair{"echo", model_kind::echo}};
  for (const auto& [name, kind] : kinds)
    if (text == name) {
      all.ollama.words.kind = all.vllm.words.kind = kind;
      return {};
    }
  return "'" + text + "' is not one of docs, coder, echo";
}

std::string read_ollama_model(gathered_options& all, const std::string& text) {
  auto equals = text.find('=');
  ollama_model model;
  model.name = text.substr(0, equals);
  if (model.name.empty())
    return "a model needs a name";
  if (model.name.find(':') == std::string::npos)
    model.name += ":latest";
  if (equals != std::string::npos) {
    model.capabilities.clear();
    std::string_view rest = std::string_view(text).substr(equals + 1);
    while (!rest.empty()) {
      auto plus = rest.find('+');
      model.capabilities.emplace_back(rest.substr(0, plus));
      rest = plus == std::string_view::npos ? std::string_view{} : rest.substr(plus + 1);
    }
  }
  for (const auto& each : all.ollama.models)
    if (each.name == model.name)
      return "there is a model '" + model.name + "' already";
  all.ollama.models.push_back(std::move(model));
  return {};
}

std::string read_piper_routes(gathered_options& all, const std::string& text) {
  static constexpr std::array known{std::pair{"root", piper_routes::root},
                                    std::pair{"synthesize", piper_routes::synthesize},
                                    std::pair{"text", piper_routes::text}};
  for (const auto& [name, routes] : known)
    if (text == name) {
      all.piper.routes = routes;
      return {};
    }
  return "'" + text + "' is not one of root, synthesize, text";
}

using gathered = gathered_options;
using ms_ref = std::chrono::milliseconds&;

std::vector<option_row> which_standins() {
  return {
      {"with", "LIST",
       "stand-ins to run on their usual ports: ollama (8013), vllm (8014), speaches (8015), "
       "piper (8016)",
       read_with},
      standin_port_option("ollama", "Ollama"),
      standin_port_option("vllm", "vLLM"),
      standin_port_option("speaches", "Speaches"),
      standin_port_option("piper", "Piper"),
      {"stand-in-words", "docs|coder|echo", "what Ollama and vLLM answer with (default docs)",
       read_words},
  };
}

std::vector<option_row> ollama_rows() {
  return {
      {"ollama-model", "NAME[=CAN]",
       "one more model; CAN is e.g. completion+tools+thinking; repeatable", read_ollama_model},
      count_option("ollama-parallel", "requests per model at a time (default 1)", 1, 1024,
                   [](gathered& all) -> std::size_t& { return all.ollama.limits.parallel; }),
      count_option("ollama-max-queue", "requests that wait, then 503 (default 512)", 1, 100'000,
                   [](gathered& all) -> std::size_t& { return all.ollama.max_queue; }),
      count_option("ollama-max-loaded", "models in memory at a time (default 3)", 1, 1024,
                   [](gathered& all) -> std::size_t& { return all.ollama.limits.max_loaded; }),
      count_option("ollama-ctx", "context of a model in tokens (default 4096)", 16, 1U << 24,
                   [](gathered& all) -> std::size_t& { return all.ollama.num_ctx; }),
      count_option("ollama-gpu", "per cent of a model in size_vram (default 0)", 0, 100,
                   [](gathered& all) -> std::size_t& { return all.ollama.on_gpu; }),
      time_option("ollama-load-time", "of a model (default 300)",
                  [](gathered& all) -> ms_ref { return all.ollama.limits.load_time; }),
      time_option("ollama-keep-alive", "until an idle model is unloaded (default 300000)",
                  [](gathered& all) -> ms_ref { return all.ollama.keep_alive; }),
      {"ollama-tokens-per-second", "N", "its speed (default: --tokens-per-second)",
       [](gathered& all, const std::string& text) { return read_speed(text, all.ollama_speed); }},
      switch_option("ollama-json-context-error",
                    "a prompt that is too long: the error is JSON in a text",
                    [](gathered& all) { all.ollama.json_context_error = true; }),
      switch_option("no-ollama-host-check", "any Host field is answered",
                    [](gathered& all) { all.ollama.check_host = false; }),
  };
}

std::vector<option_row> vllm_rows() {
  return {
      {"vllm-model", "NAME", "what it serves (default meta-llama/Meta-Llama-3.1-8B-Instruct)",
       [](gathered& all, const std::string& text) {
         all.vllm.model = text;
         return text.empty() ? std::string("a model needs a name") : std::string();
       }},
      count_option("vllm-max-model-len", "context in tokens (default 8192)", 16, 1U << 24,
                   [](gathered& all) -> std::size_t& { return all.vllm.max_model_len; }),
      count_option("vllm-max-seqs", "requests at a time, others wait (default 256)", 1, 100'000,
                   [](gathered& all) -> std::size_t& { return all.vllm.max_seqs; }),
      switch_option("vllm-embeddings", "it serves embeddings, no text",
                    [](gathered& all) { all.vllm.embeds = true; }),
      switch_option("vllm-sleep-mode", "/sleep, /wake_up, /is_sleeping, /collective_rpc exist",
                    [](gathered& all) { all.vllm.sleep_mode = true; }),
      time_option("vllm-load-time", "it refuses connections at first (default 0)",
                  [](gathered& all) -> ms_ref { return all.vllm.load_time; }),
      time_option("vllm-wake-time", "until it is awake (default 500)",
                  [](gathered& all) -> ms_ref { return all.vllm.wake_time; }),
      count_option("vllm-wake-fails", "so many wakes run out of memory (default 0)", 0, 1'000'000,
                   [](gathered& all) -> std::size_t& { return all.vllm.traps.failing_wakes; }),
      switch_option("vllm-dies-asleep", "a request while it sleeps kills the engine",
                    [](gathered& all) { all.vllm.traps.dies_when_asked_asleep = true; }),
      {"vllm-tokens-per-second", "N", "its speed (default: --tokens-per-second)",
       [](gathered& all, const std::string& text) { return read_speed(text, all.vllm_speed); }},
      {"vllm-api-key", "KEY", "vLLM asks for this key under /v1; repeatable",
       [](gathered& all, const std::string& text) {
         all.vllm.api_keys.push_back(text);
         return std::string();
       }},
  };
}

std::vector<option_row> standin_speech_rows() {
  return {
      {"speaches-api-key", "KEY", "Speaches asks for this key; repeatable",
       [](gathered& all, const std::string& text) {
         all.speaches.api_keys.push_back(text);
         return std::string();
       }},
      time_option("speaches-load-time", "the first use of a model takes longer (default 0)",
                  [](gathered& all) -> ms_ref { return all.speaches.load_time; }),
      {"piper-routes", "root|synthesize|text", "which route speaks (default root)",
       read_piper_routes},
      {"piper-voice", "NAME", "the default voice (default en_US-lessac-medium)",
       [](gathered& all, const std::string& text) {
         all.piper.voice = text;
         return find_piper_voice(text) ? std::string() : "there is no voice '" + text + "'";
       }},
  };
}

} // namespace

std::vector<option_row> standin_options() {
  auto out = which_standins();
  for (auto part : {ollama_rows(), vllm_rows(), standin_speech_rows()})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

} // namespace synapse::backends
