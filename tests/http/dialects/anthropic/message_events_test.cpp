#include "http/dialects/anthropic/message_events.hpp"
#include "tests/http/dialects/anthropic/made.hpp"

#include <random>

namespace synapse::http::anthropic {
namespace {

using progress = answer_translator::progress;

const answer_names event_names{"msg_7", 0, "claude-x"};
const std::string done_mark = "data: [DONE]\n\n";
const std::string counts =
    R"(data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}}})"
    "\n\n";

std::string text_chunk(const std::string& text) {
  return chunk(json{{"content", text}}.dump());
}
/// @param more members of the function, such as `"name":"f"`
std::string call_chunk(int index, const std::string& id, const std::string& more) {
  return chunk(R"({"tool_calls":[{"index":)" + std::to_string(index) +
               (id.empty() ? "" : R"(,"id":")" + id + '"') + R"(,"function":{)" + more + "}}]}");
}
std::string named(const std::string& name) {
  return R"("name":")" + name + R"(","arguments":"")";
}
std::string piece(const std::string& arguments) {
  return "\"arguments\":" + json(arguments).dump();
}

// As servers send it: role, thinking, text, two calls in pieces, a comment, counts.
const std::string chat_stream_recorded =
    chunk(R"({"role":"assistant","content":""})") + chunk(R"({"reasoning_content":"Sho\"rt"})") +
    chunk(R"({"content":"Hi \u003c😀\\"})") + text_chunk(" there") + ": alive\n\n" +
    call_chunk(0, "c1", named("f")) + call_chunk(0, "", piece("{\"a\":")) +
    call_chunk(0, "", piece(" 1.0}")) + call_chunk(1, "c2", named("g")) +
    call_chunk(1, "", piece("{}")) + chunk("{}", R"("tool_calls")") + counts + done_mark;

translated played(const std::string& stream, std::size_t piece = std::string_view::npos) {
  message_events answer{event_names, roomy};
  return translate(answer, events_type, stream, piece);
}
/// The message of a stream that has to be a good one.
json message_of(const std::string& stream) {
  const auto said = played(stream);
  EXPECT_EQ(said.problem, "");
  const auto all = assemble(said.text);
  EXPECT_TRUE(all.complete) << said.text;
  return all.message;
}

TEST(anthropic_message_events, become_theirs_in_their_order) {
  message_events answer{event_names, roomy, 9};
  const auto said = translate(answer, events_type, chat_stream_recorded);
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.ended);
  const std::vector<std::string> wanted{
      R"({"type":"message_start","message":{"id":"msg_7","type":"message","role":"assistant","content":[],"model":"claude-x",
          "stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Sho\"rt"}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}})",
      R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi <😀\\"}})",
      R"({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" there"}})",
      R"({"type":"ping"})",
      R"({"type":"content_block_stop","index":1})",
      R"({"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c1","name":"f","input":{}}})",
      R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}})",
      R"({"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":" 1.0}"}})",
      R"({"type":"content_block_stop","index":2})",
      R"({"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"c2","name":"g","input":{}}})",
      R"({"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{}"}})",
      R"({"type":"content_block_stop","index":3})",
      R"({"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},
          "usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":8,"output_tokens":5}})",
      R"({"type":"message_stop"})"};
  const auto events = named_events_of(said.text);
  ASSERT_EQ(events.size(), wanted.size()) << said.text;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(events[i], json::parse(wanted[i])) << i;
  EXPECT_EQ(answer.usage().prompt, 20);
  const auto head = answer.client_head();
  EXPECT_TRUE(head.event_stream);
  EXPECT_EQ(head.content_type, "text/event-stream; charset=utf-8");
}

TEST(anthropic_message_events, are_the_same_however_the_network_has_cut_them) {
  const auto wanted = played(chat_stream_recorded).text;
  for (std::size_t size = 1; size <= chat_stream_recorded.size(); ++size) {
    const auto said = played(chat_stream_recorded, size);
    ASSERT_EQ(said.problem, "");
    ASSERT_EQ(said.text, wanted) << size;
  }
  for (std::size_t at = 0; at < chat_stream_recorded.size(); ++at) {
    message_events answer{event_names, roomy};
    std::string out;
    answer.take(std::string_view{chat_stream_recorded}.substr(0, at), out);
    ASSERT_EQ(answer.take(std::string_view{chat_stream_recorded}.substr(at), out), progress::ended);
    ASSERT_EQ(out, wanted) << at;
  }
}

TEST(anthropic_message_events, cut_off_at_any_byte_they_never_stop_well) {
  // Behind the reason to finish nothing is missing but the end mark.
  const auto finished = chat_stream_recorded.find(R"("tool_calls"}]})") + 15;
  for (std::size_t size = 0; size < finished; ++size) {
    message_events answer{event_names, roomy};
    auto said = translate(answer, events_type,
                          std::string_view{chat_stream_recorded}.substr(0, size), 1 + size % 50);
    ASSERT_NE(said.problem, "") << size;
    ASSERT_FALSE(said.ended);
    answer.broken(said.text, response_detail::stream_truncated, said.problem);
    const auto all = assemble(said.text);
    ASSERT_FALSE(all.complete) << size;
    ASSERT_TRUE(all.message.value("stop_reason", json()).is_null());
    ASSERT_EQ(all.error["type"], "api_error");
    ASSERT_EQ(all.error["message"], said.problem);
  }
  EXPECT_EQ(message_of(chat_stream_recorded.substr(0, finished))["stop_reason"], "tool_use");
}

TEST(anthropic_message_events, each_chunk_goes_out_at_once) {
  message_events answer{event_names, roomy};
  std::string out;
  answer.take(chunk(R"({"role":"assistant","content":""})") + ": alive\n\n", out);
  EXPECT_EQ(out, ""); // an error could still have a status
  answer.take(text_chunk("a"), out);
  EXPECT_EQ(named_events_of(out).size(), 3U);
  for (const auto& [sent, count] :
       std::vector<std::pair<std::string, std::size_t>>{{text_chunk("b"), 1},
                                                        {chunk(R"({"reasoning":"hm"})"), 3},
                                                        {call_chunk(0, "c1", named("f")), 2},
                                                        {call_chunk(0, "", piece("{")), 1},
                                                        {call_chunk(0, "", piece("}")), 1}}) {
    out.clear();
    answer.take(sent, out);
    EXPECT_EQ(named_events_of(out).size(), count) << out;
  }
}

TEST(anthropic_message_events, interleaved_calls_wait_no_longer_than_for_the_end_of_the_open_one) {
  message_events answer{event_names, roomy};
  std::string all, out;
  const auto sends = [&](const std::string& event) {
    out.clear();
    EXPECT_EQ(answer.take(event, out), progress::more);
    all += out;
    return named_events_of(out).size();
  };
  EXPECT_EQ(sends(call_chunk(0, "c1", named("f"))), 2U);
  EXPECT_EQ(sends(call_chunk(1, "c2", named("g"))), 0U);
  EXPECT_EQ(sends(call_chunk(1, "", piece("{\"b\":"))), 0U);
  EXPECT_EQ(sends(text_chunk("x")), 0U);
  EXPECT_EQ(sends(call_chunk(0, "", piece("{\"a\":\"}"))), 1U); // its brace is within a text
  EXPECT_EQ(sends(call_chunk(1, "", piece("2"))), 0U);
  EXPECT_EQ(sends(text_chunk("y")), 0U);
  // The first one is whole: it is closed, and the second one open with what it has.
  EXPECT_EQ(sends(call_chunk(0, "", piece("\"}"))), 4U);
  EXPECT_EQ(sends(call_chunk(0, "", piece(" "))), 0U);
  EXPECT_EQ(sends(call_chunk(1, "", piece("}"))), 4U); // and the text behind it
  EXPECT_EQ(sends(chunk("{}", R"("tool_calls")")), 0U);
  EXPECT_EQ(answer.take(done_mark, all), progress::ended);
  EXPECT_EQ(assemble(all).message["content"],
            json::parse(R"([{"type":"tool_use","id":"c1","name":"f","input":{"a":"}"}},
      {"type":"tool_use","id":"c2","name":"g","input":{"b":2}},{"type":"text","text":"xy"}])"));
}

TEST(anthropic_message_events, a_call_without_arguments_has_an_empty_object) {
  EXPECT_EQ(message_of(call_chunk(0, "c1", named("f")) + call_chunk(1, "c2", named("g")) +
                       chunk("{}", R"("tool_calls")") + done_mark)["content"],
            json::parse(R"([{"type":"tool_use","id":"c1","name":"f","input":{}},
      {"type":"tool_use","id":"c2","name":"g","input":{}}])"));
}

TEST(anthropic_message_events, servers_that_name_no_index_or_no_id_are_understood) {
  const auto whole = [](const std::string& more) {
    return chunk(R"({"tool_calls":[{)" + more + R"("function":{"name":"f","arguments":"{}"}}]})");
  };
  EXPECT_EQ(message_of(whole(R"("id":"a",)") + whole(R"("id":"b",)") + chunk("{}", R"("stop")") +
                       done_mark)["content"],
            json::parse(R"([{"type":"tool_use","id":"a","name":"f","input":{}},
      {"type":"tool_use","id":"b","name":"f","input":{}}])"));
  const auto none = message_of(whole("") + whole("") + chunk("{}", R"("stop")") + done_mark);
  EXPECT_EQ(none["content"],
            json::parse(R"([{"type":"tool_use","id":"toolu_7_0","name":"f","input":{}},
      {"type":"tool_use","id":"toolu_7_1","name":"f","input":{}}])"));
  EXPECT_EQ(none["stop_reason"], "tool_use");
  // A name that is told once more is no other call.
  EXPECT_EQ(message_of(whole("") + call_chunk(0, "", named("f")) + chunk("{}", R"("stop")") +
                       done_mark)["content"]
                .size(),
            1U);
  // An id that is told with every piece is that of one call.
  EXPECT_EQ(message_of(call_chunk(0, "a", named("f")) + call_chunk(0, "a", piece("{")) +
                       call_chunk(0, "a", piece("}")) + chunk("{}", R"("stop")") +
                       done_mark)["content"]
                .size(),
            1U);
}

TEST(anthropic_message_events, arguments_that_never_become_an_object_are_no_good_end) {
  for (const auto* arguments : {"{\"a\":", "nonsense", "{}}"}) {
    const auto stream = call_chunk(0, "c1", named("f")) + call_chunk(0, "", piece(arguments));
    EXPECT_NE(played(stream + chunk("{}", R"("tool_calls")") + done_mark).problem, "") << arguments;
    // Cut by the limit, which the reason says.
    EXPECT_EQ(message_of(stream + chunk("{}", R"("length")") + done_mark)["stop_reason"],
              "max_tokens");
  }
  const auto closed =
      call_chunk(0, "c1", named("f")) + call_chunk(0, "", piece("{}")) + text_chunk("x");
  EXPECT_EQ(played(closed + call_chunk(0, "", piece("{}")) + chunk("{}", R"("stop")") + done_mark)
                .problem,
            "one of its calls of functions goes on behind its end");
  EXPECT_NE(played(call_chunk(0, "c1", piece("{}")) + done_mark).problem, "");
}

TEST(anthropic_message_events, an_answer_of_nothing_is_a_message_all_the_same) {
  const auto made = message_of(chunk(R"({"role":"assistant","content":""})") +
                               chunk("{}", R"("stop")") + counts + done_mark);
  EXPECT_EQ(made["content"], json::array());
  EXPECT_EQ(made["stop_reason"], "end_turn");
  EXPECT_EQ(made["usage"]["output_tokens"], 5);
  EXPECT_EQ(message_of(text_chunk("a") + done_mark)["stop_reason"], nullptr); // unknown
  EXPECT_EQ(message_of(chunk(R"({"refusal":"no"})") + chunk("{}", R"("content_filter")") +
                       done_mark)["stop_reason"],
            "refusal");
}

TEST(anthropic_message_events, an_error_is_told_with_a_status_or_by_an_event) {
  const std::string error =
      "data: {\"error\":{\"code\":429,\"message\":\"slow down\",\"type\":\"rate_limit\"}}\n\n";
  message_events early{event_names, roomy};
  auto said = translate(early, events_type, chunk(R"({"role":"assistant","content":""})") + error);
  EXPECT_EQ(said.text, "");
  ASSERT_TRUE(early.reported());
  EXPECT_EQ(early.reported()->status, 429U);
  message_events late{event_names, roomy};
  said = translate(late, events_type, text_chunk("a") + error + done_mark);
  EXPECT_EQ(said.problem, "slow down");
  late.broken(said.text, response_detail::rate_limited, said.problem);
  const auto all = assemble(said.text);
  EXPECT_FALSE(all.complete);
  EXPECT_EQ(all.error, (json{{"type", "rate_limit_error"}, {"message", "slow down"}}));
}

TEST(anthropic_message_events, waiting_is_bounded) {
  message_events answer{event_names, 4 * roomy};
  std::string out;
  auto how = answer.take(call_chunk(0, "a", named("f")) + call_chunk(1, "b", named("g")), out);
  const auto large = call_chunk(1, "", piece(std::string(roomy, 'x')));
  std::size_t sent = 0;
  for (; how == progress::more && sent < 2 * message_events::most_waiting; sent += roomy)
    how = answer.take(large, out);
  EXPECT_EQ(how, progress::bad);
  EXPECT_LE(sent, message_events::most_waiting + 2 * roomy);
  message_events many{event_names, roomy};
  how = progress::more;
  for (int i = 0; how == progress::more && i < 10000; ++i)
    how = many.take(call_chunk(i, "c" + std::to_string(i), R"("name":"f","arguments":"{}")"), out);
  EXPECT_EQ(many.problem(), "it calls too many functions");
}

TEST(anthropic_message_events, say_what_another_reader_reads_in_made_up_streams) {
  std::mt19937 random{424242};
  const std::vector<std::string> pieces{"a",  "\"", "\\",     "\n",   "\r",      "\x01", "é",
                                        "你", "😀",  "\u2028", "</s>", "\\u0041", "{}",   "data: "};
  const auto text = [&] {
    std::string all;
    for (auto more = random() % 6; more > 0; --more)
      all += pieces[random() % pieces.size()];
    return all;
  };
  for (int round = 0; round < 2000; ++round) {
    // Calls whose pieces arrive in any order of the calls, with texts between.
    std::vector<std::string> left;
    std::vector<json> wanted;
    const auto calls = random() % 4;
    for (std::size_t i = 0; i < calls; ++i) {
      wanted.push_back({{text() + "k", text()}});
      left.push_back(wanted.back().dump(-1, ' ', random() % 2 == 0));
    }
    std::string stream, said, thought;
    std::vector<bool> begun(calls, false);
    for (int steps = 0; steps < 60; ++steps) {
      const auto what = random() % 8;
      const bool ascii = random() % 2 == 0;
      if (what < 2) {
        const auto more = text();
        (what == 0 ? said : thought) += more;
        stream +=
            chunk(json{{what == 0 ? "content" : "reasoning_content", more}}.dump(-1, ' ', ascii));
      } else if (calls > 0) {
        const auto i = random() % calls;
        if (!begun[i])
          stream += call_chunk(static_cast<int>(i), "c" + std::to_string(i), named("f"));
        begun[i] = true;
        auto size = std::min<std::size_t>(1 + random() % 5, left[i].size());
        while (size < left[i].size() && (static_cast<unsigned char>(left[i][size]) & 0xc0) == 0x80)
          ++size;
        if (size > 0)
          stream += call_chunk(static_cast<int>(i), "", piece(left[i].substr(0, size)));
        left[i].erase(0, size);
      }
    }
    for (std::size_t i = 0; i < calls; ++i) {
      if (!begun[i])
        stream += call_chunk(static_cast<int>(i), "c" + std::to_string(i), named("f"));
      if (!left[i].empty())
        stream += call_chunk(static_cast<int>(i), "", piece(left[i]));
    }
    stream += chunk("{}", R"("stop")") + done_mark;
    const auto played_so = played(stream, 1 + random() % 200);
    ASSERT_EQ(played_so.problem, "") << stream;
    const auto all = assemble(played_so.text);
    ASSERT_TRUE(all.complete);
    std::string text_said, text_thought;
    std::size_t found = 0;
    for (const auto& block : all.message["content"]) {
      if (block["type"] == "text")
        text_said += block["text"].get<std::string>();
      else if (block["type"] == "thinking")
        text_thought += block["thinking"].get<std::string>();
      else {
        const auto number = std::stoul(block["id"].get<std::string>().substr(1));
        ASSERT_EQ(block["input"], wanted[number]);
        ++found;
      }
    }
    ASSERT_EQ(text_said, said);
    ASSERT_EQ(text_thought, thought);
    ASSERT_EQ(found, calls);
  }
}

TEST(anthropic_message_events, damaged_streams_never_end_falsely) {
  std::mt19937 random{99};
  for (int round = 0; round < 5000; ++round) {
    auto body = chat_stream_recorded;
    for (auto left = 1 + random() % 3; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    const auto said = played(body, 1 + random() % 200);
    ASSERT_EQ(said.problem.empty(), said.text.ends_with("{\"type\":\"message_stop\"}\n\n")) << body;
    for (const auto& one : named_events_of(said.text))
      ASSERT_FALSE(one.is_discarded()) << said.text;
  }
}

} // namespace
} // namespace synapse::http::anthropic
