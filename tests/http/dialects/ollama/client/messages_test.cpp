#include "tests/http/dialects/ollama/client/requests.hpp"

#include <utility>

namespace synapse::http::ollama::client {
namespace {

json messages_of(const std::string& messages) {
  return asked_of(route::chat, chat_of(messages))["messages"];
}
std::string refused(const std::string& messages) {
  return refused_field(route::chat, chat_of(messages));
}
const std::string two_calls =
    R"({"role":"assistant","content":"","thinking":"Hm.","tool_calls":[
        {"id":"c1","function":{"index":0,"name":"f","arguments":{"a": [1, 2.50], "b":"\u00e4\n"}}},
        {"function":{"name":"g"}}]})";

TEST(ollama_client_messages, have_their_roles_in_any_case) {
  EXPECT_EQ(messages_of(R"({"role":"system","content":"a"},{"content":"b \u00e4","role":"User"},
                           {"role":"assistant","content":"c","thinking":"t"},
                           {"role":"user","content":null},{"role":"user"})"),
            json::parse(R"([{"role":"system","content":"a"},{"role":"user","content":"b ä"},
                            {"role":"assistant","content":"c","reasoning_content":"t"},
                            {"role":"user","content":""},{"role":"user","content":""}])"));
}

TEST(ollama_client_messages, images_become_urls_with_the_type_that_they_are_of) {
  for (const auto& [data, type] :
       {std::pair{"iVBORw0KGgoA", "image/png"}, std::pair{"/9j/AA==", "image/jpeg"},
        std::pair{"R0lGODlh", "image/gif"}, std::pair{"UklGRgAA", "image/webp"},
        std::pair{"AAAA", "image/png"}}) {
    const auto made =
        messages_of(R"({"role":"user","content":"see","images":[")" + std::string{data} + "\"]}");
    EXPECT_EQ(made[0]["content"],
              (json{{{"type", "text"}, {"text", "see"}},
                    {{"type", "image_url"},
                     {"image_url", {{"url", std::string{"data:"} + type + ";base64," + data}}}}}));
  }
  EXPECT_EQ(messages_of(R"({"role":"user","content":"","images":["iV\/+\nAA=="]})")[0]["content"],
            json::parse(
                R"([{"type":"image_url","image_url":{"url":"data:image/png;base64,iV/+AA=="}}])"));
  EXPECT_EQ(messages_of(R"({"role":"user","content":"a","images":[]})")[0]["content"], "a");
}

TEST(ollama_client_messages, an_image_that_is_none_is_refused_by_place) {
  for (const auto* bad : {"\"\"", "\"abc\"", "\"https://a/b.png\"",
                          "\"data:image/png;base64,iVBO\"", "7", "{}", "\"a=bc\""})
    EXPECT_EQ(refused(R"({"role":"user","content":"a"},{"role":"user","images":["iVBO",)" +
                      std::string{bad} + "]}"),
              "messages[1].images[1]")
        << bad;
}

TEST(ollama_client_messages, calls_have_their_arguments_as_the_text_that_was_spelled) {
  const auto made = messages_of(two_calls + R"(,{"role":"tool","content":"2","tool_name":"g"},
      {"role":"tool","content":"1","tool_call_id":"c\u0031"})");
  EXPECT_EQ(made[0], json::parse(R"({"role":"assistant","content":null,"reasoning_content":"Hm.",
      "tool_calls":[{"id":"c1","type":"function","function":{"name":"f",
       "arguments":"{\"a\": [1, 2.50], \"b\":\"\\u00e4\\n\"}"}},
      {"id":"call_1","type":"function","function":{"name":"g","arguments":"{}"}}]})"));
  EXPECT_EQ(made[1], json::parse(R"({"role":"tool","content":"2","tool_call_id":"call_1"})"));
  EXPECT_EQ(made[2], json::parse(R"({"role":"tool","content":"1","tool_call_id":"c1"})"));
}

TEST(ollama_client_messages, results_without_a_name_are_those_of_the_calls_in_their_order) {
  const auto made =
      messages_of(two_calls + R"(,{"role":"tool","content":"1"},{"role":"tool","content":"2"})");
  EXPECT_EQ(made[1]["tool_call_id"], "c1");
  EXPECT_EQ(made[2]["tool_call_id"], "call_1");
  // An older name for the function's.
  EXPECT_EQ(
      messages_of(two_calls + R"(,{"role":"tool","content":"2","name":"g"})")[1]["tool_call_id"],
      "call_1");
}

TEST(ollama_client_messages, a_result_without_its_call_is_refused) {
  EXPECT_EQ(refused(R"({"role":"tool","content":"1"})"), "messages[0].tool_name");
  EXPECT_EQ(refused(two_calls + R"(,{"role":"tool","content":"1","tool_name":"h"})"),
            "messages[1].tool_name");
  EXPECT_EQ(refused(two_calls + R"(,{"role":"tool","content":"1","tool_call_id":"c9"})"),
            "messages[1].tool_call_id");
  const std::string result = R"(,{"role":"tool","content":"1","tool_call_id":"c1"})";
  EXPECT_EQ(refused(two_calls + result + result), "messages[2].tool_call_id");
}

TEST(ollama_client_messages, of_the_wrong_form_are_refused_by_place) {
  const auto call = [](const std::string& members) {
    return R"({"role":"assistant","tool_calls":[{)" + members + "}]}";
  };
  for (const auto& [messages, field] : {
           std::pair{std::string{"7"}, "messages[0]"},
           std::pair{std::string{R"({"role":"user","content":"a"},[])"}, "messages[1]"},
           std::pair{std::string{R"({"content":"a"})"}, "messages[0].role"},
           std::pair{std::string{R"({"role":"function","content":"a"})"}, "messages[0].role"},
           std::pair{std::string{R"({"role":7,"content":"a"})"}, "messages[0].role"},
           std::pair{std::string{R"({"role":"user","content":7})"}, "messages[0].content"},
           std::pair{std::string{R"({"role":"user","content":[{"type":"text","text":"a"}]})"},
                     "messages[0].content"},
           std::pair{std::string{R"({"role":"user","images":{}})"}, "messages[0].images"},
           std::pair{std::string{R"({"role":"assistant","thinking":7})"}, "messages[0].thinking"},
           std::pair{std::string{R"({"role":"assistant","tool_calls":{}})"},
                     "messages[0].tool_calls"},
           std::pair{std::string{R"({"role":"assistant","tool_calls":[7]})"},
                     "messages[0].tool_calls[0].function"},
           std::pair{call(R"("function":{"name":""})"), "messages[0].tool_calls[0].function.name"},
           std::pair{call(R"("function":{"name":"f","arguments":"{}"})"),
                     "messages[0].tool_calls[0].function.arguments"},
           std::pair{call(R"("id":7,"function":{"name":"f"})"), "messages[0].tool_calls[0].id"},
           std::pair{two_calls + R"(,{"role":"tool","tool_call_id":7})",
                     "messages[1].tool_call_id"},
       })
    EXPECT_EQ(refused(messages), field) << messages;
}

TEST(ollama_client_messages, tools_stay_as_they_are_and_may_lack_their_type) {
  const auto made = call_of(
      route::chat,
      chat_with(
          R"("tools":[{"type":"function","function":{"name":"f","parameters":{"maximum":1.0}}},
                      {"function":{"name":"g"}}])"));
  EXPECT_NE(
      made.body.find(
          R"("tools":[{"type":"function","function":{"name":"f","parameters":{"maximum":1.0}}},{"type":"function","function":{"name":"g"}}])"),
      std::string::npos)
      << made.body;
  EXPECT_EQ(asked_of(route::chat, chat_with(R"("tools":[])")).count("tools"), 0U);
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += (i > 0 ? "," : "") + std::string{R"({"type":"function","function":{"name":"f)"} +
            std::to_string(i) + "\"}}";
  EXPECT_EQ(asked_of(route::chat, chat_with(R"("tools":[)" + many + "]"))["tools"].size(), 200U);
  for (const auto& [tool, field] :
       {std::pair{"7", "tools[0].function"}, std::pair{R"({"type":"web"})", "tools[0].type"},
        std::pair{R"({"function":{"name":7}})", "tools[0].function.name"}})
    EXPECT_EQ(refused_field(route::chat, chat_with(R"("tools":[)" + std::string{tool} + "]")),
              field);
}

} // namespace
} // namespace synapse::http::ollama::client
