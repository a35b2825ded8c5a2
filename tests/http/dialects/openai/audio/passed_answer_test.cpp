#include "http/dialects/openai/audio/passed_answer.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

namespace synapse::http::openai {
namespace {

constexpr std::size_t most_event = 4096;
constexpr std::string_view json_fields = "Content-Type: application/json\r\n";
constexpr std::string_view event_fields = "Content-Type: text/event-stream; charset=utf-8\r\n";
constexpr std::string_view delta =
    "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n\n";
constexpr std::string_view text_done =
    "data: {\"type\":\"transcript.text.done\",\"text\":\"Hi\"}\n\n";

TEST(openai_passed_answer, json_is_passed_on_whole_or_not_at_all) {
  for (const std::size_t piece : {1U, 7U, 1000U}) {
    passed_answer good{most_event, false};
    const auto said = translate(good, json_fields, R"({"text":"Hi","usage":null})", piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_EQ(said.text, R"({"text":"Hi","usage":null})");
    EXPECT_EQ(good.client_head().content_type, "application/json");
    EXPECT_FALSE(good.reported());
    passed_answer half{most_event, false};
    const auto cut = translate(half, json_fields, R"({"text":"Hi)", piece);
    EXPECT_NE(cut.problem, "");
    EXPECT_EQ(cut.text, "");
  }
}

TEST(openai_passed_answer, an_error_in_its_place_is_told) {
  passed_answer text{most_event, false};
  EXPECT_NE(translate(text, json_fields, R"({"error":"no room"})").problem, "");
  ASSERT_TRUE(text.reported());
  EXPECT_EQ(text.reported()->body,
            R"({"error":{"message":"no room","type":"upstream_error","param":null,"code":null}})");
  passed_answer object{most_event, false};
  translate(object, json_fields, R"({"error":{"message":"no \"room\"","type":"busy"}})");
  ASSERT_TRUE(object.reported());
  EXPECT_EQ(object.reported()->body,
            R"({"error":{"message":"no \"room\"","type":"busy","param":null,"code":null}})");
  passed_answer event{most_event, true};
  const auto said = translate(event, event_fields, "data: {\"error\":{\"message\":\"no\"}}\n\n");
  EXPECT_NE(said.problem, "");
  EXPECT_EQ(said.text, "");
  EXPECT_TRUE(event.reported());
}

TEST(openai_passed_answer, texts_are_passed_on_and_pages_are_not) {
  passed_answer subtitles{most_event, false};
  const auto said =
      translate(subtitles, "Content-Type: text/vtt; charset=utf-8\r\n", "WEBVTT\n", 3);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, "WEBVTT\n");
  EXPECT_EQ(subtitles.client_head().content_type, "text/vtt; charset=utf-8");
  passed_answer page{most_event, false};
  EXPECT_EQ(translate(page, "Content-Type: text/html\r\n", "<html>").problem,
            "its answer is a page");
}

TEST(openai_passed_answer, a_stream_has_its_last_event) {
  const auto whole = std::string{delta} + std::string{text_done};
  for (std::size_t piece = 1; piece <= whole.size(); piece += 5) {
    passed_answer good{most_event, true};
    const auto said = translate(good, event_fields, whole, piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_EQ(said.text, whole);
    EXPECT_TRUE(good.client_head().event_stream);
    passed_answer cut{most_event, true};
    EXPECT_NE(translate(cut, event_fields, delta, piece).problem, "");
  }
  passed_answer unfinished{most_event, true};
  EXPECT_EQ(translate(unfinished, event_fields, text_done.substr(0, text_done.size() - 2)).problem,
            "");
  passed_answer large{16, true};
  EXPECT_EQ(translate(large, event_fields, whole).problem, "one of its events is too large");
}

TEST(openai_passed_answer, only_a_client_that_wishes_a_stream_is_promised_one) {
  passed_answer stream{most_event, true};
  passed_answer whole{most_event, false};
  EXPECT_TRUE(stream.promises_events());
  EXPECT_FALSE(whole.promises_events());
  EXPECT_TRUE(stream.client_head().event_stream);
  std::string word;
  whole.broken(word, response_detail::upstream_error, "broken");
  EXPECT_EQ(word, "");
}

} // namespace
} // namespace synapse::http::openai
