#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

json native_of(const std::string& messages) {
  return json_of(to_messages, of(messages));
}
const std::string chat_call =
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}}]},)";

TEST(anthropic_from_chat_messages, systems_are_one_and_neighbours_of_a_role_are_one) {
  const auto made = native_of(
      R"({"role":"developer","content":"a"},{"role":"user","content":"b"},{"role":"system","content":[{"type":"text","text":"c"}]},
         {"role":"user","content":"d"},{"role":"assistant","content":"e"},{"role":"assistant","content":[{"type":"refusal","refusal":"f"}]},
         {"role":"user","content":"g\u00e9"})");
  EXPECT_EQ(made["system"], "a\n\nc");
  EXPECT_EQ(
      made["messages"],
      json::parse(
          R"([{"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":"d"}]},
      {"role":"assistant","content":[{"type":"text","text":"e"},{"type":"text","text":"f"}]},{"role":"user","content":"gé"}])"));
}

TEST(anthropic_from_chat_messages, results_are_in_front_of_their_message) {
  const auto made = native_of(
      R"({"role":"assistant","content":"ok","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}},
         {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
         {"role":"user","content":"meanwhile"},{"role":"tool","tool_call_id":"c2","content":"y"},
         {"role":"tool","tool_call_id":"c1","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://i"}}]},
         {"role":"user","content":"go on"})");
  EXPECT_EQ(made["messages"],
            json::parse(R"([{"role":"assistant","content":[{"type":"text","text":"ok"},
      {"type":"tool_use","id":"c1","name":"f","input":{"a":1.0}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"c2","content":"y"},
      {"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"url","url":"https://i"}}]},
      {"type":"text","text":"meanwhile"},{"type":"text","text":"go on"}]}])"));
  EXPECT_NE(made_of(to_messages, of(chat_call + R"({"role":"user","content":"x"})"))
                .body.find(R"("input":{"a": 1.0})"),
            std::string::npos);
}

TEST(anthropic_from_chat_messages, images_are_data_or_links) {
  EXPECT_EQ(
      native_of(
          R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image\/jpeg;base64,QUJD"}},
      {"type":"image_url","image_url":"http://i/j.png"},{"type":"text","text":"?"}]})")["messages"]
                                                                                       [0]
                                                                                       ["content"],
      json::parse(
          R"([{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"QUJD"}},
      {"type":"image","source":{"type":"url","url":"http://i/j.png"}},{"type":"text","text":"?"}])"));
}

TEST(anthropic_from_chat_messages, what_is_empty_is_left_out_since_it_is_refused_there) {
  EXPECT_EQ(
      native_of(
          R"({"role":"user","content":"a"},{"role":"assistant","content":""},{"role":"user","content":""},
      {"role":"user","content":"b"},{"role":"assistant","content":null})")["messages"],
      json::parse(R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])"));
  EXPECT_EQ(refused_field(to_messages, of(R"({"role":"user","content":""})")), "messages");
  EXPECT_EQ(refused_field(to_messages, of(R"({"role":"system","content":"a"})")), "messages");
  EXPECT_EQ(
      native_of(chat_call +
                R"({"role":"tool","tool_call_id":"c1","content":""})")["messages"][1]["content"],
      json::parse(R"([{"type":"tool_result","tool_use_id":"c1"}])"));
}

TEST(anthropic_from_chat_messages, what_is_dropped_is_told) {
  EXPECT_EQ(lost_by(to_messages, of(R"({"role":"user","name":"Al","content":"a"},
      {"role":"assistant","reasoning_content":"hm","content":"b"})")),
            (std::vector<std::string_view>{"name", "reasoning_content"}));
}

TEST(anthropic_from_chat_messages, bad_ones_are_refused_by_their_place) {
  const auto calls = [](const std::string& list) {
    return R"({"role":"assistant","content":"","tool_calls":)" + list + "}";
  };
  const auto user = [](const std::string& parts) {
    return R"({"role":"user","content":[)" + parts + "]}";
  };
  for (const auto& [messages, field] : std::vector<std::pair<std::string, std::string>>{
           {"7", "messages[0]"},
           {R"({"content":"a"})", "messages[0].role"},
           {R"({"role":"function","content":"a"})", "messages[0].role"},
           {R"({"role":"user"})", "messages[0].content"},
           {R"({"role":"user","content":7})", "messages[0].content"},
           {R"({"role":"system","content":{}})", "messages[0].content"},
           {R"({"role":"system","content":[{"type":"image_url","image_url":"http://x"}]})",
            "messages[0].content[0].type"},
           {user("7"), "messages[0].content[0].type"},
           {user(R"({"type":"input_audio"})"), "messages[0].content[0].type"},
           {user(R"({"type":"text","text":7})"), "messages[0].content[0].text"},
           {user(R"({"type":"image_url"})"), "messages[0].content[0].image_url"},
           {user(R"({"type":"image_url","image_url":{"url":7}})"),
            "messages[0].content[0].image_url.url"},
           {user(R"({"type":"image_url","image_url":{"url":"no url"}})"),
            "messages[0].content[0].image_url.url"},
           {user(R"({"type":"image_url","image_url":{"url":"data:image/png;base64,?"}})"),
            "messages[0].content[0].image_url.url"},
           {user(R"({"type":"image_url","image_url":{"url":"data:;base64,QUJD"}})"),
            "messages[0].content[0].image_url.url"},
           {calls("{}"), "messages[0].tool_calls"},
           {calls("[7]"), "messages[0].tool_calls[0].id"},
           {calls(R"([{"id":"a"}])"), "messages[0].tool_calls[0].function"},
           {calls(R"([{"id":"a","function":{"name":7}}])"),
            "messages[0].tool_calls[0].function.name"},
           {calls(R"([{"id":"a","function":{"name":"f","arguments":{}}}])"),
            "messages[0].tool_calls[0].function.arguments"},
           {calls(R"([{"id":"a","function":{"name":"f","arguments":"[1]"}}])"),
            "messages[0].tool_calls[0].function.arguments"},
           {calls(R"([{"id":"a","function":{"name":"f","arguments":"{\"a\":"}}])"),
            "messages[0].tool_calls[0].function.arguments"},
           {R"({"role":"assistant","content":null,"function_call":{"name":"f"}})",
            "messages[0].function_call"},
           {R"({"role":"tool","content":"x"})", "messages[0].tool_call_id"},
           {R"({"role":"tool","tool_call_id":"c1","content":"x"})", "messages[0].tool_call_id"},
           {chat_call + R"({"role":"tool","tool_call_id":"c2","content":"x"})",
            "messages[1].tool_call_id"},
           {chat_call + R"({"role":"tool","tool_call_id":"c1","content":7})",
            "messages[1].content"}})
    EXPECT_EQ(refused_field(to_messages, of(messages)), field) << messages;
  for (const auto* body : {"{}", R"({"messages":[]})", R"({"messages":7})"})
    EXPECT_EQ(refused_field(to_messages, body), "messages") << body;
}

} // namespace
} // namespace synapse::http::anthropic
