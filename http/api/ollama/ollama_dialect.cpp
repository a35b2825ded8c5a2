#include "http/api/ollama/ollama_dialect.hpp"

#include "http/core/json/json_body.hpp"
#include "http/dialects/ollama/client/embedding_answer.hpp"
#include "http/dialects/ollama/client/same_answer.hpp"
#include "http/dialects/ollama/client/stream_answer.hpp"
#include "http/dialects/ollama/client/whole_answer.hpp"
#include "http/dialects/openai/chat_edit.hpp"

#include <chrono>
#include <variant>

namespace synapse::api {

namespace ollama = http::ollama;
using ollama::client::route;

namespace {
std::int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool embeds(route by) {
  return by == route::embed || by == route::embeddings;
}
} // namespace

ollama_dialect::ollama_dialect(server::exchange& exchange, route by) : ex_(exchange), by_(by) {}

llm_endpoint ollama_dialect::endpoint() const {
  return endpoint_of(call_.path);
}

ollama::client::answer_facts ollama_dialect::facts() const {
  // The exchange's clock has no epoch of its own.
  const auto ago = net::io_thread::now() - ex_.record().started;
  return {model_, wall_ns() - ago, wall_ns};
}

std::optional<refusal> ollama_dialect::read(std::string_view body,
                                            const http::json_inspection& seen, std::string& into) {
  theirs_ = body;
  model_ = seen.model;
  auto made = ollama::client::request_of(by_, body);
  if (auto* wrong = std::get_if<ollama::unfit>(&made))
    return refusal_of(std::move(*wrong));
  if (const auto* load = std::get_if<ollama::client::load_only>(&made)) {
    ollama::client::append_loaded(at_once_, by_, *load, facts());
    call_.path = embeds(by_) ? "/v1/embeddings" : "/v1/chat/completions";
    into = body; // nobody is asked
    return {};
  }
  call_ = std::move(std::get<ollama::client::openai_call>(made));
  into = std::move(call_.body);
  lose(call_.lossy);
  return {};
}

std::unique_ptr<http::answer_translator> ollama_dialect::answer() {
  if (embeds(by_))
    return std::make_unique<ollama::client::embedding_answer>(by_, facts(), call_.inputs);
  if (!call_.stream)
    return std::make_unique<ollama::client::whole_answer>(by_, facts());
  return std::make_unique<ollama::client::stream_answer>(
      by_, facts(), ex_.settings().limits.max_stream_event_bytes);
}

bool ollama_dialect::is_native(config::backend_type type) const {
  return type == config::backend_type::ollama;
}

void ollama_dialect::ask_natively(std::string_view model, proxy::own_request& into) {
  into.target = ex_.path();
  into.content_type = "application/json";
  http::replace_model(into.body, theirs_, http::scan_chat(theirs_), model);
}

std::unique_ptr<http::answer_translator> ollama_dialect::native_answer() {
  const auto kind =
      by_ == route::chat ? ollama::answer_kind::chat : ollama::answer_kind::completion;
  if (call_.stream && !embeds(by_))
    return std::make_unique<ollama::client::same_lines>(
        kind, ex_.settings().limits.max_stream_event_bytes);
  return std::make_unique<ollama::client::same_object>(embeds(by_) ? std::nullopt
                                                                   : std::optional{kind});
}

} // namespace synapse::api
