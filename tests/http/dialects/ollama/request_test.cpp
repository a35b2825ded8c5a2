#include "http/dialects/ollama/request.hpp"
#include "tests/http/dialects/ollama/calls.hpp"

#include <algorithm>
#include <vector>

namespace synapse::http::ollama {
namespace {

using name_list = std::vector<std::string_view>;

name_list lost(const std::string& members) {
  auto lossy = call_of(chat_call, chat_with(members)).lossy;
  std::sort(lossy.begin(), lossy.end());
  return lossy;
}

TEST(ollama_request, a_chat_goes_to_the_native_route_with_what_the_gateway_says) {
  const auto call =
      call_of(chat_call, R"({"model":"gpt","messages":[{"role":"user","content":"Hi"}]})",
              {"qwen3:8b", "10m", 4096});
  EXPECT_EQ(call.path, "/api/chat");
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"model":"qwen3:8b","messages":[{"role":"user","content":"Hi"}],
                            "stream":false,"keep_alive":"10m","truncate":false,
                            "options":{"num_ctx":4096}})"));
  EXPECT_TRUE(call.lossy.empty());
}

TEST(ollama_request, a_number_of_seconds_is_written_as_a_number) {
  const auto keep_alive = [](std::string_view text) {
    return native_of(chat_call, chat_with(""), {"m", text, 0}).value("keep_alive", json());
  };
  EXPECT_EQ(keep_alive("-1"), json(-1));
  EXPECT_EQ(keep_alive("0"), json(0));
  EXPECT_EQ(keep_alive("1h30m"), json("1h30m"));
  EXPECT_EQ(keep_alive("5\"m"), json("5\"m"));
  EXPECT_EQ(keep_alive(""), json());
}

TEST(ollama_request, streams_are_said_either_way_for_they_are_the_servers_default) {
  EXPECT_EQ(native_of(chat_call, chat_with(""))["stream"], false);
  EXPECT_EQ(native_of(chat_call,
                      chat_with(R"("stream":true,"stream_options":{"include_usage":1})"))["stream"],
            true);
  EXPECT_EQ(native_of(completion_call, R"({"prompt":"a","stream":null})")["stream"], false);
  EXPECT_EQ(refused_field(chat_call, chat_with(R"("stream":"yes")")), "stream");
}

TEST(ollama_request, tools_go_as_they_are_and_none_of_them_by_choice) {
  const std::string tools =
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object",
         "properties":{"a":{"maximum":123456789012345678901234567890}}}}}])";
  EXPECT_EQ(native_of(chat_call, chat_with(tools))["tools"],
            json::parse('{' + tools + '}')["tools"]);
  EXPECT_TRUE(call_of(chat_call, chat_with(tools + R"(,"tool_choice":"auto")")).lossy.empty());
  const auto none = call_of(chat_call, chat_with(tools + R"(,"tool_choice":"none")"));
  EXPECT_FALSE(json::parse(none.body).contains("tools"));
  EXPECT_TRUE(none.lossy.empty());
  for (const auto* choice : {R"("required")", R"({"type":"function","function":{"name":"f"}})"})
    EXPECT_EQ(lost(tools + ",\"tool_choice\":" + choice), name_list{"tool_choice"}) << choice;
  EXPECT_EQ(lost(tools + R"(,"parallel_tool_calls":false)"), name_list{"parallel_tool_calls"});
  EXPECT_EQ(lost(R"("tools":[],"tool_choice":"required","parallel_tool_calls":false)"),
            name_list{});
}

TEST(ollama_request, tools_of_another_kind_are_refused) {
  const auto refused = [](const std::string& members) {
    return refused_field(chat_call, chat_with(members));
  };
  EXPECT_EQ(refused(R"("tools":{})"), "tools");
  EXPECT_EQ(refused(R"("tools":[7])"), "tools[0].type");
  EXPECT_EQ(refused(R"("tools":[{"type":"web_search"}])"), "tools[0].type");
  EXPECT_EQ(refused(R"("tools":[{"type":"function","function":[]}])"), "tools[0].function");
  EXPECT_EQ(refused(R"("tools":[{"type":"function","function":{"name":"f"}},
                                {"type":"function","function":{"name":""}}])"),
            "tools[1].function.name");
  EXPECT_EQ(refused(R"("tool_choice":7)"), "tool_choice");
  EXPECT_EQ(refused(R"("tool_choice":"f")"), "tool_choice");
  EXPECT_EQ(refused(R"("parallel_tool_calls":"no")"), "parallel_tool_calls");
}

TEST(ollama_request, what_is_not_heeded_is_named_once_and_only_if_it_was_asked_for) {
  EXPECT_EQ(lost(R"("logit_bias":{"1":2},"logprobs":false,"store":true,"service_tier":"flex")"),
            (name_list{"logit_bias", "service_tier", "store"}));
  EXPECT_EQ(lost(R"("logit_bias":{},"store":false,"verbosity":null,"n":1,"modalities":["text"])"),
            name_list{});
  EXPECT_EQ(lost(R"("user":"u","metadata":{"a":"b"},"synapse":{"wait":true},"model":"m")"),
            name_list{});
  // A name of the client's own must not reach a head.
  EXPECT_EQ(lost("\"a\\r\\nX-Evil\":1,\"b\":2"), name_list{"unknown_fields"});
  EXPECT_EQ(lost(R"("a":null,"b":false)"), name_list{});
}

TEST(ollama_request, what_cannot_be_given_is_refused_by_name) {
  for (const auto* members :
       {R"("n":2)", R"("n":"1")", R"("logprobs":true)", R"("logprobs":5)", R"("best_of":2)",
        R"("audio":{"voice":"alloy"})", R"("modalities":["text","audio"])",
        R"("modalities":"audio")", R"("functions":[{"name":"f"}])", R"("function_call":"auto")",
        R"("web_search_options":{})"}) {
    const std::string text = members;
    EXPECT_EQ(refused_field(chat_call, chat_with(text)), text.substr(1, text.find('"', 1) - 1));
  }
  EXPECT_EQ(refused_field(chat_call, "{}"), "messages");
  EXPECT_EQ(refused_field(chat_call, R"({"messages":[]})"), "messages");
}

TEST(ollama_request, a_completion_is_generated_from_one_text) {
  const auto call = call_of(
      completion_call, R"({"prompt":["Once\u0020"],"suffix":"end","max_tokens":5,"echo":false})");
  EXPECT_EQ(call.path, "/api/generate");
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"model":"llama3.2:3b","prompt":"Once ","suffix":"end","raw":false,
                            "stream":false,"truncate":false,"options":{"num_predict":5}})"));
  for (const auto* prompt :
       {"1", "[1,2]", "[[1]]", "\"\"", "[]", "[\"\"]", "{}", "null", R"(["a","b"])", R"(["a",1])"})
    EXPECT_EQ(refused_field(completion_call, R"({"prompt":)" + std::string{prompt} + "}"), "prompt")
        << prompt;
  EXPECT_EQ(refused_field(completion_call, R"({"prompt":"a","echo":true})"), "echo");
  EXPECT_EQ(refused_field(completion_call, R"({"prompt":"a","echo":1})"), "echo");
  EXPECT_EQ(refused_field(completion_call, R"({"prompt":"a","suffix":1})"), "suffix");
  EXPECT_EQ(refused_field(completion_call, R"({"prompt":"a","logprobs":0})"), "logprobs");
}

TEST(ollama_request, embeddings_are_made_of_texts) {
  const auto call = call_of(embedding_call, R"({"input":["a","\u00e4"],"dimensions":256.0,
                                                "encoding_format":"base64","user":"u"})",
                            {"bge-m3", "5m", 0});
  EXPECT_EQ(call.path, "/api/embed");
  EXPECT_TRUE(call.base64);
  EXPECT_EQ(call.inputs, 2U);
  EXPECT_EQ(json::parse(call.body), json::parse(R"({"model":"bge-m3","input":["a","ä"],
                                     "dimensions":256,"keep_alive":"5m","truncate":false})"));
  const auto one = call_of(embedding_call, R"({"input":"a","encoding_format":"float"})");
  EXPECT_FALSE(one.base64);
  EXPECT_EQ(one.inputs, 1U);
  for (const auto* input : {"1", "[1,2]", "[[1]]", "[]", "\"\"", R"(["a",""])", R"(["a",1])", "{}"})
    EXPECT_EQ(refused_field(embedding_call, R"({"input":)" + std::string{input} + "}"), "input");
  EXPECT_EQ(refused_field(embedding_call, "{}"), "input");
  EXPECT_EQ(refused_field(embedding_call, R"({"input":"a","encoding_format":"int8"})"),
            "encoding_format");
  for (const auto* bad : {"0", "\"1\"", "0.5", "1e30"})
    EXPECT_EQ(
        refused_field(embedding_call, R"({"input":"a","dimensions":)" + std::string{bad} + "}"),
        "dimensions");
}

TEST(ollama_request, wrong_kinds_at_every_field_are_refused_by_name_or_heeded_never_more) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::vector<std::string> values{"0",  "-1",   "1e308", "true", "\"\\u0000\"",
                                        "[]", "[{}]", "{}",    deep,   R"({"a":[{"b":null}]})"};
  for (const auto* name : {"audio",
                           "chat_template_kwargs",
                           "dimensions",
                           "echo",
                           "encoding_format",
                           "functions",
                           "input",
                           "logit_bias",
                           "logprobs",
                           "max_tokens",
                           "messages",
                           "modalities",
                           "n",
                           "prediction",
                           "prompt",
                           "reasoning",
                           "reasoning_effort",
                           "response_format",
                           "seed",
                           "stop",
                           "stream",
                           "suffix",
                           "temperature",
                           "think",
                           "tool_choice",
                           "tools",
                           "top_logprobs"})
    for (const auto& value : values)
      for (const auto make : {chat_call, completion_call, embedding_call}) {
        const auto body =
            R"({"messages":[{"role":"user","content":"a"}],"prompt":"a","input":"a",")" +
            std::string{name} + "\":" + value + "}";
        const auto made = make(body, plain_settings);
        if (const auto* call = std::get_if<native_call>(&made))
          EXPECT_TRUE(inspect_json(call->body).ok()) << body << " -> " << call->body;
        else
          EXPECT_TRUE(std::get<unfit>(made).field.starts_with(name)) << body;
      }
}

TEST(ollama_request, text_that_is_no_request_is_not_read_beyond_its_end) {
  const std::string body =
      R"({"messages":[{"role":"user","content":[{"type":"text","text":"a\u00"}]})";
  for (std::size_t size = 0; size <= body.size(); ++size)
    for (const auto make : {chat_call, completion_call, embedding_call}) {
      const std::vector<char> exact(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
      make({exact.data(), exact.size()}, plain_settings);
    }
}

} // namespace
} // namespace synapse::http::ollama
