#include "http/dialects/whisper_stt/answer.hpp"
#include "http/dialects/whisper_stt/to_openai.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace synapse::http::whisper_stt {
namespace {

using json = nlohmann::json;

constexpr std::string_view json_fields = "Content-Type: application/json\r\n";
constexpr std::string_view event_fields = "Content-Type: text/event-stream\r\n";

TEST(whisper_to_openai, a_stream_is_the_same_from_events_and_from_the_whole_answer) {
  const std::vector<std::string> texts[] = {{"Hello there.", "How are you?"},
                                            {" Hello there.", " How are you?"},
                                            {"你好", "世界"},
                                            {"สวัสดี", "ชาวโลก"},
                                            {"mixed 中文", "и русский"},
                                            {}};
  for (const auto& segments : texts) {
    segment_joiner joiner;
    json whole{{"language", "zh"}, {"duration", 9.5}, {"segments", json::array()}};
    std::string events;
    transcription_events from_events{1 << 20};
    for (const auto& text : segments) {
      joiner.add({text, 0, 1, {}});
      const json segment{{"id", 1}, {"text", text}, {"start", 0}, {"end", 2.5}, {"words", nullptr}};
      whole["segments"].push_back(segment);
      from_events.take("event: segment\r\ndata: " + segment.dump() + "\r\n\r\n", events);
    }
    whole["text"] = joiner.text();
    from_events.take("event: done\r\ndata: {}\r\n\r\n", events);
    openai::transcription_wishes how;
    how.stream = true;
    const auto parsed = parse_transcript(whole.dump());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(openai::render(*parsed, how), events);
  }
}

TEST(whisper_to_openai, a_stream_is_never_less_than_the_backend_has) {
  openai::transcription_wishes how;
  how.stream = true;
  // Segments that are not all of it, and none.
  for (const auto* text : {R"({"text":"all of it","duration":3,"segments":[{"text":"part"}]})",
                           R"({"text":"all of it","duration":3})"}) {
    const auto parsed = parse_transcript(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(openai::render(*parsed, how),
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\"all of it\"}\n\n"
              "data: {\"type\":\"transcript.text.done\",\"text\":\"all of it\",\"usage\":{"
              "\"type\":\"duration\",\"seconds\":3}}\n\n");
  }
  // Which blanks there are, a stream says as its segments do, in either order of the form's fields.
  const auto parsed =
      parse_transcript(R"({"text":"你好 世界","segments":[{"text":"你好"},{"text":"世界"}]})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(openai::render(*parsed, how),
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"你好\"}\n\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"世界\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"你好世界\"}\n\n");
}

TEST(whisper_to_openai, asks_for_words_where_they_are_needed) {
  openai::transcription_wishes wishes;
  EXPECT_EQ(fields_of("", wishes), (form_fields{{"word_timestamps", "false"}}));
  EXPECT_EQ(fields_of("German", wishes),
            (form_fields{{"language", "de"}, {"word_timestamps", "false"}}));
  wishes.stream = true;
  EXPECT_EQ(fields_of("xx", wishes), (form_fields{{"word_timestamps", "true"}}));
  wishes.stream = false;
  wishes.format = openai::transcription_format::verbose_json;
  EXPECT_EQ(fields_of("", wishes), (form_fields{{"word_timestamps", "true"}}));
}

TEST(whisper_to_openai, makes_the_form_that_is_wished_when_the_answer_is_there) {
  openai::transcription_wishes wishes;
  transcription_answer answer{[&] { return wishes; }};
  wishes.format = openai::transcription_format::text;
  const auto said = translate(answer, json_fields, R"({"text":"Hello."})", 3);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, "Hello.\n");
  EXPECT_EQ(answer.client_head().content_type, "text/plain; charset=utf-8");
  EXPECT_FALSE(answer.promises_events());
  wishes.stream = true;
  EXPECT_TRUE(answer.client_head().event_stream);
}

TEST(whisper_to_openai, takes_nothing_else_for_a_transcription) {
  for (const auto* text : {R"({"detail":"no"})", R"({"text":5})"}) {
    transcription_answer answer{[] { return openai::transcription_wishes{}; }};
    const auto said = translate(answer, json_fields, text);
    EXPECT_EQ(said.problem, "its answer is no transcription: " + std::string{text});
    EXPECT_EQ(said.text, "");
  }
  transcription_answer answer{[] { return openai::transcription_wishes{}; }};
  EXPECT_EQ(translate(answer, json_fields, R"({"text":)").problem,
            R"(its answer is no JSON object: {"text":)");
}

TEST(whisper_to_openai, has_events_with_an_end_of_their_own) {
  const std::string segment = "event: segment\ndata: {\"text\":\" Hi.\",\"end\":1.5}\n\n";
  const std::string first = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi.\"}\n\n";
  for (const std::size_t piece : {1, 7, 1000}) {
    transcription_events events{1 << 20};
    const auto said = translate(events, event_fields,
                                ": wait\n\n" + segment + "event: done\ndata: {}\n\n", piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_TRUE(said.ended);
    EXPECT_EQ(said.text, ": wait\n\n" + first +
                             "data: {\"type\":\"transcript.text.done\",\"text\":\"Hi.\",\"usage\":"
                             "{\"type\":\"duration\",\"seconds\":2}}\n\n");
  }
  transcription_events cut{1 << 20};
  const auto said = translate(cut, event_fields, segment);
  EXPECT_EQ(said.text, first);
  EXPECT_EQ(said.problem, "its stream ended before it was done");
  transcription_events odd{1 << 20};
  EXPECT_EQ(translate(odd, event_fields, "event: segment\ndata: {}\n\n").problem,
            "one of its events is no segment");
}

TEST(whisper_to_openai, ends_a_broken_stream_with_an_error_of_openais) {
  transcription_events events{1 << 20};
  std::string out;
  events.broken(out, response_detail::stream_truncated, "it broke off");
  ASSERT_TRUE(out.starts_with("data: {")) << out;
  EXPECT_EQ(json::parse(out.substr(6))["error"]["message"], "it broke off");
}

} // namespace
} // namespace synapse::http::whisper_stt
