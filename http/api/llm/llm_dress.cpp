#include "http/api/llm/llm_dress.hpp"

#include "http/api/anthropic/anthropic_dialect.hpp"
#include "http/api/llm/model_request.hpp"
#include "http/dialects/anthropic/completion_answer.hpp"
#include "http/dialects/anthropic/completion_events.hpp"
#include "http/dialects/anthropic/request.hpp"
#include "http/dialects/chained_answer.hpp"
#include "http/dialects/ollama/embedding_answer.hpp"
#include "http/dialects/ollama/request.hpp"
#include "http/dialects/ollama/stream_answer.hpp"
#include "http/dialects/ollama/whole_answer.hpp"
#include "http/dialects/openai/chat_edit.hpp"
#include "http/dialects/openai/known_fields.hpp"
#include "http/dialects/openai/request_facts.hpp"
#include "routing/records/deployment_record.hpp"

#include <chrono>
#include <variant>

namespace synapse::api {

namespace anthropic = http::anthropic;
namespace ollama = http::ollama;

namespace {
/// Ollama's answer to something that it has cut is an answer all the same, and the client is told.
class warning_answer final : public ollama::whole_answer {
public:
  warning_answer(ollama::answer_kind kind, ollama::answer_names names, std::int64_t estimated,
                 std::int64_t context)
      : whole_answer(kind, std::move(names)), estimated_(estimated), context_(context) {}
  head client_head() const override {
    auto said = whole_answer::client_head();
    if (truncated(estimated_, context_))
      said.fields += "X-Synapse-Warning: truncated\r\n";
    return said;
  }

private:
  std::int64_t estimated_;
  std::int64_t context_;
};

/// As one segment of a path, whatever a client calls its model (RFC 3986 section 2.3).
std::string path_segment(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (plain && text != "." && text != "..")
      result += c;
    else
      result.append({'%', digits[byte >> 4U], digits[byte & 15U]});
  }
  return result;
}

http::openai::endpoint endpoint_of(routing::kind what) noexcept {
  using http::openai::endpoint;
  switch (what) {
  case routing::kind::embeddings:
    return endpoint::embeddings;
  case routing::kind::completions:
    return endpoint::completions;
  default:
    return endpoint::chat;
  }
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
} // namespace

llm_dress::llm_dress(server::exchange& exchange, const llm_call& call, const http::chat_view& view,
                     std::size_t text_bytes)
    : ex_(exchange), call_(call), body_(call.body), view_(view), what_(call.endpoint.what),
      text_bytes_(text_bytes) {}

llm_dress::~llm_dress() = default;

std::int64_t llm_dress::tokens_in() const {
  return answer_    ? answer_->prompt_tokens()
         : clients_ ? clients_->prompt_tokens()
                    : ex_.record().prompt_tokens;
}

std::int64_t llm_dress::tokens_out() const {
  return answer_    ? answer_->completion_tokens()
         : clients_ ? clients_->completion_tokens()
                    : ex_.record().completion_tokens;
}

/// The body with the deployment's model and what its profile fills in. @param into holds it where
/// something is changed. @returns the client's otherwise
std::string_view llm_dress::fill(const attempt_place& where, std::string& into) const {
  const bool renamed = where.model != body_.model || body_.model_kind != http::json_kind::string;
  const bool cleaned = body_.synapse_kind != http::json_kind::absent;
  const bool filled = where.profile != nullptr && what_ == routing::kind::chat;
  if (cleaned || filled) {
    http::chat_edits edits;
    edits.model = where.model;
    edits.remove_synapse = cleaned;
    if (filled)
      http::fill_chat(ex_.body(), view_, chat_profile_of(*where.profile), edits);
    into = http::apply_edits(ex_.body(), view_, edits);
  } else if (renamed) {
    http::replace_model(into, ex_.body(), view_, where.model);
  } else {
    return ex_.body();
  }
  return into;
}

/// The same with the fields that the deployment has for those who leave them out: they are the
/// operator's, who knows its server, and so they stay where foreign ones have to go.
std::string_view llm_dress::edit(const attempt_place& where) {
  const auto& defaults = where.deployment.settings->defaults;
  auto body = fill(where, edited_);
  if (where.without_extras)
    body = edited_ = http::openai::without_foreign_fields(endpoint_of(what_), body);
  if (!defaults.empty())
    body = edited_ = http::openai::with_fields(body, defaults);
  return body;
}

/// What is translated has lost its foreign fields already.
bool llm_dress::has_extras(const attempt_place& where) const {
  if (where.site.settings->type == config::backend_type::ollama)
    return false;
  std::string made;
  return http::openai::has_foreign_fields(endpoint_of(what_), fill(where, made));
}

std::optional<refusal> llm_dress::dress(const attempt_place& where,
                                        proxy::forward_options& options) {
  answer_.reset();
  clients_.reset();
  both_.reset();
  lossy_.clear();
  fields_.clear();
  for (const auto& [name, value] : where.deployment.settings->headers)
    fields_.append(name).append(": ").append(value).append("\r\n");
  options.request_fields = fields_;
  if (call_.dialect != nullptr && call_.dialect->is_native(where.site.settings->type)) {
    ask_natively(where, options);
    return {};
  }
  switch (where.site.settings->type) {
  case config::backend_type::ollama:
    return ask_ollama(where, options);
  case config::backend_type::anthropic:
    return ask_anthropic(where, options);
  default:
    ask_openai(where, options);
    return {};
  }
}

void llm_dress::ask_openai(const attempt_place& where, proxy::forward_options& options) {
  const auto body = edit(where);
  if (body.data() == edited_.data())
    options.body = &edited_;
  const auto& backend = *where.site.settings;
  const auto path = call_.endpoint.path;
  // Azure has the deployment's name in the path, which `/v1` stands before elsewhere.
  if (backend.type == config::backend_type::azure)
    target_ = "/openai/deployments/" + path_segment(where.model) + std::string{path.substr(3)} +
              "?api-version=" + path_segment(backend.api_version);
  else if (call_.dialect != nullptr)
    target_ = path;
  options.target = target_;
  answer_in_dialect(options);
}

/// In the client's own dialect, which the backend speaks as well.
void llm_dress::ask_natively(const attempt_place& where, proxy::forward_options& options) {
  call_.dialect->ask_natively(where.model, native_);
  fields_ += call_.dialect->native_fields();
  options.request_fields = fields_;
  clients_ = call_.dialect->native_answer();
  options.request = &native_;
  options.translator = clients_.get();
}

/// What comes back is OpenAI's answer, of the backend or of the translator that there is already.
void llm_dress::answer_in_dialect(proxy::forward_options& options) {
  if (call_.dialect == nullptr)
    return;
  clients_ = call_.dialect->answer();
  if (options.translator != nullptr) {
    both_ = std::make_unique<http::chained_answer>(*options.translator, *clients_);
    options.translator = both_.get();
  } else {
    options.translator = clients_.get();
  }
  const auto lossy = call_.dialect->lossy();
  if (lossy.empty())
    return;
  if (lossy_.empty())
    lossy_ = "X-Synapse-Lossy: ";
  else
    lossy_.replace(lossy_.size() - 2, 2, ", ");
  lossy_.append(lossy).append("\r\n");
}

std::optional<refusal> llm_dress::ask_anthropic(const attempt_place& where,
                                                proxy::forward_options& options) {
  if (what_ != routing::kind::chat)
    return refusal{http::response_detail::not_supported,
                   "backend " + where.site.name() + " answers chats only"};
  anthropic::call_settings settings;
  settings.model = where.model;
  auto made = anthropic::chat_request_to_messages(edit(where), settings);
  if (auto* wrong = std::get_if<http::unfit>(&made))
    return refusal_of(std::move(*wrong));
  auto& call = std::get<anthropic::made_request>(made);
  lose(call.lossy);
  native_.target = "/v1/messages";
  native_.content_type = "application/json";
  native_.body = std::move(call.body);
  fields_ += anthropic_version;
  options.request_fields = fields_;
  anthropic::answer_names names;
  names.id = "chatcmpl-" + std::string{ex_.id()};
  names.created = unix_seconds();
  names.model = ex_.settings().routing.rewrite_model ? body_.model : where.model;
  if (call.stream)
    answer_ = std::make_unique<anthropic::completion_events>(
        std::move(names), call.include_usage, ex_.settings().limits.max_stream_event_bytes);
  else
    answer_ = std::make_unique<anthropic::completion_answer>(std::move(names));
  options.request = &native_;
  options.translator = answer_.get();
  answer_in_dialect(options);
  return {};
}

/// What the backend's dialect has no words for.
void llm_dress::lose(const std::vector<std::string_view>& names) {
  for (const auto name : names)
    lossy_.append(lossy_.empty() ? "X-Synapse-Lossy: " : ", ").append(name);
  if (!lossy_.empty())
    lossy_ += "\r\n";
}

/// Tokens that the model is loaded with, as far as anybody knows; 0: nobody does.
std::int64_t llm_dress::context_of(const attempt_place& where) const {
  return static_cast<std::int64_t>(ex_.routes()->record(where.deployment.place).context());
}

std::optional<refusal> llm_dress::ask_ollama(const attempt_place& where,
                                             proxy::forward_options& options) {
  const auto body = edit(where);
  std::string keep_alive;
  if (const auto kept = where.site.settings->keep_alive; kept.count() >= 0)
    keep_alive = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(kept).count());
  ollama::call_settings settings;
  settings.model = where.model;
  settings.keep_alive = keep_alive;
  settings.num_ctx = static_cast<std::uint32_t>(where.deployment.settings->context);
  auto made = what_ == routing::kind::chat          ? ollama::chat_call(body, settings)
              : what_ == routing::kind::completions ? ollama::completion_call(body, settings)
                                                    : ollama::embedding_call(body, settings);
  if (auto* wrong = std::get_if<ollama::unfit>(&made))
    return refusal_of(std::move(*wrong));
  auto& call = std::get<ollama::native_call>(made);
  lose(call.lossy);
  native_.target = call.path;
  native_.content_type = "application/json";
  native_.body = std::move(call.body);
  ollama::answer_names names;
  names.model = ex_.settings().routing.rewrite_model ? body_.model : where.model;
  names.created = unix_seconds();
  const bool chat = what_ == routing::kind::chat;
  const auto kind = chat ? ollama::answer_kind::chat : ollama::answer_kind::completion;
  names.id = (chat ? "chatcmpl-" : "cmpl-") + std::string{ex_.id()};
  const auto estimated = static_cast<std::int64_t>(static_cast<double>(text_bytes_) / 3.5);
  if (what_ == routing::kind::embeddings)
    answer_ = std::make_unique<ollama::embedding_answer>(names.model, call.base64, call.inputs);
  else if (body_.stream)
    answer_ = std::make_unique<ollama::stream_answer>(kind, std::move(names), body_.include_usage,
                                                      ex_.settings().limits.max_stream_event_bytes);
  else
    answer_ =
        std::make_unique<warning_answer>(kind, std::move(names), estimated, context_of(where));
  options.request = &native_;
  options.translator = answer_.get();
  answer_in_dialect(options);
  return {};
}

} // namespace synapse::api
