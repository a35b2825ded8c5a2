#include "http/dialects/ollama/whole_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::ollama {
namespace {

using json = nlohmann::json;
constexpr std::string_view whole_fields = "Content-Type: application/json; charset=utf-8\r\n";
const answer_names whole_names{"chatcmpl-1", 1700000000, "gpt \"4\""};

json answered(whole_answer& answer, std::string_view body, std::size_t piece = 5) {
  const auto said = translate(answer, whole_fields, body, piece);
  EXPECT_EQ(said.problem, "") << body;
  return json::parse(said.text, nullptr, false);
}
std::string whole_problem(std::string_view body, answer_kind kind = answer_kind::chat) {
  whole_answer answer{kind, whole_names};
  const auto said = translate(answer, whole_fields, body);
  EXPECT_EQ(said.text, "");
  return said.problem;
}

TEST(ollama_whole_answer, becomes_a_chat_completion) {
  whole_answer answer{answer_kind::chat, whole_names};
  EXPECT_EQ(answered(answer, R"({"model":"qwen3:8b","created_at":"2026-09-01T10:00:00.4Z",
                     "message":{"role":"assistant","content":"Hi \u003c\n","thinking":"Short"},
                     "done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":12})"),
            json::parse(R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,
              "model":"gpt \"4\"","choices":[{"index":0,"message":{"role":"assistant",
              "content":"Hi <\n","reasoning_content":"Short"},"logprobs":null,"finish_reason":"stop"}],
              "usage":{"prompt_tokens":26,"completion_tokens":12,"total_tokens":38}})"));
  EXPECT_EQ(answer.prompt_tokens(), 26);
  EXPECT_EQ(answer.completion_tokens(), 12);
  EXPECT_TRUE(answer.truncated(100, 26));
  EXPECT_FALSE(answer.truncated(30, 26));
  EXPECT_EQ(answer.client_head().content_type, "application/json");
}

TEST(ollama_whole_answer, an_error_in_its_place_is_told_to_those_who_judge_it) {
  whole_answer answer{answer_kind::chat, whole_names};
  EXPECT_FALSE(answer.reported());
  translate(answer, whole_fields, R"({"error":"model requires more system memory"})");
  ASSERT_TRUE(answer.reported());
  EXPECT_EQ(json::parse(answer.reported()->body)["error"]["message"],
            "model requires more system memory");
  EXPECT_EQ(answer.reported()->status, 0U);
}

TEST(ollama_whole_answer, two_calls_are_the_reason_to_finish) {
  whole_answer answer{answer_kind::chat, whole_names};
  const auto said = answered(answer, R"({"message":{"role":"assistant","content":"","tool_calls":[
      {"id":"call_a","function":{"index":0,"name":"f","arguments":{"a": 1.50}}},
      {"function":{"name":"g","arguments":{}}}]},"done":true,"done_reason":"stop"})");
  EXPECT_EQ(said["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(said["choices"][0]["message"],
            json::parse(R"({"role":"assistant","content":null,"tool_calls":[
      {"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"}},
      {"id":"call_1_1","type":"function","function":{"name":"g","arguments":"{}"}}]})"));
  EXPECT_EQ(said["usage"]["total_tokens"], 0);
  EXPECT_EQ(answer.prompt_tokens(), -1);
}

TEST(ollama_whole_answer, becomes_a_text_completion) {
  whole_answer answer{answer_kind::completion, {"cmpl-1", 5, "m"}};
  EXPECT_EQ(
      answered(
          answer,
          R"({"response":"once","done":true,"done_reason":"length","context":[1,2],"eval_count":3})"),
      json::parse(R"({"id":"cmpl-1","object":"text_completion","created":5,"model":"m",
              "choices":[{"index":0,"text":"once","logprobs":null,"finish_reason":"length"}],
              "usage":{"prompt_tokens":0,"completion_tokens":3,"total_tokens":3}})"));
}

TEST(ollama_whole_answer, an_empty_text_is_an_answer) {
  whole_answer answer{answer_kind::chat, whole_names};
  EXPECT_EQ(
      answered(answer,
               R"({"message":{"content":""},"done":true})")["choices"][0]["message"]["content"],
      "");
}

TEST(ollama_whole_answer, what_is_not_complete_is_no_answer) {
  EXPECT_EQ(whole_problem(R"({"message":{"content":"a"},"done":false})"),
            "its answer is incomplete");
  EXPECT_EQ(whole_problem(R"({"message":{"content":"a"}})"), "its answer is incomplete");
  EXPECT_NE(whole_problem(R"({"done":true})"), "");
  EXPECT_NE(whole_problem(R"({"choices":[]})"), "");
  EXPECT_NE(whole_problem(R"({"message":{"content":""},"done":true,"done_reason":"load"})"), "");
  EXPECT_NE(whole_problem(R"({"message":{"content":7},"done":true})"), "");
  EXPECT_NE(whole_problem(R"({"message":{"tool_calls":[{}]},"done":true})"), "");
  EXPECT_NE(whole_problem(R"({"response":7,"done":true})", answer_kind::completion), "");
  const std::string whole = R"({"message":{"content":"a"},"done":true})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(whole_problem(std::string_view{whole}.substr(0, size)), "") << size;
}

TEST(ollama_whole_answer, an_error_in_place_of_one_is_told) {
  whole_answer answer{answer_kind::chat, whole_names};
  const auto said = translate(
      answer, whole_fields, R"({"error":"{\"error\":{\"code\":500,\"message\":\"no memory\"}}"})");
  EXPECT_EQ(said.problem, "no memory");
  ASSERT_TRUE(answer.error());
  EXPECT_EQ(answer.error()->status, 500U);
}

} // namespace
} // namespace synapse::http::ollama
