#include "http/dialects/ollama/whole_answer.hpp"

#include "http/core/local_reply.hpp"

namespace synapse::http::ollama {

using progress = answer_translator::progress;

namespace {
/// The string as it is spelled, or an empty one.
std::string_view or_empty(std::string_view quoted) noexcept {
  return quoted.empty() ? std::string_view{"\"\""} : quoted;
}
} // namespace

/// What the choice has of the answer; nothing when one of its calls is none.
std::optional<std::string> whole_answer::message_of(const answer_parts& parts, bool& called) const {
  std::string out;
  if (kind_ == answer_kind::completion)
    return (out += R"("text":)") += or_empty(parts.content);
  const bool calls = !parts.tool_calls.empty();
  out += R"("message":{"role":"assistant","content":)";
  out += calls && parts.content.empty() ? std::string_view{"null"} : or_empty(parts.content);
  if (!parts.thinking.empty())
    (out += R"(,"reasoning_content":)") += parts.thinking;
  if (calls) {
    out += R"(,"tool_calls":[)";
    if (!append_calls(out, parts.tool_calls, names_, 0, false))
      return {};
    out += ']';
  }
  called = calls;
  out += '}';
  return out;
}

progress whole_answer::translate(std::string& text, std::string& out) {
  const auto parts = read_parts(text, kind_);
  if (parts && parts->error) {
    error_ = read_error(text);
    return refuse(error_->text);
  }
  if (!parts || !parts->any || parts->load_only)
    return refuse("its answer has no text: " + text.substr(0, 200));
  if (!parts->done)
    return refuse("its answer is incomplete");
  bool called = false;
  const auto message = message_of(*parts, called);
  if (!message)
    return refuse("one of its calls of functions is none");
  prompt_tokens_ = parts->prompt_tokens;
  completion_tokens_ = parts->completion_tokens;
  append_json_string(out += R"({"id":)", names_.id);
  out += kind_ == answer_kind::chat ? R"(,"object":"chat.completion","created":)"
                                    : R"(,"object":"text_completion","created":)";
  out += std::to_string(names_.created);
  append_json_string(out += R"(,"model":)", names_.model);
  (out += R"(,"choices":[{"index":0,)") += *message;
  (out += R"(,"logprobs":null,"finish_reason":")") += finish_reason(*parts, called);
  append_usage(out += R"("}],"usage":)", prompt_tokens_, completion_tokens_);
  out += '}';
  return progress::more;
}

} // namespace synapse::http::ollama
