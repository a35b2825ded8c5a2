#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

TEST(anthropic_to_chat, says_all_that_a_request_says) {
  const auto made = made_of(
      to_chat,
      R"({"model":"claude-x","max_tokens":256,"system":"Be brief.","messages":[{"role":"user","content":"Hi"}],
          "stop_sequences":["a","","b\n"],"stream":true,"temperature":0.70,"top_p":1e-1,"top_k":40,
          "metadata":{"user_id":"u1"},"tools":[{"name":"f","description":"d","input_schema":{"type":"object","x":1.0}},
          {"type":"custom","name":"g","input_schema":{},"strict":true}],
          "tool_choice":{"type":"any","disable_parallel_tool_use":true},"synapse":{"wait":true}})");
  EXPECT_TRUE(made.stream);
  EXPECT_TRUE(made.lossy.empty());
  EXPECT_EQ(
      json::parse(made.body),
      json::parse(
          R"({"model":"claude-x","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],
              "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","x":1.0}}},
              {"type":"function","function":{"name":"g","parameters":{},"strict":true}}],
              "tool_choice":"required","parallel_tool_calls":false,"user":"u1","max_tokens":256,
              "temperature":0.7,"top_p":0.1,"top_k":40,"stop":["a","b\n"],"stream":true,
              "stream_options":{"include_usage":true},"synapse":{"wait":true}})"));
  // As they were spelled.
  for (const auto* text : {"\"temperature\":0.70,", "\"top_p\":1e-1,", R"("x":1.0})"})
    EXPECT_NE(made.body.find(text), std::string::npos) << text;
}

TEST(anthropic_to_chat, what_is_not_said_is_not_said) {
  const auto made = made_of(to_chat, with(""));
  EXPECT_FALSE(made.stream);
  EXPECT_EQ(json::parse(made.body),
            json::parse(R"({"messages":[{"role":"user","content":"Hi"}]})"));
  EXPECT_EQ(json_of(to_chat, with(R"("system":null,"system":"","tools":[],"stop_sequences":[],
      "tool_choice":{"type":"auto"},"metadata":{"user_id":null},"thinking":null,"stream":false)")),
            json::parse(R"({"messages":[{"role":"user","content":"Hi"}]})"));
}

TEST(anthropic_to_chat, tool_choice_has_each_of_its_forms) {
  const auto choice = [](const std::string& said) {
    return json_of(to_chat,
                   with(R"("tools":[{"name":"f","input_schema":{}}],"tool_choice":)" + said));
  };
  EXPECT_EQ(choice(R"({"type":"auto"})")["tool_choice"], "auto");
  EXPECT_EQ(choice(R"({"type":"any"})")["tool_choice"], "required");
  EXPECT_EQ(choice(R"({"type":"none"})")["tool_choice"], "none");
  EXPECT_EQ(choice(R"({"type":"tool","name":"f"})")["tool_choice"],
            json::parse(R"({"type":"function","function":{"name":"f"}})"));
  EXPECT_FALSE(choice(R"({"type":"any"})").contains("parallel_tool_calls"));
  EXPECT_EQ(choice(R"({"type":"auto","disable_parallel_tool_use":true})")["parallel_tool_calls"],
            false);
}

TEST(anthropic_to_chat, thinking_becomes_an_effort_and_a_hint_to_the_template) {
  const auto kwargs = [](bool on) { return json{{"enable_thinking", on}}; };
  struct row {
    std::string said;
    json effort;
    json hint;
  };
  for (const auto& one : {
           row{R"("thinking":{"type":"enabled","budget_tokens":1024})", "low", kwargs(true)},
           row{R"("thinking":{"type":"enabled","budget_tokens":10000})", "medium", kwargs(true)},
           row{R"("thinking":{"type":"enabled","budget_tokens":31999})", "high", kwargs(true)},
           row{R"("thinking":{"type":"enabled"})", "medium", kwargs(true)},
           row{R"("thinking":{"type":"adaptive"})", nullptr, kwargs(true)},
           row{R"("thinking":{"type":"adaptive"},"output_config":{"effort":"low"})", "low",
               kwargs(true)},
           row{R"("output_config":{"effort":"max"})", "high", nullptr},
           row{R"("thinking":{"type":"disabled"})", nullptr, kwargs(false)},
       }) {
    const auto made = json_of(to_chat, with(one.said));
    EXPECT_EQ(made.value("reasoning_effort", json()), one.effort) << one.said;
    EXPECT_EQ(made.value("chat_template_kwargs", json()), one.hint) << one.said;
  }
  const maker plain = [](auto body) { return messages_request_to_chat(body, {false}); };
  EXPECT_FALSE(
      json_of(plain, with(R"("thinking":{"type":"adaptive"})")).contains("chat_template_kwargs"));
  EXPECT_EQ(lost_by(plain, with(R"("thinking":{"type":"disabled"})")),
            std::vector<std::string_view>{"thinking"});
}

TEST(anthropic_to_chat, a_schema_for_the_answer_has_two_places) {
  for (const auto* said : {R"("output_config":{"format":{"type":"json_schema","schema":{"a":1}}})",
                           R"("output_format":{"type":"json_schema","schema":{"a":1}})"})
    EXPECT_EQ(
        json_of(to_chat, with(said))["response_format"],
        json::parse(
            R"({"type":"json_schema","json_schema":{"name":"answer","schema":{"a":1},"strict":true}})"));
}

TEST(anthropic_to_chat, what_is_not_heeded_is_told) {
  EXPECT_EQ(
      lost_by(to_chat, with(R"("cache_control":{"type":"ephemeral"},"service_tier":"auto",
      "seed":7,"x":0,"thinking":{"type":"enabled","budget_tokens":2000},"tools":[{"name":"f","input_schema":{},
      "cache_control":{"type":"ephemeral"},"input_examples":[{}],"defer_loading":true}])")),
      (std::vector<std::string_view>{"cache_control", "defer_loading", "input_examples",
                                     "service_tier", "thinking.budget_tokens", "unknown_fields"}));
  EXPECT_TRUE(lost_by(to_chat, with(R"("seed":null,"x":false,"metadata":{})")).empty());
}

TEST(anthropic_to_chat, refuses_what_cannot_be_had_by_its_name) {
  const std::string tool = R"("tools":[{"name":"f","input_schema":{}}],)";
  for (const auto& [members, field] : std::vector<std::pair<std::string, std::string>>{
           {R"("model":7)", "model"},
           {R"("max_tokens":"7")", "max_tokens"},
           {R"("max_tokens":0)", "max_tokens"},
           {R"("max_tokens":1.5)", "max_tokens"},
           {R"("stream":"yes")", "stream"},
           {R"("temperature":"hot")", "temperature"},
           {R"("top_p":[])", "top_p"},
           {R"("top_k":0.5)", "top_k"},
           {R"("stop_sequences":"a")", "stop_sequences"},
           {R"("stop_sequences":["a",7])", "stop_sequences"},
           {R"("system":7)", "system"},
           {R"("system":[{"type":"image"}])", "system[0].type"},
           {R"("system":[{"type":"text","text":7}])", "system[0].text"},
           {R"("tools":{})", "tools"},
           {R"("tools":[7])", "tools[0].name"},
           {R"("tools":[{"name":"","input_schema":{}}])", "tools[0].name"},
           {R"("tools":[{"name":7,"input_schema":{}}])", "tools[0].name"},
           {R"("tools":[{"name":"f"}])", "tools[0].input_schema"},
           {R"("tools":[{"name":"f","input_schema":"{}"}])", "tools[0].input_schema"},
           {R"("tools":[{"name":"f","description":7,"input_schema":{}}])", "tools[0].description"},
           {R"("tools":[{"type":"web_search_20250305","name":"web_search"}])", "tools[0].type"},
           {tool + R"("tool_choice":"auto")", "tool_choice.type"},
           {tool + R"("tool_choice":{"type":"maybe"})", "tool_choice.type"},
           {tool + R"("tool_choice":{"type":"tool"})", "tool_choice.name"},
           {tool + R"("tool_choice":{"type":"tool","name":"g"})", "tool_choice.name"},
           {tool + R"("tool_choice":{"type":"auto","disable_parallel_tool_use":1})",
            "tool_choice.disable_parallel_tool_use"},
           {R"("tool_choice":{"type":"any"})", "tool_choice.type"},
           {R"("metadata":7)", "metadata"},
           {R"("metadata":{"user_id":7})", "metadata.user_id"},
           {R"("thinking":true)", "thinking.type"},
           {R"("thinking":{"type":"enabled","budget_tokens":"many"})", "thinking.budget_tokens"},
           {R"("thinking":{"type":"enabled","budget_tokens":0})", "thinking.budget_tokens"},
           {R"("output_config":7)", "output_config"},
           {R"("output_config":{"effort":"huge"})", "output_config.effort"},
           {R"("output_config":{"format":{"type":"regex"}})", "output_config.format.type"},
           {R"("output_config":{"format":{"type":"json_schema"}})", "output_config.format.schema"},
           {R"("output_format":{"type":"json_schema","schema":7})", "output_format.schema"},
           {R"("mcp_servers":[{"url":"x"}])", "mcp_servers"},
           {R"("container":"c")", "container"}})
    EXPECT_EQ(refused_field(to_chat, with(members)), field) << members;
}

TEST(anthropic_to_chat, two_hundred_tools_are_two_hundred_tools) {
  json tools = json::array();
  for (int i = 0; i < 200; ++i)
    tools.push_back({{"name", "f" + std::to_string(i)}, {"input_schema", {{"n", i}}}});
  const auto made = json_of(to_chat, with("\"tools\":" + tools.dump() +
                                          R"(,"tool_choice":{"type":"tool","name":"f199"})"));
  ASSERT_EQ(made["tools"].size(), 200U);
  EXPECT_EQ(made["tools"][199]["function"]["parameters"]["n"], 199);
}

TEST(anthropic_to_chat, a_count_is_of_the_prompt_alone) {
  const maker count = [](auto body) { return count_request_to_chat(body); };
  const auto made =
      made_of(count, with(R"("model":"m","system":"s","max_tokens":7,"stream":true,"temperature":1,
      "tools":[{"name":"f","input_schema":{}}],"tool_choice":{"type":"any"},"thinking":{"type":"disabled"})"));
  EXPECT_FALSE(made.stream);
  const auto body = json::parse(made.body);
  for (const auto* absent : {"max_tokens", "stream", "stream_options", "temperature"})
    EXPECT_FALSE(body.contains(absent)) << absent;
  EXPECT_EQ(body["messages"].size(), 2U);
  EXPECT_EQ(body["tools"].size(), 1U);
  EXPECT_EQ(body["chat_template_kwargs"]["enable_thinking"], false);
}

} // namespace
} // namespace synapse::http::anthropic
