#include "http/dialects/whisper_cpp/answer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::whisper_cpp {
namespace {

const std::string recorded =
    R"({"task":"transcribe","language":"english","duration":2.4,"text":" Hello there.\n How are you?\n",
 "segments":[{"id":0,"text":" Hello there.","start":0.0,"end":1.3,"tokens":[50364,2425],
   "words":[{"word":" Hello","start":0.0,"end":0.6,"t_dtw":-1,"probability":0.97},
            {"word":" there","start":0.6,"end":1.2,"t_dtw":-1,"probability":0.9},
            {"word":".","start":1.2,"end":1.3,"t_dtw":-1,"probability":0.9}],
   "temperature":0.0,"avg_logprob":-0.21,"no_speech_prob":0.01},
  {"id":1,"text":" How are you?","start":1.3,"end":2.3,"words":[]}],
 "detected_language":"english","detected_language_probability":0.98,
 "language_probabilities":{"en":0.98,"de":0.01}})";

TEST(whisper_cpp_answer, is_read) {
  std::string problem;
  const auto read = parse_transcript(recorded, problem);
  ASSERT_TRUE(read) << problem;
  EXPECT_EQ(read->text, "Hello there. How are you?") << "its lines are no text's";
  EXPECT_EQ(read->language, "en");
  EXPECT_EQ(read->duration, 2.4);
  ASSERT_EQ(read->segments.size(), 2U);
  EXPECT_EQ(read->segments[0].text, " Hello there.");
  EXPECT_EQ(read->segments[1].end, 2.3);
  ASSERT_EQ(read->segments[0].words.size(), 2U);
  EXPECT_EQ(read->segments[0].words[1].word, " there.");
  EXPECT_EQ(read->segments[0].words[1].end, 1.3);
}

TEST(whisper_cpp_answer, of_segments_that_end_within_a_word_is_one_text) {
  std::string problem;
  const auto read = parse_transcript(
      R"({"text":" a won\nderful day\n","segments":[{"text":" a won","words":[{"word":" a"},
          {"word":" won"}]},{"text":"derful day","words":[{"word":"derful"},{"word":" day"}]}]})",
      problem);
  ASSERT_TRUE(read) << problem;
  EXPECT_EQ(read->text, "a wonderful day");
}

TEST(whisper_cpp_answer, may_have_the_text_alone_or_none) {
  std::string problem;
  EXPECT_EQ(parse_transcript(R"({"text":" Hello there.\n"})", problem)->text, "Hello there.");
  EXPECT_EQ(parse_transcript(R"({"text":"","segments":[]})", problem)->text, "");
  EXPECT_EQ(parse_transcript(R"({"text":" \n"})", problem)->text, "");
  EXPECT_EQ(parse_transcript(R"({"text":"x","language":"klingon"})", problem)->language, "klingon");
}

TEST(whisper_cpp_answer, is_none_when_it_is_cut_anywhere) {
  for (std::size_t size = 0; size < recorded.size(); ++size) {
    std::string problem;
    EXPECT_FALSE(parse_transcript(std::string_view{recorded}.substr(0, size), problem)) << size;
    EXPECT_NE(problem, "") << size;
  }
}

TEST(whisper_cpp_answer, of_wrong_types_is_none) {
  for (const auto* text :
       {"", "[]", "{}", "5", "null", R"({"text":5})", R"({"text":null})",
        R"({"text":"x","segments":5})", R"({"text":"x","segments":[5]})",
        R"({"text":"x","segments":[{"start":1}]})", R"({"text":"x","segments":[{"text":[]}]})",
        "{\"text\":\"\xff\"}", R"({"error":"failed to process audio"})",
        R"({"text":"x","error":"failed to process audio"})"}) {
    std::string problem;
    EXPECT_FALSE(parse_transcript(text, problem)) << text;
    EXPECT_NE(problem, "") << text;
  }
}

TEST(whisper_cpp_answer, survives_odd_numbers_and_words) {
  std::string problem;
  const auto read = parse_transcript(
      R"({"text":"x","language":7,"duration":-5,"segments":[{"text":"a","start":null,"end":1e300,
          "words":[5,{},{"word":7,"probability":99}]},{"text":"b","words":"no"}]})",
      problem);
  ASSERT_TRUE(read) << problem;
  EXPECT_EQ(read->duration, 0);
  EXPECT_EQ(read->segments[0].start, 0);
  EXPECT_EQ(read->segments[0].end, 1e9);
  EXPECT_EQ(read->segments[1].words.size(), 0U);
}

TEST(whisper_cpp_answer, is_bounded) {
  std::string text = R"({"text":"x","segments":[{"text":"a"})";
  for (std::size_t at = 0; at < max_segments; ++at)
    text += R"(,{"text":"a"})";
  std::string problem;
  EXPECT_FALSE(parse_transcript(text + "]}", problem));
  EXPECT_EQ(problem, "its answer has more than 200000 segments");
  EXPECT_FALSE(parse_transcript(R"({"text":)" + std::string(1 << 20, '['), problem));
}

TEST(whisper_cpp_trouble, is_told_in_words_that_say_what_to_do) {
  auto said = read_trouble(400, "Invalid request");
  EXPECT_EQ(said.status, 400U);
  EXPECT_EQ(said.text, "it cannot read the recording; what it always reads is WAV");
  said = read_trouble(500, R"({"error":"FFmpeg conversion failed."})");
  EXPECT_EQ(said.status, 400U) << "the recording's fault, whatever its status says";
  said = read_trouble(404, "File Not Found (/inference)");
  EXPECT_EQ(said.status, 503U);
  EXPECT_EQ(said.text, "it is loading a model, or has no such path");
}

TEST(whisper_cpp_trouble, is_the_servers_in_json_or_plain_text) {
  EXPECT_EQ(read_trouble(500, R"({"error":"failed to process audio"})").text,
            "it answered with status 500: failed to process audio");
  EXPECT_EQ(read_trouble(500, "500 Internal Server Error\nstof").text,
            "it answered with status 500: stof");
  EXPECT_EQ(read_trouble(500, "").text, "it answered with status 500");
  EXPECT_EQ(read_trouble(500, "").status, 502U);
  EXPECT_EQ(read_trouble(503, R"({"status":"loading model"})").status, 503U);
  EXPECT_EQ(read_trouble(413, "").status, 413U);
  for (const auto& odd : {std::string(1 << 20, 'x'), std::string(1 << 20, '['),
                          R"({"error":")" + std::string(5000, 'x') + "\"}"})
    EXPECT_LT(read_trouble(500, odd).text.size(), 400U);
}

} // namespace
} // namespace synapse::http::whisper_cpp
