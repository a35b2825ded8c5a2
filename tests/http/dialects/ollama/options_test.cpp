#include "http/dialects/ollama/draft.hpp"
#include "tests/http/dialects/ollama/calls.hpp"

namespace synapse::http::ollama {
namespace {

json options_of(const std::string& members, const call_settings& settings = plain_settings) {
  return native_of(chat_call, chat_with(members), settings).value("options", json());
}

TEST(ollama_options, have_ollamas_names_and_the_clients_numbers) {
  EXPECT_EQ(options_of(R"("temperature":0.30,"top_p":0.9,"min_p":0.05,"typical_p":1,
                          "presence_penalty":-1.5,"frequency_penalty":2,"repetition_penalty":1.1,
                          "top_k":40,"repeat_last_n":64,"seed":-7,"max_tokens":256)"),
            json::parse(R"({"temperature":0.30,"top_p":0.9,"min_p":0.05,"typical_p":1,
                          "presence_penalty":-1.5,"frequency_penalty":2,"repeat_penalty":1.1,
                          "top_k":40,"repeat_last_n":64,"seed":-7,"num_predict":256})"));
  EXPECT_NE(call_of(chat_call, chat_with(R"("temperature":0.30)")).body.find(R"(:0.30})"),
            std::string::npos);
}

TEST(ollama_options, the_newer_name_of_the_longest_answer_counts) {
  EXPECT_EQ(options_of(R"("max_tokens":1,"max_completion_tokens":2)"), (json{{"num_predict", 2}}));
  EXPECT_EQ(options_of(R"("max_tokens":1,"max_completion_tokens":null)"),
            (json{{"num_predict", 1}}));
  EXPECT_EQ(options_of(R"("max_tokens":-1)"), (json{{"num_predict", -1}}));
  // There, 0 is no limit.
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("max_tokens":0)")), "max_tokens");
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("max_completion_tokens":0)")),
            "max_completion_tokens");
}

TEST(ollama_options, stops_are_a_list_without_empty_texts) {
  EXPECT_EQ(options_of(R"("stop":"\n\n")"), (json{{"stop", {"\n\n"}}}));
  EXPECT_EQ(options_of(R"("stop":["a","","\u00e4"])"), (json{{"stop", {"a", "ä"}}}));
  for (const auto* none : {R"("stop":[])", R"("stop":"")", R"("stop":null)", R"("stop":[""])"})
    EXPECT_EQ(options_of(none), json()) << none;
  for (const auto* bad : {R"("stop":1)", R"("stop":["a",null])", R"("stop":{"a":"b"})"})
    EXPECT_EQ(refused_field(chat_call, chat_with(bad)), "stop") << bad;
}

TEST(ollama_options, the_context_is_the_gateways_in_every_kind_of_request) {
  const call_settings settings{"m", {}, 8192};
  const json wanted{{"num_ctx", 8192}};
  EXPECT_EQ(options_of(R"("num_ctx":1,"options":{"num_ctx":2})", settings), wanted);
  EXPECT_EQ(native_of(completion_call, R"({"prompt":"a"})", settings)["options"], wanted);
  EXPECT_EQ(native_of(embedding_call, R"({"input":"a"})", settings)["options"], wanted);
  EXPECT_EQ(options_of(""), json());
}

TEST(ollama_options, a_value_that_the_server_would_fail_at_is_refused) {
  for (const auto* name : {"temperature", "top_p", "min_p", "typical_p", "presence_penalty",
                           "frequency_penalty", "repeat_penalty", "repetition_penalty", "top_k",
                           "repeat_last_n", "seed", "max_tokens", "max_completion_tokens"})
    for (const auto* bad : {"\"1\"", "true", "[]", "{}", "1e39", "123456789012345678901234567890"})
      EXPECT_EQ(refused_field(chat_call, chat_with('"' + std::string{name} + "\":" + bad)), name)
          << bad;
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("top_k":0.5)")), "top_k");
}

TEST(ollama_options, think_follows_the_effort_by_each_of_its_names) {
  const auto think = [](const std::string& members) {
    return native_of(chat_call, chat_with(members)).value("think", json());
  };
  EXPECT_EQ(think(""), json());
  EXPECT_EQ(think(R"("reasoning_effort":"none")"), json(false));
  EXPECT_EQ(think(R"("reasoning_effort":"minimal")"), json("low"));
  EXPECT_EQ(think(R"("reasoning_effort":"medium")"), json("medium"));
  EXPECT_EQ(think(R"("reasoning_effort":"xhigh")"), json("max"));
  EXPECT_EQ(think(R"("think":true,"reasoning_effort":"none")"), json(true));
  EXPECT_EQ(think(R"("reasoning":{"effort":"high","enabled":false})"), json("high"));
  EXPECT_EQ(think(R"("reasoning":{"enabled":false})"), json(false));
  EXPECT_EQ(think(R"("chat_template_kwargs":{"enable_thinking":false})"), json(false));
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("reasoning_effort":"much")")),
            "reasoning_effort");
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("reasoning_effort":3)")), "reasoning_effort");
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("reasoning":"high")")), "reasoning");
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("reasoning":{"effort":[]})")),
            "reasoning.effort");
  EXPECT_EQ(native_of(completion_call, R"({"prompt":"a","reasoning_effort":"low"})")["think"],
            "low");
}

TEST(ollama_options, a_template_is_told_nothing_else) {
  EXPECT_TRUE(call_of(chat_call, chat_with(R"("chat_template_kwargs":{"enable_thinking":true})"))
                  .lossy.empty());
  EXPECT_EQ(
      call_of(chat_call, chat_with(R"("chat_template_kwargs":{"enable_thinking":true,"x":1})"))
          .lossy,
      std::vector<std::string_view>{"chat_template_kwargs"});
}

TEST(ollama_options, a_format_is_json_or_the_schema_itself) {
  const auto format = [](const std::string& members) {
    return native_of(chat_call, chat_with(members)).value("format", json());
  };
  EXPECT_EQ(format(R"("response_format":{"type":"text"})"), json());
  EXPECT_EQ(format(R"("response_format":null)"), json());
  EXPECT_EQ(format(R"("response_format":{"type":"json_object"})"), json("json"));
  EXPECT_EQ(format(R"("response_format":{"json_schema":{"name":"a","strict":true,
                      "schema":{"type":"object","required":["a"]}},"type":"json_schema"})"),
            json::parse(R"({"type":"object","required":["a"]})"));
  const auto refused = [](const std::string& value) {
    return refused_field(chat_call, chat_with("\"response_format\":" + value));
  };
  EXPECT_EQ(refused("7"), "response_format");
  EXPECT_EQ(refused("{}"), "response_format.type");
  EXPECT_EQ(refused(R"({"type":"grammar"})"), "response_format.type");
  for (const auto* bad : {R"({"type":"json_schema"})", R"({"type":"json_schema","json_schema":1})",
                          R"({"type":"json_schema","json_schema":{"schema":"{}"}})"})
    EXPECT_EQ(refused(bad), "response_format.json_schema.schema") << bad;
}

} // namespace
} // namespace synapse::http::ollama
