#include "http/dialects/anthropic/completion_answer.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/openai/json_values.hpp"

namespace synapse::http::anthropic {

using progress = answer_translator::progress;

namespace {
/// Of a message's blocks; texts are spelled as JSON, without quotes.
struct said_blocks {
  std::string text;
  std::string thinking;
  std::string calls;

  /// @returns false: it is none. Those of kinds that a chat has no words for are left out.
  bool take(std::string_view block) {
    std::string_view type, said, thought, id, name, input;
    detail::find_members(
        block,
        std::array{detail::named_value{"type", &type}, detail::named_value{"text", &said},
                   detail::named_value{"thinking", &thought}, detail::named_value{"id", &id},
                   detail::named_value{"name", &name}, detail::named_value{"input", &input}});
    if (detail::says(type, "text")) {
      text += detail::inner(said);
      return said.starts_with('"');
    }
    if (detail::says(type, "thinking")) {
      thinking += detail::inner(thought);
      return thought.starts_with('"');
    }
    if (!detail::says(type, "tool_use"))
      return type.starts_with('"');
    if (!detail::is_text(id) || !detail::is_text(name) || !input.starts_with('{'))
      return false;
    (calls += calls.empty() ? "{\"id\":" : ",{\"id\":") += id;
    (calls += R"(,"type":"function","function":{"name":)") += name;
    append_json_string(calls += ",\"arguments\":", input);
    calls += "}}";
    return true;
  }
};
} // namespace

progress completion_answer::translate(std::string& text, std::string& out) {
  std::string_view content, reason, usage;
  detail::find_members(text, std::array{detail::named_value{"content", &content},
                                        detail::named_value{"stop_reason", &reason},
                                        detail::named_value{"usage", &usage}});
  said_blocks said;
  if (!content.starts_with('[') ||
      !detail::each_of(content, [&](auto block) { return said.take(block); }))
    return refuse_answer(text, "its answer is no message: " + text.substr(0, 200));
  usage_.note(usage);
  append_json_string(out += R"({"id":)", names_.id);
  out += R"(,"object":"chat.completion","created":)" + std::to_string(names_.created);
  append_json_string(out += R"(,"model":)", names_.model);
  out += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
  if (said.text.empty() && !said.calls.empty())
    out += "null";
  else
    ((out += '"') += said.text) += '"';
  if (!said.thinking.empty())
    ((out += R"(,"reasoning_content":")") += said.thinking) += '"';
  if (!said.calls.empty())
    ((out += R"(,"tool_calls":[)") += said.calls) += ']';
  (out += R"(},"logprobs":null,"finish_reason":")") +=
      finish_reason_for(reason, !said.calls.empty());
  append_chat_usage(out += R"("}],"usage":)", usage_);
  out += '}';
  return progress::more;
}

} // namespace synapse::http::anthropic
