#include "backends/llama/llama_router.hpp"

#include "backends/llama/tokens_api.hpp"

#include <utility>

namespace synapse::backends {

namespace {

std::shared_ptr<const docs_index> read_docs(const std::vector<std::filesystem::path>& paths) {
  auto index = docs_index::from_paths(paths);
  index.add(about_the_models());
  return std::make_shared<docs_index>(std::move(index));
}

// Takes a listener off the list however its request ends.
class subscription {
public:
  subscription(model_pool& pool, model_pool::listener& who) : pool_(pool), who_(who) {
    pool_.subscribe(who_);
  }
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  ~subscription() { pool_.unsubscribe(who_); }

private:
  model_pool& pool_;
  model_pool::listener& who_;
};

std::string model_name(const json& body) {
  return value_or<std::string>(body, "model", "");
}

} // namespace

std::vector<model_spec> default_models() {
  return {{"local-docs", model_kind::docs},
          {"local-coder", model_kind::coder},
          {"local-echo", model_kind::echo}};
}

llama_router::llama_router(llama_router_options options)
    : llama_service(options.profile, options.api_keys), options_(std::move(options)),
      pool_(options_.pool, read_docs(options_.docs)) {
  add_router_routes();
  add_model_routes();
  add_generation_routes();
  add_embedding_routes();
}

void llama_router::start(asio::any_io_executor executor) {
  pool_.start(std::move(executor));
}

void llama_router::add_router_routes() {
  for (auto path : {"/health", "/v1/health"})
    add_simple("GET", path, [](const request&) { return json{{"status", "ok"}}; });
  for (auto path : {"/models", "/v1/models"})
    add_simple("GET", path, [this](const request&) {
      return json{{"object", "list"}, {"data", pool_.list()}};
    });
  add_route("POST", "/models/load",
            [this](const request& in, exchange& out) { return load(in, out); });
  add_simple("POST", "/models/unload", [this](const request& in) {
    pool_.unload(model_name(parse_body(in)));
    return json{{"success", true}};
  });
  add_simple("POST", "/models", [](const request&) -> json {
    throw api_error{error_type::invalid_request, "this router cannot download models"};
  });
  if (options_.pool.behavior == router_behavior::new_builds)
    add_route("GET", "/models/sse",
              [this](const request& in, exchange& out) { return feed(in, out); });
  add_route("GET", "/props", [this](const request& in, exchange& out) { return props(in, out); });
}

void llama_router::add_model_routes() {
  add_model_get("/slots",
                [this](const request& in, exchange& out, const json&,
                       model_lease& model) -> asio::awaitable<void> {
                  bool none = model.process()->free_slots() == 0;
                  if (none && !in.query_value("fail_on_no_slot").empty())
                    throw api_error{error_type::unavailable, "no slot available"};
                  auto answer = json_response(pool_.slots(*model.process()));
                  co_await send(std::move(answer), in, out);
                });
  add_model_get("/metrics",
                [this](const request& in, exchange& out, const json&,
                       model_lease& model) -> asio::awaitable<void> {
                  auto answer = metrics_response(model.process()->metrics, started_at_);
                  co_await send(std::move(answer), in, out);
                });
  auto simple = [this](std::string_view path, json (*call)(const request&)) {
    add_model_post(path,
                   [call](const request& in, exchange& out, const json&,
                          model_lease&) -> asio::awaitable<void> {
                     auto answer = json_response(call(in));
                     co_await send(std::move(answer), in, out);
                   });
  };
  simple("/tokenize", tokenize_route);
  simple("/detokenize", detokenize_route);
  simple("/apply-template", [](const request& in) {
    return json{{"prompt", apply_template(parse_messages(parse_body(in)))}};
  });
  for (auto path : {"/chat/completions/input_tokens", "/v1/chat/completions/input_tokens"})
    simple(path, [](const request& in) {
      auto prompt = apply_template(parse_messages(parse_body(in)));
      return json{{"object", "response.input_tokens"}, {"input_tokens", tokenize(prompt).size()}};
    });
}

void llama_router::add_embedding_routes() {
  auto refuse = [this](std::string_view path, std::string what, std::string flag) {
    add_model_post(path,
                   [text = "This server does not support " + what + ". Start it with `" + flag +
                           "`"](const request&, exchange&, const json&,
                                model_lease&) -> asio::awaitable<void> {
                     throw api_error{error_type::not_supported, text};
                     co_return;
                   });
  };
  for (auto path : {"/v1/embeddings", "/embeddings", "/embedding"})
    refuse(path, "embeddings", "--embeddings");
  for (auto path : {"/v1/rerank", "/rerank", "/v1/reranking", "/reranking"})
    refuse(path, "reranking", "--reranking");
}

void llama_router::add_model_post(std::string_view path, model_route call) {
  add_route(
      "POST", path,
      [this, call = std::move(call)](const request& in, exchange& out) -> asio::awaitable<void> {
        auto body = parse_body(in);
        auto model = co_await lease(out, in, model_name(body));
        if (model)
          co_await call(in, out, body, model);
      });
}

void llama_router::add_model_get(std::string_view path, model_route call) {
  add_route(
      "GET", path,
      [this, call = std::move(call)](const request& in, exchange& out) -> asio::awaitable<void> {
        json none;
        auto model = co_await lease(out, in, std::string(in.query_value("model")));
        if (model)
          co_await call(in, out, none, model);
      });
}

asio::awaitable<model_lease> llama_router::lease(exchange& out, const request& in,
                                                 std::string model) {
  if (model.empty())
    throw api_error{error_type::invalid_request, "model name is missing from the request"};
  bool autoload = autoload_for(in);
  auto held = co_await pool_.ensure(out, std::move(model), autoload);
  co_return std::move(held);
}

bool llama_router::autoload_for(const request& in) const {
  auto wanted = in.query_value("autoload");
  return wanted.empty() ? options_.autoload : wanted == "true" || wanted == "1";
}

asio::awaitable<void> llama_router::load(const request& in, exchange& out) {
  auto name = model_name(parse_body(in));
  co_await pool_.load(out, std::move(name));
  auto answer = json_response({{"success", true}});
  co_await send(std::move(answer), in, out);
}

asio::awaitable<void> llama_router::feed(const request& in, exchange& out) {
  model_pool::listener me{&out, {}};
  subscription held{pool_, me};
  response head;
  head.content_type = "text/event-stream";
  add_cors(in, head);
  bool there = co_await out.begin_stream(std::move(head));
  while (there && !out.gone()) {
    if (me.events.empty()) {
      // Silent while nothing happens, without a comment.
      co_await out.pause_until(exchange::clock::time_point::max());
      continue;
    }
    auto text = std::move(me.events.front());
    me.events.pop_front();
    there = co_await out.event(std::move(text));
  }
}

asio::awaitable<void> llama_router::props(const request& in, exchange& out) {
  std::string model(in.query_value("model"));
  if (!model.empty() && pool_.sleeps(model)) {
    auto body = model_props(model);
    body["is_sleeping"] = true;
    auto answer = json_response(body);
    co_await send(std::move(answer), in, out);
    co_return;
  }
  if (!model.empty()) {
    auto held = co_await lease(out, in, std::move(model));
    if (!held)
      co_return;
    auto answer = json_response(model_props(held.id()));
    co_await send(std::move(answer), in, out);
    co_return;
  }
  json body = {{"role", "router"},
               {"max_instances", options_.pool.models_max},
               {"models_autoload", options_.autoload},
               {"model_alias", "llama-server"},
               {"model_path", "none"},
               {"default_generation_settings", {{"params", nullptr}, {"n_ctx", 0}}},
               {"ui_settings", json::object()},
               {"build_info", build_name()},
               {"cors_proxy_enabled", false}};
  auto answer = json_response(body);
  co_await send(std::move(answer), in, out);
}

json llama_router::model_props(const std::string& model) const {
  return {{"default_generation_settings",
           {{"params", json::object()}, {"n_ctx", options_.pool.ctx_size}}},
          {"total_slots", options_.pool.parallel},
          {"model_alias", model},
          {"model_path", model},
          {"modalities", {{"vision", false}, {"audio", false}}},
          {"endpoint_slots", true},
          {"endpoint_props", false},
          {"endpoint_metrics", true},
          {"chat_template", "chatml"},
          {"bos_token", ""},
          {"eos_token", "<|im_end|>"},
          {"build_info", build_name()},
          {"is_sleeping", false}};
}

} // namespace synapse::backends
