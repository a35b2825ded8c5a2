#include "backends/ollama/ollama.hpp"

#include "backends/ollama/host_check.hpp"
#include "backends/ollama/ollama_form.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

namespace {

constexpr auto go_json = "application/json; charset=utf-8";

server_profile go_profile() {
  server_profile out;
  out.server_header = "";
  out.idle_timeout = std::chrono::minutes(5);
  out.requests_per_connection = 0;
  out.says_keep_alive = false;
  return out;
}

std::string tagged(const std::string& name) {
  return name.find(':', name.rfind('/') + 1) == std::string::npos ? name + ":latest" : name;
}

} // namespace

ollama::seat::~seat() {
  if (!at_)
    return;
  at_->scheduler_.leave(model_, keep_, exchange::clock::now());
  at_->wake_waiting();
}

bool ollama_model::can(std::string_view what) const {
  return std::find(capabilities.begin(), capabilities.end(), what) != capabilities.end();
}

std::vector<ollama_model> default_ollama_models() {
  return {{"llama3.1:8b", {"completion", "tools"}}, {"nomic-embed-text:latest", {"embedding"}}};
}

ollama::ollama(ollama_options options)
    : standin_service(go_profile()), options_(std::move(options)),
      words_(options_.words, "ollama stand-in"), scheduler_(options_.limits),
      machine_(machine_name()), started_(go_time(std::chrono::system_clock::now())) {
  add_lists();
  add_native();
  add_openai();
}

void ollama::add_native() {
  auto native = [this](bool chat) {
    return [this, chat](const request& in, exchange& out) { return generate(in, out, chat); };
  };
  add_route("POST", "/api/chat", native(true));
  add_route("POST", "/api/generate", native(false));
  add_route("POST", "/api/embed",
            [this](const request& in, exchange& out) { return embed(in, out); });
  add_route("POST", "/api/embeddings",
            [this](const request& in, exchange& out) { return embed_legacy(in, out); });
}

asio::awaitable<void> ollama::handle(const request& in, exchange& out) {
  if (options_.check_host && !is_own_host(in.header("host"), machine_)) {
    auto answer = text_answer(403, {}, {});
    co_await out.reply(std::move(answer));
    co_return;
  }
  co_await standin_service::handle(in, out);
}

response ollama::refusal(const request& in, const standin_problem& what) const {
  json body = {{"error", what.message}};
  if (in.path.starts_with("/v1/")) {
    const char* type = what.status == 400   ? "invalid_request_error"
                       : what.status == 404 ? "not_found_error"
                                            : "api_error";
    body["error"] = {
        {"message", what.message}, {"type", type}, {"param", nullptr}, {"code", nullptr}};
  }
  return text_answer(what.status, dump(body), go_json);
}

response ollama::no_route(const request&, bool known) const {
  return known ? text_answer(405, "405 method not allowed", "text/plain")
               : text_answer(404, "404 page not found", "text/plain");
}

const ollama_model& ollama::find(const std::string& asked) const {
  auto wanted = tagged(asked);
  auto found = std::find_if(options_.models.begin(), options_.models.end(),
                            [&](const ollama_model& each) { return each.name == wanted; });
  if (found == options_.models.end())
    throw standin_problem{404, "model '" + asked + "' not found", {}, {}};
  return *found;
}

const ollama_model& ollama::find_for(const std::string& asked, std::string_view capability) const {
  const auto& model = find(asked);
  if (model.can(capability == "chat" || capability == "generate" ? "completion" : capability))
    return model;
  throw standin_problem{
      400, "\"" + asked + "\" does not support " + std::string(capability), {}, {}};
}

void ollama::wake_waiting() {
  for (auto& each : line_)
    each.who->wake();
}

asio::awaitable<ollama::seat> ollama::enter(exchange& out, std::string model, ollama_settings how) {
  auto keep = how.keep_alive.value_or(options_.keep_alive);
  auto behind = [&](auto end) {
    return std::any_of(line_.begin(), end,
                       [&](const waiting& each) { return each.model == model; });
  };
  ollama_scheduler::step step;
  if (!behind(line_.end()))
    step = scheduler_.enter(model, how.num_ctx, exchange::clock::now());
  if (step.granted)
    co_return seat(*this, std::move(model), keep);
  if (line_.size() >= options_.max_queue)
    throw standin_problem{
        503, "server busy, please try again.  maximum pending requests exceeded", {}, {}};
  line_.push_back({&out, model});
  scheduler_.wait_begins(model);
  auto mine = [&] {
    return std::find_if(line_.begin(), line_.end(),
                        [&](const waiting& each) { return each.who == &out; });
  };
  while (!out.gone() && !step.granted) {
    co_await out.pause_until(step.look_again);
    step = {};
    if (!out.gone() && !behind(mine()))
      step = scheduler_.enter(model, how.num_ctx, exchange::clock::now());
  }
  line_.erase(mine());
  scheduler_.wait_ends(model);
  wake_waiting();
  if (step.granted)
    co_return seat(*this, std::move(model), keep);
  co_return seat();
}

void ollama::refuse_length(std::size_t tokens, std::size_t num_ctx) const {
  std::string text = "the input length exceeds the context length";
  if (options_.json_context_error)
    text = dump({{"error",
                  {{"code", 400},
                   {"message", "request (" + std::to_string(tokens) +
                                   " tokens) exceeds the available context size (" +
                                   std::to_string(num_ctx) + " tokens), try increasing it"},
                   {"type", "exceed_context_size_error"},
                   {"n_prompt_tokens", tokens},
                   {"n_ctx", num_ctx}}}});
  throw standin_problem{400, std::move(text), {}, {}};
}

void ollama::prepare(telling& what, chat_request& wanted, const ollama_settings& how) const {
  auto tokens = tokenize(wanted.prompt).size();
  if (tokens > how.num_ctx) {
    if (!how.truncate)
      refuse_length(tokens, how.num_ctx);
    fit_conversation(wanted.conversation, how.num_ctx);
    wanted.prompt = apply_template(wanted.conversation);
  }
  what.what.model = wanted.model;
  what.what.id = "chatcmpl-" + std::to_string(unix_now() % 999); // as short as Ollama's
  what.what.params = wanted.params;
  what.what.params.stream = how.stream;
  what.what.prompt_tokens = tokenize(wanted.prompt);
  what.what.prompt_tokens.resize(std::min(what.what.prompt_tokens.size(), how.num_ctx));
  auto prompt = what.what.times.prompt = what.what.prompt_tokens.size();
  constexpr std::size_t no_end = 1 << 20;
  auto room = how.shift ? no_end : std::max<std::size_t>(how.num_ctx - prompt, 1);
  what.what.choices = {words_.chat(wanted, wanted.model, room)};
  if (how.think.value_or(false))
    what.thinking = tokenize("The documents may say something about this.");
}

asio::awaitable<void> ollama::run(exchange& out, chat_request wanted, ollama_settings how,
                                  const telling_form& form, telling_rules rules) {
  telling what;
  prepare(what, wanted, how);
  auto place = co_await enter(out, tagged(wanted.model), how);
  if (!place)
    co_return;
  rules.speed = options_.speed;
  co_await tell(out, what, form, std::move(rules));
}

asio::awaitable<void> ollama::load_only(exchange& out, std::string shown, std::string model,
                                        ollama_settings how, bool chat) {
  bool unload = how.keep_alive && how.keep_alive->count() == 0;
  if (unload) {
    scheduler_.unload(model, exchange::clock::now());
    wake_waiting();
  } else {
    auto place = co_await enter(out, std::move(model), how);
    if (!place)
      co_return;
  }
  auto answer =
      text_answer(200, dump(ollama_loaded(shown, chat, unload ? "unload" : "load")), go_json);
  co_await out.reply(std::move(answer));
}

asio::awaitable<void> ollama::generate(const request& in, exchange& out, bool chat) {
  auto body = object_of(in);
  auto how = parse_ollama_settings(body, options_.num_ctx);
  auto asked = value_or<std::string>(body, "model", "");
  if (asked.empty() && chat)
    throw standin_problem{400, "model is required", {}, {}};
  const auto& model = find_for(asked, chat ? "chat" : "generate");
  auto wanted = chat ? parse_ollama_chat(body) : parse_ollama_generate(body);
  if (wanted.conversation.empty()) {
    co_await load_only(out, asked, model.name, how, chat);
    co_return;
  }
  if (!wanted.tools.empty())
    find_for(asked, "tools");
  if (how.think.value_or(false))
    find_for(asked, "thinking");
  how.think = how.think.value_or(model.can("thinking"));
  wanted.model = asked;
  auto form = chat ? make_ollama_chat() : make_ollama_generate();
  telling_rules rules;
  rules.stream_type = "application/x-ndjson";
  rules.whole_type = go_json;
  co_await run(out, std::move(wanted), how, *form, std::move(rules));
}

} // namespace synapse::backends
