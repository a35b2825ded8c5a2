/// @file
/// Streams of chunks as backends of OpenAI's form send them.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace synapse::http::openai {

inline constexpr std::string_view events_type = "Content-Type: text/event-stream\r\n";
inline constexpr std::size_t roomy = 1 << 20;

inline std::string event(const std::string& data) {
  return "data: " + data + "\n\n";
}
/// @param delta JSON. @param finish JSON
inline std::string chunk(const std::string& delta, const std::string& finish = "null") {
  return event(
      R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"served","choices":[{"index":0,"delta":)" +
      delta + R"(,"logprobs":null,"finish_reason":)" + finish + R"(}],"usage":null})");
}
inline std::string content(const std::string& text) {
  return chunk(nlohmann::json{{"content", text}}.dump());
}
inline const std::string usage_event = event(
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"served","choices":[],"usage":{"prompt_tokens":26,"completion_tokens":12,"total_tokens":38,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}})");
inline const std::string done_event = event("[DONE]");

// Reasoning, text, two calls at once in pieces, and the counts.
inline const std::string recorded_chunks =
    chunk(R"({"role":"assistant","content":""})") + ": keepalive\n\n" +
    chunk(R"({"reasoning_content":"Sho\"rt"})") + chunk(R"({"content":"Hi \u003c"})") +
    chunk(R"({"content":"😀\\"})") +
    chunk(
        R"({"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":" 1.50}"}}]})") +
    chunk(
        R"({"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"g","arguments":"{\"b\":\"}\\n\"}"}}]})") +
    chunk("{}", R"("tool_calls")") + usage_event + done_event;

} // namespace synapse::http::openai
