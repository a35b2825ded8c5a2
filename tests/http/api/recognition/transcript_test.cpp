#include "http/api/recognition/transcript.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::api {
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

TEST(timestamps, are_rounded_to_the_next_millisecond) {
  const std::pair<double, const char*> cases[] = {
      {0, "00:00:00,000"},         {-1, "00:00:00,000"},          {0.0004, "00:00:00,000"},
      {0.0005, "00:00:00,001"},    {0.9996, "00:00:01,000"},      {59.9999, "00:01:00,000"},
      {3599.9995, "01:00:00,000"}, {360'000.001, "100:00:00,001"}};
  for (const auto& [seconds, text] : cases)
    EXPECT_EQ(timestamp(seconds, ','), text) << seconds;
  EXPECT_EQ(timestamp(61.5, '.'), "00:01:01.500");
}

TEST(transcripts, are_read_as_far_as_they_are_ones) {
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

TEST(transcripts, become_subtitles_that_stay_one_cue_each) {
  auto what = two_segments();
  what.segments[0].text = "a\n\nb ----> c";
  transcript_wishes how;
  how.format = transcript_format::srt;
  EXPECT_EQ(render(what, how), "1\n00:00:00,000 --> 00:00:01,000\na  b -> c\n\n"
                               "2\n00:00:01,250 --> 00:00:02,000\nTwo.\n\n");
  how.format = transcript_format::vtt;
  EXPECT_TRUE(
      render(what, how).starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na  b -> c\n"));
  EXPECT_EQ(render({}, how), "WEBVTT\n\n");
  what.segments[0].text = "1 < 2 & <noise>";
  EXPECT_NE(render(what, how).find("1 &lt; 2 &amp; &lt;noise>"), std::string::npos);
}

TEST(transcripts, become_verbose_json) {
  transcript_wishes how;
  how.format = transcript_format::verbose_json;
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

TEST(transcripts, become_events_that_make_up_the_text) {
  transcript_wishes how;
  how.stream = true;
  EXPECT_EQ(render(two_segments(), how),
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"One.\"}\n\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\" Two.\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"One. Two.\",\"usage\":{"
            "\"type\":\"duration\",\"seconds\":2}}\n\n");
}

} // namespace
} // namespace synapse::api
