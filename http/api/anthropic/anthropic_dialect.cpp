#include "http/api/anthropic/anthropic_dialect.hpp"

#include "http/dialects/anthropic/message_answer.hpp"
#include "http/dialects/anthropic/message_events.hpp"
#include "http/dialects/anthropic/request.hpp"
#include "http/dialects/anthropic/same_answer.hpp"
#include "http/dialects/openai/chat_edit.hpp"

#include <variant>

namespace synapse::api {

namespace anthropic = http::anthropic;

std::optional<refusal> anthropic_dialect::read(std::string_view body,
                                               const http::json_inspection& seen,
                                               std::string& into) {
  auto made = anthropic::messages_request_to_chat(body);
  if (auto* wrong = std::get_if<http::unfit>(&made))
    return refusal_of(std::move(*wrong));
  auto& call = std::get<anthropic::made_request>(made);
  into = std::move(call.body);
  stream_ = call.stream;
  lose(call.lossy);
  theirs_ = body;
  names_.id = "msg_" + std::string{ex_.id()};
  names_.model = seen.model;
  const auto& fields = ex_.head().fields;
  const auto* version = fields.find("anthropic-version");
  if (version == nullptr)
    fields_ = anthropic_version;
  else
    fields_.append("anthropic-version: ").append(version->value).append("\r\n");
  if (const auto* beta = fields.find("anthropic-beta"))
    fields_.append("anthropic-beta: ").append(beta->value).append("\r\n");
  return {};
}

std::unique_ptr<http::answer_translator> anthropic_dialect::answer() {
  if (stream_)
    return std::make_unique<anthropic::message_events>(
        names_, ex_.settings().limits.max_stream_event_bytes);
  return std::make_unique<anthropic::message_answer>(names_);
}

bool anthropic_dialect::is_native(config::backend_type type) const {
  return type == config::backend_type::anthropic;
}

void anthropic_dialect::ask_natively(std::string_view model, proxy::own_request& into) {
  into.target = "/v1/messages";
  into.content_type = "application/json";
  http::replace_model(into.body, theirs_, http::scan_chat(theirs_), model);
}

std::unique_ptr<http::answer_translator> anthropic_dialect::native_answer() {
  if (stream_)
    return std::make_unique<anthropic::same_events>(ex_.settings().limits.max_stream_event_bytes);
  return std::make_unique<anthropic::same_message>();
}

} // namespace synapse::api
