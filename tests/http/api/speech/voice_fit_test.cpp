#include "http/api/speech/voice_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::api {
namespace {

using http::piper::generation;
using http::speaches::model_kind;
using testing::HasSubstr;

struct voice_fit : testing::Test {
  voice_fit() {
    settings.name = "far";
    site.settings = &settings;
    facts.default_voice = "en_US-amy-low";
    facts.voices.voices = {{"en_US-amy-low", "en", 16000, 1, {}},
                           {"de_DE-thorsten-low", "de", 16000, 1.2, {}}};
    facts.models.models = {{"a/kokoro", model_kind::speech, {}, 24000, {{"af_heart", "en-us"}}},
                           {"a/piper", model_kind::speech, {}, 22050, {}},
                           {"a/whisper", model_kind::transcription, {}, 0, {}}};
    wish.text = "Hello.";
  }
  attempt_place place(const std::string& named) {
    model = named;
    return {deployment, site, model};
  }

  config::backend_settings settings;
  client::backend_site site;
  routing::deployment deployment;
  std::string model;
  voice_facts facts;
  named_speech wish;
};

TEST_F(voice_fit, formats_that_are_not_made_are_named_with_those_that_are) {
  constexpr std::string_view has[]{"wav", "opus", "pcm"};
  EXPECT_FALSE(check_format("opus", has, "far"));
  const auto why = check_format("mp3", has, "far");
  ASSERT_TRUE(why);
  EXPECT_EQ(why->field, "response_format");
  EXPECT_THAT(why->message, HasSubstr("backend far makes no mp3, only wav, opus and pcm"));
}

TEST_F(voice_fit, a_piper_has_its_own_voices_and_any) {
  http::piper::speech said;
  for (const auto* voice : {"", "alloy", "de_DE-thorsten-low"}) {
    wish.voice = voice;
    EXPECT_TRUE(piper_has(facts, wish)) << voice;
    EXPECT_FALSE(settle_piper(facts, wish, place("en"), said)) << voice;
  }
  EXPECT_EQ(said.voice, "de_DE-thorsten-low");
  EXPECT_EQ(said.length_scale, 1.2);
  wish.voice = "nobody";
  EXPECT_FALSE(piper_has(facts, wish));
  const auto why = settle_piper(facts, wish, place("en"), said);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->field, "voice");
}

TEST_F(voice_fit, an_old_piper_has_one_voice_and_one_speed) {
  facts.routes = generation::root_text;
  facts.voices = {};
  http::piper::speech said;
  wish.voice = "alloy";
  EXPECT_FALSE(settle_piper(facts, wish, place("en"), said));
  EXPECT_EQ(said.voice, "");
  wish.speed = 2;
  EXPECT_EQ(settle_piper(facts, wish, place("en"), said).value_or(refusal{}).field, "speed");
  wish.speed = 1;
  wish.voice = "en_US-amy-low";
  EXPECT_EQ(settle_piper(facts, wish, place("en"), said).value_or(refusal{}).field, "voice");
  wish.voice.clear();
  wish.text = " \n";
  EXPECT_EQ(settle_piper(facts, wish, place("en"), said).value_or(refusal{}).field, "input");
}

TEST_F(voice_fit, a_model_of_a_speaches_has_voices_and_speeds) {
  http::speaches::speech said;
  wish.voice = "af_heart";
  wish.speed = 2;
  ASSERT_FALSE(settle_speaches(facts, wish, place("a/kokoro"), said));
  EXPECT_EQ(said.voice, "af_heart");
  EXPECT_EQ(said.format, "mp3");
  wish.speed = 3;
  EXPECT_EQ(settle_speaches(facts, wish, place("a/kokoro"), said).value_or(refusal{}).field,
            "speed");
  EXPECT_FALSE(settle_speaches(facts, wish, place("a/piper"), said));
  wish.speed = 1;
  wish.voice = "nobody";
  const auto why = settle_speaches(facts, wish, place("a/kokoro"), said);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->message, HasSubstr("af_heart"));
  EXPECT_FALSE(settle_speaches(facts, wish, place("a/piper"), said)) << "it does not look at it";
}

TEST_F(voice_fit, a_model_that_is_not_listed_may_be_an_alias) {
  http::speaches::speech said;
  for (const auto* voice : {"", "alloy", "af_heart"}) {
    wish.voice = voice;
    EXPECT_FALSE(settle_speaches(facts, wish, place("tts-1"), said)) << voice;
  }
  wish.voice = "nobody";
  EXPECT_TRUE(settle_speaches(facts, wish, place("tts-1"), said));
  facts.models = {};
  EXPECT_FALSE(settle_speaches(facts, wish, place("tts-1"), said)) << "nothing is known of voices";
}

TEST_F(voice_fit, a_model_for_transcription_does_not_speak) {
  http::speaches::speech said;
  wish.voice = "alloy";
  const auto why = settle_speaches(facts, wish, place("a/whisper"), said);
  ASSERT_TRUE(why);
  EXPECT_THAT(why->message, HasSubstr("is there for transcription"));
}

} // namespace
} // namespace synapse::api
