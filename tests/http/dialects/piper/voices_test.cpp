#include "http/dialects/piper/voices.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::piper {
namespace {

const std::string some =
    R"({"en_US-lessac-medium":{"audio":{"sample_rate":22050},"espeak":{"voice":"en-us"},
        "num_speakers":1,"speaker_id_map":{},"inference":{"length_scale":1}},
        "de_DE-thorsten-low":{"audio":{"sample_rate":16000},"espeak":{"voice":"de"},
        "inference":{"length_scale":1.5}},
        "en_US-libritts-high":{"num_speakers":2,"speaker_id_map":{"p3922":0,"p8699":1}},
        "joh":{"language":{"code":"en_GB","family":"en"}}})";

voice_list voices() {
  std::string problem;
  auto list = parse_voices(some, problem);
  EXPECT_TRUE(list) << problem;
  return list.value_or(voice_list{});
}

speech wanting(std::string voice, std::string language = {}) {
  speech what;
  what.text = "Hi";
  what.voice = std::move(voice);
  what.language = std::move(language);
  return what;
}

TEST(piper_voices, are_read_from_the_list) {
  const auto list = voices();
  ASSERT_EQ(list.voices.size(), 4U);
  EXPECT_EQ(list.omitted, 0U);
  EXPECT_EQ(list.voices[0].name, "en_US-lessac-medium");
  EXPECT_EQ(list.voices[0].language, "en");
  EXPECT_EQ(list.voices[0].sample_rate, 22050U);
  EXPECT_TRUE(list.voices[0].speakers.empty());
  EXPECT_EQ(list.voices[1].language, "de");
  EXPECT_EQ(list.voices[1].length_scale, 1.5);
  EXPECT_EQ(list.voices[2].speakers, (std::vector<std::string>{"p3922", "p8699"}));
  EXPECT_EQ(list.voices[3].language, "en");
}

TEST(piper_voices, of_an_answer_that_is_none_are_no_list) {
  for (const char* body : {"", "[]", "5", "null", "<html>404</html>", "{", R"({"a":)", R"({"a":5})",
                           R"({"detail":"no"})", "{\"a\xff\":{}}"}) {
    std::string problem;
    EXPECT_FALSE(parse_voices(body, problem)) << body;
    EXPECT_NE(problem, "") << body;
  }
  std::string problem;
  const auto none = parse_voices("{}", problem);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->voices.empty());
}

TEST(piper_voices, are_no_list_when_the_answer_is_cut_anywhere) {
  for (std::size_t size = 0; size < some.size(); ++size) {
    std::string problem;
    EXPECT_FALSE(parse_voices(std::string_view{some}.substr(0, size), problem)) << size;
  }
}

TEST(piper_voices, survive_wrong_types) {
  std::string problem;
  const auto list = parse_voices(
      R"({"":{},"a":5,"b":{"audio":7,"espeak":[],"language":"x","inference":null,
          "speaker_id_map":[1]},"c":{"audio":{"sample_rate":-1},"inference":{"length_scale":0}},
          "d":{"audio":{"sample_rate":1e300},"espeak":{"voice":5},"inference":{"length_scale":"x"},
          "language":{"family":"../../etc"}},"b":{}})",
      problem);
  ASSERT_TRUE(list) << problem;
  ASSERT_EQ(list->voices.size(), 3U);
  EXPECT_EQ(list->omitted, 3U);
  EXPECT_EQ(list->voices[0].language, "");
  EXPECT_EQ(list->voices[1].sample_rate, 0U);
  EXPECT_EQ(list->voices[1].length_scale, 0.01);
  EXPECT_EQ(list->voices[2].sample_rate, 1'000'000U);
  EXPECT_EQ(list->voices[2].language, "");
}

TEST(piper_voices, are_not_more_nor_larger_than_anybody_has) {
  std::string body = "{\"" + std::string(max_name_bytes + 1, 'x') + "\":{}";
  for (std::size_t at = 0; at < 5000; ++at)
    body += ",\"v" + std::to_string(at) + "\":{}";
  body += ",\"s\":{}}";
  std::string problem;
  const auto list = parse_voices(body, problem);
  ASSERT_TRUE(list) << problem;
  EXPECT_EQ(list->voices.size(), max_voices);
  EXPECT_EQ(list->omitted, 5002 - max_voices);
  std::string speakers = R"({"v":{"speaker_id_map":{"s":0)";
  for (std::size_t at = 0; at < 5000; ++at)
    speakers += ",\"s" + std::to_string(at) + "\":1";
  const auto crowd = parse_voices(speakers + "}}}", problem);
  ASSERT_TRUE(crowd) << problem;
  EXPECT_EQ(crowd->voices[0].speakers.size(), max_speakers);
  EXPECT_FALSE(parse_voices(std::string(max_list_bytes + 1, ' '), problem));
  EXPECT_EQ(problem, "its answer exceeds " + std::to_string(max_list_bytes) + " bytes");
  EXPECT_FALSE(parse_voices("{\"a\":" + std::string(100000, '['), problem));
}

TEST(piper_info, names_the_default_voice) {
  std::string problem;
  const auto info = parse_info(
      R"({"voice":{"name":"en_US-lessac-medium","language":"en-us","num_speakers":1},"last":null})",
      problem);
  ASSERT_TRUE(info) << problem;
  EXPECT_EQ(info->default_voice, "en_US-lessac-medium");
  EXPECT_EQ(info->language, "en");
  for (const char* body :
       {"", "{}", R"({"voice":5})", R"({"voice":{"name":5}})", R"({"voice":{"name":""}})"})
    EXPECT_FALSE(parse_info(body, problem)) << body;
}

TEST(piper_voice, that_is_unknown_is_refused_before_another_speaks) {
  const auto list = voices();
  auto what = wanting("en_US-amy-low");
  EXPECT_EQ(settle_voice(list, "en_US-lessac-medium", what),
            "there is no voice 'en_US-amy-low'; there are: en_US-lessac-medium, "
            "de_DE-thorsten-low, en_US-libritts-high, joh");
  what = wanting("../en_US-lessac-medium");
  EXPECT_NE(settle_voice(list, "", what), "");
  what = wanting(std::string(10000, 'x'));
  EXPECT_LT(settle_voice(list, "", what).size(), 300U);
  what = wanting("x");
  EXPECT_NE(settle_voice({}, "x", what), "") << "a list of none has none";
}

TEST(piper_voice, that_is_known_is_sent_with_its_own_length) {
  const auto list = voices();
  auto what = wanting("de_DE-thorsten-low");
  EXPECT_EQ(settle_voice(list, "", what), "");
  EXPECT_EQ(what.voice, "de_DE-thorsten-low");
  EXPECT_EQ(what.length_scale, 1.5);
  what = wanting("john"); // listed without its end
  EXPECT_EQ(settle_voice(list, "", what), "");
  EXPECT_EQ(what.voice, "john");
}

TEST(piper_voice, of_openais_stock_is_any_of_the_language) {
  const auto list = voices();
  for (const char* name : {"", "alloy", "nova"}) {
    auto what = wanting(name);
    EXPECT_EQ(settle_voice(list, "en_US-lessac-medium", what), "");
    EXPECT_EQ(what.voice, "") << "the default one";
    what = wanting(name, "en");
    EXPECT_EQ(settle_voice(list, "en_US-lessac-medium", what), "");
    EXPECT_EQ(what.voice, "");
    what = wanting(name, "de");
    EXPECT_EQ(settle_voice(list, "en_US-lessac-medium", what), "");
    EXPECT_EQ(what.voice, "de_DE-thorsten-low");
    EXPECT_EQ(what.length_scale, 1.5);
    what = wanting(name, "fi");
    EXPECT_EQ(settle_voice(list, "en_US-lessac-medium", what),
              "there is no voice that speaks 'fi'");
    what = wanting(name);
    EXPECT_EQ(settle_voice(list, "de_DE-thorsten-low", what), "");
    EXPECT_EQ(what.length_scale, 1.5);
  }
}

TEST(piper_voice, that_is_called_like_one_of_openais_is_itself) {
  std::string problem;
  const auto list = parse_voices(R"({"alloy":{"inference":{"length_scale":2}}})", problem);
  ASSERT_TRUE(list);
  auto what = wanting("alloy");
  EXPECT_EQ(settle_voice(*list, "", what), "");
  EXPECT_EQ(what.voice, "alloy");
  EXPECT_EQ(what.length_scale, 2);
}

TEST(piper_speaker, that_is_unknown_is_refused_before_another_speaks) {
  const auto list = voices();
  auto what = wanting("en_US-libritts-high");
  what.speaker = "p8699";
  EXPECT_EQ(settle_voice(list, "", what), "");
  what.speaker = "p1";
  EXPECT_EQ(settle_voice(list, "", what), "the voice has no speaker 'p1'");
  what = wanting("");
  what.speaker = "p8699";
  EXPECT_NE(settle_voice(list, "", what), "") << "of a voice that is not known";
  what.voice = "";
  EXPECT_EQ(settle_voice(list, "en_US-libritts-high", what), "");
}

} // namespace
} // namespace synapse::http::piper
