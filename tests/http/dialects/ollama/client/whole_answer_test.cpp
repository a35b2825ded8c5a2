#include "http/dialects/ollama/client/whole_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::ollama::client {
namespace {

using json = nlohmann::json;
constexpr std::string_view json_type = "Content-Type: application/json\r\n";
answer_facts whole_facts() {
  return {"m", 1709210096'000000000, [] { return std::int64_t{1709210097'500000000}; }};
}
json answered(whole_answer& answer, std::string_view body) {
  const auto said = translate(answer, json_type, body, 5);
  EXPECT_EQ(said.problem, "") << body;
  return json::parse(said.text, nullptr, false);
}
std::string problem(std::string_view body) {
  whole_answer answer{route::chat, whole_facts()};
  const auto said = translate(answer, json_type, body);
  EXPECT_EQ(said.text, "");
  return said.problem;
}

TEST(ollama_client_whole_answer, has_everything_at_once) {
  whole_answer answer{route::chat, whole_facts()};
  EXPECT_EQ(answered(answer, R"({"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,
        "message":{"role":"assistant","content":"Hi \u003c\n","reasoning_content":"Short",
        "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
        "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":26,"completion_tokens":12}})"),
            json::parse(R"({"model":"m","created_at":"2024-02-29T12:34:57.500000000Z","message":
        {"role":"assistant","content":"Hi <\n","thinking":"Short","tool_calls":[{"id":"a",
        "function":{"index":0,"name":"f","arguments":{"x":1}}}]},"done":true,"done_reason":"stop",
        "total_duration":1500000000,"prompt_eval_count":26,"eval_count":12})"));
  EXPECT_EQ(answer.prompt_tokens(), 26);
  EXPECT_EQ(answer.completion_tokens(), 12);
  EXPECT_EQ(answer.client_head().content_type, "application/json");
}

TEST(ollama_client_whole_answer, of_a_prompt_has_a_response_by_either_form) {
  whole_answer chat{route::generate, whole_facts()};
  EXPECT_EQ(answered(chat, R"({"choices":[{"message":{"content":"a","reasoning":"t"},
                              "finish_reason":"length"}]})"),
            json::parse(R"({"model":"m","created_at":"2024-02-29T12:34:57.500000000Z",
              "response":"a","thinking":"t","done":true,"done_reason":"length",
              "total_duration":1500000000})"));
  whole_answer completion{route::generate, whole_facts()};
  EXPECT_EQ(
      answered(completion, R"({"choices":[{"text":"once","finish_reason":"stop"}]})")["response"],
      "once");
}

TEST(ollama_client_whole_answer, an_empty_text_is_an_answer) {
  whole_answer answer{route::chat, whole_facts()};
  const auto said =
      answered(answer, R"({"choices":[{"message":{"content":null},"finish_reason":"stop"}]})");
  EXPECT_EQ(said["message"]["content"], "");
  EXPECT_FALSE(said["message"].contains("tool_calls"));
}

TEST(ollama_client_whole_answer, what_is_none_is_no_answer) {
  for (const auto* bad :
       {R"({"choices":[]})", R"({})", R"({"choices":[{"message":{"content":7}}]})",
        R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{"}}]}}]})",
        R"({"choices":[{"message":{"tool_calls":[{}]}}]})", "[]", "nonsense"})
    EXPECT_NE(problem(bad), "") << bad;
  const std::string whole = R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(problem(std::string_view{whole}.substr(0, size)), "") << size;
}

TEST(ollama_client_whole_answer, an_error_in_its_place_is_told) {
  whole_answer answer{route::chat, whole_facts()};
  translate(answer, json_type, R"({"error":{"message":"no memory","type":"server_error"}})");
  ASSERT_TRUE(answer.reported());
  EXPECT_EQ(json::parse(answer.reported()->body)["error"]["message"], "no memory");
}

} // namespace
} // namespace synapse::http::ollama::client
