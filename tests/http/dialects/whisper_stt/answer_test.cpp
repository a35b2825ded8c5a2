#include "http/dialects/whisper_stt/answer.hpp"
#include "http/dialects/whisper_stt/request.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::whisper_stt {
namespace {

constexpr std::string_view fields = "Content-Type: text/event-stream; charset=utf-8\r\n";
constexpr std::string_view label = "STT backend error";

TEST(whisper_request, names_languages_by_their_code) {
  EXPECT_EQ(fields_of(""), form_fields{});
  EXPECT_EQ(fields_of("english"), (form_fields{{"language", "en"}}));
  EXPECT_EQ(fields_of("de", true), (form_fields{{"language", "de"}, {"word_timestamps", "true"}}));
  EXPECT_EQ(fields_of("", false), (form_fields{{"word_timestamps", "false"}}));
}

TEST(whisper_answer, is_read_as_far_as_it_is_one) {
  for (const char* text : {"", "[]", "{}", R"({"text":5})", R"({"text":"x","segments":[5]})",
                           R"({"text":"x","segments":[{"start":1}]})"})
    EXPECT_FALSE(parse_transcript(text)) << text;
  const auto least = parse_transcript(R"({"text":"x"})");
  ASSERT_TRUE(least);
  EXPECT_EQ(least->text, "x");
  EXPECT_TRUE(least->segments.empty());
  const auto odd = parse_transcript(
      R"({"text":"x","duration":"long","segments":[{"text":"a","start":null,"words":[5,{}]}]})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->duration, 0);
  ASSERT_EQ(odd->segments.size(), 1U);
  EXPECT_EQ(odd->segments[0].words.size(), 1U);
}

TEST(whisper_events, pass_byte_by_byte_up_to_their_end) {
  const std::string stream = ": hello\r\n\r\nevent: segment\r\ndata: {\"text\":\"a\"}\r\n\r\n"
                             "event: done\r\ndata: {}\r\n\r\n";
  for (const std::size_t piece : {1, 5, 1000}) {
    native_events events{1 << 20, label};
    const auto said = translate(events, fields, stream + "event: late\r\n\r\n", piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_TRUE(said.ended);
    EXPECT_EQ(said.text, stream) << piece;
  }
}

TEST(whisper_events, may_lack_the_blank_line_behind_the_last_one) {
  native_events events{1 << 20, label};
  const auto said = translate(events, fields, "event: done\ndata: {}\n");
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, "event: done\ndata: {}\n\n\n");
}

TEST(whisper_events, without_their_end_are_broken) {
  native_events events{1 << 20, label};
  const auto said = translate(events, fields, "event: segment\ndata: {}\n\nevent: do");
  EXPECT_EQ(said.text, "event: segment\ndata: {}\n\n");
  EXPECT_EQ(said.problem, "its stream ended before it was done");
  native_events nothing{1 << 20, label};
  EXPECT_EQ(translate(nothing, fields, "").problem, "its stream ended before it was done");
}

TEST(whisper_events, are_events_and_of_some_size) {
  native_events page{1 << 20, label};
  EXPECT_EQ(translate(page, "Content-Type: text/html\r\n", "").problem,
            "its answer is no event stream");
  native_events packed{1 << 20, label};
  EXPECT_EQ(translate(packed, std::string{fields} + "Content-Encoding: gzip\r\n", "").problem,
            "its answer is no event stream");
  native_events small{64, label};
  EXPECT_EQ(translate(small, fields, "data: " + std::string(200, 'x') + "\n\n").problem,
            "one of its events is too large");
}

TEST(whisper_events, say_in_their_own_words_that_they_break_off) {
  native_events events{1 << 20, label};
  std::string out;
  events.broken(out, response_detail::stream_truncated, "it broke off");
  EXPECT_TRUE(out.starts_with("event: error\ndata: {")) << out;
  EXPECT_NE(out.find("it broke off"), std::string::npos);
  EXPECT_NE(out.find(label), std::string::npos);
}

} // namespace
} // namespace synapse::http::whisper_stt
