#include "http/dialects/openai/responses/output.hpp"
#include "tests/http/dialects/openai/responses/answers.hpp"

namespace synapse::http::openai::responses {
namespace {

TEST(responses_output, an_object_has_all_that_there_is_to_say) {
  output all{frame_with()};
  all.name_model("\"served\"");
  all.name_model("\"other\"");
  all.counts() = {20, 12, 8, 5};
  auto& message = all.add(item_kind::message);
  message.parts.push_back({R"(a\n)", false, false});
  message.status = "completed";
  EXPECT_EQ(json::parse(all.object(response_end::complete)),
            json::parse(R"({"id":"resp_9a","object":"response","created_at":1700000000,
      "completed_at":1700000005,"status":"completed","error":null,"incomplete_details":null,
      "model":"served","output":[{"type":"message","id":"msg_9a_0","status":"completed",
      "role":"assistant","content":[{"type":"output_text","text":"a\n","annotations":[],
      "logprobs":[]}]}],"tools":[],"instructions":null,"usage":{"input_tokens":20,
      "input_tokens_details":{"cached_tokens":8,"cache_write_tokens":0},"output_tokens":12,
      "output_tokens_details":{"reasoning_tokens":5},"total_tokens":32}})"));
}

TEST(responses_output, says_why_it_is_no_complete_one) {
  output all{frame_with()};
  const auto said = [&](response_end end) { return json::parse(all.object(end, "gone \"x\"")); };
  EXPECT_EQ(said(response_end::under_way)["status"], "in_progress");
  EXPECT_EQ(said(response_end::under_way)["usage"], nullptr);
  EXPECT_EQ(said(response_end::under_way)["model"], "asked");
  EXPECT_EQ(said(response_end::by_length)["status"], "incomplete");
  EXPECT_EQ(said(response_end::by_length)["incomplete_details"]["reason"], "max_output_tokens");
  EXPECT_EQ(said(response_end::by_filter)["incomplete_details"]["reason"], "content_filter");
  EXPECT_EQ(said(response_end::by_filter)["completed_at"], nullptr);
  EXPECT_EQ(said(response_end::failed)["status"], "failed");
  EXPECT_EQ(said(response_end::failed)["error"],
            json::parse(R"({"code":"server_error","message":"gone \"x\""})"));
}

TEST(responses_output, a_conversation_goes_on_with_the_answer) {
  output all{frame_with()};
  all.add(item_kind::reasoning).parts.push_back({"hm", false, false});
  all.add(item_kind::message).parts.push_back({R"(a\u00e4)", false, false});
  EXPECT_EQ(all.conversation(),
            R"([{"role":"user","content":"Hi"},{"role":"assistant","content":"a\u00e4"}])");
  auto& call = all.add(item_kind::call);
  call.call_id = "\"c1\"";
  call.name = "\"f\"";
  call.parts.push_back({R"({\"a\": 1.50})", false, false});
  EXPECT_EQ(
      all.conversation(),
      R"([{"role":"user","content":"Hi"},{"role":"assistant","content":"a\u00e4","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"}}]}])");
}

TEST(responses_output, finish_reasons_are_carried_over) {
  EXPECT_EQ(end_of(R"("stop")"), response_end::complete);
  EXPECT_EQ(end_of(R"("tool_calls")"), response_end::complete);
  EXPECT_EQ(end_of({}), response_end::complete);
  EXPECT_EQ(end_of(R"("length")"), response_end::by_length);
  EXPECT_EQ(end_of(R"("content_filter")"), response_end::by_filter);
}

} // namespace
} // namespace synapse::http::openai::responses
