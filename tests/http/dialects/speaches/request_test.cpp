#include "http/dialects/speaches/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace synapse::http::speaches {
namespace {

using json = nlohmann::json;

speech spoken() {
  speech what;
  what.model = "speaches-ai/Kokoro-82M-v1.0-ONNX";
  what.text = "Hi";
  what.voice = "af_heart";
  return what;
}

TEST(speaches_request, is_openais) {
  auto what = spoken();
  EXPECT_EQ(json::parse(body_of(what)),
            json::parse(R"({"model":"speaches-ai/Kokoro-82M-v1.0-ONNX","input":"Hi",
                            "voice":"af_heart","response_format":"mp3"})"));
  what.speed = 1.5;
  what.format = "opus";
  EXPECT_EQ(json::parse(body_of(what))["speed"], 1.5);
  EXPECT_EQ(json::parse(body_of(what))["response_format"], "opus");
}

TEST(speaches_request, asks_for_samples_of_openais_rate_in_a_recording) {
  auto what = spoken();
  what.format = "pcm";
  const auto body = json::parse(body_of(what));
  EXPECT_EQ(body["response_format"], "wav");
  EXPECT_EQ(body["sample_rate"], 24000);
}

TEST(speaches_request, knows_in_which_speeds_a_model_speaks) {
  EXPECT_EQ(speed_range(24000).most, 2);
  EXPECT_EQ(speed_range(24000).least, 0.5);
  EXPECT_EQ(speed_range(22050).most, 4);
  EXPECT_EQ(speed_range(0).least, 0.25);
}

TEST(speaches_request, has_a_form_for_transcriptions) {
  question what;
  what.model = "Systran/faster-whisper-small";
  EXPECT_EQ(transcription_fields(what),
            (form_fields{{"model", "Systran/faster-whisper-small"}, {"response_format", "json"}}));
  what.language = "German";
  what.prompt = "Synapse";
  what.temperature = "0.2";
  what.how.format = openai::transcription_format::verbose_json;
  what.how.stream = true;
  what.how.words = true;
  EXPECT_EQ(transcription_fields(what), (form_fields{{"model", "Systran/faster-whisper-small"},
                                                     {"response_format", "verbose_json"},
                                                     {"prompt", "Synapse"},
                                                     {"temperature", "0.2"},
                                                     {"language", "de"},
                                                     {"stream", "true"},
                                                     {"timestamp_granularities[]", "word"},
                                                     {"timestamp_granularities[]", "segment"}}));
  what.language = "xx";
  what.how = {};
  EXPECT_EQ(transcription_fields(what).size(), 4U) << "an unknown language is found out";
}

TEST(speaches_request, has_a_smaller_form_for_translations) {
  question what;
  what.model = "m";
  what.language = "de";
  what.how.format = openai::transcription_format::srt;
  what.how.stream = true;
  EXPECT_EQ(translation_fields(what), (form_fields{{"model", "m"}, {"response_format", "srt"}}));
}

TEST(speaches_request, names_every_format) {
  question what;
  for (const auto* name : {"json", "text", "srt", "vtt", "verbose_json"}) {
    what.how.format = *openai::format_named(name);
    EXPECT_EQ(transcription_fields(what)[1].second, name);
  }
}

} // namespace
} // namespace synapse::http::speaches
