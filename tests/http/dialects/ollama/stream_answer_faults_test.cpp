#include "http/dialects/ollama/stream_answer.hpp"
#include "tests/http/dialects/ollama/streams.hpp"

#include <random>
#include <vector>

namespace synapse::http::ollama {
namespace {

TEST(ollama_stream_answer_faults, cut_off_at_any_byte_it_is_never_a_success) {
  // The last line's end may be missing; nothing else may.
  for (std::size_t size = 0; size + 1 < recorded.size(); ++size)
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      stream_answer answer{answer_kind::chat, stream_names, true, roomy};
      const auto said =
          translate(answer, lines_type, std::string_view{recorded}.substr(0, size), piece);
      ASSERT_NE(said.problem, "") << size;
      ASSERT_FALSE(said.ended);
      ASSERT_EQ(said.text.find("[DONE]"), std::string::npos);
      ASSERT_EQ(said.text.find("\"finish_reason\":\""), std::string::npos);
      ASSERT_FALSE(said.text.ends_with("\n\n") != !said.text.empty()); // whole events or nothing
    }
  stream_answer answer{answer_kind::chat, stream_names, true, roomy};
  const auto said =
      translate(answer, lines_type, std::string_view{recorded}.substr(0, recorded.size() - 1));
  EXPECT_EQ(said.problem, "");
  EXPECT_TRUE(said.text.ends_with("data: [DONE]\n\n"));
}

TEST(ollama_stream_answer_faults, an_error_before_anything_was_said_leaves_nothing_to_send) {
  for (const auto* before : {"", "\n",
                             R"({"message":{"role":"assistant","content":""},"done":false})"
                             "\n"}) {
    stream_answer answer{answer_kind::chat, stream_names, true, roomy};
    const auto said = translate(
        answer, lines_type,
        std::string{before} +
            R"({"error":"{\"error\":{\"code\":400,\"message\":\"too long\",\"type\":\"exceed_context_size_error\"}}"})"
            "\n");
    EXPECT_EQ(said.text, "");
    EXPECT_EQ(said.problem, "too long");
    ASSERT_TRUE(answer.error());
    EXPECT_EQ(answer.error()->status, 400U);
    EXPECT_EQ(answer.error()->type, "exceed_context_size_error");
  }
}

TEST(ollama_stream_answer_faults, an_error_behind_text_ends_it_without_an_end_mark) {
  stream_answer answer{answer_kind::chat, stream_names, true, roomy};
  auto said = translate(answer, lines_type,
                        line("a") + R"({"error":"unexpected EOF"})" + "\n" + last_line + "\n");
  EXPECT_EQ(said.problem, "unexpected EOF");
  EXPECT_EQ(said.text.find("[DONE]"), std::string::npos);
  answer.broken(said.text, response_detail::upstream_stream_error, said.problem);
  const auto events = events_of(said.text);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(json::parse(events[2])["error"]["message"], "unexpected EOF");
}

TEST(ollama_stream_answer_faults, a_line_that_is_none_is_no_answer) {
  const std::string good = line("a");
  for (const auto* bad :
       {"nonsense", "[]", "{}", R"({"message":{"content":7}})", R"({"message":{"content":"x"})",
        R"({"message":{"content":"x","tool_calls":[{"function":{"name":7}}]}})",
        R"({"message":{"content":"x"},"done":true,"done_reason":"load"})", "data: {}",
        "{\"message\":{\"content\":\"\xff\"}}"}) {
    stream_answer answer{answer_kind::chat, stream_names, true, roomy};
    stream_answer before{answer_kind::chat, stream_names, true, roomy};
    const auto said = translate(answer, lines_type, good + bad + "\n" + last_line + "\n");
    EXPECT_NE(said.problem, "") << bad;
    EXPECT_EQ(said.text, translate(before, lines_type, good).text) << bad;
    EXPECT_FALSE(answer.error());
  }
}

TEST(ollama_stream_answer_faults, lines_are_bounded_wherever_they_are_cut) {
  const auto longest = line(std::string(100, 'x')); // with its end
  const auto body = longest + last_line + "\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{64}, std::string_view::npos}) {
    stream_answer fits{answer_kind::chat, stream_names, false, longest.size() - 1};
    EXPECT_EQ(translate(fits, lines_type, body, piece).problem, "") << piece;
    stream_answer small{answer_kind::chat, stream_names, false, longest.size() - 2};
    EXPECT_EQ(translate(small, lines_type, body, piece).problem, "one of its lines is too large");
  }
  stream_answer endless{answer_kind::chat, stream_names, false, 1000};
  EXPECT_EQ(translate(endless, lines_type, std::string(100000, ' '), 100).problem,
            "one of its lines is too large");
}

TEST(ollama_stream_answer_faults, other_types_are_no_stream_of_lines) {
  for (const auto* fields :
       {"Content-Type: text/event-stream\r\n", "Content-Type: text/html\r\n", "",
        "Content-Type: application/x-ndjson\r\nContent-Encoding: gzip\r\n"}) {
    stream_answer answer{answer_kind::chat, stream_names, false, roomy};
    EXPECT_EQ(translate(answer, fields, recorded).problem, "its answer is no stream of JSON lines")
        << fields;
  }
}

TEST(ollama_stream_answer_faults, survives_damaged_streams_without_a_false_end) {
  std::mt19937 random{99};
  for (int round = 0; round < 5000; ++round) {
    auto body = recorded;
    for (auto left = 1 + random() % 3; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    stream_answer answer{answer_kind::chat, stream_names, true, roomy};
    const auto said = translate(answer, lines_type, body, 1 + random() % 200);
    ASSERT_EQ(said.problem.empty(), said.text.ends_with("data: [DONE]\n\n")) << body;
    for (const auto& event : events_of(said.text))
      ASSERT_TRUE(event == "[DONE]" || json::accept(event)) << event;
  }
}

} // namespace
} // namespace synapse::http::ollama
