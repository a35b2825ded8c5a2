// Ollama's lists, its embeddings, and the routes that speak as OpenAI.
#include "backends/ollama/ollama.hpp"
#include "backends/ollama/ollama_form.hpp"
#include "backends/standin/openai_form.hpp"
#include "backends/text/embedding_model.hpp"
#include "backends/text/tokenizer.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace synapse::backends {

namespace {

constexpr auto ollama_version = "0.12.3";
constexpr std::size_t embedding_ctx = 2048;

response go_answer(const json& body) {
  return json_response(body);
}

// The same for a name on every machine, as a digest is.
std::string digest_of(const std::string& name) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::uint64_t state = 0xcbf29ce484222325;
  for (unsigned char c : name)
    state = (state ^ c) * 0x100000001b3;
  std::mt19937_64 source{state};
  std::string out;
  for (int word = 0; word < 4; ++word)
    for (auto [value, left] = std::pair{source(), 16}; left > 0; --left, value >>= 4)
      out += digits[value & 15];
  return out;
}

std::string family_of(const std::string& name) {
  auto base = name.substr(0, name.find(':'));
  return base.substr(0, base.find_first_of(".-"));
}

json details_of(const ollama_model& model) {
  auto family = family_of(model.name);
  auto tag = model.name.substr(model.name.find(':') + 1);
  bool sized = tag.ends_with('b');
  return {{"parent_model", ""},
          {"format", "gguf"},
          {"family", family},
          {"families", json::array({family})},
          {"parameter_size", sized ? tag.substr(0, tag.size() - 1) + ".0B" : "137M"},
          {"quantization_level", sized ? "Q4_K_M" : "F16"}};
}

std::int64_t size_of(const ollama_model& model) {
  return model.can("embedding") ? 274'000'000 : 4'920'000'000;
}

std::vector<float> unit_vector(const std::string& text, std::size_t dimensions) {
  auto out = embedding_model{}.embed(text);
  out.resize(dimensions);
  normalize(out, 2);
  return out;
}

std::size_t wanted_dimensions(const json& body) {
  auto wanted = value_or<std::int64_t>(body, "dimensions", 0);
  constexpr auto most = static_cast<std::int64_t>(embedding_model::dimensions);
  return static_cast<std::size_t>(wanted > 0 && wanted < most ? wanted : most);
}

std::vector<std::string> embed_inputs(const json& body) {
  const auto input = body.value("input", json());
  std::vector<std::string> out;
  if (input.is_string() && input != "")
    out.push_back(input.get<std::string>());
  for (const auto& each : input.is_array() ? input : json::array()) {
    if (!each.is_string())
      throw standin_problem{400, "invalid input type", {}, {}};
    out.push_back(each.get<std::string>());
  }
  if (!input.is_string() && !input.is_array() && !input.is_null())
    throw standin_problem{400, "invalid input type", {}, {}};
  return out;
}

std::int64_t ns_since(exchange::clock::time_point since) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(exchange::clock::now() - since)
      .count();
}

} // namespace

void ollama::add_lists() {
  add_simple("GET", "/", [](const request&) {
    return text_answer(200, "Ollama is running", "text/plain; charset=utf-8");
  });
  add_simple("GET", "/api/version", [](const request&) {
    return go_answer({{"version", ollama_version}});
  });
  add_simple("GET", "/api/tags", [this](const request&) {
    json models = json::array();
    for (const auto& each : options_.models)
      models.push_back(entry(each));
    return go_answer({{"models", std::move(models)}});
  });
  add_simple("GET", "/api/ps", [this](const request&) { return go_answer(running()); });
  add_simple("POST", "/api/show", [this](const request& in) { return go_answer(show(in)); });
  add_simple("GET", "/v1/models", [this](const request&) { return go_answer(openai_models()); });
  add_simple("GET", "/v1/models/", [this](const request& in) {
    const auto& model = find(in.path.substr(std::string_view("/v1/models/").size()));
    return go_answer({{"id", model.name},
                      {"object", "model"},
                      {"created", started_unix_},
                      {"owned_by", "library"}});
  });
}

void ollama::add_openai() {
  add_route("POST", "/v1/chat/completions",
            [this](const request& in, exchange& out) { return openai(in, out, true); });
  add_route("POST", "/v1/completions",
            [this](const request& in, exchange& out) { return openai(in, out, false); });
  add_route("POST", "/v1/embeddings",
            [this](const request& in, exchange& out) { return embed_openai(in, out); });
}

json ollama::entry(const ollama_model& model) const {
  return {{"name", model.name},
          {"model", model.name},
          {"modified_at", started_},
          {"size", size_of(model)},
          {"digest", digest_of(model.name)},
          {"details", details_of(model)}};
}

json ollama::running() {
  using std::chrono::system_clock;
  auto now = exchange::clock::now();
  json models = json::array();
  for (const auto& [name, held] : scheduler_.loaded(now)) {
    if (held.ready > now)
      continue;
    auto each = entry(find(name));
    each.erase("modified_at");
    // For ever, and while it is used: as far away as Ollama says it.
    auto left =
        std::min<exchange::clock::duration>(held.expires - now, std::chrono::hours(24 * 365 * 100));
    each["expires_at"] =
        go_time(system_clock::now() + std::chrono::duration_cast<system_clock::duration>(left));
    each["size_vram"] = size_of(find(name)) / 100 * static_cast<std::int64_t>(options_.on_gpu);
    each["context_length"] = held.num_ctx;
    models.push_back(std::move(each));
  }
  return {{"models", std::move(models)}};
}

json ollama::show(const request& in) const {
  auto body = object_of(in);
  auto asked = value_or<std::string>(body, "model", value_or<std::string>(body, "name", ""));
  const auto& model = find(asked);
  auto family = family_of(model.name);
  bool embeds = model.can("embedding");
  json info = {{"general.architecture", family},
               {family + ".context_length", embeds ? embedding_ctx : 131'072},
               {family + ".embedding_length", embedding_model::dimensions}};
  return {{"modelfile", "# a stand-in without weights\nFROM " + model.name + "\n"},
          {"parameters", ""},
          {"template", "{{ .Prompt }}"},
          {"details", details_of(model)},
          {"model_info", std::move(info)},
          {"capabilities", model.capabilities},
          {"modified_at", started_}};
}

json ollama::openai_models() const {
  json data = json::array();
  for (const auto& each : options_.models)
    data.push_back({{"id", each.name},
                    {"object", "model"},
                    {"created", started_unix_},
                    {"owned_by", "library"}});
  if (data.empty())
    data = nullptr;
  return {{"object", "list"}, {"data", std::move(data)}};
}

asio::awaitable<void> ollama::openai(const request& in, exchange& out, bool chat) {
  auto body = object_of(in);
  auto asked = value_or<std::string>(body, "model", "");
  if (chat && body.value("messages", json::array()).empty())
    throw standin_problem{400, "[] is too short - 'messages'", {}, {}};
  const auto& model = find_for(asked, chat ? "chat" : "generate");
  if (!chat)
    body["messages"] =
        json::array({{{"role", "user"}, {"content", value_or<std::string>(body, "prompt", "")}}});
  auto wanted = parse_chat(without_media(body), 1 << 20);
  // Nothing of the request changes the context here, and what is too long is always cut.
  ollama_settings how;
  how.num_ctx = options_.num_ctx;
  how.stream = wanted.params.stream;
  if (!wanted.tools.empty())
    find_for(asked, "tools");
  auto effort = value_or<std::string>(body, "reasoning_effort", "");
  how.think = chat && model.can("thinking") && effort != "none";
  wanted.model = asked;
  openai_dialect dialect;
  dialect.fingerprint = "fp_ollama";
  auto form = chat ? make_openai_chat(dialect) : make_openai_completion(dialect);
  telling_rules rules;
  co_await run(out, std::move(wanted), how, *form, std::move(rules));
}

asio::awaitable<void> ollama::embed(const request& in, exchange& out) {
  auto since = exchange::clock::now();
  auto body = object_of(in);
  auto how = parse_ollama_settings(body, embedding_ctx);
  auto asked = value_or<std::string>(body, "model", "");
  const auto& model = find(asked);
  auto inputs = embed_inputs(body);
  auto place = co_await enter(out, model.name, how);
  if (!place)
    co_return;
  auto loaded = ns_since(since);
  json vectors = json::array();
  std::size_t tokens = 0;
  for (const auto& each : inputs) {
    auto size = tokenize(each).size();
    if (size > how.num_ctx && !how.truncate)
      refuse_length(size, how.num_ctx);
    tokens += std::min(size, how.num_ctx);
    vectors.push_back(unit_vector(each, wanted_dimensions(body)));
  }
  json text = {{"model", asked},
               {"embeddings", std::move(vectors)},
               {"total_duration", ns_since(since)},
               {"load_duration", loaded},
               {"prompt_eval_count", tokens}};
  auto answer = go_answer(text);
  co_await out.reply(std::move(answer));
}

asio::awaitable<void> ollama::embed_legacy(const request& in, exchange& out) {
  auto body = object_of(in);
  auto how = parse_ollama_settings(body, embedding_ctx);
  const auto& model = find(value_or<std::string>(body, "model", ""));
  auto prompt = value_or<std::string>(body, "prompt", "");
  auto place = co_await enter(out, model.name, how);
  if (!place)
    co_return;
  json vector = json::array();
  if (!prompt.empty()) {
    // This route does not normalize: the same direction, another length.
    for (auto value : unit_vector(prompt, embedding_model::dimensions))
      vector.push_back(static_cast<double>(value) * 10);
  }
  auto answer = go_answer({{"embedding", std::move(vector)}});
  co_await out.reply(std::move(answer));
}

asio::awaitable<void> ollama::embed_openai(const request& in, exchange& out) {
  auto body = object_of(in);
  const auto& model = find(value_or<std::string>(body, "model", ""));
  auto text = openai_embeddings(body, false, 0);
  ollama_settings how;
  how.num_ctx = embedding_ctx;
  auto place = co_await enter(out, model.name, how);
  if (!place)
    co_return;
  auto answer = go_answer(text);
  co_await out.reply(std::move(answer));
}

} // namespace synapse::backends
