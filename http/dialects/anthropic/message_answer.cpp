#include "http/dialects/anthropic/message_answer.hpp"

#include "http/core/json/json_body.hpp"
#include "http/core/local_reply.hpp"
#include "http/dialects/openai/json_values.hpp"

namespace synapse::http::anthropic {

using progress = answer_translator::progress;

namespace {
/// @param text a string with its quotes; empty: there is no such block
void append_said(std::string& out, std::string_view lead, std::string_view text,
                 std::string_view rest) {
  if (text.empty())
    return;
  if (out.back() != '[')
    out += ',';
  ((out += lead) += text) += rest;
}
} // namespace

/// @returns false: its arguments are no object
bool message_answer::append_call(const openai::call_part& call, std::size_t number,
                                 std::string& out) const {
  std::string arguments;
  detail::append_unescaped(arguments, call.arguments);
  const bool nothing = arguments.find_first_not_of(" \t\r\n") == std::string::npos;
  if (!nothing && !is_json_object(arguments))
    return false;
  if (out.back() != '[')
    out += ',';
  out += R"({"type":"tool_use","id":)";
  if (call.id.empty())
    append_json_string(out,
                       "toolu_" + std::string{tail_of(names_.id)} + '_' + std::to_string(number));
  else
    out += call.id;
  (out += ",\"name\":") += call.name;
  (out += ",\"input\":") += nothing ? "{}" : arguments;
  out += '}';
  return true;
}

/// @returns false: one of its calls is none
bool message_answer::append_content(const openai::chat_chunk& answer, std::string& out) const {
  append_said(out, R"({"type":"thinking","thinking":)", answer.reasoning, R"(,"signature":""})");
  append_said(out, R"({"type":"text","text":)", answer.content, "}");
  append_said(out, R"({"type":"text","text":)", answer.refusal, "}");
  const bool cut = detail::says(answer.finish_reason, "length");
  std::size_t number = 0;
  for (const auto& call : answer.calls)
    if ((call.name.empty() || !append_call(call, number++, out)) && !cut)
      return false;
  return true;
}

progress message_answer::translate(std::string& text, std::string& out) {
  const auto answer = openai::read_chat_chunk(text);
  if (!answer || !answer->has_choice)
    return refuse_answer(text, "its answer is none to a chat: " + text.substr(0, 200));
  append_json_string(out += R"({"id":)", names_.id);
  append_json_string(out += R"(,"type":"message","role":"assistant","model":)", names_.model);
  out += R"(,"content":[)";
  if (!append_content(*answer, out)) {
    out.clear();
    return refuse("one of its calls of functions has arguments that are no JSON object");
  }
  out += "],";
  append_stop_reason(out, answer->finish_reason, answer->matched_stop, !answer->calls.empty());
  usage_.note(*answer);
  append_message_usage(out += ",\"usage\":", usage_);
  out += '}';
  return progress::more;
}

} // namespace synapse::http::anthropic
