#include "http/dialects/ollama/request.hpp"

#include "http/core/local_reply.hpp"
#include "http/dialects/ollama/draft.hpp"
#include "http/dialects/ollama/messages.hpp"
#include "http/dialects/openai/json_cursor.hpp"

#include <limits>
#include <utility>

namespace synapse::http::ollama {

namespace {
constexpr std::string_view none_such = "is not what this backend can give";

/// Refuses what such a server has nothing for, and no answer without it would do.
bool can_be_given(draft& to) {
  if (!to.is_one(member::n) || !to.is_one(member::best_of))
    return false;
  for (const auto which : {member::audio, member::web_search_options})
    if (!to[which].empty())
      return to.refuse(which, std::string{none_such});
  for (const auto which : {member::functions, member::function_call})
    if (is_said(to[which]))
      return to.refuse(which, "is no longer known: use tools and tool_choice");
  const auto modalities = to[member::modalities];
  if ((!modalities.empty() && !modalities.starts_with('[')) ||
      !each_of(modalities, [](auto one) { return detail::says(one, "text"); }))
    return to.refuse(member::modalities,
                     "has to be a list of text alone: this backend gives nothing else");
  // Also a number, as older completions have it.
  if (const auto value = to[member::logprobs]; !value.empty() && value != "false")
    return to.refuse(member::logprobs, std::string{none_such});
  return true;
}

void add_model(draft& to) {
  append_json_string(to.add("model"), to.settings().model);
}

/// What chats and completions have in common, once the prompt is written.
bool add_generation(draft& to) {
  bool stream = false;
  if (!to.read(member::stream, stream))
    return false;
  to.add("stream") += stream ? "true" : "false";
  add_constants(to);
  return add_think(to) && add_format(to) && add_options(to);
}

bool is_tool(draft& to, std::string_view tool, std::size_t index) {
  const auto place = "tools[" + std::to_string(index) + ']';
  if (!detail::says(value_in(tool, "type"), "function"))
    return to.refuse(place + ".type", "has to be function: this backend has no tools of its own");
  const auto function = value_in(tool, "function");
  if (!function.starts_with('{'))
    return to.refuse(place + ".function", "has to be an object");
  const auto name = value_in(function, "name");
  if (!name.starts_with('"') || !is_said(name))
    return to.refuse(place + ".function.name", "has to be a string that is not empty");
  return true;
}

/// `tools` are the same there. There is no choice among them: leaving them out is the only one.
bool add_tools(draft& to) {
  const auto tools = to[member::tools];
  if (!tools.empty() && !tools.starts_with('['))
    return to.refuse(member::tools, "has to be a list");
  std::size_t index = 0;
  if (!each_of(tools, [&](auto tool) { return is_tool(to, tool, index++); }))
    return false;
  const auto choice = to[member::tool_choice];
  if (!choice.empty() && !choice.starts_with('{') && !detail::says(choice, "auto") &&
      !detail::says(choice, "none") && !detail::says(choice, "required"))
    return to.refuse(member::tool_choice, "has to be auto, none, required, or an object");
  if (!to.is_flag(member::parallel_tool_calls))
    return false;
  if (index == 0 || detail::says(choice, "none"))
    return true;
  if (!choice.empty() && !detail::says(choice, "auto"))
    to.lose(to_string(member::tool_choice));
  if (to[member::parallel_tool_calls] == "false")
    to.lose(to_string(member::parallel_tool_calls));
  to.add("tools") += tools;
  return true;
}

/// A text, or a list of one.
bool add_prompt(draft& to) {
  const auto said = to[member::prompt];
  auto text = said;
  std::size_t count = 0;
  each_of(said, [&](auto one) {
    text = one;
    return ++count == 1;
  });
  if (count > 1 && text.starts_with('"'))
    return to.refuse(member::prompt, "has to be one text: this backend gives one answer at a time");
  // An empty one would load the model, and be answered as if it were an answer.
  if (!text.starts_with('"') || !is_said(text))
    return to.refuse(member::prompt, "has to be a text that is not empty");
  to.add("prompt") += text;
  return true;
}

bool add_suffix(draft& to) {
  const auto suffix = to[member::suffix];
  if (suffix.empty())
    return true;
  if (!suffix.starts_with('"'))
    return to.refuse(member::suffix, "has to be a string");
  to.add("suffix") += suffix;
  return true;
}

/// @returns how many texts there are; 0: refused.
std::size_t add_input(draft& to) {
  const auto input = to[member::input];
  const auto is_text = [](std::string_view one) { return one.starts_with('"') && is_said(one); };
  std::size_t count = 0;
  const bool good = each_of(input, [&](auto one) { return is_text(one) && ++count > 0; });
  if (is_text(input))
    count = 1;
  if (!good || count == 0) {
    to.refuse(member::input,
              "has to be a text or a list of texts, none of them empty: this backend "
              "takes no tokens");
    return 0;
  }
  to.add("input") += input;
  return count;
}

bool add_dimensions(draft& to) {
  const auto value = to[member::dimensions];
  if (value.empty())
    return true;
  const auto number = integer_of(value);
  if (!number || *number < 1 || *number > std::numeric_limits<std::int32_t>::max())
    return to.refuse(member::dimensions, "has to be a whole number from 1");
  to.add("dimensions") += std::to_string(*number);
  return true;
}

/// Embeddings are made with the same context as texts: otherwise the model would be loaded again.
void add_context(draft& to) {
  if (to.settings().num_ctx > 0)
    (to.add("options") += R"({"num_ctx":)") += std::to_string(to.settings().num_ctx) + '}';
}

bool read_encoding(draft& to, bool& base64) {
  const auto value = to[member::encoding_format];
  base64 = detail::says(value, "base64");
  return value.empty() || base64 || detail::says(value, "float") ||
         to.refuse(member::encoding_format, "has to be float or base64");
}
} // namespace

native_request chat_call(std::string_view body, const call_settings& settings) {
  draft to{body, settings};
  add_model(to);
  if (can_be_given(to) && message_writer{to}.write() && add_tools(to))
    add_generation(to);
  return to.finish("/api/chat");
}

native_request completion_call(std::string_view body, const call_settings& settings) {
  draft to{body, settings};
  add_model(to);
  bool echo = false;
  if (!to.read(member::echo, echo))
    return to.finish({});
  if (echo)
    to.refuse(member::echo, std::string{none_such});
  if (can_be_given(to) && add_prompt(to) && add_suffix(to)) {
    to.add("raw") += "false";
    add_generation(to);
  }
  return to.finish("/api/generate");
}

native_request embedding_call(std::string_view body, const call_settings& settings) {
  draft to{body, settings};
  add_model(to);
  bool base64 = false;
  std::size_t inputs = 0;
  if (read_encoding(to, base64) && (inputs = add_input(to)) > 0 && add_dimensions(to)) {
    add_constants(to);
    add_context(to);
  }
  auto result = to.finish("/api/embed");
  if (auto* call = std::get_if<native_call>(&result)) {
    call->base64 = base64;
    call->inputs = inputs;
  }
  return result;
}

} // namespace synapse::http::ollama
