#include "tests/http/dialects/openai/responses/answers.hpp"

#include <random>

namespace synapse::http::openai::responses {
namespace {

bool has_good_end(const std::string& text) {
  return text.find("event: response.completed") != std::string::npos ||
         text.find("event: response.incomplete") != std::string::npos;
}

TEST(responses_stream_answer_faults, cut_off_at_any_byte_it_never_has_a_good_end) {
  // Behind the reason to finish only the counts and the end mark may be missing.
  const auto good_from = recorded_chunks.find("\n\n", recorded_chunks.find("\"tool_calls\"}"));
  for (std::size_t size = 0; size + 1 < recorded_chunks.size(); ++size)
    for (const std::size_t piece : {std::size_t{1}, std::string_view::npos}) {
      stream_answer answer{frame_with(), roomy};
      auto said =
          translate(answer, events_type, std::string_view{recorded_chunks}.substr(0, size), piece);
      if (size < good_from) {
        ASSERT_NE(said.problem, "") << size;
      }
      ASSERT_EQ(said.problem.empty(), has_good_end(said.text)) << size;
      if (said.problem.empty())
        continue;
      ASSERT_EQ(answer.response(), "");
      answer.broken(said.text, response_detail::stream_truncated, said.problem);
      ASSERT_FALSE(has_good_end(said.text)) << size;
      if (piece == 1) // the same as the other
        continue;
      const auto events = events_of(said.text);
      put_together(events);
      ASSERT_EQ(events.front()["type"], "response.created");
      ASSERT_EQ(events.back()["type"], "response.failed");
    }
}

TEST(responses_stream_answer_faults, a_broken_one_says_why_and_what_there_was) {
  stream_answer answer{frame_with(), roomy};
  std::string out;
  answer.take(chunk(R"({"reasoning":"hm"})") + content("Hi"), out);
  answer.broken(out, response_detail::stream_idle_timeout, "too \"late\"");
  const auto last = events_of(out).back()["response"];
  EXPECT_EQ(last["status"], "failed");
  EXPECT_EQ(last["error"], json::parse(R"({"code":"server_error","message":"too \"late\""})"));
  EXPECT_EQ(last["output"][0]["status"], "completed");
  EXPECT_EQ(last["output"][1]["status"], "incomplete");
  EXPECT_EQ(last["output"][1]["content"][0]["text"], "Hi");
  EXPECT_EQ(json::parse(answer.response()), last);
  stream_answer silent{frame_with(), roomy};
  out.clear();
  silent.broken(out, response_detail::stream_idle_timeout, {});
  EXPECT_EQ(types_of(events_of(out)),
            (std::vector<std::string>{"created", "in_progress", "failed"}));
  EXPECT_NE(events_of(out).back()["response"]["error"]["message"], "");
}

TEST(responses_stream_answer_faults, an_error_of_the_backend_leaves_nothing_to_send) {
  stream_answer answer{frame_with(), roomy};
  const auto said = translate(answer, events_type,
                              chunk(R"({"role":"assistant","content":""})") +
                                  event(R"({"error":{"message":"too long","code":400}})"));
  EXPECT_EQ(said.text, "");
  EXPECT_EQ(said.problem, "too long");
  ASSERT_TRUE(answer.reported());
}

TEST(responses_stream_answer_faults, a_call_without_a_name_is_none) {
  const auto body = content("a") +
                    chunk(R"({"tool_calls":[{"index":0,"id":"c","function":{"arguments":"{}"}}]})");
  for (const auto& end : {chunk("{}", R"("tool_calls")") + done_event, done_event}) {
    stream_answer answer{frame_with(), roomy};
    const auto said = translate(answer, events_type, body + end);
    EXPECT_NE(said.problem, "");
    EXPECT_FALSE(has_good_end(said.text));
  }
}

TEST(responses_stream_answer_faults, is_bounded) {
  stream_answer many{frame_with(), roomy};
  std::string out;
  auto how = answer_translator::progress::more;
  std::size_t calls = 0;
  for (; calls < 5000 && how == answer_translator::progress::more; ++calls) {
    out.clear();
    how = many.take(chunk(R"({"tool_calls":[{"index":)" + std::to_string(calls) +
                          R"(,"function":{"name":"f"}}]})"),
                    out);
  }
  EXPECT_EQ(how, answer_translator::progress::bad);
  EXPECT_EQ(calls, 1025U);
  stream_answer large{frame_with(), roomy};
  const auto piece = content(std::string(1 << 19, 'x'));
  how = answer_translator::progress::more;
  std::size_t pieces = 0;
  for (; pieces < 200 && how == answer_translator::progress::more; ++pieces) {
    out.clear();
    how = large.take(piece, out);
  }
  EXPECT_EQ(pieces, 128U); // with their quotes
}

TEST(responses_stream_answer_faults, survives_damaged_streams_without_a_false_end) {
  std::mt19937 random{4242};
  for (int round = 0; round < 2000; ++round) {
    auto body = recorded_chunks;
    for (auto left = 1 + random() % 3; left > 0; --left)
      body[random() % body.size()] = static_cast<char>(random() % 256);
    stream_answer answer{frame_with(), roomy};
    const auto said = translate(answer, events_type, body, 1 + random() % 200);
    ASSERT_EQ(said.problem.empty(), has_good_end(said.text)) << body;
    put_together(events_of(said.text));
    ASSERT_EQ(said.problem.empty(), !answer.response().empty());
  }
}

} // namespace
} // namespace synapse::http::openai::responses
