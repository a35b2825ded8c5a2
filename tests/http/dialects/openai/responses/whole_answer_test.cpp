#include "http/dialects/openai/responses/whole_answer.hpp"
#include "tests/http/dialects/openai/responses/answers.hpp"

namespace synapse::http::openai::responses {
namespace {

constexpr std::string_view json_type = "Content-Type: application/json\r\n";

json answered(whole_answer& answer, std::string_view body) {
  const auto said = translate(answer, json_type, body, 5);
  EXPECT_EQ(said.problem, "") << body;
  EXPECT_EQ(said.text, answer.response());
  return json::parse(said.text, nullptr, false);
}
std::string problem(std::string_view body) {
  whole_answer answer{frame_with()};
  const auto said = translate(answer, json_type, body);
  EXPECT_EQ(said.text, "");
  return said.problem;
}

TEST(responses_whole_answer, is_what_a_streams_last_event_has) {
  whole_answer whole{frame_with()};
  const auto said = answered(
      whole,
      R"({"id":"chatcmpl-1","object":"chat.completion","model":"served","choices":[{"index":0,"message":
         {"role":"assistant","content":"Hi \u003c😀\\","reasoning_content":"Sho\"rt","tool_calls":[
         {"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"}},
         {"id":"call_b","type":"function","function":{"name":"g","arguments":"{\"b\":\"}\\n\"}"}}]},
         "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":26,"completion_tokens":12,
         "prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}})");
  stream_answer stream{frame_with(), roomy};
  translate(stream, events_type, recorded_chunks);
  EXPECT_EQ(said, json::parse(stream.response()));
  EXPECT_EQ(whole.conversation(), stream.conversation());
  EXPECT_EQ(whole.prompt_tokens(), 26);
  EXPECT_EQ(whole.completion_tokens(), 12);
}

TEST(responses_whole_answer, cut_short_is_incomplete) {
  whole_answer answer{frame_with()};
  const auto said =
      answered(answer, R"({"choices":[{"message":{"content":"a"},"finish_reason":"length"}]})");
  EXPECT_EQ(said["status"], "incomplete");
  EXPECT_EQ(said["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(said["output"][0]["status"], "incomplete");
  EXPECT_EQ(said["usage"], nullptr);
}

TEST(responses_whole_answer, one_that_says_nothing_or_refuses_is_a_message) {
  whole_answer silent{frame_with()};
  EXPECT_EQ(answered(silent, R"({"choices":[{"message":{"content":null},"finish_reason":"stop"}]})")
                ["output"][0]["content"][0]["text"],
            "");
  whole_answer refusing{frame_with()};
  EXPECT_EQ(answered(refusing, R"({"choices":[{"message":{"content":null,"refusal":"No."},
                                   "finish_reason":"stop"}]})")["output"][0]["content"],
            json::parse(R"([{"type":"refusal","refusal":"No."}])"));
  whole_answer calling{frame_with()};
  const auto said = answered(calling, R"({"choices":[{"message":{"content":null,"tool_calls":[
      {"type":"function","function":{"name":"f","arguments":"{}"}}]}}]})");
  ASSERT_EQ(said["output"].size(), 1U);
  EXPECT_EQ(said["output"][0]["call_id"], "call_9a_0");
}

TEST(responses_whole_answer, what_is_none_is_no_answer) {
  for (const auto* bad :
       {R"({"choices":[]})", R"({})", R"({"choices":[{"message":{"content":7}}]})",
        R"({"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]})", "[]",
        "nonsense"})
    EXPECT_NE(problem(bad), "") << bad;
  const std::string whole = R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(problem(std::string_view{whole}.substr(0, size)), "") << size;
}

TEST(responses_whole_answer, an_error_in_its_place_is_told) {
  whole_answer answer{frame_with()};
  translate(answer, json_type, R"({"error":{"message":"no memory","type":"server_error"}})");
  ASSERT_TRUE(answer.reported());
  EXPECT_EQ(json::parse(answer.reported()->body)["error"]["message"], "no memory");
}

} // namespace
} // namespace synapse::http::openai::responses
