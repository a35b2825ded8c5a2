#include "http/dialects/openai/audio/transcription.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::openai {
namespace {

using json = nlohmann::json;

transcript two_segments() {
  transcript what;
  what.text = "One. Two.";
  what.language = "yue";
  what.duration = 2.0;
  what.segments.push_back({" One.", 0, 0.9996, {}});
  what.segments.push_back({"Two.", 1.25, 2, {{" Two.", 1.25, 2, 0.25}}});
  return what;
}

TEST(openai_timestamps, are_rounded_to_the_next_millisecond) {
  const std::pair<double, const char*> cases[] = {
      {0, "00:00:00,000"},         {-1, "00:00:00,000"},          {0.0004, "00:00:00,000"},
      {0.0005, "00:00:00,001"},    {0.9996, "00:00:01,000"},      {59.9999, "00:01:00,000"},
      {3599.9995, "01:00:00,000"}, {360'000.001, "100:00:00,001"}};
  for (const auto& [seconds, text] : cases)
    EXPECT_EQ(timestamp(seconds, ','), text) << seconds;
  EXPECT_EQ(timestamp(61.5, '.'), "00:01:01.500");
}

TEST(openai_transcription, become_subtitles_that_stay_one_cue_each) {
  auto what = two_segments();
  what.segments[0].text = "a\n\nb ----> c";
  transcription_wishes how;
  how.format = transcription_format::srt;
  EXPECT_EQ(render(what, how), "1\n00:00:00,000 --> 00:00:01,000\na  b -> c\n\n"
                               "2\n00:00:01,250 --> 00:00:02,000\nTwo.\n\n");
  how.format = transcription_format::vtt;
  EXPECT_TRUE(
      render(what, how).starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na  b -> c\n"));
  EXPECT_EQ(render({}, how), "WEBVTT\n\n");
  what.segments[0].text = "1 < 2 & <noise>";
  EXPECT_NE(render(what, how).find("1 &lt; 2 &amp; &lt;noise>"), std::string::npos);
}

TEST(openai_transcription, become_verbose_json) {
  transcription_wishes how;
  how.format = transcription_format::verbose_json;
  auto said = json::parse(render(two_segments(), how));
  EXPECT_EQ(said["language"], "cantonese");
  EXPECT_EQ(said["usage"], json::parse(R"({"type":"duration","seconds":2})"));
  EXPECT_FALSE(said.contains("words"));
  ASSERT_EQ(said["segments"].size(), 2U);
  EXPECT_EQ(said["segments"][0]["avg_logprob"], 0.0) << "no probabilities were told";
  EXPECT_NEAR(said["segments"][1]["avg_logprob"].get<double>(), -1.386, 0.001);
  for (const char* key : {"id", "seek", "start", "end", "text", "tokens", "temperature",
                          "avg_logprob", "compression_ratio", "no_speech_prob"})
    EXPECT_TRUE(said["segments"][0].contains(key)) << key;
  how.words = true;
  how.segments = false;
  auto unknown = two_segments();
  unknown.language = "tlh";
  said = json::parse(render(unknown, how));
  EXPECT_EQ(said["language"], "tlh");
  EXPECT_FALSE(said.contains("segments"));
  EXPECT_EQ(said["words"], json::parse(R"([{"word":"Two.","start":1.25,"end":2.0}])"));
}

TEST(openai_transcription, become_events_that_make_up_the_text) {
  transcription_wishes how;
  how.stream = true;
  EXPECT_EQ(render(two_segments(), how),
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"One.\"}\n\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\" Two.\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"One. Two.\",\"usage\":{"
            "\"type\":\"duration\",\"seconds\":2}}\n\n");
}

TEST(openai_transcription, has_the_form_that_the_fields_name) {
  const std::string_view both[]{"word", "segment"}, word[]{"word"};
  auto wishes = wishes_of("", false, {});
  EXPECT_EQ(wishes.format, transcription_format::json);
  EXPECT_TRUE(wishes.segments && !wishes.words && !wishes.stream);
  wishes = wishes_of("verbose_json", true, word);
  EXPECT_EQ(wishes.format, transcription_format::verbose_json);
  EXPECT_TRUE(wishes.words && !wishes.segments && wishes.stream);
  wishes = wishes_of("vtt", false, both);
  EXPECT_TRUE(wishes.words && wishes.segments);
  EXPECT_EQ(media_type_of(wishes.format), "text/vtt; charset=utf-8");
  EXPECT_FALSE(format_named("docx"));
  EXPECT_TRUE(is_granularity("word") && is_granularity("segment") && !is_granularity("letter"));
}

} // namespace
} // namespace synapse::http::openai
