#include "http/dialects/ollama/client/stream_answer.hpp"
#include "tests/http/dialects/openai/chunks.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>
#include <vector>

namespace synapse::http::ollama::client {
namespace {

using json = nlohmann::json;
using progress = answer_translator::progress;
using namespace openai;

/// Each look at the clock is a millisecond later.
struct ticking {
  std::int64_t now = 1709210096'000000000;
  answer_facts facts() {
    return {"m:latest", 1709210095'000000000, [this] { return now += 1'000'000; }};
  }
};

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_NE(end, std::string::npos) << text;
    found.push_back(json::parse(text.substr(at, end - at), nullptr, false));
    EXPECT_FALSE(found.back().is_discarded()) << text.substr(at, end - at);
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return found;
}

translated lines_from(const std::string& body, route by = route::chat,
                      std::size_t piece = std::string_view::npos) {
  ticking clock;
  stream_answer answer{by, clock.facts(), roomy};
  return translate(answer, events_type, body, piece);
}

TEST(ollama_client_stream_answer, becomes_lines_with_whole_calls) {
  ticking clock;
  stream_answer answer{route::chat, clock.facts(), roomy};
  const auto said = translate(answer, events_type, recorded_chunks);
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.ended);
  EXPECT_EQ(
      said.text,
      R"({"model":"m:latest","created_at":"2024-02-29T12:34:56.001000000Z","message":{"role":"assistant","content":"","thinking":"Sho\"rt"},"done":false})"
      "\n"
      R"({"model":"m:latest","created_at":"2024-02-29T12:34:56.002000000Z","message":{"role":"assistant","content":"Hi \u003c"},"done":false})"
      "\n"
      R"({"model":"m:latest","created_at":"2024-02-29T12:34:56.003000000Z","message":{"role":"assistant","content":"😀\\"},"done":false})"
      "\n"
      R"({"model":"m:latest","created_at":"2024-02-29T12:34:56.004000000Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_a","function":{"index":0,"name":"f","arguments":{"a": 1.50}}},{"id":"call_b","function":{"index":1,"name":"g","arguments":{"b":"}\n"}}}]},"done":false})"
      "\n"
      R"({"model":"m:latest","created_at":"2024-02-29T12:34:56.005000000Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1005000000,"prompt_eval_count":26,"prompt_eval_duration":1001000000,"eval_count":12,"eval_duration":4000000})"
      "\n");
  EXPECT_EQ(answer.prompt_tokens(), 26);
  EXPECT_EQ(answer.completion_tokens(), 12);
  const auto head = answer.client_head();
  EXPECT_EQ(head.content_type, "application/x-ndjson");
  EXPECT_FALSE(answer.may_keep_alive());
  EXPECT_FALSE(answer.promises_events());
}

TEST(ollama_client_stream_answer, is_the_same_however_the_network_has_cut_it) {
  const auto wanted = lines_from(recorded_chunks).text;
  for (std::size_t piece = 1; piece < 200; ++piece)
    ASSERT_EQ(lines_from(recorded_chunks, route::chat, piece).text, wanted) << piece;
  for (std::size_t at = 0; at <= recorded_chunks.size(); ++at) {
    ticking clock;
    stream_answer answer{route::chat, clock.facts(), roomy};
    std::string out;
    answer.take(std::string_view{recorded_chunks}.substr(0, at), out);
    if (at < recorded_chunks.size()) {
      ASSERT_EQ(answer.take(std::string_view{recorded_chunks}.substr(at), out), progress::ended);
    }
    ASSERT_EQ(out, wanted) << at;
  }
}

TEST(ollama_client_stream_answer, cut_off_at_any_byte_it_never_has_a_good_end) {
  // Behind the reason to finish only the counts and the end mark may be missing.
  const auto finished = recorded_chunks.find("\"tool_calls\"}");
  const auto good_from = recorded_chunks.find("\n\n", finished);
  for (std::size_t size = 0; size + 1 < recorded_chunks.size(); ++size)
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      ticking clock;
      stream_answer answer{route::chat, clock.facts(), roomy};
      auto said =
          translate(answer, events_type, std::string_view{recorded_chunks}.substr(0, size), piece);
      if (size < good_from) {
        ASSERT_NE(said.problem, "") << size;
      }
      if (said.problem.empty())
        continue;
      ASSERT_EQ(said.text.find("\"done\":true"), std::string::npos) << size;
      ASSERT_TRUE(said.text.empty() || said.text.ends_with('\n'));
      answer.broken(said.text, response_detail::stream_truncated, said.problem);
      const auto lines = lines_of(said.text);
      ASSERT_EQ(lines.back()["error"], said.problem);
    }
}

TEST(ollama_client_stream_answer, each_chunk_goes_out_at_once_and_comments_do_not) {
  ticking clock;
  stream_answer answer{route::chat, clock.facts(), roomy};
  std::string out;
  EXPECT_EQ(answer.take(chunk(R"({"role":"assistant","content":""})"), out), progress::more);
  answer.take(": comment\n\n", out);
  EXPECT_EQ(out, "");
  for (int i = 0; i < 3; ++i) {
    out.clear();
    answer.take(content("b"), out);
    EXPECT_EQ(lines_of(out).size(), 1U);
  }
}

TEST(ollama_client_stream_answer, of_a_prompt_has_a_response) {
  const auto said = lines_from(chunk(R"({"reasoning":"hm"})") + content("once") +
                                   chunk("{}", R"("length")") + done_event,
                               route::generate);
  EXPECT_EQ(said.problem, "");
  const auto lines = lines_of(said.text);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["thinking"], "hm");
  EXPECT_EQ(lines[0]["response"], "");
  EXPECT_EQ(lines[1]["response"], "once");
  EXPECT_FALSE(lines[1].contains("message"));
  EXPECT_EQ(lines[2]["done_reason"], "length");
  EXPECT_FALSE(lines[2].contains("eval_count"));
}

TEST(ollama_client_stream_answer, of_a_completion_has_its_text) {
  const auto piece = [](const std::string& text, const std::string& finish) {
    return event(R"({"object":"text_completion","choices":[{"index":0,"text":)" + text +
                 R"(,"finish_reason":)" + finish + "}]}");
  };
  const auto said = lines_from(
      piece(R"("a\n")", "null") + piece(R"("b")", R"("stop")") + done_event, route::generate);
  EXPECT_EQ(said.problem, "");
  const auto lines = lines_of(said.text);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["response"], "a\n");
  EXPECT_EQ(lines[1]["response"], "b");
  EXPECT_EQ(lines[2]["done_reason"], "stop");
}

TEST(ollama_client_stream_answer, a_refusal_is_what_was_said) {
  const auto lines = lines_of(
      lines_from(chunk(R"({"refusal":"No."})") + chunk("{}", R"("content_filter")") + done_event)
          .text);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["message"]["content"], "No.");
  EXPECT_EQ(lines[1]["done_reason"], "stop");
}

TEST(ollama_client_stream_answer, a_call_that_is_none_ends_it_badly) {
  for (const auto* arguments : {R"("{\"a\":")", R"("[]")"}) {
    const auto said =
        lines_from(content("a") +
                   chunk(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":)" +
                         std::string{arguments} + "}}]}") +
                   chunk("{}", R"("tool_calls")") + done_event);
    EXPECT_NE(said.problem, "");
    EXPECT_EQ(lines_of(said.text).size(), 1U);
  }
  // The reason to finish may be missing: the end mark is as good.
  const auto said =
      lines_from(chunk(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]})") +
                 done_event);
  EXPECT_EQ(said.problem, "");
  const auto lines = lines_of(said.text);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["message"]["tool_calls"][0]["function"]["name"], "f");
}

TEST(ollama_client_stream_answer, an_error_of_the_backend_is_told_before_anything_was_said) {
  ticking clock;
  stream_answer answer{route::chat, clock.facts(), roomy};
  const auto said = translate(answer, events_type,
                              event(R"({"error":{"message":"too long","code":400}})") + done_event);
  EXPECT_EQ(said.text, "");
  EXPECT_EQ(said.problem, "too long");
  ASSERT_TRUE(answer.reported());
  std::string out;
  answer.broken(out, response_detail::upstream_stream_error, {});
  EXPECT_EQ(lines_of(out).size(), 1U);
  EXPECT_NE(json::parse(out)["error"], "");
}

TEST(ollama_client_stream_answer, survives_damaged_streams_without_a_false_end) {
  std::mt19937 random{77};
  for (int round = 0; round < 3000; ++round) {
    auto body = recorded_chunks;
    for (auto left = 1 + random() % 3; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    const auto said = lines_from(body, route::chat, 1 + random() % 200);
    const auto lines = lines_of(said.text);
    ASSERT_EQ(said.problem.empty(), !lines.empty() && lines.back()["done"] == true) << body;
  }
}

} // namespace
} // namespace synapse::http::ollama::client
