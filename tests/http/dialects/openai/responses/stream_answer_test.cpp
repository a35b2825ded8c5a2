#include "http/dialects/openai/responses/stream_answer.hpp"
#include "tests/http/dialects/openai/responses/answers.hpp"
#include "tests/http/dialects/openai/responses/requests.hpp"

namespace synapse::http::openai::responses {
namespace {

using progress = answer_translator::progress;
using types = std::vector<std::string>;

translated told(const std::string& body, std::size_t piece = std::string_view::npos) {
  stream_answer answer{frame_with(), roomy};
  return translate(answer, events_type, body, piece);
}

TEST(responses_stream_answer, a_text_has_the_usual_events) {
  const auto said = told(chunk(R"({"role":"assistant","content":""})") + content("Hi") +
                         content(" you") + chunk("{}", R"("stop")") + done_event);
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.ended);
  const std::string rest =
      R"("model":"served","output":[],"tools":[],"instructions":null,"usage":null})";
  const std::string open =
      R"({"id":"resp_9a","object":"response","created_at":1700000000,"status":"in_progress","completed_at":null,"error":null,"incomplete_details":null,)" +
      rest;
  const std::string item =
      R"({"id":"msg_9a_0","status":"completed","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi you","annotations":[],"logprobs":[]}]})";
  const std::string wanted =
      "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,"
      "\"response\":" +
      open +
      "}\n\nevent: response.in_progress\ndata: {\"type\":\"response.in_progress\","
      "\"sequence_number\":1,\"response\":" +
      open +
      R"(}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_9a_0","status":"in_progress","type":"message","role":"assistant","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":3,"item_id":"msg_9a_0","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_9a_0","output_index":0,"content_index":0,"delta":"Hi","logprobs":[]}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_9a_0","output_index":0,"content_index":0,"delta":" you","logprobs":[]}

event: response.output_text.done
data: {"type":"response.output_text.done","sequence_number":6,"item_id":"msg_9a_0","output_index":0,"content_index":0,"text":"Hi you","logprobs":[]}

event: response.content_part.done
data: {"type":"response.content_part.done","sequence_number":7,"item_id":"msg_9a_0","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hi you","annotations":[],"logprobs":[]}}

event: response.output_item.done
data: {"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":)" +
      item +
      R"(}

event: response.completed
data: {"type":"response.completed","sequence_number":9,"response":{"id":"resp_9a","object":"response","created_at":1700000000,"status":"completed","completed_at":1700000005,"error":null,"incomplete_details":null,"model":"served","output":[)" +
      item + R"(],"tools":[],"instructions":null,"usage":null}}

)";
  EXPECT_EQ(said.text, wanted);
}

TEST(responses_stream_answer, reasoning_text_and_two_calls_are_items_of_their_own) {
  stream_answer answer{frame_with(), roomy};
  const auto said = translate(answer, events_type, recorded_chunks);
  EXPECT_EQ(said.problem, "");
  const auto events = events_of(said.text);
  EXPECT_EQ(
      types_of(events),
      (types{"created", "in_progress",
             // reasoning
             "output_item.added", "content_part.added", "reasoning_text.delta",
             "reasoning_text.done", "content_part.done", "output_item.done",
             // text
             "output_item.added", "content_part.added", "output_text.delta", "output_text.delta",
             "output_text.done", "content_part.done", "output_item.done",
             // calls
             "output_item.added", "function_call_arguments.delta", "function_call_arguments.delta",
             "output_item.added", "function_call_arguments.delta", "function_call_arguments.done",
             "output_item.done", "function_call_arguments.done", "output_item.done", "completed"}));
  const auto output = put_together(events);
  EXPECT_EQ(output, json::parse(R"([
    {"type":"reasoning","id":"rs_9a_0","status":"completed","summary":[],
     "content":[{"type":"reasoning_text","text":"Sho\"rt"}]},
    {"type":"message","id":"msg_9a_1","status":"completed","role":"assistant","content":[
     {"type":"output_text","text":"Hi <😀\\","annotations":[],"logprobs":[]}]},
    {"type":"function_call","id":"fc_9a_2","status":"completed","call_id":"call_a","name":"f",
     "arguments":"{\"a\": 1.50}"},
    {"type":"function_call","id":"fc_9a_3","status":"completed","call_id":"call_b","name":"g",
     "arguments":"{\"b\":\"}\\n\"}"}])"));
  const auto& last = events.back()["response"];
  EXPECT_EQ(last["output"], output);
  EXPECT_EQ(last["usage"], json::parse(R"({"input_tokens":26,"input_tokens_details":
    {"cached_tokens":8,"cache_write_tokens":0},"output_tokens":12,"output_tokens_details":{"reasoning_tokens":5},
    "total_tokens":38})"));
  EXPECT_EQ(json::parse(answer.response()), last);
  EXPECT_EQ(answer.prompt_tokens(), 26);
  EXPECT_EQ(answer.completion_tokens(), 12);
  const auto head = answer.client_head();
  EXPECT_TRUE(head.event_stream);
  EXPECT_EQ(head.content_type, "text/event-stream; charset=utf-8");
}

TEST(responses_stream_answer, a_later_request_goes_on_from_its_conversation) {
  stream_answer answer{frame_with(), roomy};
  translate(answer, events_type, recorded_chunks);
  const auto conversation = answer.conversation();
  known earlier;
  earlier.earlier = conversation;
  const auto call = call_of(
      R"({"model":"m","previous_response_id":"resp_9a","input":[
          {"type":"function_call_output","call_id":"call_b","output":"2"},
          {"type":"function_call_output","call_id":"call_a","output":"1"}]})",
      earlier);
  EXPECT_EQ(
      call.request.messages,
      R"({"role":"user","content":"Hi"},{"role":"assistant","content":"Hi \u003c😀\\","tool_calls":[{"id":"call_a","type":"function","function":{"name":"f","arguments":"{\"a\": 1.50}"}},{"id":"call_b","type":"function","function":{"name":"g","arguments":"{\"b\":\"}\\n\"}"}}]},{"role":"tool","tool_call_id":"call_b","content":"2"},{"role":"tool","tool_call_id":"call_a","content":"1"})");
}

TEST(responses_stream_answer, pieces_of_calls_may_be_mixed_and_names_come_late) {
  const auto call = [](const std::string& index, const std::string& rest) {
    return chunk(R"({"tool_calls":[{"index":)" + index + "," + rest + "}]}");
  };
  const auto said = told(call("0", R"("id":"a","function":{"arguments":"{\"x\""})") +
                         call("1", R"("function":{"name":"g","arguments":""})") +
                         call("0", R"("function":{"name":"f","arguments":":1"})") +
                         call("1", R"("function":{"arguments":"{}"})") +
                         call("0", R"("function":{"arguments":"}"})") +
                         chunk("{}", R"("tool_calls")") + done_event);
  EXPECT_EQ(said.problem, "");
  const auto output = put_together(events_of(said.text));
  ASSERT_EQ(output.size(), 2U);
  EXPECT_EQ(output[0]["name"], "g");
  EXPECT_EQ(output[0]["call_id"], "call_9a_1");
  EXPECT_EQ(output[0]["arguments"], "{}");
  EXPECT_EQ(output[1]["name"], "f");
  EXPECT_EQ(output[1]["call_id"], "a");
  EXPECT_EQ(output[1]["arguments"], "{\"x\":1}");
}

TEST(responses_stream_answer, what_is_cut_short_is_incomplete) {
  for (const auto& [reason, detail] : {std::pair{R"("length")", "max_output_tokens"},
                                       std::pair{R"("content_filter")", "content_filter"}}) {
    const auto events = events_of(
        told(chunk(R"({"reasoning":"hm"})") + content("Hi") + chunk("{}", reason) + done_event)
            .text);
    const auto& last = events.back();
    EXPECT_EQ(last["type"], "response.incomplete");
    EXPECT_EQ(last["response"]["incomplete_details"]["reason"], detail);
    EXPECT_EQ(last["response"]["output"][0]["status"], "completed");
    EXPECT_EQ(last["response"]["output"][1]["status"], "incomplete");
    EXPECT_EQ(put_together(events), last["response"]["output"]);
  }
}

TEST(responses_stream_answer, a_refusal_is_a_part_of_its_own) {
  const auto events =
      events_of(told(content("Well.") + chunk(R"({"refusal":"No"})") + chunk(R"({"refusal":"."})") +
                     chunk("{}", R"("stop")") + done_event)
                    .text);
  const auto output = put_together(events);
  ASSERT_EQ(output.size(), 1U);
  EXPECT_EQ(output[0]["content"],
            json::parse(R"([{"type":"output_text","text":"Well.","annotations":[],"logprobs":[]},
                            {"type":"refusal","refusal":"No."}])"));
}

TEST(responses_stream_answer, text_behind_text_of_another_kind_is_a_further_item) {
  const auto output = put_together(
      events_of(told(content("a") + chunk(R"({"reasoning_content":"b"})") + content("c") +
                     content("d") + chunk("{}", R"("stop")") + done_event)
                    .text));
  ASSERT_EQ(output.size(), 3U);
  EXPECT_EQ(output[1]["id"], "rs_9a_1");
  EXPECT_EQ(output[2]["content"][0]["text"], "cd");
}

TEST(responses_stream_answer, one_that_says_nothing_is_an_empty_message) {
  const auto events = events_of(
      told(chunk(R"({"role":"assistant","content":""})") + chunk("{}", R"("stop")") + done_event)
          .text);
  const auto output = put_together(events);
  ASSERT_EQ(output.size(), 1U);
  EXPECT_EQ(output[0]["content"][0]["text"], "");
  EXPECT_EQ(events.back()["response"]["output"], output);
}

TEST(responses_stream_answer, each_chunk_goes_out_at_once_and_none_before_something_is_said) {
  stream_answer answer{frame_with(), roomy};
  std::string out;
  answer.take(chunk(R"({"role":"assistant","content":""})"), out);
  EXPECT_EQ(out, "");
  answer.take(content("a"), out);
  EXPECT_EQ(events_of(out).size(), 5U);
  for (int i = 0; i < 3; ++i) {
    out.clear();
    answer.take(content("b"), out);
    EXPECT_EQ(events_of(out).size(), 1U);
  }
}

TEST(responses_stream_answer, is_the_same_however_the_network_has_cut_it) {
  const auto wanted = told(recorded_chunks).text;
  for (std::size_t piece = 1; piece < 200; ++piece)
    ASSERT_EQ(told(recorded_chunks, piece).text, wanted) << piece;
  for (std::size_t at = 0; at <= recorded_chunks.size(); ++at) {
    stream_answer answer{frame_with(), roomy};
    std::string out;
    answer.take(std::string_view{recorded_chunks}.substr(0, at), out);
    if (at < recorded_chunks.size()) {
      ASSERT_EQ(answer.take(std::string_view{recorded_chunks}.substr(at), out), progress::ended);
    }
    ASSERT_EQ(out, wanted) << at;
  }
}

} // namespace
} // namespace synapse::http::openai::responses
