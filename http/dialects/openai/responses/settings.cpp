// How a response is to be made, in a chat's words, and what it says of that itself.
#include "http/dialects/openai/responses/draft.hpp"

#include <array>
#include <utility>

namespace synapse::http::openai::responses {

namespace {
using detail::is_said;
using detail::is_text;
using wanted = detail::named_value;

/// Appends a member where it is said. @param value JSON
void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty())
    (((out += ",\"") += name) += "\":") += value;
}

bool add_tool(draft& to, std::string& out, std::string_view tool, std::size_t index) {
  const auto place = detail::indexed("tools", index);
  std::string_view type, name, description, parameters, strict;
  detail::find_members(tool,
                       std::array{wanted{"type", &type}, wanted{"name", &name},
                                  wanted{"description", &description},
                                  wanted{"parameters", &parameters}, wanted{"strict", &strict}});
  if (!tool.starts_with('{'))
    return to.refuse(place, "has to be an object");
  if (!type.starts_with('"'))
    return to.refuse(place + ".type", "has to be function");
  if (!detail::says(type, "function"))
    return to.refuse(place + ".type", "has to be function: the backend has no tool called " +
                                          detail::unquoted(type));
  if (!is_text(name))
    return to.refuse(place + ".name", "has to be a string that is not empty");
  if (!to.is_string(place + ".description", description) ||
      !to.is_object(place + ".parameters", parameters))
    return false;
  ((out += index > 0 ? "," : "") += R"({"type":"function","function":{"name":)") += name;
  append_member(out, "description", description);
  append_member(out, "parameters", parameters);
  append_member(out, "strict", strict);
  out += "}}";
  return true;
}

bool add_tool_choice(draft& to, std::string_view choice) {
  if (choice.empty())
    return true;
  for (const auto* word : {"auto", "none", "required"})
    if (detail::says(choice, word)) {
      to.add("tool_choice") += choice;
      return true;
    }
  const auto name = detail::value_in(choice, "name");
  if (!detail::says(detail::value_in(choice, "type"), "function") || !is_text(name))
    return to.refuse("tool_choice", "has to be auto, none, required, or a function by its name");
  ((to.add("tool_choice") += R"({"type":"function","function":{"name":)") += name) += "}}";
  return true;
}

bool add_schema(draft& to, std::string_view format) {
  std::string_view name, description, schema, strict;
  detail::find_members(format,
                       std::array{wanted{"name", &name}, wanted{"description", &description},
                                  wanted{"schema", &schema}, wanted{"strict", &strict}});
  if (!is_text(name))
    return to.refuse("text.format.name", "has to be a string that is not empty");
  if (!schema.starts_with('{'))
    return to.refuse("text.format.schema", "has to be an object");
  auto& out = to.add("response_format") += R"({"type":"json_schema","json_schema":{"name":)";
  out += name;
  append_member(out, "description", description);
  append_member(out, "schema", schema);
  append_member(out, "strict", strict);
  out += "}}";
  return true;
}
} // namespace

bool add_tools(draft& to, const members& from) {
  if (!from.tools.empty() && !from.tools.starts_with('['))
    return to.refuse("tools", "has to be a list");
  bool parallel = true;
  if (!to.read("parallel_tool_calls", from.parallel_tool_calls, parallel))
    return false;
  if (!is_said(from.tools))
    return true;
  auto& out = to.add("tools") += '[';
  std::size_t index = 0;
  if (!detail::each_of(from.tools, [&](auto tool) { return add_tool(to, out, tool, index++); }))
    return false;
  out += ']';
  if (!from.parallel_tool_calls.empty())
    to.add("parallel_tool_calls") += from.parallel_tool_calls;
  return add_tool_choice(to, from.tool_choice);
}

bool add_text(draft& to, std::string_view text) {
  if (!to.is_object("text", text))
    return false;
  const auto verbosity = detail::value_in(text, "verbosity");
  if (!to.is_string("text.verbosity", verbosity))
    return false;
  if (!verbosity.empty())
    to.add("verbosity") += verbosity;
  const auto format = detail::value_in(text, "format");
  if (!to.is_object("text.format", format))
    return false;
  const auto type = detail::value_in(format, "type");
  if (format.empty() || detail::says(type, "text"))
    return true;
  if (detail::says(type, "json_schema"))
    return add_schema(to, format);
  if (!detail::says(type, "json_object"))
    return to.refuse("text.format.type", "has to be text, json_object or json_schema");
  to.add("response_format") += R"({"type":"json_object"})";
  return true;
}

bool add_reasoning(draft& to, std::string_view reasoning) {
  if (!to.is_object("reasoning", reasoning))
    return false;
  std::string_view effort, summary, older;
  detail::find_members(reasoning, std::array{wanted{"effort", &effort}, wanted{"summary", &summary},
                                             wanted{"generate_summary", &older}});
  if (!to.is_string("reasoning.effort", effort))
    return false;
  if (!effort.empty())
    to.add("reasoning_effort") += effort;
  if (is_said(summary) || is_said(older)) // the whole of it comes instead
    to.lose("reasoning.summary");
  return true;
}

bool add_sampling(draft& to, const members& from) {
  for (const auto& [name, value] :
       {std::pair{"temperature", from.temperature}, std::pair{"top_p", from.top_p}}) {
    if (value.empty())
      continue;
    if (!detail::number_of(value))
      return to.refuse(name, "has to be a number");
    to.add(name) += value;
  }
  if (const auto length = from.max_output_tokens; !length.empty()) {
    const auto number = detail::integer_of(length);
    if (!number || *number < 1)
      return to.refuse("max_output_tokens", "has to be a whole number from 1");
    to.add("max_tokens") += std::to_string(*number);
  }
  if (!to.is_object("metadata", from.metadata))
    return false;
  if (!from.metadata.empty())
    to.add("metadata") += from.metadata;
  for (const auto& [name, value] :
       {std::pair{"user", from.user}, std::pair{"safety_identifier", from.safety_identifier},
        std::pair{"prompt_cache_key", from.prompt_cache_key},
        std::pair{"service_tier", from.service_tier}}) {
    if (!to.is_string(name, value))
      return false;
    if (!value.empty())
      to.add(name) += value;
  }
  return true;
}

std::string echo_of(const members& from) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value, std::string_view otherwise) {
    ((out += out.empty() ? "\"" : ",\"") += name) += "\":";
    detail::append_in_one_line(out, value.empty() ? otherwise : value);
  };
  add("instructions", from.instructions, "null");
  add("max_output_tokens", from.max_output_tokens, "null");
  add("max_tool_calls", from.max_tool_calls, "null");
  add("metadata", from.metadata, "{}");
  add("parallel_tool_calls", from.parallel_tool_calls, "true");
  add("previous_response_id", from.previous_response_id, "null");
  add("prompt_cache_key", from.prompt_cache_key, "null");
  add("reasoning", from.reasoning, R"({"effort":null,"summary":null})");
  add("safety_identifier", from.safety_identifier, "null");
  add("service_tier", from.service_tier, "\"default\"");
  add("store", from.store, "true");
  add("background", from.background, "false");
  add("temperature", from.temperature, "null");
  add("text", from.text, R"({"format":{"type":"text"}})");
  add("tool_choice", from.tool_choice, "\"auto\"");
  add("tools", from.tools, "[]");
  add("top_logprobs", from.top_logprobs, "0");
  add("top_p", from.top_p, "null");
  add("truncation", from.truncation, "\"disabled\"");
  add("user", from.user, "null");
  return out;
}

} // namespace synapse::http::openai::responses
