#include "backends/llama/llama_embed.hpp"

#include "backends/llama/base64.hpp"
#include "backends/llama/metrics_text.hpp"
#include "backends/llama/tokens_api.hpp"
#include "backends/text/tokenizer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace synapse::backends {

struct llama_embed::job {
  std::string model;
  std::vector<prompt_input> inputs;
  bool openai = true;
  bool base64 = false;
  int norm = 2;
  std::size_t dimensions = embedding_model::dimensions;
  std::size_t tokens = 0;
};

namespace {

std::string little_endian(const std::vector<float>& values) {
  std::string out;
  out.reserve(values.size() * 4);
  for (auto value : values) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      out += static_cast<char>((bits >> shift) & 0xFF);
  }
  return out;
}

} // namespace

llama_embed::llama_embed(llama_embed_options options)
    : llama_service(options.profile, options.api_keys), options_(std::move(options)) {
  for (auto path : {"/health", "/v1/health"})
    add_simple("GET", path, [](const request&) { return json{{"status", "ok"}}; });
  for (auto path : {"/models", "/v1/models"})
    add_simple("GET", path, [this](const request&) { return models(); });
  add_simple("GET", "/props", [this](const request&) { return props(); });
  add_simple("POST", "/tokenize", tokenize_route);
  add_simple("POST", "/detokenize", detokenize_route);
  for (auto path : {"/v1/embeddings", "/embeddings", "/embedding"}) {
    bool openai = std::string_view(path) == "/v1/embeddings";
    add_route("POST", path, [this, openai](const request& in, exchange& out) {
      return embeddings(in, out, openai);
    });
  }
  add_route("GET", "/metrics",
            [this](const request& in, exchange& out) { return send(metrics(), in, out); });
  for (auto path : {"/chat/completions", "/v1/chat/completions", "/completion", "/completions",
                    "/v1/completions", "/v1/responses", "/v1/messages", "/infill"})
    add_simple("POST", path, [](const request&) -> json {
      throw api_error{error_type::not_supported,
                      "This server does not support completions. Start it without `--embeddings`"};
    });
  for (auto path : {"/rerank", "/reranking", "/v1/rerank", "/v1/reranking"})
    add_simple("POST", path, [](const request&) -> json {
      throw api_error{error_type::not_supported,
                      "This server does not support reranking. Start it with `--reranking`"};
    });
}

void llama_embed::start(asio::any_io_executor executor) {
  started_at_ = unix_now();
  loading_ = options_.load_time.count() > 0;
  if (!loading_)
    return;
  load_timer_.emplace(executor, options_.load_time);
  load_timer_->async_wait([this](boost::system::error_code code) {
    if (!code)
      loading_ = false;
  });
}

void llama_embed::stop() {
  if (load_timer_)
    load_timer_->cancel();
}

llama_embed::job llama_embed::parse_job(const request& in, bool openai_route) const {
  auto body = parse_body(in);
  job out;
  out.model = value_or(body, "model", options_.model);
  out.openai = openai_route && body.contains("input");
  if (!body.contains("input") && !body.contains("content"))
    throw invalid("\"input\" or \"content\" must be provided");
  if (body.contains("encoding_format") && !body["encoding_format"].is_null()) {
    const auto& format = body["encoding_format"];
    if (format != "base64" && format != "float")
      throw invalid("The format to return the embeddings in. Can be either float or base64");
    out.base64 = format == "base64";
  }
  out.norm = value_or(body, "embd_normalize", 2);
  if (body.contains("dimensions") && !body["dimensions"].is_null()) {
    auto wanted = value_or<std::int64_t>(body, "dimensions", 0);
    if (wanted < 1 || wanted > static_cast<std::int64_t>(embedding_model::dimensions))
      throw invalid("\"dimensions\" must be between 1 and " +
                    std::to_string(embedding_model::dimensions));
    out.dimensions = static_cast<std::size_t>(wanted);
  }
  const auto& input = body.contains("input") ? body["input"] : body["content"];
  if (input.is_array() && input.empty())
    throw invalid("Input content cannot be empty");
  for (const auto& each : input.is_array() ? input : json::array())
    if (each.is_array() && each.empty())
      throw invalid("Input content cannot be empty");
  out.inputs = parse_prompts(input);
  for (const auto& each : out.inputs) {
    if (each.tokens == 0)
      throw invalid("Input content cannot be empty");
    if (each.tokens > options_.batch_size)
      throw api_error{error_type::server,
                      "input (" + std::to_string(each.tokens) +
                          " tokens) is too large to process. increase the physical batch size "
                          "(current batch size: " +
                          std::to_string(options_.batch_size) + ")"};
    out.tokens += each.tokens;
  }
  return out;
}

json llama_embed::compute(const job& todo) const {
  json data = json::array();
  for (std::size_t i = 0; i < todo.inputs.size(); ++i) {
    auto vector = model_.embed(todo.inputs[i].text);
    vector.resize(todo.dimensions);
    normalize(vector, todo.norm);
    if (!todo.openai) {
      data.push_back({{"index", i}, {"embedding", json::array({vector})}});
    } else if (todo.base64) {
      data.push_back({{"embedding", base64_encode(little_endian(vector))},
                      {"index", i},
                      {"object", "embedding"},
                      {"encoding_format", "base64"}});
    } else {
      data.push_back({{"embedding", vector}, {"index", i}, {"object", "embedding"}});
    }
  }
  if (!todo.openai)
    return data;
  return {{"model", todo.model},
          {"object", "list"},
          {"usage", {{"prompt_tokens", todo.tokens}, {"total_tokens", todo.tokens}}},
          {"data", std::move(data)}};
}

asio::awaitable<void> llama_embed::embeddings(const request& in, exchange& out, bool openai_route) {
  auto todo = parse_job(in, openai_route);
  auto since = exchange::clock::now();
  ++processing_;
  response answer;
  if (todo.tokens < 4096) {
    answer = json_response(compute(todo));
  } else {
    // A large batch must not hold up the other connections of this thread.
    answer = co_await out.offload([this, &todo] { return json_response(compute(todo)); });
  }
  --processing_;
  prompt_seconds_total_ += std::chrono::duration<double>(exchange::clock::now() - since).count();
  prompt_tokens_total_ += todo.tokens;
  decodes_total_ += todo.inputs.size();
  for (const auto& each : todo.inputs)
    largest_input_ = std::max<std::uint64_t>(largest_input_, each.tokens);
  co_await send(std::move(answer), in, out);
}

json llama_embed::models() const {
  json details = {{"parent_model", ""},   {"format", "gguf"},
                  {"family", ""},         {"families", json::array({""})},
                  {"parameter_size", ""}, {"quantization_level", ""}};
  json model = {{"name", options_.model},
                {"model", options_.model},
                {"modified_at", ""},
                {"size", ""},
                {"digest", ""},
                {"type", "model"},
                {"description", ""},
                {"tags", json::array({""})},
                {"capabilities", json::array({"completion"})},
                {"parameters", ""},
                {"details", std::move(details)}};
  json meta = {{"vocab_type", 0},
               {"n_vocab", vocabulary_size},
               {"n_ctx", options_.batch_size},
               {"n_ctx_train", options_.batch_size},
               {"n_embd", embedding_model::dimensions},
               {"n_params", 0},
               {"size", 0},
               {"ftype", "hashed features"}};
  json entry = {{"id", options_.model},   {"aliases", json::array({options_.model})},
                {"tags", json::array()},  {"object", "model"},
                {"created", unix_now()},  {"owned_by", "llamacpp"},
                {"meta", std::move(meta)}};
  return {{"models", json::array({std::move(model)})},
          {"object", "list"},
          {"data", json::array({std::move(entry)})}};
}

json llama_embed::props() const {
  return {
      {"default_generation_settings", {{"params", json::object()}, {"n_ctx", options_.batch_size}}},
      {"total_slots", 1},
      {"model_alias", options_.model},
      {"model_path", options_.model},
      {"modalities", {{"vision", false}, {"audio", false}}},
      {"endpoint_slots", false},
      {"endpoint_props", false},
      {"endpoint_metrics", true},
      {"chat_template", ""},
      {"bos_token", ""},
      {"eos_token", ""},
      {"build_info", build_name()},
      {"is_sleeping", false}};
}

response llama_embed::metrics() const {
  llama_metrics values;
  values.prompt_tokens = static_cast<double>(prompt_tokens_total_);
  values.prompt_seconds = prompt_seconds_total_;
  values.decodes = static_cast<double>(decodes_total_);
  values.largest = static_cast<double>(largest_input_);
  values.processing = static_cast<double>(processing_);
  return metrics_response(values, started_at_);
}

} // namespace synapse::backends
