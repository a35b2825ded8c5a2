#include "http/dialects/anthropic/completion_answer.hpp"
#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

const answer_names completion_names{"chatcmpl-7", 1700000000, "gpt"};
constexpr std::string_view message_type = "Content-Type: application/json\r\n";
const std::string whole_message =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"hm","signature":"s"},
      {"type":"redacted_thinking","data":"x"},{"type":"text","text":"H\u00e9"},{"type":"text","text":"llo"},
      {"type":"tool_use","id":"t1","name":"f","input":{"a": 1.0}}],"stop_reason":"tool_use","stop_sequence":null,
      "usage":{"input_tokens":12,"cache_read_input_tokens":8,"cache_creation_input_tokens":0,"output_tokens":5}})";

TEST(anthropic_completion_answer, is_a_completion) {
  completion_answer answer{completion_names};
  const auto said = translate(answer, message_type, whole_message, 7);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(
      json::parse(said.text),
      json::parse(
          R"({"id":"chatcmpl-7","object":"chat.completion","created":1700000000,"model":"gpt","choices":[{"index":0,
      "message":{"role":"assistant","content":"Héllo","reasoning_content":"hm","tool_calls":[{"id":"t1","type":"function",
      "function":{"name":"f","arguments":"{\"a\": 1.0}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],
      "usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":8}}})"));
  EXPECT_EQ(answer.usage().prompt, 20);
}

TEST(anthropic_completion_answer, says_nothing_where_nothing_is_said) {
  completion_answer answer{completion_names};
  const auto made = json::parse(
      translate(answer, message_type, R"({"content":[],"stop_reason":"end_turn"})").text);
  EXPECT_EQ(made["choices"][0]["message"], json::parse(R"({"role":"assistant","content":""})"));
  EXPECT_EQ(made["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(made["usage"]["total_tokens"], 0);
  completion_answer calls{completion_names};
  EXPECT_EQ(
      json::parse(translate(calls, message_type,
                            R"({"content":[{"type":"tool_use","id":"a","name":"f","input":{}}]})")
                      .text)["choices"][0]["message"]["content"],
      nullptr);
}

TEST(anthropic_completion_answer, what_is_no_message_is_none) {
  for (const auto* body :
       {"", "nonsense", "[]", "{}", R"({"content":"text"})", R"({"content":[7]})",
        R"({"content":[{"type":"text"}]})", R"({"content":[{"type":"text","text":7}]})",
        R"({"content":[{"type":"tool_use","id":"a","name":"f","input":"{}"}]})",
        R"({"content":[{"type":"tool_use","name":"f","input":{}}]})"}) {
    completion_answer answer{completion_names};
    const auto said = translate(answer, message_type, body);
    EXPECT_NE(said.problem, "") << body;
    EXPECT_EQ(said.text, "");
  }
  completion_answer error{completion_names};
  translate(error, message_type, R"({"type":"error","error":{"type":"api_error","message":"oh"}})");
  ASSERT_TRUE(error.reported());
  EXPECT_EQ(json::parse(error.reported()->body)["error"]["message"], "oh");
  for (std::size_t size = 0; size < whole_message.size(); ++size) {
    completion_answer cut{completion_names};
    ASSERT_NE(translate(cut, message_type, std::string_view{whole_message}.substr(0, size)).problem,
              "")
        << size;
  }
}

} // namespace
} // namespace synapse::http::anthropic
