#include "http/dialects/anthropic/completion_events.hpp"
#include "http/dialects/anthropic/message_events.hpp"
#include "http/dialects/openai/event_relay.hpp"
#include "tests/http/dialects/anthropic/made.hpp"

#include <random>

namespace synapse::http::anthropic {
namespace {

using progress = answer_translator::progress;

const answer_names chunk_names{"chatcmpl-7", 1700000000, "gpt"};
const std::string started = event(
    R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude","usage":{"input_tokens":12,"cache_read_input_tokens":8,"output_tokens":1}}})");
const std::string stopped = event(R"({"type":"message_stop"})");
std::string reason(const std::string& word) {
  return event(R"({"type":"message_delta","delta":{"stop_reason":")" + word +
               R"(","stop_sequence":null},"usage":{"output_tokens":5}})");
}
std::string said_delta(const std::string& text) {
  return event(json{{"type", "content_block_delta"},
                    {"index", 0},
                    {"delta", {{"type", "text_delta"}, {"text", text}}}}
                   .dump());
}
const std::string messages_recorded =
    started +
    event(
        R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})") +
    event(R"({"type":"ping"})") +
    event(
        R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Sho\"rt"}})") +
    event(
        R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}})") +
    event(R"({"type":"content_block_stop","index":0})") +
    event(R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})") +
    event(
        R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi \u003c😀\\"}})") +
    event(R"({"type":"ping"})") + event(R"({"type":"content_block_stop","index":1})") +
    event(
        R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}})") +
    event(
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}})") +
    event(
        R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\": 1.0}"}})") +
    event(R"({"type":"content_block_stop","index":2})") +
    event(
        R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"g","input":{}}})") +
    event(R"({"type":"content_block_stop","index":3})") + event(R"({"type":"later_kind","x":1})") +
    reason("tool_use") + stopped;

TEST(anthropic_completion_events, become_openais_chunks) {
  completion_events answer{chunk_names, true, roomy};
  const auto said = translate(answer, events_type, messages_recorded);
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.ended);
  EXPECT_EQ(joined_chunks(said.text),
            json::parse(R"({"content":"Hi <😀\\","reasoning_content":"Sho\"rt","comments":1,
      "calls":[{"id":"t1","name":"f","arguments":"{\"a\": 1.0}"},{"id":"t2","name":"g","arguments":"{}"}],
      "finish":"tool_calls","usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,
      "prompt_tokens_details":{"cached_tokens":8}},"done":true})"));
  EXPECT_TRUE(said.text.starts_with(
      R"(data: {"id":"chatcmpl-7","object":"chat.completion.chunk","created":1700000000,"model":"gpt","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null})"
      "\n\n"));
  event_relay relay{roomy};
  relay.buffer() = said.text;
  relay.look();
  EXPECT_EQ(relay.fate(), stream_fate::complete);
  EXPECT_EQ(relay.watch().prompt_tokens(), 20);
  completion_events quiet{chunk_names, false, roomy};
  EXPECT_EQ(translate(quiet, events_type, messages_recorded).text.find("usage"), std::string::npos);
}

TEST(anthropic_completion_events, are_the_same_however_the_network_has_cut_them) {
  completion_events whole{chunk_names, true, roomy};
  const auto wanted = translate(whole, events_type, messages_recorded).text;
  for (std::size_t size = 1; size <= messages_recorded.size(); ++size) {
    completion_events answer{chunk_names, true, roomy};
    ASSERT_EQ(translate(answer, events_type, messages_recorded, size).text, wanted) << size;
  }
  for (std::size_t at = 0; at < messages_recorded.size(); ++at) {
    completion_events answer{chunk_names, true, roomy};
    std::string out;
    answer.take(std::string_view{messages_recorded}.substr(0, at), out);
    ASSERT_EQ(answer.take(std::string_view{messages_recorded}.substr(at), out), progress::ended);
    ASSERT_EQ(out, wanted) << at;
  }
}

TEST(anthropic_completion_events, cut_off_at_any_byte_they_never_end_well) {
  for (std::size_t size = 0; size + 2 < messages_recorded.size(); ++size) {
    completion_events answer{chunk_names, true, roomy};
    auto said = translate(answer, events_type, std::string_view{messages_recorded}.substr(0, size),
                          1 + size % 50);
    ASSERT_NE(said.problem, "") << size;
    ASSERT_FALSE(said.ended);
    answer.broken(said.text, response_detail::stream_truncated, said.problem);
    const auto all = joined_chunks(said.text);
    ASSERT_FALSE(all.contains("done") || all.contains("finish")) << size;
    ASSERT_EQ(all["error"]["message"], said.problem);
  }
  // The blank line behind the last event is often forgotten.
  completion_events answer{chunk_names, true, roomy};
  const auto said =
      translate(answer, events_type, messages_recorded.substr(0, messages_recorded.size() - 2));
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.text.ends_with("data: [DONE]\n\n"));
}

TEST(anthropic_completion_events, each_event_goes_out_at_once_and_a_start_alone_does_not) {
  completion_events answer{chunk_names, false, roomy};
  std::string out;
  answer.take(started + event(R"({"type":"ping"})") + ": comment\n\n", out);
  EXPECT_EQ(out, "");
  answer.take(said_delta("a"), out);
  EXPECT_EQ(joined_chunks(out)["content"], "a");
  out.clear();
  answer.take(said_delta("b"), out);
  EXPECT_EQ(joined_chunks(out)["content"], "b");
  EXPECT_EQ(out.find("role"), std::string::npos);
}

TEST(anthropic_completion_events, blocks_may_all_be_closed_at_the_very_end) {
  const auto block = [](int index, const std::string& block_said) {
    return event(R"({"type":"content_block_start","index":)" + std::to_string(index) +
                 R"(,"content_block":)" + block_said + "}");
  };
  std::string stream = started + block(0, R"({"type":"text","text":""})") + said_delta("x") +
                       block(1, R"({"type":"tool_use","id":"a","name":"f"})") +
                       block(2, R"({"type":"tool_use","id":"b","name":"g","input":{"x":1}})");
  for (int i = 0; i < 3; ++i)
    stream += event(R"({"type":"content_block_stop","index":)" + std::to_string(i) + "}");
  completion_events answer{chunk_names, false, roomy};
  const auto all =
      joined_chunks(translate(answer, events_type, stream + reason("tool_use") + stopped).text);
  EXPECT_EQ(all["content"], "x");
  EXPECT_EQ(
      all["calls"],
      json::parse(
          R"([{"id":"a","name":"f","arguments":"{}"},{"id":"b","name":"g","arguments":"{\"x\":1}"}])"));
}

TEST(anthropic_completion_events, an_error_is_told_with_the_status_of_its_type) {
  const std::string overloaded =
      event(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  for (const auto& before : {std::string{}, started, started + said_delta("a")}) {
    completion_events answer{chunk_names, true, roomy};
    const auto said =
        translate(answer, events_type, before + overloaded + reason("end_turn") + stopped);
    EXPECT_EQ(said.problem, "Overloaded");
    EXPECT_EQ(said.text.find("[DONE]"), std::string::npos);
    ASSERT_TRUE(answer.reported());
    EXPECT_EQ(answer.reported()->status, 529U);
    EXPECT_EQ(json::parse(answer.reported()->body)["error"]["type"], "overloaded_error");
    if (before != started + said_delta("a")) {
      EXPECT_EQ(said.text, "");
    }
  }
  for (const auto* other : {"event: error\ndata: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n",
                            "event: error\ndata: no JSON\n\n"}) {
    completion_events answer{chunk_names, true, roomy};
    EXPECT_NE(translate(answer, events_type, started + other + stopped).problem, "") << other;
    EXPECT_TRUE(answer.reported());
  }
}

TEST(anthropic_completion_events, what_is_no_event_of_theirs_is_no_answer) {
  for (const auto* bad :
       {"data: nonsense\n\n", "data: [DONE]\n\n", "data: {}\n\n", "data: {\"type\":7}\n\n",
        "data: {\"type\":\"content_block_delta\"}\n\n",
        "data: "
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":7}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\"}}\n\n",
        "data: {\"type\":\"content_block_start\"}\n\n",
        "data: "
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"name\":\"f\"}"
        "}\n\n",
        "data: "
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"\xff\"}}"
        "\n\n",
        "proxy error: cut\n\n"}) {
    completion_events answer{chunk_names, true, roomy};
    const auto said = translate(answer, events_type,
                                started + bad + said_delta("a") + reason("end_turn") + stopped);
    EXPECT_NE(said.problem, "") << bad;
    EXPECT_EQ(said.text, "") << bad;
  }
  completion_events unbegun{chunk_names, true, roomy};
  EXPECT_NE(translate(unbegun, events_type, stopped).problem, "");
  completion_events small{chunk_names, true, 40};
  EXPECT_EQ(translate(small, events_type, started).problem, "one of its events is too large");
  completion_events other{chunk_names, true, roomy};
  EXPECT_EQ(translate(other, "Content-Type: application/json\r\n", messages_recorded).problem,
            "its answer is no event stream");
}

TEST(anthropic_completion_events, damaged_streams_never_end_falsely) {
  std::mt19937 random{99};
  for (int round = 0; round < 5000; ++round) {
    auto body = messages_recorded;
    for (auto left = 1 + random() % 3; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    completion_events answer{chunk_names, true, roomy};
    const auto said = translate(answer, events_type, body, 1 + random() % 200);
    ASSERT_EQ(said.problem.empty(), said.text.ends_with("data: [DONE]\n\n")) << body;
  }
}

// There and back: what the two translators make of each other's streams is what was said.
TEST(anthropic_completion_events, come_back_as_they_were) {
  completion_events out_of{chunk_names, true, roomy};
  const auto chunks = translate(out_of, events_type, messages_recorded).text;
  message_events into{{"msg_1", 0, "claude"}, roomy};
  const auto back = translate(into, events_type, chunks, 11);
  EXPECT_EQ(back.problem, "");
  const auto all = assemble(back.text);
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(
      all.message["content"],
      json::parse(
          R"([{"type":"thinking","thinking":"Sho\"rt","signature":""},{"type":"text","text":"Hi <😀\\"},
      {"type":"tool_use","id":"t1","name":"f","input":{"a":1.0}},{"type":"tool_use","id":"t2","name":"g","input":{}}])"));
  EXPECT_EQ(all.message["stop_reason"], "tool_use");
  EXPECT_EQ(all.message["usage"]["input_tokens"], 12);
}

} // namespace
} // namespace synapse::http::anthropic
