#include "http/api/recognition/transcript.hpp"
#include "http/api/recognition/transcript_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::api {
namespace {

using json = nlohmann::json;

transcript_segment said(std::string text, std::vector<std::string> words = {}) {
  transcript_segment segment;
  segment.text = std::move(text);
  segment.end = 1;
  for (auto& word : words)
    segment.words.push_back({std::move(word), 0, 1, 0.5});
  return segment;
}

/// The pieces between bars.
std::string joined(const std::vector<transcript_segment>& segments) {
  segment_joiner joiner;
  std::string shown, all;
  for (const auto& one : segments) {
    const auto piece = joiner.add(one);
    shown += (shown.empty() ? "" : "|") + piece;
    all += piece;
  }
  EXPECT_EQ(all, joiner.text());
  return shown;
}

TEST(transcript_text, has_the_blanks_that_segments_bring) {
  EXPECT_EQ(joined({said(" Hello there."), said(" How are you?")}), "Hello there.| How are you?");
  EXPECT_EQ(joined({said("Hello there. "), said("How are you? ")}), "Hello there.| How are you?");
  EXPECT_EQ(joined({said("Hello"), said(" "), said("\nthere\n")}), "Hello|| \nthere");
  EXPECT_EQ(joined({said("  你好"), said(" 世界")}), "你好| 世界") << "it says that there is one";
  EXPECT_EQ(joined({said(""), said(" ")}), "");
}

TEST(transcript_text, has_the_blanks_that_words_bring) {
  EXPECT_EQ(joined({said("Hello", {" Hello"}), said("there.", {" there."})}), "Hello| there.");
  EXPECT_EQ(joined({said("un", {" un"}), said("believable that", {"believable", " that"})}),
            "un|believable that");
  EXPECT_EQ(joined({said("你好", {"你", "好"}), said("世界", {"世界"})}), "你好|世界");
  EXPECT_EQ(joined({said("GPT", {" GPT"}), said("模型 is", {"模型", " is"})}), "GPT|模型 is");
  EXPECT_EQ(joined({said("模型"), said("GPT", {" GPT"})}), "模型| GPT");
}

TEST(transcript_text, where_nothing_tells_has_blanks_as_the_script_does) {
  EXPECT_EQ(joined({said("Hello there."), said("How are you?")}), "Hello there.| How are you?");
  EXPECT_EQ(joined({said("你好"), said("世界")}), "你好|世界");
  EXPECT_EQ(joined({said("你好。"), said("“世界”")}), "你好。|“世界”");
  EXPECT_EQ(joined({said("こんにちは、"), said("カタカナ")}), "こんにちは、|カタカナ");
  EXPECT_EQ(joined({said("สวัสดี"), said("ชาวโลก")}), "สวัสดี|ชาวโลก");
  EXPECT_EQ(joined({said("ສະບາຍດີ"), said("ໂລກ")}), "ສະບາຍດີ|ໂລກ");
  EXPECT_EQ(joined({said("សួស្តី"), said("ពិភពលោក")}), "សួស្តី|ពិភពលោក");
  EXPECT_EQ(joined({said("မင်္ဂလာပါ"), said("ကမ္ဘာ")}), "မင်္ဂလာပါ|ကမ္ဘာ");
  EXPECT_EQ(joined({said("안녕하세요"), said("세계")}), "안녕하세요| 세계") << "Korean has blanks";
  EXPECT_EQ(joined({said("Привет"), said("мир")}), "Привет| мир");
  EXPECT_EQ(joined({said("مرحبا"), said("بالعالم")}), "مرحبا| بالعالم");
  EXPECT_EQ(joined({said("नमस्ते"), said("दुनिया")}), "नमस्ते| दुनिया");
  EXPECT_EQ(joined({said("fine 😀"), said("yes")}), "fine 😀| yes");
  EXPECT_EQ(joined({said("\xff"), said("\xe4\xbd")}), "\xff| \xe4\xbd") << "no UTF-8 is no trouble";
}

TEST(transcript_text, streamed_is_the_same_from_events_and_from_the_whole_answer) {
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
    transcript_events from_events{1 << 20};
    for (const auto& text : segments) {
      joiner.add(said(text));
      const json segment{{"id", 1}, {"text", text}, {"start", 0}, {"end", 2.5}, {"words", nullptr}};
      whole["segments"].push_back(segment);
      from_events.take("event: segment\r\ndata: " + segment.dump() + "\r\n\r\n", events);
    }
    whole["text"] = joiner.text();
    from_events.take("event: done\r\ndata: {}\r\n\r\n", events);
    transcript_wishes how;
    how.stream = true;
    const auto parsed = parse_transcript(whole.dump());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(render(*parsed, how), events);
  }
}

TEST(transcript_text, streamed_is_never_less_than_the_backend_has) {
  transcript_wishes how;
  how.stream = true;
  // Segments that are not all of it, and none.
  for (const auto* text : {R"({"text":"all of it","duration":3,"segments":[{"text":"part"}]})",
                           R"({"text":"all of it","duration":3})"}) {
    const auto parsed = parse_transcript(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(render(*parsed, how),
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\"all of it\"}\n\n"
              "data: {\"type\":\"transcript.text.done\",\"text\":\"all of it\",\"usage\":{"
              "\"type\":\"duration\",\"seconds\":3}}\n\n");
  }
  // Which blanks there are, a stream says as its segments do, in either order of the form's fields.
  const auto parsed =
      parse_transcript(R"({"text":"你好 世界","segments":[{"text":"你好"},{"text":"世界"}]})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(render(*parsed, how),
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"你好\"}\n\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"世界\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"你好世界\"}\n\n");
}

} // namespace
} // namespace synapse::api
