// What an Ollama client asks by way of a chat arrives at an Ollama server as it was asked, and so
// does the answer: what the two translations lose is what the form between them has not got.
#include "http/dialects/ollama/client/stream_answer.hpp"
#include "http/dialects/ollama/stream_answer.hpp"
#include "tests/http/dialects/ollama/client/requests.hpp"
#include "tests/http/dialects/translated.hpp"

#include <vector>

namespace synapse::http::ollama::client {
namespace {

TEST(ollama_client_round_trip, a_chat_is_asked_as_it_was) {
  const auto call = call_of(route::chat,
                            R"({"model":"m","messages":[{"role":"system","content":"Be \u00e4"},
          {"role":"user","content":"see","images":["iVBORw0KGgoA"]},
          {"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1","function":
           {"index":0,"name":"f","arguments":{"a": 1.50}}}]},
          {"role":"tool","content":"2","tool_name":"f"}],
          "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"stream":true,
          "format":{"type":"object"},"think":"high","keep_alive":"5m",
          "options":{"temperature":0.5,"top_k":40,"seed":7,"num_predict":99,"stop":["x"],
          "repeat_penalty":1.1}})");
  auto native = ollama::chat_call(call.body, {"m", {}, 0});
  ASSERT_TRUE(std::holds_alternative<native_call>(native)) << std::get<unfit>(native).message;
  EXPECT_TRUE(std::get<native_call>(native).lossy.empty());
  EXPECT_EQ(json::parse(std::get<native_call>(native).body),
            json::parse(R"({"model":"m","messages":[{"role":"system","content":"Be ä"},
          {"role":"user","content":"see","images":["iVBORw0KGgoA"]},
          {"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1","function":
           {"index":0,"name":"f","arguments":{"a": 1.50}}}]},
          {"role":"tool","content":"2","tool_name":"f","tool_call_id":"c1"}],
          "tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"stream":true,
          "format":{"type":"object"},"think":"high","truncate":false,
          "options":{"temperature":0.5,"top_k":40,"seed":7,"num_predict":99,"stop":["x"],
          "repeat_penalty":1.1}})"));
}

TEST(ollama_client_round_trip, thinking_can_be_turned_off) {
  const auto call = call_of(route::chat, chat_with(R"("think":false)"));
  const auto native = ollama::chat_call(call.body, {"m", {}, 0});
  EXPECT_EQ(json::parse(std::get<native_call>(native).body)["think"], false);
  EXPECT_TRUE(std::get<native_call>(native).lossy.empty());
}

TEST(ollama_client_round_trip, an_answer_says_what_it_said) {
  const std::vector<std::string> said{
      R"({"role":"assistant","content":"","thinking":"Sho\"rt"})",
      R"({"role":"assistant","content":"Hi \u003c😀\\"})",
      R"({"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"a":[1.50,{}]}}},{"id":"c2","function":{"index":1,"name":"g","arguments":{}}}]})"};
  std::string lines;
  for (const auto& message : said)
    lines += R"({"message":)" + message + ",\"done\":false}\n";
  lines +=
      R"({"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":12})"
      "\n";
  ollama::stream_answer server{answer_kind::chat, {"chatcmpl-1", 5, "m"}, true, 1 << 20};
  const auto chunks = translate(server, "Content-Type: application/x-ndjson\r\n", lines, 11).text;
  stream_answer client{route::chat, {"m", 0, [] { return 9; }}, 1 << 20};
  const auto again = translate(client, "Content-Type: text/event-stream\r\n", chunks, 13);
  EXPECT_EQ(again.problem, "");
  std::size_t at = 0;
  for (const auto& message : said) {
    const auto end = again.text.find('\n', at);
    EXPECT_EQ(json::parse(again.text.substr(at, end - at))["message"], json::parse(message));
    at = end + 1;
  }
  const auto last = json::parse(again.text.substr(at));
  EXPECT_EQ(last["done"], true);
  EXPECT_EQ(last["done_reason"], "stop");
  EXPECT_EQ(last["prompt_eval_count"], 26);
  EXPECT_EQ(last["eval_count"], 12);
}

} // namespace
} // namespace synapse::http::ollama::client
