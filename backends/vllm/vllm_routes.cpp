// vLLM's routes that generate nothing: state, tokens, metrics and sleep mode.
#include "backends/llama/tokens_api.hpp"
#include "backends/vllm/presence.hpp"
#include "backends/vllm/vllm.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace synapse::backends {

namespace {

response empty_200() {
  return text_answer(200, {}, {});
}

response plain_json(const json& body) {
  return text_answer(200, dump(body), "application/json");
}

int level_of(const request& in) {
  auto text = in.query_value("level");
  if (text.empty())
    return 1;
  if (text == "0" || text == "1" || text == "2")
    return text[0] - '0';
  throw standin_problem{400, "level must be 0, 1 or 2", "level", {}};
}

} // namespace

void vllm::add_state_routes() {
  auto health = [this](const request&) { return text_answer(engine_.dead() ? 503 : 200, {}, {}); };
  add_simple("GET", "/health", health);
  add_simple("GET", "/ping", health);
  add_simple("POST", "/ping", health);
  add_simple("GET", "/version", [](const request&) { return plain_json({{"version", "0.11.0"}}); });
  add_simple("GET", "/v1/models", [this](const request&) { return plain_json(models()); });
  add_simple("GET", "/metrics", [this](const request&) { return metrics(); });
}

json vllm::models() const {
  json permission = {{"id", "modelperm-standin"},
                     {"object", "model_permission"},
                     {"created", started_},
                     {"allow_create_engine", false},
                     {"allow_sampling", true},
                     {"allow_logprobs", true},
                     {"allow_search_indices", false},
                     {"allow_view", true},
                     {"allow_fine_tuning", false},
                     {"organization", "*"},
                     {"group", nullptr},
                     {"is_blocking", false}};
  json model = {{"id", options_.model},
                {"object", "model"},
                {"created", started_},
                {"owned_by", "vllm"},
                {"root", options_.model},
                {"parent", nullptr},
                {"max_model_len", options_.max_model_len},
                {"permission", json::array({std::move(permission)})}};
  return {{"object", "list"}, {"data", json::array({std::move(model)})}};
}

response vllm::metrics() const {
  std::ostringstream text;
  auto label = "engine=\"0\",model_name=\"" + options_.model + "\"";
  auto put = [&](const char* kind, const std::string& name, double value) {
    text << "# TYPE vllm:" << name << ' ' << kind << "\nvllm:" << name << '{' << label << "} "
         << value << '\n';
  };
  auto running = static_cast<double>(turns_.inside());
  put("gauge", "num_requests_running", running);
  put("gauge", "num_requests_waiting", static_cast<double>(turns_.waiting() + parked_));
  put("gauge", "kv_cache_usage_perc",
      running / static_cast<double>(std::max<std::size_t>(options_.max_seqs, 1)));
  put("counter", "prompt_tokens_total", static_cast<double>(prompt_tokens_));
  put("counter", "generation_tokens_total", static_cast<double>(generation_tokens_));
  text << "# TYPE vllm:request_success_total counter\n";
  for (const auto& [reason, count] : finished_)
    text << "vllm:request_success_total{" << label << ",finished_reason=\"" << reason << "\"} "
         << count << '\n';
  return text_answer(200, text.str(), "text/plain; version=0.0.4; charset=utf-8");
}

response vllm::tokenized(const request& in) const {
  auto body = object_of(in);
  check_model(body);
  std::string text;
  if (body.contains("messages"))
    text = apply_template(parse_messages(without_media(body)));
  else if (body.contains("prompt") && body["prompt"].is_string())
    text = body["prompt"].get<std::string>();
  else
    throw standin_problem{400, "1 validation error: field required", "body.prompt", "Bad Request"};
  json ids = json::array();
  json pieces = json::array();
  for (auto& each : tokenize(text)) {
    ids.push_back(each.id);
    pieces.push_back(std::move(each.piece));
  }
  bool with_pieces = value_or(body, "return_token_strs", false);
  auto count = ids.size();
  return plain_json({{"count", count},
                     {"max_model_len", options_.max_model_len},
                     {"tokens", std::move(ids)},
                     {"token_strs", with_pieces ? std::move(pieces) : json()}});
}

void vllm::add_token_routes() {
  add_simple("POST", "/tokenize", [this](const request& in) { return tokenized(in); });
  add_simple("POST", "/detokenize", [this](const request& in) {
    check_model(object_of(in));
    auto text = detokenize_route(in);
    return plain_json({{"prompt", text["content"]}});
  });
}

void vllm::add_sleep_routes() {
  add_route("POST", "/sleep", [this](const request& in, exchange& out) { return sleep(in, out); });
  add_route("POST", "/wake_up", [this](const request& in, exchange& out) { return wake(in, out); });
  add_simple("GET", "/is_sleeping", [this](const request&) {
    return plain_json({{"is_sleeping", engine_.sleeping()}});
  });
  add_simple("POST", "/reset_prefix_cache", [](const request&) { return empty_200(); });
  add_simple("POST", "/collective_rpc", [this](const request& in) { return call_workers(in); });
}

// With `mode=wait` it sleeps when the running requests have ended; else, and that is the trap, it
// answers 200 and is dead if there are any.
asio::awaitable<void> vllm::sleep(const request& in, exchange& out) {
  auto level = level_of(in);
  presence here{here_, out};
  if (in.query_value("mode") == "wait") {
    ++draining_;
    while (!out.gone() && !engine_.dead() && busy())
      co_await out.pause_until(exchange::clock::time_point::max());
    --draining_;
    if (out.gone()) {
      wake_everybody();
      co_return;
    }
  }
  bool keeps = in.query_value("mode") == "keep";
  engine_.sleep(level, busy() && !keeps);
  wake_everybody();
  turns_.wake_all();
  auto answer = empty_200();
  co_await out.reply(std::move(answer));
}

asio::awaitable<void> vllm::wake(const request& in, exchange& out) {
  std::vector<std::string> tags;
  for (const auto& [name, value] : in.query)
    if (name == "tags")
      tags.push_back(value);
  auto until = exchange::clock::now() + options_.wake_time;
  while (engine_.sleeping() && !out.gone() && exchange::clock::now() < until)
    co_await out.pause_until(until);
  auto problem = engine_.wake(tags);
  wake_everybody();
  if (!problem.empty())
    throw standin_problem{500, problem, {}, {}};
  auto answer = empty_200();
  co_await out.reply(std::move(answer));
}

response vllm::call_workers(const request& in) {
  auto body = object_of(in);
  auto method = value_or<std::string>(body, "method", "");
  if (method.empty())
    throw standin_problem{400, "Missing 'method' in request body", {}, "Bad Request"};
  if (method != "reload_weights")
    throw standin_problem{500, "'Worker' object has no attribute '" + method + "'", {}, {}};
  if (!engine_.reload_weights())
    throw standin_problem{500, "the weights have no memory to be loaded into", {}, {}};
  return plain_json({{"results", json::array({nullptr})}});
}

} // namespace synapse::backends
