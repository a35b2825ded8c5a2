#include "http/api/llm/model_request.hpp"

#include <charconv>

namespace synapse::api {

namespace {
/// Of a model's name: it is kept for as long as the request waits, and repeated to its client.
constexpr std::size_t max_name = 512;

std::string json_text(const actors::profile_value& value) {
  char text[32];
  if (const auto* whole = std::get_if<std::int64_t>(&value))
    return {text, std::to_chars(text, text + sizeof text, *whole).ptr};
  if (const auto* number = std::get_if<double>(&value))
    return {text, std::to_chars(text, text + sizeof text, *number).ptr};
  return std::get<std::string>(value);
}

} // namespace

http::chat_profile chat_profile_of(const actors::model_profile& stored) {
  http::chat_profile result;
  const auto fill = [&](std::string_view name, std::optional<std::string>& into) {
    if (const auto found = stored.values.find(name); found != stored.values.end())
      into = json_text(found->second);
  };
  fill("temperature", result.temperature);
  fill("top_p", result.top_p);
  fill("top_k", result.top_k);
  fill("min_p", result.min_p);
  fill("repeat_penalty", result.repeat_penalty);
  fill("max_tokens", result.max_tokens);
  fill("system_prompt", result.system_prompt);
  fill("reasoning_effort", result.reasoning_effort);
  return result;
}

const http::chat_view& model_request::scan() {
  if (!scanned_)
    view_ = http::scan_chat(ex_.body());
  scanned_ = true;
  return view_;
}

std::optional<refusal> model_request::make_plan(routing::plan by_path) {
  const auto kind = body_.model_kind;
  if (body_.model.size() > max_name)
    return invalid_field("model", "must not be longer than " + std::to_string(max_name) + " bytes");
  if (kind != http::json_kind::absent && kind != http::json_kind::null &&
      kind != http::json_kind::string)
    return invalid_field("model", "must be a string");
  const auto& catalog = ex_.routes()->catalog();
  routing::query what{body_.model};
  std::string text;
  if (catalog.reads_text(body_.model)) {
    http::append_user_text(ex_.body(), scan(), text);
    what.text = &text;
  }
  plan_ = catalog.complete(by_path, what, ex_.routes()->models->index);
  model_ = plan_.model;
  plan_.model = model_;
  return {};
}

bool model_request::waits() const {
  const auto* field = ex_.head().fields.find("x-synapse-wait");
  if (field != nullptr && (field->value == "0" || http::iequals(field->value, "false")))
    return false;
  return body_.wait_kind != http::json_kind::boolean || body_.wait;
}

bool model_request::rename(std::string_view model, std::string& edited) {
  if (model == body_.model)
    return false;
  http::chat_edits edits;
  edits.model = model;
  edited = http::apply_edits(ex_.body(), scan(), edits);
  return true;
}

bool model_request::fill(std::string_view model, const actors::model_profile* profile,
                         std::string& edited) {
  http::chat_edits edits;
  if (model != body_.model)
    edits.model = model;
  edits.remove_synapse = body_.synapse_kind != http::json_kind::absent;
  if (chat_ && profile != nullptr)
    http::fill_chat(ex_.body(), scan(), chat_profile_of(*profile), edits);
  if (edits.empty())
    return false;
  edited = http::apply_edits(ex_.body(), scan(), edits);
  return true;
}

} // namespace synapse::api
