#include "tests/http/dialects/openai/responses/requests.hpp"

#include <utility>

namespace synapse::http::openai::responses {
namespace {

json messages_of(const std::string& items) {
  return chat_of(asked_of(items))["messages"];
}
std::string refused(const std::string& items) {
  return refused_field(asked_of(items));
}

TEST(responses_input, messages_keep_their_roles_and_a_single_text_stays_one) {
  EXPECT_EQ(
      call_of(
          asked_of(
              R"({"role":"developer","content":"a"},{"type":"message","role":"system","content":[{"type":"input_text","text":"b \u00e4"}]},
                     {"role":"user","content":[]},{"type":"message","id":"msg_1","status":"completed","role":"assistant",
                      "content":[{"type":"output_text","text":"c","annotations":[],"logprobs":[]}]},
                     {"role":"user","content":[{"type":"input_text","text":"d"},{"type":"input_text","text":""}]})"))
          .request.messages,
      R"({"role":"developer","content":"a"},{"role":"system","content":"b \u00e4"},{"role":"user","content":""},)"
      R"({"role":"assistant","content":"c"},{"role":"user","content":[{"type":"text","text":"d"},{"type":"text","text":""}]})");
}

TEST(responses_input, calls_are_the_assistants_and_arguments_stay_as_spelled) {
  EXPECT_EQ(call_of(asked_of(
                        R"({"role":"user","content":"go"},
                 {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},
                 {"type":"message","role":"assistant","content":[{"type":"output_text","text":"on it"}]},
                 {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\": 1.50}"},
                 {"type":"function_call","call_id":"c2","name":"g","arguments":""},
                 {"type":"function_call_output","call_id":"c2","output":"two"},
                 {"type":"function_call_output","call_id":"c\u0031","output":[{"type":"input_text","text":"one"}]},
                 {"type":"function_call","call_id":"c3","name":"f","arguments":"{}"})"))
                .request.messages,
            R"({"role":"user","content":"go"},{"role":"assistant","content":"on it","tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},)"
            R"({"role":"tool","tool_call_id":"c2","content":"two"},)"
            R"({"role":"tool","tool_call_id":"c\u0031","content":"one"},)"
            R"({"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c3","type":"function","function":{"name":"f","arguments":"{}"}}]})");
}

TEST(responses_input, an_item_that_is_named_has_to_be_stored) {
  const std::string named = R"({"type":"item_reference","id":"msg_1"})";
  EXPECT_EQ(refused(named), "input[0].id");
  known earlier;
  earlier.item = [](std::string_view id) -> std::string_view {
    if (id == "msg_1")
      return R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]})";
    return id == "loop" ? R"({"type":"item_reference","id":"loop"})" : "";
  };
  EXPECT_EQ(chat_of(asked_of(named), earlier)["messages"],
            json::parse(R"([{"role":"assistant","content":"b"}])"));
  for (const auto* id : {"msg_2", "loop"})
    EXPECT_EQ(
        refused_field(asked_of(R"({"type":"item_reference","id":")" + std::string{id} + "\"}"),
                      earlier),
        "input[0].id");
}

TEST(responses_input, a_result_without_its_call_is_refused) {
  const std::string call = R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"})";
  const std::string result = R"({"type":"function_call_output","call_id":"c1","output":"1"})";
  EXPECT_EQ(refused(result), "input[0].call_id");
  EXPECT_EQ(refused(result + "," + call), "input[0].call_id");
  EXPECT_EQ(refused(call + "," + result + "," + result), "input[2].call_id");
}

TEST(responses_input, of_the_wrong_form_is_refused_by_place) {
  for (
      const auto& [items, field] : {
          std::pair{std::string{"7"}, "input[0]"},
          std::pair{std::string{R"({"content":"a"})"}, "input[0].type"},
          std::pair{std::string{R"({"type":7})"}, "input[0].type"},
          std::pair{std::string{R"({"type":"computer_call"})"}, "input[0].type"},
          std::pair{std::string{R"({"role":"tool","content":"a"})"}, "input[0].role"},
          std::pair{std::string{R"({"role":7,"content":"a"})"}, "input[0].role"},
          std::pair{std::string{R"({"role":"user","content":7})"}, "input[0].content"},
          std::pair{std::string{R"({"role":"user"})"}, "input[0].content"},
          std::pair{std::string{R"({"role":"user","content":"a"},{"role":"x"})"}, "input[1].role"},
          std::pair{std::string{R"({"type":"function_call","name":"f","arguments":"{}"})"},
                    "input[0].call_id"},
          std::pair{std::string{R"({"type":"function_call","call_id":"c","arguments":"{}"})"},
                    "input[0].name"},
          std::pair{
              std::string{R"({"type":"function_call","call_id":"c","name":"f","arguments":{}})"},
              "input[0].arguments"},
          std::pair{
              std::string{
                  R"({"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":7})"},
              "input[1].output"},
          std::pair{std::string{R"({"type":"reasoning","summary":[]})"}, "input"},
      })
    EXPECT_EQ(refused(items), field) << items;
  EXPECT_NE(why_not(asked_of(R"({"type":"computer_call"})")).message.find("computer_call"),
            std::string::npos);
}

} // namespace
} // namespace synapse::http::openai::responses
