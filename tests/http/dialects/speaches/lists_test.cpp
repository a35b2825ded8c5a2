#include "http/dialects/speaches/lists.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::speaches {
namespace {

const std::string models =
    R"({"data":[{"id":"Systran/faster-whisper-small","created":1790000000,"object":"model",
  "owned_by":"Systran","language":["en","de"],"task":"automatic-speech-recognition"},
 {"id":"speaches-ai/Kokoro-82M-v1.0-ONNX","created":1790000000,"object":"model",
  "owned_by":"speaches-ai","language":["multilingual"],"task":"text-to-speech",
  "sample_rate":24000,"voices":[{"name":"af_heart","language":"en-us","gender":"female",
  "id":"af_heart"},{"name":"jf_alpha","language":"ja","gender":"female","id":"jf_alpha"}]},
 {"id":"pyannote/speaker","task":"speaker-embedding","language":null}],"object":"list"})";

TEST(speaches_models, are_read_with_what_they_are_for) {
  std::string problem;
  const auto list = parse_models(models, problem);
  ASSERT_TRUE(list) << problem;
  ASSERT_EQ(list->models.size(), 3U);
  EXPECT_EQ(list->omitted, 0U);
  EXPECT_EQ(list->fault, "");
  EXPECT_EQ(list->models[0].id, "Systran/faster-whisper-small");
  EXPECT_EQ(list->models[0].kind, model_kind::transcription);
  EXPECT_EQ(list->models[0].languages, (std::vector<std::string>{"en", "de"}));
  EXPECT_EQ(list->models[1].kind, model_kind::speech);
  EXPECT_EQ(list->models[1].sample_rate, 24000U);
  ASSERT_EQ(list->models[1].voices.size(), 2U);
  EXPECT_EQ(list->models[1].voices[1].name, "jf_alpha");
  EXPECT_EQ(list->models[1].voices[1].language, "ja");
  EXPECT_EQ(list->models[2].kind, model_kind::other);
}

TEST(speaches_models, for_audio_are_in_a_list_of_another_name) {
  std::string problem;
  const auto list =
      parse_models(R"({"models":[{"id":"a/b","task":"text-to-speech"}],"object":"list"})", problem);
  ASSERT_TRUE(list) << problem;
  EXPECT_EQ(list->models[0].id, "a/b");
  EXPECT_TRUE(parse_models(R"({"data":[]})", problem)->models.empty());
}

TEST(speaches_models, are_no_list_when_the_answer_is_cut_anywhere) {
  for (std::size_t size = 0; size < models.size(); ++size) {
    std::string problem;
    EXPECT_FALSE(parse_models(std::string_view{models}.substr(0, size), problem)) << size;
    EXPECT_NE(problem, "") << size;
  }
}

TEST(speaches_models, of_an_answer_that_is_none_are_no_list) {
  for (const auto* body : {"", "[]", "5", "<html>", R"({"data":5})", R"({"data":{"id":"x"}})",
                           R"({"detail":"Invalid API key"})", "{\"data\":[\"\xff\"]}"}) {
    std::string problem;
    EXPECT_FALSE(parse_models(body, problem)) << body;
    EXPECT_NE(problem, "") << body;
    EXPECT_FALSE(parse_voices(body, problem)) << body;
  }
}

TEST(speaches_models, of_wrong_types_are_left_out_and_told) {
  std::string problem;
  const auto list = parse_models(
      R"({"data":[5,{},{"id":7},{"id":""},{"id":"a"},{"id":"a"},{"id":"b","task":5,"language":"en",
          "sample_rate":"high","voices":7},{"id":"c","language":[5,"","de"],"sample_rate":-4,
          "voices":[5,{},{"name":"v"},{"id":"w"},{"name":"v"}]}]})",
      problem);
  ASSERT_TRUE(list) << problem;
  ASSERT_EQ(list->models.size(), 3U);
  EXPECT_EQ(list->omitted, 5U);
  EXPECT_EQ(list->fault, "a model has no id of up to 256 bytes");
  EXPECT_TRUE(list->models[1].languages.empty());
  EXPECT_EQ(list->models[2].languages, std::vector<std::string>{"de"});
  EXPECT_EQ(list->models[2].sample_rate, 0U);
  EXPECT_EQ(list->models[2].voices.size(), 2U);
}

TEST(speaches_models, are_not_more_than_anybody_has) {
  std::string body = R"({"data":[{"id":")" + std::string(max_name_bytes + 1, 'x') + "\"}";
  for (int at = 0; at < 5000; ++at)
    body += ",{\"id\":\"m" + std::to_string(at) + "\",\"task\":\"text-to-speech\"}";
  body += "]}";
  std::string problem;
  const auto list = parse_models(body, problem);
  ASSERT_TRUE(list) << problem;
  EXPECT_EQ(list->models.size(), max_models);
  EXPECT_EQ(list->omitted, 5001 - max_models);
  EXPECT_FALSE(parse_models(std::string(max_list_bytes + 1, ' '), problem));
  EXPECT_FALSE(parse_models("{\"data\":" + std::string(100000, '['), problem));
}

TEST(speaches_models, have_not_more_voices_nor_languages_than_anybody_has) {
  std::string voices = R"({"name":"v"})", languages = "\"en\"";
  for (int at = 0; at < 3000; ++at) {
    voices += ",{\"name\":\"v" + std::to_string(at) + "\"}";
    languages += ",\"en\"";
  }
  std::string problem;
  const auto list = parse_models(R"({"data":[{"id":"m","voices":[)" + voices + R"(],"language":[)" +
                                     languages + "]}]}",
                                 problem);
  ASSERT_TRUE(list) << problem;
  EXPECT_EQ(list->models[0].voices.size(), max_voices);
  EXPECT_EQ(list->models[0].languages.size(), max_languages);
  const auto named = parse_voices(R"({"voices":[)" + voices + "]}", problem);
  ASSERT_TRUE(named) << problem;
  EXPECT_EQ(named->voices.size(), max_voices);
  EXPECT_EQ(named->omitted, 3001 - max_voices);
  EXPECT_EQ(named->fault, "there are more than 500 voices");
}

TEST(speaches_voices, are_read_once_each) {
  const std::string body =
      R"({"voices":[{"name":"af_heart","language":"en-us","gender":"female","id":"af_heart"},
          {"name":"amy","language":"en"},{"name":"af_heart","language":"en-us"}],"object":"list"})";
  std::string problem;
  const auto list = parse_voices(body, problem);
  ASSERT_TRUE(list) << problem;
  ASSERT_EQ(list->voices.size(), 2U);
  EXPECT_EQ(list->voices[0].name, "af_heart");
  EXPECT_EQ(list->voices[0].language, "en-us");
  EXPECT_EQ(list->omitted, 0U);
  for (std::size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(parse_voices(std::string_view{body}.substr(0, size), problem)) << size;
}

} // namespace
} // namespace synapse::http::speaches
