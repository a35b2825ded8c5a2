/// @file
/// Streams as servers send them, and the events that they become.
#pragma once

#include "http/dialects/ollama/stream_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace synapse::http::ollama {
using json = nlohmann::json;
inline constexpr std::string_view lines_type = "Content-Type: application/x-ndjson\r\n";
inline constexpr std::size_t roomy = 1 << 20;
inline const answer_names stream_names{"chatcmpl-9", 1700000000, "gpt"};

// As servers send it: thinking, text, two calls at once, and the counts.
inline const std::string recorded =
    R"({"model":"qwen3:8b","created_at":"2026-09-01T10:00:00.1Z","message":{"role":"assistant","content":"","thinking":"Sho\"rt"},"done":false})"
    "\n"
    R"({"model":"qwen3:8b","created_at":"2026-09-01T10:00:00.2Z","message":{"role":"assistant","content":"Hi \u003c😀\\"},"done":false})"
    "\n"
    R"({"model":"qwen3:8b","created_at":"2026-09-01T10:00:00.3Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_ab12cd34","function":{"index":0,"name":"f","arguments":{"a":1}}},{"function":{"index":1,"name":"g","arguments":{"b":"}\n"}}}]},"done":false})"
    "\n"
    R"({"model":"qwen3:8b","created_at":"2026-09-01T10:00:00.4Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":812000000,"prompt_eval_count":26,"eval_count":12})"
    "\n";

inline std::string line(const std::string& content) {
  return json{{"message", {{"role", "assistant"}, {"content", content}}}, {"done", false}}.dump() +
         "\n";
}
inline const std::string last_line =
    R"({"message":{"content":""},"done":true,"done_reason":"length"})";

/// The data of its events; what is no event is a failure.
inline std::vector<std::string> events_of(const std::string& text) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\n\n", at);
    EXPECT_EQ(text.substr(at, 6), "data: ");
    EXPECT_NE(end, std::string::npos) << text;
    if (end == std::string::npos)
      break;
    found.push_back(text.substr(at + 6, end - at - 6));
    at = end + 2;
  }
  return found;
}

/// Puts the deltas of a whole stream together.
inline json joined(const std::vector<std::string>& events) {
  json all{{"content", ""}, {"reasoning_content", ""}, {"tool_calls", json::array()}};
  for (const auto& event : events) {
    if (event == "[DONE]")
      continue;
    const auto chunk = json::parse(event);
    if (chunk["choices"].empty())
      continue;
    const auto& choice = chunk["choices"][0];
    for (const auto* name : {"content", "reasoning_content"})
      if (choice["delta"].contains(name))
        all[name] = all[name].get<std::string>() + choice["delta"][name].get<std::string>();
    for (const auto& call : choice["delta"].value("tool_calls", json::array()))
      all["tool_calls"].push_back(call);
    if (!choice["finish_reason"].is_null())
      all["finish"] = choice["finish_reason"];
  }
  return all;
}

} // namespace synapse::http::ollama
