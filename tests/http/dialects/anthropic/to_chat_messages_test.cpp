#include "tests/http/dialects/anthropic/made.hpp"

namespace synapse::http::anthropic {
namespace {

json messages_of(const std::string& messages) {
  return json_of(to_chat, of(messages))["messages"];
}
const std::string call =
    R"({"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}}]},)";

TEST(anthropic_to_chat_messages, texts_are_texts_however_they_are_given) {
  EXPECT_EQ(messages_of(R"({"role":"user","content":"a\u00e9"},{"role":"assistant","content":"b"},
      {"role":"user","content":[{"type":"text","text":"c"},{"type":"text","text":"d\""}]})"),
            json::parse(R"([{"role":"user","content":"aé"},{"role":"assistant","content":"b"},
      {"role":"user","content":"c\nd\""}])"));
  EXPECT_EQ(
      json_of(to_chat,
              with(R"("system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},
      {"type":"text","text":"b"}])"))["messages"][0],
      json::parse(R"({"role":"system","content":"a\n\nb"})"));
}

TEST(anthropic_to_chat_messages, images_keep_their_place_among_the_texts) {
  EXPECT_EQ(messages_of(R"({"role":"user","content":[{"type":"text","text":"a"},
          {"type":"image","source":{"type":"base64","media_type":"image\/png","data":"QUJD"}},
          {"type":"text","text":"b"},{"type":"image","source":{"type":"url","url":"https://x/y.png"}}]})"),
            json::parse(R"([{"role":"user","content":[{"type":"text","text":"a"},
          {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},{"type":"text","text":"b"},
          {"type":"image_url","image_url":{"url":"https://x/y.png"}}]}])"));
}

TEST(anthropic_to_chat_messages, calls_have_their_input_as_a_text_as_it_was_spelled) {
  EXPECT_EQ(
      messages_of(
          R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},
          {"type":"text","text":"ok"},{"type":"tool_use","id":"t1","name":"f","input":{"a": 1.0,"b":"\"\u00e9"}},
          {"type":"tool_use","id":"t2","name":"g","input":{}}]})")[0],
      json({{"role", "assistant"},
            {"content", "ok"},
            {"tool_calls",
             {{{"id", "t1"},
               {"type", "function"},
               {"function", {{"name", "f"}, {"arguments", R"({"a": 1.0,"b":"\"\u00e9"})"}}}},
              {{"id", "t2"},
               {"type", "function"},
               {"function", {{"name", "g"}, {"arguments", "{}"}}}}}}}));
  EXPECT_EQ(messages_of(call + R"({"role":"user","content":"x"})")[0]["content"], nullptr);
  EXPECT_EQ(
      messages_of(R"({"role":"assistant","content":[{"type":"redacted_thinking","data":"x"}]})"),
      json::parse(R"([{"role":"assistant","content":""}])"));
}

TEST(anthropic_to_chat_messages, results_go_before_the_rest_of_a_message) {
  EXPECT_EQ(
      messages_of(
          R"({"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}},
          {"type":"tool_use","id":"t2","name":"g","input":{}},{"type":"tool_use","id":"t3","name":"g","input":{}}]},
          {"role":"user","content":[{"type":"text","text":"go on"},
          {"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]},
          {"type":"tool_result","tool_use_id":"t1","content":"no such file","is_error":true},
          {"type":"tool_result","tool_use_id":"t3"}]})"),
      json::parse(R"([{"role":"assistant","content":null,"tool_calls":[
          {"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}},
          {"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}},
          {"id":"t3","type":"function","function":{"name":"g","arguments":"{}"}}]},
          {"role":"tool","content":"x\ny","tool_call_id":"t2"},
          {"role":"tool","content":"Error: no such file","tool_call_id":"t1"},
          {"role":"tool","content":"","tool_call_id":"t3"},
          {"role":"user","content":"go on"}])"));
  // Nothing is left of a message that is results alone.
  EXPECT_EQ(
      messages_of(call + R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"}]})")
          .size(),
      2U);
}

TEST(anthropic_to_chat_messages, a_results_image_goes_to_the_message_behind_it) {
  const std::string image =
      R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}})";
  const auto made = messages_of(
      call + R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[)" +
      image + R"(]},{"type":"text","text":"and?"}]})");
  EXPECT_EQ(made[1]["role"], "tool");
  EXPECT_FALSE(made[1]["content"].get<std::string>().empty());
  EXPECT_EQ(
      made[2],
      json::parse(R"({"role":"user","content":[{"type":"text","text":"Image in the result of t1:"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},{"type":"text","text":"and?"}]})"));
}

TEST(anthropic_to_chat_messages, what_is_dropped_is_told) {
  const std::string body = of(
      R"({"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"},"citations":[{"type":"x"}]}]},
         {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"b"}]})");
  EXPECT_EQ(lost_by(to_chat, body),
            (std::vector<std::string_view>{"cache_control", "citations", "thinking"}));
}

TEST(anthropic_to_chat_messages, bad_ones_are_refused_by_their_place) {
  const auto user = [](const std::string& blocks) {
    return R"({"role":"user","content":[)" + blocks + "]}";
  };
  const auto assistant = [](const std::string& blocks) {
    return R"({"role":"assistant","content":[)" + blocks + "]}";
  };
  for (
      const auto& [messages, field] : std::vector<std::pair<std::string, std::string>>{
          {"7", "messages[0]"},
          {R"({"content":"a"})", "messages[0].role"},
          {R"({"role":7,"content":"a"})", "messages[0].role"},
          {R"({"role":"system","content":"a"})", "messages[0].role"},
          {R"({"role":"tool","content":"a"})", "messages[0].role"},
          {R"({"role":"user"})", "messages[0].content"},
          {R"({"role":"user","content":7})", "messages[0].content"},
          {R"({"role":"user","content":{}})", "messages[0].content"},
          {user(""), "messages[0].content"},
          {user("7"), "messages[0].content[0].type"},
          {user(R"({"type":"video"})"), "messages[0].content[0].type"},
          {user(R"({"type":"document","source":{}})"), "messages[0].content[0].type"},
          {user(R"({"type":"tool_use","id":"a","name":"f","input":{}})"),
           "messages[0].content[0].type"},
          {user(R"({"type":"text"})"), "messages[0].content[0].text"},
          {user(R"({"type":"text","text":"a"},{"type":"text","text":7})"),
           "messages[0].content[1].text"},
          {user(R"({"type":"image"})"), "messages[0].content[0].source.type"},
          {user(R"({"type":"image","source":{"type":"file","file_id":"f"}})"),
           "messages[0].content[0].source.type"},
          {user(R"({"type":"image","source":{"type":"url","url":"no url"}})"),
           "messages[0].content[0].source.url"},
          {user(R"({"type":"image","source":{"type":"url","url":"file:///etc/passwd"}})"),
           "messages[0].content[0].source.url"},
          {user(
               R"({"type":"image","source":{"type":"base64","media_type":"text/html","data":"QUJD"}})"),
           "messages[0].content[0].source.media_type"},
          {user(
               R"({"type":"image","source":{"type":"base64","media_type":"image/png;base64,QQ==","data":"QUJD"}})"),
           "messages[0].content[0].source.media_type"},
          {user(
               R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"?"}})"),
           "messages[0].content[0].source.data"},
          {user(R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":7}})"),
           "messages[0].content[0].source.data"},
          {user(R"({"type":"tool_result","content":"x"})"), "messages[0].content[0].tool_use_id"},
          {user(R"({"type":"tool_result","tool_use_id":"t1","content":"x"})"),
           "messages[0].content[0].tool_use_id"},
          {call + user(R"({"type":"tool_result","tool_use_id":"t2","content":"x"})"),
           "messages[1].content[0].tool_use_id"},
          {call + user(R"({"type":"tool_result","tool_use_id":"t1","content":7})"),
           "messages[1].content[0].content"},
          {call + user(R"({"type":"tool_result","tool_use_id":"t1","is_error":"yes"})"),
           "messages[1].content[0].is_error"},
          {call +
               user(R"({"type":"tool_result","tool_use_id":"t1","content":[{"type":"document"}]})"),
           "messages[1].content[0].content[0].type"},
          {assistant(R"({"type":"image","source":{}})"), "messages[0].content[0].type"},
          {assistant(R"({"type":"server_tool_use","id":"a","name":"web_search","input":{}})"),
           "messages[0].content[0].type"},
          {assistant(R"({"type":"tool_use","name":"f","input":{}})"), "messages[0].content[0].id"},
          {assistant(R"({"type":"tool_use","id":7,"name":"f","input":{}})"),
           "messages[0].content[0].id"},
          {assistant(R"({"type":"tool_use","id":"a","name":"","input":{}})"),
           "messages[0].content[0].name"},
          {assistant(R"({"type":"tool_use","id":"a","name":"f","input":"{}"})"),
           "messages[0].content[0].input"},
          {assistant(R"({"type":"tool_use","id":"a","name":"f"})"),
           "messages[0].content[0].input"}})
    EXPECT_EQ(refused_field(to_chat, of(messages)), field) << messages;
  for (const auto* body : {"{}", R"({"messages":[]})", R"({"messages":7})", R"({"messages":null})",
                           R"({"messages":{"role":"user"}})"})
    EXPECT_EQ(refused_field(to_chat, body), "messages") << body;
}

TEST(anthropic_to_chat_messages, a_large_image_is_copied_once_and_whole) {
  const std::string data(20 * 1024 * 1024, 'A');
  const auto made = made_of(to_chat, of(R"({"role":"user","content":[{"type":"image","source":
      {"type":"base64","media_type":"image/png","data":")" +
                                        data + R"("}}]})"));
  EXPECT_NE(made.body.find("data:image/png;base64," + data + '"'), std::string::npos);
  EXPECT_LT(made.body.size(), data.size() + 1000);
}

} // namespace
} // namespace synapse::http::anthropic
