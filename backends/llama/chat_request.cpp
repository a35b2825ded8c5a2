#include "backends/llama/chat_request.hpp"

#include <algorithm>
#include <utility>

namespace synapse::backends {

namespace {

std::string part_text(const json& part) {
  auto type = value_or<std::string>(part, "type", "");
  if (type == "text")
    return value_or<std::string>(part, "text", "");
  for (std::string kind : {"image", "audio", "video"}) {
    if (type == kind + "_url" || type == "input_" + kind)
      throw api_error{error_type::server,
                      kind + " input is not supported - hint: if this is unexpected, you may need "
                             "to provide the mmproj"};
  }
  throw invalid("unsupported content[].type");
}

std::string content_text(const json& content) {
  if (content.is_string())
    return content.get<std::string>();
  if (!content.is_array())
    throw invalid("Invalid 'content' type: expected string or array");
  std::string out;
  for (const auto& part : content) {
    if (!part.is_object())
      throw invalid("unsupported content[].type");
    auto text = part_text(part);
    out += (out.empty() || text.empty() ? "" : "\n") + text;
  }
  return out;
}

turn parse_message(const json& message) {
  if (!message.is_object())
    throw invalid("Expected each message to be an object");
  turn out;
  out.role = value_or<std::string>(message, "role", "");
  if (out.role.empty())
    throw invalid("Missing 'role' in message");
  bool has_content = message.contains("content") && !message["content"].is_null();
  if (has_content)
    out.text = content_text(message["content"]);
  else if (out.role != "assistant")
    throw invalid("All non-assistant messages must contain 'content'");
  else if (!message.contains("content") && !message.contains("tool_calls"))
    throw invalid("Assistant message must contain either 'content' or 'tool_calls'!");
  if (message.contains("tool_calls") && message["tool_calls"].is_array())
    out.text += dump(message["tool_calls"]);
  return out;
}

std::vector<tool_spec> parse_tools(const json& body) {
  std::vector<tool_spec> out;
  if (!body.contains("tools") || body["tools"].is_null())
    return out;
  if (!body["tools"].is_array())
    throw invalid("Expected 'tools' to be an array");
  for (const auto& tool : body["tools"]) {
    if (!tool.is_object() || value_or<std::string>(tool, "type", "") != "function" ||
        !tool.contains("function") || !tool["function"].is_object())
      throw invalid("Unsupported tool type: " + dump(tool));
    const auto& function = tool["function"];
    auto name = value_or<std::string>(function, "name", "");
    if (name.empty())
      throw invalid("Missing tool name");
    out.push_back({std::move(name), function.value("parameters", json::object())});
  }
  return out;
}

// "required" or a named function force a call; under "auto" only a user who names the tool gets it.
std::optional<std::string> pick_tool(const json& body, const chat_request& request) {
  auto known = [&](const std::string& name) {
    return std::any_of(request.tools.begin(), request.tools.end(),
                       [&](const tool_spec& each) { return each.name == name; });
  };
  auto choice = body.value("tool_choice", json("auto"));
  if (choice.is_object()) {
    auto function = choice.value("function", json::object());
    auto name = value_or<std::string>(function, "name", "");
    if (!known(name))
      throw invalid("tool_choice names the unknown function '" + name + "'");
    return name;
  }
  if (choice.is_string() && choice != "auto" && choice != "none" && choice != "required")
    throw invalid("Invalid tool_choice: " + choice.get<std::string>());
  if (request.tools.empty() || choice == "none")
    return std::nullopt;
  if (choice == "required")
    return request.tools.front().name;
  const auto& last = request.conversation.back();
  for (const auto& tool : request.tools)
    if (last.role == "user" && last.text.find(tool.name) != std::string::npos)
      return tool.name;
  return std::nullopt;
}

std::optional<json> parse_answer_schema(const json& body) {
  auto format = body.value("response_format", json());
  if (format.is_object()) {
    auto type = value_or<std::string>(format, "type", "");
    if (type == "json_object")
      return format.value("schema", json::object());
    if (type == "json_schema")
      return format.value("json_schema", json::object()).value("schema", json::object());
    if (!type.empty() && type != "text")
      throw invalid("response_format type must be one of \"text\" or \"json_object\", but got: " +
                    type);
  }
  if (body.contains("json_schema") && body["json_schema"].is_object())
    return body["json_schema"];
  return std::nullopt;
}

} // namespace

generation_params parse_params(const json& body, std::size_t slots) {
  generation_params out;
  out.stream = value_or(body, "stream", false);
  out.timings_per_token = value_or(body, "timings_per_token", false);
  out.return_progress = value_or(body, "return_progress", false);
  out.cache_prompt = value_or(body, "cache_prompt", true);
  if (body.contains("stream_options") && body["stream_options"].is_object())
    out.include_usage = value_or(body["stream_options"], "include_usage", false);
  auto logprobs = body.find("logprobs");
  out.logprobs = logprobs != body.end() && (logprobs->is_number_integer() || *logprobs == true);
  for (auto name : {"n_predict", "max_tokens", "max_completion_tokens"}) {
    auto wanted = value_or<std::int64_t>(body, name, -1);
    if (wanted >= 0)
      out.max_tokens = static_cast<std::size_t>(wanted);
  }
  auto stop = body.value("stop", json());
  if (stop.is_string() && !stop.get_ref<const std::string&>().empty())
    out.stop.push_back(stop.get<std::string>());
  for (const auto& each : stop.is_array() ? stop : json::array())
    if (each.is_string() && !each.get_ref<const std::string&>().empty())
      out.stop.push_back(each.get<std::string>());
  auto n = value_or<std::int64_t>(body, "n", value_or<std::int64_t>(body, "n_cmpl", 1));
  if (n > static_cast<std::int64_t>(slots))
    throw invalid("n_cmpl cannot be greater than the number of slots, please increase -np");
  out.choices = static_cast<std::size_t>(std::max<std::int64_t>(1, n));
  auto ping = value_or<std::int64_t>(body, "sse_ping_interval", 0);
  if (ping > 0)
    out.ping_interval = std::chrono::seconds(ping);
  return out;
}

std::vector<turn> parse_messages(const json& body) {
  if (!body.contains("messages"))
    throw invalid("'messages' is required");
  if (!body["messages"].is_array())
    throw invalid("Expected 'messages' to be an array");
  std::vector<turn> out;
  for (const auto& message : body["messages"])
    out.push_back(parse_message(message));
  if (out.empty())
    throw invalid("'messages' is required");
  if (out.size() >= 2 && out.back().role == "assistant" && out[out.size() - 2].role == "assistant")
    throw invalid("Cannot have 2 or more assistant messages at the end of the list.");
  return out;
}

chat_request parse_chat(const json& body, std::size_t slots) {
  chat_request out;
  out.model = value_or<std::string>(body, "model", "");
  out.conversation = parse_messages(body);
  out.params = parse_params(body, slots);
  out.tools = parse_tools(body);
  if (out.params.logprobs && out.params.stream && !out.tools.empty())
    throw invalid("logprobs is not supported with tools + stream");
  if (out.conversation.back().role == "assistant" &&
      value_or(body.value("chat_template_kwargs", json::object()), "enable_thinking", false))
    throw invalid("Assistant response prefill is incompatible with enable_thinking.");
  out.forced_tool = pick_tool(body, out);
  out.answer_schema = parse_answer_schema(body);
  if (out.answer_schema && body.contains("grammar"))
    throw invalid("Either \"json_schema\" or \"grammar\" can be specified, but not both");
  out.prompt = apply_template(out.conversation);
  return out;
}

std::string apply_template(const std::vector<turn>& conversation) {
  std::string out;
  for (std::size_t i = 0; i < conversation.size(); ++i) {
    bool open = i + 1 == conversation.size() && conversation[i].role == "assistant";
    out += "<|im_start|>" + conversation[i].role + "\n" + conversation[i].text;
    if (open)
      return out;
    out += "<|im_end|>\n";
  }
  return out + "<|im_start|>assistant\n";
}

} // namespace synapse::backends
