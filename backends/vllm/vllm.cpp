#include "backends/vllm/vllm.hpp"

#include "backends/llama/tokens_api.hpp"
#include "backends/vllm/presence.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::backends {

namespace {

constexpr auto engine_died =
    "EngineCore encountered an issue. See stack trace (above) for the root cause.";

server_profile vllm_profile() {
  server_profile out;
  out.server_header = "uvicorn";
  out.idle_timeout = std::chrono::seconds(5);
  out.requests_per_connection = 0;
  out.says_keep_alive = false;
  return out;
}

const char* error_type_of(int status) {
  static constexpr std::array names{
      std::pair{400, "BadRequestError"}, std::pair{404, "NotFoundError"},
      std::pair{422, "UnprocessableEntityError"}, std::pair{501, "NotImplementedError"},
      std::pair{503, "Service Unavailable"}};
  for (const auto& [code, name] : names)
    if (code == status)
      return name;
  return status < 500 ? "BadRequestError" : "InternalServerError";
}

json vllm_error(const standin_problem& what) {
  json error = {{"message", what.message},
                {"type", what.type.empty() ? error_type_of(what.status) : what.type},
                {"param", what.param.empty() ? json() : json(what.param)},
                {"code", what.status}};
  return {{"error", std::move(error)}};
}

openai_dialect vllm_dialect() {
  openai_dialect out;
  out.finish_on_last = true;
  out.says_stop_reason = true;
  out.null_members = true;
  out.broken_error = dump(vllm_error({500, engine_died, {}, {}}));
  return out;
}

// Whoever gives options of the stream gets the usage unless he forbids it.
bool usage_wanted(const json& body) {
  auto options = body.find("stream_options");
  return options != body.end() && options->is_object() && value_or(*options, "include_usage", true);
}

// The body of a chat, also for a bare prompt.
json as_chat(const json& body, bool chat) {
  if (chat)
    return without_media(body);
  if (!body.contains("prompt") || body["prompt"].is_null())
    throw standin_problem{400, "1 validation error: field required", "body.prompt", "Bad Request"};
  auto prompts = parse_prompts(body["prompt"]);
  auto out = body;
  out["messages"] = json::array({{{"role", "user"}, {"content", prompts.front().text}}});
  return out;
}

} // namespace

vllm::vllm(vllm_options options)
    : standin_service(vllm_profile()), options_(std::move(options)),
      words_(options_.words, "vllm stand-in"), engine_(options_.traps), turns_(options_.max_seqs) {
  add_state_routes();
  add_token_routes();
  if (options_.sleep_mode)
    add_sleep_routes();
  add_generation_routes();
}

void vllm::add_generation_routes() {
  if (options_.embeds) {
    add_route("POST", "/v1/embeddings",
              [this](const request& in, exchange& out) { return embed(in, out); });
    return;
  }
  add_route("POST", "/v1/chat/completions",
            [this](const request& in, exchange& out) { return generate(in, out, true); });
  add_route("POST", "/v1/completions",
            [this](const request& in, exchange& out) { return generate(in, out, false); });
}

bool vllm::allows(const request& in) const {
  static constexpr std::array guarded{"/v1", "/v2", "/inference", "/cohere"};
  bool open = std::none_of(guarded.begin(), guarded.end(),
                           [&](const char* start) { return in.path.starts_with(start); });
  if (open || options_.api_keys.empty())
    return true;
  auto given = in.header("authorization");
  if (!given.starts_with("Bearer "))
    return false;
  given.remove_prefix(7);
  const auto& keys = options_.api_keys;
  return std::find(keys.begin(), keys.end(), given) != keys.end();
}

asio::awaitable<void> vllm::handle(const request& in, exchange& out) {
  if (!allows(in)) {
    auto answer = text_answer(401, R"({"error":"Unauthorized"})", "application/json");
    co_await out.reply(std::move(answer));
    co_return;
  }
  co_await standin_service::handle(in, out);
}

void vllm::restore() {
  engine_.restart();
  wake_everybody();
}

void vllm::wake_everybody() {
  for (auto* each : here_)
    each->wake();
}

response vllm::refusal(const request&, const standin_problem& what) const {
  return text_answer(what.status, dump(vllm_error(what)), "application/json");
}

response vllm::no_route(const request&, bool known) const {
  json body = {{"detail", known ? "Method Not Allowed" : "Not Found"}};
  return text_answer(known ? 405 : 404, dump(body), "application/json");
}

void vllm::check_model(const json& body) const {
  auto asked = value_or<std::string>(body, "model", options_.model);
  if (asked != options_.model)
    throw standin_problem{404, "The model `" + asked + "` does not exist.", "model", {}};
}

// Returns the tokens that are left for the answer.
std::size_t vllm::check_fits(const chat_request& wanted, std::size_t tokens) const {
  auto length = std::to_string(options_.max_model_len);
  auto most = wanted.params.max_tokens.value_or(0);
  if (tokens >= options_.max_model_len)
    throw standin_problem{400,
                          "This model's maximum context length is " + length +
                              " tokens. However, your request has " + std::to_string(tokens) +
                              " input tokens. Please reduce the length of the input messages.",
                          "input_tokens",
                          {}};
  if (most > options_.max_model_len - tokens)
    throw standin_problem{400,
                          "This model's maximum context length is " + length +
                              " tokens. However, you requested " + std::to_string(tokens + most) +
                              " tokens (" + std::to_string(tokens) + " in the messages, " +
                              std::to_string(most) +
                              " in the completion). Please reduce the length of the messages or "
                              "completion.",
                          {},
                          {}};
  return options_.max_model_len - tokens;
}

// Waits while the engine sleeps: such a request hangs until somebody wakes it.
asio::awaitable<bool> vllm::wait_awake(exchange& out) {
  engine_.asked();
  if (engine_.dead())
    wake_everybody();
  ++parked_;
  while (!out.gone() && !engine_.dead() && (engine_.sleeping() || draining_ > 0))
    co_await out.pause_until(exchange::clock::time_point::max());
  --parked_;
  if (engine_.dead() && !out.gone())
    throw standin_problem{500, engine_died, {}, {}};
  co_return !out.gone();
}

telling vllm::prepare(const chat_request& wanted, bool chat) const {
  telling out;
  out.what.model = options_.model;
  out.what.params = wanted.params;
  out.what.prompt_tokens = tokenize(chat ? wanted.prompt : wanted.conversation.front().text);
  if (!chat)
    out.what.id.erase(0, 4); // cmpl-…
  out.what.times.prompt = out.what.prompt_tokens.size();
  return out;
}

asio::awaitable<void> vllm::generate(const request& in, exchange& out, bool chat) {
  auto body = object_of(in);
  check_model(body);
  auto wanted = parse_chat(as_chat(body, chat), 1 << 20);
  wanted.params.include_usage = usage_wanted(body);
  auto what = prepare(wanted, chat);
  auto room = check_fits(wanted, what.what.prompt_tokens.size());
  presence here{here_, out};
  bool awake = co_await wait_awake(out);
  if (awake)
    awake = co_await turns_.enter(out);
  if (!awake) {
    wake_everybody();
    co_return;
  }
  turnstile_pass mine{turns_};
  what.what.choices = {engine_.makes_sense()
                           ? words_.chat(wanted, options_.model, room)
                           : plan_choice("!!!!!!!!!!!!!!!!", wanted.params, room)};
  auto form = chat ? make_openai_chat(vllm_dialect()) : make_openai_completion(vllm_dialect());
  telling_rules rules;
  rules.speed = options_.speed;
  rules.stream_type = "text/event-stream; charset=utf-8";
  rules.engine = [this] { return engine_.word(); };
  rules.broken_text = engine_died;
  bool told = co_await tell(out, what, *form, std::move(rules));
  prompt_tokens_ += what.what.times.prompt;
  generation_tokens_ += what.said();
  ++finished_[told ? what.choice().finish : "abort"];
  mine.end();
  wake_everybody();
}

asio::awaitable<void> vllm::embed(const request& in, exchange& out) {
  auto body = object_of(in);
  check_model(body);
  presence here{here_, out};
  bool awake = co_await wait_awake(out);
  if (!awake)
    co_return;
  auto text = openai_embeddings(body, true, options_.max_model_len);
  text["model"] = options_.model;
  auto answer = text_answer(200, dump(text), "application/json");
  co_await out.reply(std::move(answer));
}

} // namespace synapse::backends
