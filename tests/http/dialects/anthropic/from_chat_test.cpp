#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

TEST(anthropic_from_chat, says_all_that_a_request_says) {
  const auto made = made_of(
      to_messages,
      R"({"model":"theirs","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],
          "max_tokens":7,"max_completion_tokens":256,"stop":"a","stream":true,"stream_options":{"include_usage":true},
          "temperature":0.70,"top_p":1e-1,"top_k":40,"user":"u1","tools":[{"type":"function","function":{"name":"f",
          "description":"d","parameters":{"type":"object","x":1.0},"strict":false}},{"type":"function","function":{"name":"g"}}],
          "tool_choice":"required","parallel_tool_calls":false})");
  EXPECT_TRUE(made.stream);
  EXPECT_TRUE(made.include_usage);
  EXPECT_TRUE(made.lossy.empty());
  EXPECT_EQ(
      json::parse(made.body),
      json::parse(
          R"({"model":"claude-x","system":"Be brief.","messages":[{"role":"user","content":"Hi"}],
              "max_tokens":256,"stop_sequences":["a"],"stream":true,"temperature":0.70,"top_p":0.1,"top_k":40,
              "metadata":{"user_id":"u1"},"tools":[{"name":"f","description":"d","input_schema":{"type":"object","x":1.0},"strict":false},
              {"name":"g","input_schema":{"type":"object","properties":{}}}],
              "tool_choice":{"type":"any","disable_parallel_tool_use":true}})"));
  for (const auto* text : {"\"temperature\":0.70,", "\"top_p\":1e-1,", R"("x":1.0})"})
    EXPECT_NE(made.body.find(text), std::string::npos) << text;
}

TEST(anthropic_from_chat, there_is_always_a_limit) {
  EXPECT_EQ(json_of(to_messages, with(""))["max_tokens"], 4096);
  const maker own = [](auto body) { return chat_request_to_messages(body, {"m", 99, false}); };
  EXPECT_EQ(json_of(own, with(""))["max_tokens"], 99);
  EXPECT_EQ(json_of(own, with(R"("max_tokens":5)"))["max_tokens"], 5);
  EXPECT_FALSE(made_of(own, with("")).include_usage);
}

TEST(anthropic_from_chat, tool_choice_has_each_of_its_forms) {
  const auto choice = [](const std::string& said) {
    return json_of(to_messages,
                   with(R"("tools":[{"type":"function","function":{"name":"f"}}],)" + said))
        .value("tool_choice", json());
  };
  EXPECT_EQ(choice(R"("n":1)"), nullptr);
  EXPECT_EQ(choice(R"("tool_choice":"auto")"), json::parse(R"({"type":"auto"})"));
  EXPECT_EQ(choice(R"("tool_choice":"none","parallel_tool_calls":false)"),
            json::parse(R"({"type":"none"})"));
  EXPECT_EQ(choice(R"("parallel_tool_calls":false)"),
            json::parse(R"({"type":"auto","disable_parallel_tool_use":true})"));
  EXPECT_EQ(choice(R"("tool_choice":{"type":"function","function":{"name":"f"}})"),
            json::parse(R"({"type":"tool","name":"f"})"));
  EXPECT_FALSE(json_of(to_messages, with(R"("tool_choice":"auto")")).contains("tool_choice"));
}

TEST(anthropic_from_chat, an_effort_becomes_adaptive_thinking_or_a_budget) {
  EXPECT_EQ(json_of(to_messages, with(R"("reasoning_effort":"medium")"))["output_config"],
            json::parse(R"({"effort":"medium"})"));
  const auto made = json_of(to_messages, with(R"("reasoning":{"effort":"minimal"},"response_format":
      {"type":"json_schema","json_schema":{"name":"n","schema":{"a":1}}})"));
  EXPECT_EQ(made["thinking"], json::parse(R"({"type":"adaptive"})"));
  EXPECT_EQ(made["output_config"],
            json::parse(R"({"effort":"low","format":{"type":"json_schema","schema":{"a":1}}})"));
  EXPECT_EQ(json_of(to_messages, with(R"("reasoning_effort":"none")"))["thinking"],
            json::parse(R"({"type":"disabled"})"));
  const maker old = [](auto body) { return chat_request_to_messages(body, {"m", 4096, true}); };
  EXPECT_EQ(json_of(old, with(R"("reasoning_effort":"low")"))["thinking"],
            json::parse(R"({"type":"enabled","budget_tokens":2048})"));
  // It is less than the limit, whatever was asked for.
  EXPECT_EQ(json_of(old, with(R"("reasoning_effort":"high")"))["thinking"]["budget_tokens"], 4095);
  EXPECT_EQ(lost_by(old, with(R"("reasoning_effort":"low","max_tokens":1024)")),
            std::vector<std::string_view>{"reasoning_effort"});
  EXPECT_EQ(lost_by(old, with(R"("reasoning_effort":"low","temperature":0.5,"top_k":3)")),
            (std::vector<std::string_view>{"temperature", "top_k"}));
  EXPECT_EQ(json_of(to_messages,
                    with(R"("thinking":{"type":"enabled","budget_tokens":1500})"))["thinking"],
            json::parse(R"({"type":"enabled","budget_tokens":1500})"));
}

TEST(anthropic_from_chat, what_is_not_heeded_is_told) {
  EXPECT_EQ(
      lost_by(to_messages, with(R"("logprobs":true,"top_logprobs":3,"logit_bias":{"1":2},"seed":1,
      "frequency_penalty":0.5,"presence_penalty":1,"store":true,"min_p":0.1,"user":"u","temperature":1.5)")),
      (std::vector<std::string_view>{"frequency_penalty", "logit_bias", "logprobs",
                                     "presence_penalty", "seed", "store", "temperature",
                                     "top_logprobs", "unknown_fields"}));
  EXPECT_EQ(json_of(to_messages, with(R"("temperature":1.5)"))["temperature"], 1);
}

TEST(anthropic_from_chat, refuses_what_cannot_be_had_by_its_name) {
  for (const auto& [members, field] : std::vector<std::pair<std::string, std::string>>{
           {R"("n":2)", "n"},
           {R"("n":"1")", "n"},
           {R"("audio":{})", "audio"},
           {R"("modalities":["text","audio"])", "modalities"},
           {R"("functions":[{}])", "functions"},
           {R"("max_tokens":0)", "max_tokens"},
           {R"("max_tokens":"7")", "max_tokens"},
           {R"("max_completion_tokens":1.5)", "max_completion_tokens"},
           {R"("max_tokens":5,"max_completion_tokens":"7")", "max_completion_tokens"},
           {R"("stream":1)", "stream"},
           {R"("temperature":"hot")", "temperature"},
           {R"("temperature":-1)", "temperature"},
           {R"("top_p":true)", "top_p"},
           {R"("stop":7)", "stop"},
           {R"("stop":[7])", "stop"},
           {R"("user":7)", "user"},
           {R"("response_format":{"type":"json_object"})", "response_format.type"},
           {R"("response_format":{"type":"json_schema"})", "response_format.json_schema.schema"},
           {R"("reasoning_effort":"huge")", "reasoning_effort"},
           {R"("reasoning":{"effort":7})", "reasoning.effort"},
           {R"("tools":{})", "tools"},
           {R"("tools":[{"type":"custom"}])", "tools[0].type"},
           {R"("tools":[{"type":"function"}])", "tools[0].function"},
           {R"("tools":[{"type":"function","function":{"name":7}}])", "tools[0].function.name"},
           {R"("tools":[{"type":"function","function":{"name":"f","parameters":7}}])",
            "tools[0].function.parameters"},
           {R"("tools":[{"type":"function","function":{"name":"f","description":7}}])",
            "tools[0].function.description"},
           {R"("tool_choice":"maybe")", "tool_choice"},
           {R"("tool_choice":{"type":"allowed_tools"})", "tool_choice"},
           {R"("parallel_tool_calls":"no")", "parallel_tool_calls"}})
    EXPECT_EQ(refused_field(to_messages, with(members)), field) << members;
}

} // namespace
} // namespace synapse::http::anthropic
