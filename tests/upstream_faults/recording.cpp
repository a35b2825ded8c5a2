#include "tests/upstream_faults/recording.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace synapse::test {

namespace {
using json = nlohmann::json;

/// `members` of a chunk after its common ones.
std::string event_of(const std::string& members) {
  return R"(data: {"choices":[)" + members +
         R"(,"id":"chatcmpl-4gX0","model":"qwen3-8b-q4","object":"chat.completion.chunk"})"
         "\n\n";
}
std::string delta(const std::string& fields, const std::string& finish = "null") {
  return event_of(R"({"finish_reason":)" + finish + R"(,"index":0,"delta":{)" + fields + "}}]");
}
} // namespace

const std::vector<std::string>& recorded_events() {
  static const std::vector<std::string> events{
      delta(R"("role":"assistant","content":null)"),
      delta(R"("reasoning_content":"Short: \"ok\".")"),
      ":\n\n",
      delta(R"("content":"Grüße, ")"),
      delta(R"("content":"Welt \u20ac\ndata: [DONE]")"),
      delta(R"("tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f",)"
            R"("arguments":"{\"a\":"}}])"),
      delta(R"("tool_calls":[{"index":0,"function":{"arguments":"1}"}}])"),
      event_of(R"({"finish_reason":"tool_calls","index":0,"delta":{}}],)"
               R"("timings":{"prompt_n":12,"predicted_per_second":91.9})"),
      event_of(R"(],"usage":{"completion_tokens":5,"prompt_tokens":12,"total_tokens":17})"),
      std::string{done_event},
  };
  return events;
}

std::string recorded_payload(std::string_view ending) {
  std::string out;
  for (const auto& event : recorded_events())
    for (const char c : event)
      if (c == '\n')
        out += ending;
      else
        out += c;
  return out;
}

std::string chunk(std::string_view payload) {
  char size[20];
  const int digits = std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
  return std::string(size, static_cast<std::size_t>(digits)).append(payload).append("\r\n");
}

std::string chunked(const std::vector<std::string>& events, bool with_last) {
  std::string out;
  for (const auto& event : events)
    out += chunk(event);
  if (with_last)
    out += "0\r\n\r\n";
  return out;
}

std::string content_event(std::string_view text) {
  return delta(R"("content":)" + json(text).dump());
}

std::string finish_event() {
  return delta("", R"("stop")");
}

namespace {

void take_delta(const json& fields, received_stream& out) {
  const auto text = [&](const char* name, std::string& into) {
    const auto found = fields.find(name);
    if (found != fields.end() && found->is_string())
      into += found->get<std::string>();
  };
  text("content", out.content);
  text("reasoning_content", out.reasoning);
  if (fields.contains("tool_calls"))
    for (const auto& call : fields["tool_calls"])
      out.tool_arguments += call["function"].value("arguments", "");
}

void take_data(const std::string& data, received_stream& out) {
  out.after_done = out.after_done || out.done_seen;
  out.data.push_back(data);
  if (data == "[DONE]") {
    out.done_seen = true;
    return;
  }
  const auto parsed = json::parse(data, nullptr, false);
  if (parsed.is_discarded()) {
    ++out.malformed;
    return;
  }
  if (parsed.is_object() && parsed.contains("error")) {
    if (!out.error_seen && parsed["error"].is_object())
      out.error = parsed["error"].value("message", "");
    out.error_seen = true;
  }
  if (!parsed.is_object() || !parsed.contains("choices"))
    return;
  for (const auto& choice : parsed["choices"]) {
    if (choice.contains("delta"))
      take_delta(choice["delta"], out);
    if (choice.contains("finish_reason") && choice["finish_reason"].is_string())
      out.finish_reason = choice["finish_reason"];
  }
}

} // namespace

received_stream understand(std::string_view body) {
  received_stream out;
  std::string data;
  bool has_data = false;
  std::size_t event_begin = 0;
  std::size_t at = 0;
  while (at < body.size()) {
    const auto end = body.find_first_of("\r\n", at);
    if (end == std::string_view::npos)
      break;
    const auto line = body.substr(at, end - at);
    at = end + 1;
    if (body[end] == '\r' && at < body.size() && body[at] == '\n')
      ++at;
    if (line.empty()) {
      if (has_data)
        take_data(data, out);
      data.clear();
      has_data = false;
      event_begin = at;
    } else if (line.front() == ':') {
      out.comments.emplace_back(line);
    } else if (line.starts_with("data:")) {
      if (has_data)
        data += '\n';
      data += line.substr(line.starts_with("data: ") ? 6 : 5);
      has_data = true;
    }
  }
  out.unterminated = body.substr(event_begin);
  return out;
}

const received_stream& recorded_meaning() {
  static const received_stream meaning = understand(recorded_payload());
  return meaning;
}

} // namespace synapse::test
