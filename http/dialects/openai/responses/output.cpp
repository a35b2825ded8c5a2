#include "http/dialects/openai/responses/output.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/json_writer.hpp"

#include <algorithm>
#include <array>

namespace synapse::http::openai::responses {

namespace {
constexpr std::array<std::string_view, 3> id_prefixes{"\"rs_", "\"msg_", "\"fc_"};
constexpr std::array<std::string_view, 5> statuses{"in_progress", "completed", "incomplete",
                                                   "incomplete", "failed"};

std::uint64_t known_count(std::int64_t count) noexcept {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

void append_parts(std::string& out, const output_item& item) {
  out += '[';
  for (std::size_t i = 0; i < item.parts.size(); ++i) {
    out += i > 0 ? "," : "";
    append_part(out, item.kind, item.parts[i].refusal, item.parts[i].text);
  }
  out += ']';
}
} // namespace

response_end end_of(std::string_view finish_reason) noexcept {
  if (finish_reason == R"("length")")
    return response_end::by_length;
  return finish_reason == R"("content_filter")" ? response_end::by_filter : response_end::complete;
}

void token_counts::take(const chat_chunk& chunk) noexcept {
  const auto one = [](std::int64_t told, std::int64_t& to) {
    if (told >= 0)
      to = told;
  };
  one(chunk.prompt_tokens, prompt);
  one(chunk.completion_tokens, completion);
  one(chunk.cached_tokens, cached);
  one(chunk.reasoning_tokens, reasoning);
}

void append_part(std::string& out, item_kind kind, bool refusal, std::string_view text) {
  if (kind == item_kind::reasoning)
    ((out += R"({"type":"reasoning_text","text":")") += text) += "\"}";
  else if (refusal)
    ((out += R"({"type":"refusal","refusal":")") += text) += "\"}";
  else
    ((out += R"({"type":"output_text","text":")") += text) +=
        R"(","annotations":[],"logprobs":[]})";
}

void append_item(std::string& out, const output_item& item, bool empty) {
  (out += R"({"id":)") += item.id;
  ((out += R"(,"status":")") += item.status) += '"';
  switch (item.kind) {
  case item_kind::reasoning:
    out += R"(,"type":"reasoning","summary":[],"content":)";
    break;
  case item_kind::message:
    out += R"(,"type":"message","role":"assistant","content":)";
    break;
  case item_kind::call:
    (out += R"(,"type":"function_call","call_id":)") += item.call_id;
    ((out += R"(,"name":)") += item.name) += R"(,"arguments":")";
    if (!empty && !item.parts.empty())
      out += item.parts.front().text;
    out += "\"}";
    return;
  }
  if (empty)
    out += "[]";
  else
    append_parts(out, item);
  out += '}';
}

output_item& output::add(item_kind kind) {
  output_item item;
  item.kind = kind;
  item.place = items_.size();
  item.id = id_prefixes[static_cast<std::size_t>(kind)];
  ((item.id += frame_.unique) += '_') += std::to_string(item.place);
  item.id += '"';
  return items_.emplace_back(std::move(item));
}

void output::name_model(std::string_view quoted) {
  if (model_.empty() && detail::is_text(quoted))
    model_ = quoted;
}

void output::append_state(std::string& text, response_end end, std::string_view failure) const {
  ((text += R"(,"status":")") += statuses[static_cast<std::size_t>(end)]) += R"(","completed_at":)";
  if (end == response_end::complete)
    text += std::to_string(frame_.now());
  else
    text += "null";
  text += R"(,"error":)";
  if (end == response_end::failed) {
    append_json_string(text += R"({"code":"server_error","message":)", failure);
    text += '}';
  } else {
    text += "null";
  }
  text += R"(,"incomplete_details":)";
  text += end == response_end::by_length   ? R"({"reason":"max_output_tokens"})"
          : end == response_end::by_filter ? R"({"reason":"content_filter"})"
                                           : "null";
}

void output::append_usage(std::string& text) const {
  if (counts_.prompt < 0 && counts_.completion < 0) {
    text += "null";
    return;
  }
  const auto read = known_count(counts_.prompt);
  const auto made = known_count(counts_.completion);
  append_number(text += R"({"input_tokens":)", read);
  append_number(text += R"(,"input_tokens_details":{"cached_tokens":)",
                known_count(counts_.cached));
  // Newer clients look for it; what a backend writes into its cache nobody says.
  append_number(text += R"(,"cache_write_tokens":0},"output_tokens":)", made);
  append_number(text += R"(,"output_tokens_details":{"reasoning_tokens":)",
                known_count(counts_.reasoning));
  append_number(text += R"(},"total_tokens":)", read + made);
  text += '}';
}

std::string output::object(response_end end, std::string_view failure) const {
  std::string text = R"({"id":"resp_)";
  (text += frame_.unique) += R"(","object":"response","created_at":)";
  text += std::to_string(frame_.created);
  append_state(text, end, failure);
  (text += R"(,"model":)") += model_.empty() ? frame_.request.model : model_;
  text += R"(,"output":[)";
  for (const auto& item : items_) {
    text += item.place > 0 ? "," : "";
    append_item(text, item);
  }
  ((text += "],") += frame_.request.echo) += R"(,"usage":)";
  append_usage(text);
  return text += '}';
}

std::string output::conversation() const {
  std::string content, calls;
  for (const auto& item : items_) {
    if (item.kind == item_kind::message)
      for (const auto& part : item.parts)
        content += part.text;
    if (item.kind != item_kind::call)
      continue;
    ((calls += calls.empty() ? R"({"id":)" : R"(,{"id":)") += item.call_id);
    ((calls += R"(,"type":"function","function":{"name":)") += item.name) += R"(,"arguments":")";
    calls += item.parts.empty() ? std::string{} : item.parts.front().text;
    calls += "\"}}";
  }
  std::string text = "[" + frame_.request.messages;
  text += frame_.request.messages.empty() ? R"({"role":"assistant","content":)"
                                          : R"(,{"role":"assistant","content":)";
  if (content.empty() && !calls.empty())
    text += "null";
  else
    ((text += '"') += content) += '"';
  if (!calls.empty())
    ((text += R"(,"tool_calls":[)") += calls) += ']';
  return text += "}]";
}

} // namespace synapse::http::openai::responses
