#include "http/dialects/segment_joiner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace synapse::http {
namespace {

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

TEST(segment_joiner, has_the_blanks_that_segments_bring) {
  EXPECT_EQ(joined({said(" Hello there."), said(" How are you?")}), "Hello there.| How are you?");
  EXPECT_EQ(joined({said("Hello there. "), said("How are you? ")}), "Hello there.| How are you?");
  EXPECT_EQ(joined({said("Hello"), said(" "), said("\nthere\n")}), "Hello|| \nthere");
  EXPECT_EQ(joined({said("  你好"), said(" 世界")}), "你好| 世界") << "it says that there is one";
  EXPECT_EQ(joined({said(""), said(" ")}), "");
}

TEST(segment_joiner, has_the_blanks_that_words_bring) {
  EXPECT_EQ(joined({said("Hello", {" Hello"}), said("there.", {" there."})}), "Hello| there.");
  EXPECT_EQ(joined({said("un", {" un"}), said("believable that", {"believable", " that"})}),
            "un|believable that");
  EXPECT_EQ(joined({said("你好", {"你", "好"}), said("世界", {"世界"})}), "你好|世界");
  EXPECT_EQ(joined({said("GPT", {" GPT"}), said("模型 is", {"模型", " is"})}), "GPT|模型 is");
  EXPECT_EQ(joined({said("模型"), said("GPT", {" GPT"})}), "模型| GPT");
}

TEST(segment_joiner, where_nothing_tells_has_blanks_as_the_script_does) {
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

} // namespace
} // namespace synapse::http
