#include "http/dialects/whisper_cpp/to_openai.hpp"
#include "tests/http/dialects/translated.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace synapse::http::whisper_cpp {
namespace {

using json = nlohmann::json;
using format = openai::transcription_format;

constexpr std::string_view fields = "Content-Type: application/json\r\n";
const std::string sample =
    R"({"task":"transcribe","language":"german","duration":2.4,"text":" Guten Tag.\n Wie geht's?\n",
 "segments":[{"id":0,"text":" Guten Tag.","start":0.0,"end":1.5,"words":[
   {"word":" Gut","start":0.0,"end":0.3,"probability":0.9},
   {"word":"en","start":0.3,"end":0.6,"probability":0.9},
   {"word":" Tag","start":0.6,"end":1.4,"probability":0.9},
   {"word":".","start":1.4,"end":1.5,"probability":0.9}]},
  {"id":1,"text":" Wie geht's?","start":1.5,"end":2.4,"words":[]}]})";

openai::transcription_wishes wishing(format form, bool stream = false) {
  openai::transcription_wishes wishes;
  wishes.format = form;
  wishes.stream = stream;
  return wishes;
}

translated answered(const openai::transcription_wishes& wishes, std::string_view body,
                    bool english = false) {
  transcription_answer answer{[&] { return wishes; }, english};
  return translate(answer, fields, body, 11);
}

TEST(whisper_cpp_openai, has_every_form_of_openais) {
  EXPECT_EQ(json::parse(answered(wishing(format::json), sample).text),
            json::parse(R"({"text":"Guten Tag. Wie geht's?",
                            "usage":{"type":"duration","seconds":3}})"));
  EXPECT_EQ(answered(wishing(format::text), sample).text, "Guten Tag. Wie geht's?\n");
  EXPECT_EQ(answered(wishing(format::srt), sample).text,
            "1\n00:00:00,000 --> 00:00:01,500\nGuten Tag.\n\n"
            "2\n00:00:01,500 --> 00:00:02,400\nWie geht's?\n\n");
  EXPECT_EQ(answered(wishing(format::vtt), sample).text,
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nGuten Tag.\n\n"
            "00:00:01.500 --> 00:00:02.400\nWie geht's?\n\n");
}

TEST(whisper_cpp_openai, has_words_and_segments_in_the_verbose_form) {
  auto wishes = wishing(format::verbose_json);
  wishes.words = true;
  const auto said = json::parse(answered(wishes, sample).text);
  EXPECT_EQ(said["language"], "german");
  EXPECT_EQ(said["duration"], 2.4);
  EXPECT_EQ(said["segments"].size(), 2U);
  ASSERT_EQ(said["words"].size(), 2U);
  EXPECT_EQ(said["words"][0], json::parse(R"({"word":"Guten","start":0.0,"end":0.6})"));
  EXPECT_EQ(said["words"][1]["word"], "Tag.");
  EXPECT_EQ(json::parse(answered(wishes, sample, true).text)["language"], "english")
      << "a translation is";
}

TEST(whisper_cpp_openai, streams_a_delta_for_each_segment) {
  const auto wishes = wishing(format::json, true);
  EXPECT_EQ(answered(wishes, sample).text,
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Guten Tag.\"}\n\n"
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\" Wie geht's?\"}\n\n"
            "data: {\"type\":\"transcript.text.done\",\"text\":\"Guten Tag. Wie geht's?\","
            "\"usage\":{\"type\":\"duration\",\"seconds\":3}}\n\n");
  transcription_answer answer{[&] { return wishes; }};
  EXPECT_TRUE(answer.client_head().event_stream);
  EXPECT_TRUE(answer.promises_events() && answer.may_keep_alive());
  std::string out;
  answer.broken(out, response_detail::stream_truncated, "it broke off");
  EXPECT_EQ(json::parse(out.substr(6))["error"]["message"], "it broke off");
}

TEST(whisper_cpp_openai, is_no_stream_unasked) {
  const auto wishes = wishing(format::srt);
  transcription_answer answer{[&] { return wishes; }};
  EXPECT_EQ(answer.client_head().content_type, "text/plain; charset=utf-8");
  EXPECT_FALSE(answer.client_head().event_stream);
  EXPECT_FALSE(answer.promises_events() || answer.may_keep_alive());
  std::string out;
  answer.broken(out, response_detail::stream_truncated, "it broke off");
  EXPECT_EQ(out, "");
}

TEST(whisper_cpp_openai, is_no_success_wherever_the_answer_is_cut) {
  for (const bool stream : {false, true})
    for (std::size_t size = 0; size < sample.size(); ++size) {
      const auto said = answered(wishing(format::text, stream), sample.substr(0, size));
      EXPECT_NE(said.problem, "") << size;
      EXPECT_EQ(said.text, "") << size;
    }
}

TEST(whisper_cpp_openai, takes_an_error_of_status_200_for_one) {
  const auto said = answered(wishing(format::json), R"({"error":"failed to process audio"})");
  EXPECT_EQ(said.problem, "it reports an error: failed to process audio");
  EXPECT_EQ(said.text, "");
  EXPECT_NE(answered(wishing(format::json), "<html>Whisper.cpp Server</html>").problem, "");
}

} // namespace
} // namespace synapse::http::whisper_cpp
