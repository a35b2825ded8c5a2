#include "http/dialects/ollama/stream_answer.hpp"
#include "http/dialects/openai/event_relay.hpp"
#include "tests/http/dialects/ollama/streams.hpp"

#include <random>
#include <vector>

namespace synapse::http::ollama {
namespace {

using progress = answer_translator::progress;

TEST(ollama_stream_answer, becomes_openais_chunks) {
  stream_answer answer{answer_kind::chat, stream_names, true, roomy};
  const auto said = translate(answer, lines_type, recorded);
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.ended);
  const auto events = events_of(said.text);
  ASSERT_EQ(events.size(), 7U);
  const auto chunk = [](const std::string& delta, const std::string& finish) {
    return json::parse(
        R"({"id":"chatcmpl-9","object":"chat.completion.chunk","created":1700000000,"model":"gpt",
        "choices":[{"index":0,"delta":)" +
        delta + R"(,"logprobs":null,"finish_reason":)" + finish + R"(}],"usage":null})");
  };
  EXPECT_EQ(json::parse(events[0]), chunk(R"({"role":"assistant","content":""})", "null"));
  EXPECT_EQ(json::parse(events[1]), chunk(R"({"reasoning_content":"Sho\"rt"})", "null"));
  EXPECT_EQ(json::parse(events[2]), chunk(R"({"content":"Hi <😀\\"})", "null"));
  EXPECT_EQ(
      json::parse(events[3]),
      chunk(
          R"({"tool_calls":[{"index":0,"id":"call_ab12cd34","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
                     {"index":1,"id":"call_9_1","type":"function","function":{"name":"g","arguments":"{\"b\":\"}\\n\"}"}}]})",
          "null"));
  EXPECT_EQ(json::parse(events[4]), chunk("{}", R"("tool_calls")"));
  EXPECT_EQ(
      json::parse(events[5]),
      json::parse(
          R"({"id":"chatcmpl-9","object":"chat.completion.chunk","created":1700000000,"model":"gpt",
              "choices":[],"usage":{"prompt_tokens":26,"completion_tokens":12,"total_tokens":38}})"));
  EXPECT_EQ(events[6], "[DONE]");
  EXPECT_EQ(answer.prompt_tokens(), 26);
  EXPECT_EQ(answer.completion_tokens(), 12);
  EXPECT_TRUE(answer.truncated(1000, 26));
  const auto head = answer.client_head();
  EXPECT_TRUE(head.event_stream);
  EXPECT_EQ(head.content_type, "text/event-stream; charset=utf-8");
}

TEST(ollama_stream_answer, is_the_same_however_the_network_has_cut_it) {
  stream_answer whole{answer_kind::chat, stream_names, false, roomy};
  const auto wanted = translate(whole, lines_type, recorded).text;
  EXPECT_EQ(wanted.find("usage"), std::string::npos);
  for (std::size_t piece = 1; piece < 300; ++piece) {
    stream_answer answer{answer_kind::chat, stream_names, false, roomy};
    const auto said = translate(answer, lines_type, recorded, piece);
    ASSERT_EQ(said.problem, "");
    ASSERT_EQ(said.text, wanted) << piece;
  }
  for (std::size_t at = 0; at <= recorded.size(); ++at) {
    stream_answer answer{answer_kind::chat, stream_names, false, roomy};
    std::string out;
    answer.take(std::string_view{recorded}.substr(0, at), out);
    if (at < recorded.size()) {
      ASSERT_EQ(answer.take(std::string_view{recorded}.substr(at), out), progress::ended);
    }
    ASSERT_EQ(out, wanted) << at;
  }
}

TEST(ollama_stream_answer, is_a_good_stream_for_who_watches_openais) {
  stream_answer answer{answer_kind::chat, stream_names, true, roomy};
  event_relay relay{roomy};
  relay.buffer() = translate(answer, lines_type, recorded).text;
  relay.look();
  EXPECT_EQ(relay.fate(), stream_fate::complete);
  EXPECT_EQ(relay.watch().prompt_tokens(), 26);
  EXPECT_EQ(relay.watch().completion_tokens(), 12);
}

TEST(ollama_stream_answer, each_line_goes_out_at_once) {
  stream_answer answer{answer_kind::chat, stream_names, false, roomy};
  std::string out;
  EXPECT_EQ(answer.take(line("a"), out), progress::more);
  EXPECT_EQ(events_of(out).size(), 2U); // the role, and the text
  for (int i = 0; i < 3; ++i) {
    out.clear();
    answer.take(line("b") + "\r\n", out);
    EXPECT_EQ(events_of(out).size(), 1U);
  }
}

TEST(ollama_stream_answer, nothing_behind_the_end_is_looked_at) {
  stream_answer answer{answer_kind::chat, stream_names, false, roomy};
  const auto said = translate(answer, lines_type, line("a") + last_line + "\nnonsense\n");
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(joined(events_of(said.text))["finish"], "length");
}

TEST(ollama_stream_answer, the_last_line_may_have_text_as_well) {
  stream_answer answer{answer_kind::chat, stream_names, false, roomy};
  const auto said = translate(answer, "Content-Type: application/json\r\n",
                              R"({"message":{"content":"all"},"done":true,"done_reason":"stop"})");
  EXPECT_EQ(said.problem, "");
  const auto all = joined(events_of(said.text));
  EXPECT_EQ(all["content"], "all");
  EXPECT_EQ(all["finish"], "stop");
}

TEST(ollama_stream_answer, a_completions_chunks_have_text) {
  stream_answer answer{answer_kind::completion, {"cmpl-1", 5, "m"}, true, roomy};
  const auto said = translate(
      answer, lines_type,
      R"({"response":"","thinking":"hm","done":false})"
      "\n"
      R"({"response":"on","done":false})"
      "\n"
      R"({"response":"ce","done":true,"done_reason":"length","prompt_eval_count":2,"eval_count":3})"
      "\n",
      3);
  EXPECT_EQ(said.problem, "");
  const auto events = events_of(said.text);
  ASSERT_EQ(events.size(), 5U);
  EXPECT_EQ(json::parse(events[0]),
            json::parse(R"({"id":"cmpl-1","object":"text_completion","created":5,"model":"m",
              "choices":[{"index":0,"text":"on","logprobs":null,"finish_reason":null}],"usage":null})"));
  EXPECT_EQ(json::parse(events[1])["choices"][0]["text"], "ce");
  EXPECT_EQ(json::parse(events[2])["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(json::parse(events[3])["usage"]["total_tokens"], 5);
  EXPECT_EQ(events[4], "[DONE]");
}

TEST(ollama_stream_answer, says_what_another_reader_reads_in_made_up_streams) {
  std::mt19937 random{424242};
  const std::vector<std::string> pieces{"a",  "\"", "\\",     "\n",   "\r",      "\x01", "é",
                                        "你", "😀",  "\u2028", "</s>", "\\u0041", "{}",   "data: "};
  for (int round = 0; round < 2000; ++round) {
    json wanted{{"content", ""}, {"reasoning_content", ""}};
    std::string body;
    for (auto left = random() % 12; left > 0; --left) {
      std::string text;
      for (auto more = random() % 6; more > 0; --more)
        text += pieces[random() % pieces.size()];
      const bool thinks = random() % 3 == 0;
      json message{{"role", "assistant"}, {"content", thinks ? "" : text}};
      if (thinks)
        message["thinking"] = text;
      auto& all = wanted[thinks ? "reasoning_content" : "content"];
      all = all.get<std::string>() + text;
      // With every character beyond ASCII spelled as an escape, or none.
      body += json{{"message", message}, {"done", false}}.dump(-1, ' ', random() % 2 == 0) + "\n";
    }
    stream_answer answer{answer_kind::chat, stream_names, round % 2 == 0, roomy};
    const auto said = translate(answer, lines_type, body + last_line, 1 + random() % 50);
    ASSERT_EQ(said.problem, "");
    const auto all = joined(events_of(said.text));
    ASSERT_EQ(all["content"], wanted["content"]);
    ASSERT_EQ(all["reasoning_content"], wanted["reasoning_content"]);
  }
}

} // namespace
} // namespace synapse::http::ollama
