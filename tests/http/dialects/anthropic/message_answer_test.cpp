#include "http/dialects/anthropic/message_answer.hpp"
#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

const answer_names message_names{"msg_7", 0, "claude-x"};
constexpr std::string_view json_type = "Content-Type: application/json\r\n";

/// An answer with this message in it.
std::string completion(const std::string& message, const std::string& finish = R"("stop")") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":)" +
         message + R"(,"logprobs":null,"finish_reason":)" + finish +
         R"(}],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":8}}})";
}
std::string calling(const std::string& arguments) {
  return R"({"role":"assistant","content":"ok","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":)" +
         arguments + "}}]}";
}

TEST(anthropic_message_answer, is_a_message) {
  message_answer answer{message_names};
  const auto said = translate(
      answer, json_type,
      completion(
          R"({"role":"assistant","content":"H\u00e9","reasoning_content":"hm","tool_calls":[
              {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}},
              {"type":"function","function":{"name":"g","arguments":""}}]})",
          R"("tool_calls")"),
      7);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(json::parse(said.text),
            json::parse(
                R"({"id":"msg_7","type":"message","role":"assistant","model":"claude-x","content":[
      {"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Hé"},
      {"type":"tool_use","id":"c1","name":"f","input":{"a":1.0}},{"type":"tool_use","id":"toolu_7_1","name":"g","input":{}}],
      "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":0,
      "cache_read_input_tokens":8,"output_tokens":5}})"));
  EXPECT_NE(said.text.find(R"("input":{"a": 1.0})"), std::string::npos);
  EXPECT_EQ(answer.usage().prompt, 20);
  EXPECT_EQ(answer.client_head().content_type, "application/json");
}

TEST(anthropic_message_answer, nothing_said_is_no_block) {
  message_answer answer{message_names};
  const auto said =
      translate(answer, json_type, completion(R"({"role":"assistant","content":null})"));
  EXPECT_EQ(json::parse(said.text)["content"], json::array());
  message_answer refuses{message_names};
  EXPECT_EQ(
      json::parse(translate(refuses, json_type, completion(R"({"content":null,"refusal":"no"})"))
                      .text)["content"],
      json::parse(R"([{"type":"text","text":"no"}])"));
}

TEST(anthropic_message_answer, a_stop_text_is_told_where_the_backend_tells_it) {
  message_answer answer{message_names};
  const auto said = translate(
      answer, json_type,
      R"({"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop","stop_reason":"END"}]})");
  const auto made = json::parse(said.text);
  EXPECT_EQ(made["stop_reason"], "stop_sequence");
  EXPECT_EQ(made["stop_sequence"], "END");
  EXPECT_EQ(made["usage"]["output_tokens"], 0);
}

TEST(anthropic_message_answer, arguments_that_are_no_object_are_never_made_one) {
  for (const auto* arguments : {R"("{\"a\":")", R"("[1]")", R"("nonsense")", R"("{} {}")"}) {
    message_answer answer{message_names};
    const auto said =
        translate(answer, json_type, completion(calling(arguments), R"("tool_calls")"));
    EXPECT_NE(said.problem, "") << arguments;
    EXPECT_EQ(said.text, "");
    // Cut by the limit: the call is missing, and the reason says why.
    message_answer cut{message_names};
    const auto rest = translate(cut, json_type, completion(calling(arguments), R"("length")"));
    EXPECT_EQ(rest.problem, "");
    const auto made = json::parse(rest.text);
    EXPECT_EQ(made["content"], json::parse(R"([{"type":"text","text":"ok"}])"));
    EXPECT_EQ(made["stop_reason"], "max_tokens");
  }
}

TEST(anthropic_message_answer, what_is_no_answer_is_none) {
  for (const auto* body : {"", "nonsense", "[]", "{}", R"({"choices":[]})",
                           R"({"choices":[{"index":0,"message":{"content":7}}]})",
                           R"({"choices":[{"index":1,"message":{"content":"a"}}]})"}) {
    message_answer answer{message_names};
    const auto said = translate(answer, json_type, body);
    EXPECT_NE(said.problem, "") << body;
    EXPECT_EQ(said.text, "");
    EXPECT_FALSE(answer.reported());
  }
  message_answer error{message_names};
  EXPECT_NE(translate(error, json_type, R"({"error":{"message":"too long","type":"t"}})").problem,
            "");
  ASSERT_TRUE(error.reported());
  EXPECT_EQ(json::parse(error.reported()->body)["error"]["message"], "too long");
}

TEST(anthropic_message_answer, cut_off_at_any_byte_it_is_no_answer) {
  const auto whole = completion(calling(R"("{}")"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    message_answer answer{message_names};
    const auto said = translate(answer, json_type, std::string_view{whole}.substr(0, size));
    ASSERT_NE(said.problem, "") << size;
    ASSERT_EQ(said.text, "");
  }
}

} // namespace
} // namespace synapse::http::anthropic
