#include "tests/http/dialects/openai/responses/requests.hpp"

#include <utility>

namespace synapse::http::openai::responses {
namespace {

TEST(responses_settings, tools_are_nested_with_their_schemas_as_spelled) {
  const auto call = call_of(asked_with(
      R"("tools":[{"type":"function","name":"f","description":"d","parameters":{"type": "object", "maximum": 1.00},"strict":true},
                  {"type":"function","name":"g","parameters":null}],
         "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false)"));
  EXPECT_NE(
      call.body.find(
          R"("tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type": "object", "maximum": 1.00},"strict":true}},{"type":"function","function":{"name":"g"}}],"parallel_tool_calls":false,"tool_choice":{"type":"function","function":{"name":"f"}})"),
      std::string::npos)
      << call.body;
  for (const auto* word : {"auto", "none", "required"})
    EXPECT_EQ(chat_of(asked_with(R"("tools":[{"type":"function","name":"f"}],"tool_choice":")" +
                                 std::string{word} + "\""))["tool_choice"],
              word);
  EXPECT_FALSE(chat_of(asked_with(R"("tools":[],"tool_choice":"auto")")).contains("tool_choice"));
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += (i > 0 ? "," : "") + std::string{R"({"type":"function","name":"f)"} +
            std::to_string(i) + "\"}";
  EXPECT_EQ(chat_of(asked_with(R"("tools":[)" + many + "]"))["tools"].size(), 200U);
}

TEST(responses_settings, a_tool_of_openais_own_is_refused_by_its_name) {
  for (const auto* type : {"web_search", "file_search", "code_interpreter", "mcp", "custom",
                           "image_generation", "computer_use_preview", "local_shell"}) {
    const auto why = why_not(asked_with(R"("tools":[{"type":"function","name":"f"},{"type":")" +
                                        std::string{type} + "\"}]"));
    EXPECT_EQ(why.field, "tools[1].type");
    EXPECT_NE(why.message.find(type), std::string::npos);
  }
}

TEST(responses_settings, a_texts_format_is_a_response_format) {
  EXPECT_FALSE(
      chat_of(asked_with(R"("text":{"format":{"type":"text"}})")).contains("response_format"));
  EXPECT_EQ(chat_of(asked_with(R"("text":{"format":{"type":"json_object"},"verbosity":"low"})")),
            json::parse(R"({"model":"m","messages":[{"role":"user","content":"Hi"}],
                            "verbosity":"low","response_format":{"type":"json_object"}})"));
  const auto call = call_of(asked_with(
      R"("text":{"format":{"type":"json_schema","name":"n","description":"d","schema":{ "x":1.0 },"strict":true}})"));
  EXPECT_TRUE(call.body.ends_with(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{ "x":1.0 },"strict":true}}})"))
      << call.body;
}

TEST(responses_settings, numbers_stay_as_spelled_and_names_are_a_chats) {
  EXPECT_EQ(
      call_of(
          asked_with(
              R"("temperature":0.70,"top_p":9e-1,"max_output_tokens":256.0,"reasoning":{"effort":"high"},
                 "metadata":{"tags":"a"},"user":"u","safety_identifier":"s","prompt_cache_key":"k","service_tier":"flex")"))
          .body,
      R"({"model":"m","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"high",)"
      R"("temperature":0.70,"top_p":9e-1,"max_tokens":256,"metadata":{"tags":"a"},"user":"u",)"
      R"("safety_identifier":"s","prompt_cache_key":"k","service_tier":"flex"})");
}

TEST(responses_settings, of_the_wrong_type_are_refused_by_place) {
  for (const auto& [members, field] : {
           std::pair{R"("tools":{})", "tools"},
           std::pair{R"("tools":[7])", "tools[0]"},
           std::pair{R"("tools":[{"name":"f"}])", "tools[0].type"},
           std::pair{R"("tools":[{"type":"function"}])", "tools[0].name"},
           std::pair{R"("tools":[{"type":"function","function":{"name":"f"}}])", "tools[0].name"},
           std::pair{R"("tools":[{"type":"function","name":"f","parameters":"x"}])",
                     "tools[0].parameters"},
           std::pair{R"("tools":[{"type":"function","name":"f","description":7}])",
                     "tools[0].description"},
           std::pair{R"("tools":[{"type":"function","name":"f"}],"tool_choice":"any")",
                     "tool_choice"},
           std::pair{R"("tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"mcp"})",
                     "tool_choice"},
           std::pair{R"("parallel_tool_calls":1)", "parallel_tool_calls"},
           std::pair{R"("text":"json")", "text"},
           std::pair{R"("text":{"format":"json"})", "text.format"},
           std::pair{R"("text":{"format":{"type":"grammar"}})", "text.format.type"},
           std::pair{R"("text":{"format":{"type":"json_schema","schema":{}}})", "text.format.name"},
           std::pair{R"("text":{"format":{"type":"json_schema","name":"n","schema":"x"}})",
                     "text.format.schema"},
           std::pair{R"("text":{"verbosity":7})", "text.verbosity"},
           std::pair{R"("reasoning":"high")", "reasoning"},
           std::pair{R"("reasoning":{"effort":7})", "reasoning.effort"},
           std::pair{R"("temperature":"1")", "temperature"},
           std::pair{R"("top_p":[])", "top_p"},
           std::pair{R"("max_output_tokens":0)", "max_output_tokens"},
           std::pair{R"("max_output_tokens":"9")", "max_output_tokens"},
           std::pair{R"("metadata":[])", "metadata"},
           std::pair{R"("user":7)", "user"},
       })
    EXPECT_EQ(refused_field(asked_with(members)), field) << members;
}

TEST(responses_settings, an_answer_repeats_them_in_one_line) {
  const auto plain = json::parse("{" + call_of(asked_with("")).request.echo + "}");
  EXPECT_EQ(plain, json::parse(R"({"instructions":null,"max_output_tokens":null,
    "max_tool_calls":null,"metadata":{},"parallel_tool_calls":true,"previous_response_id":null,
    "prompt_cache_key":null,"reasoning":{"effort":null,"summary":null},"safety_identifier":null,
    "service_tier":"default","store":true,"background":false,"temperature":null,
    "text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,
    "top_p":null,"truncation":"disabled","user":null})"));
  const auto said = call_of(asked_with("\"instructions\":\"a\\nb\",\"tools\":[\r\n{\"type\":"
                                       "\"function\",\n\"name\":\"f\"}],\"temperature\":0.70"))
                        .request.echo;
  EXPECT_EQ(said.find_first_of("\r\n"), std::string::npos);
  EXPECT_NE(said.find(R"("temperature":0.70)"), std::string::npos);
  EXPECT_EQ(json::parse("{" + said + "}")["tools"],
            json::parse(R"([{"type":"function","name":"f"}])"));
}

} // namespace
} // namespace synapse::http::openai::responses
