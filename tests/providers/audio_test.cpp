// What servers for speech and recordings say of themselves.
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::providers {
namespace {

using config::backend_type;
using config::capability;

TEST(speaches_says, what_is_installed_and_loaded) {
  const auto& speaches = descriptor_of(backend_type::speaches);
  const auto list = speaches.discovery.read(R"({"data":[
    {"id":"Systran/faster-whisper-small","object":"model","owned_by":"Systran",
     "language":["en","de"],"task":"automatic-speech-recognition"},
    {"id":"speaches-ai/Kokoro","task":"text-to-speech","sample_rate":24000,"voices":[]},
    {"id":"other","task":"voice-activity-detection"}],"object":"list"})");
  ASSERT_EQ(list.models.size(), 3u) << list.problem;
  EXPECT_TRUE(list.models[0].capabilities.has(capability::transcription));
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::speech));
  EXPECT_TRUE(list.models[1].capabilities.has(capability::speech));
  EXPECT_EQ(list.models[2].capabilities, config::capability_set{});
  const auto load = speaches.load.read(200, R"({"models":["speaches-ai/Kokoro",7,""]})");
  ASSERT_TRUE(load.ok()) << load.problem;
  ASSERT_EQ(load.models.size(), 1u);
  EXPECT_EQ(load.models[0].memory, presence::loaded);
  EXPECT_EQ(load.others, presence::cold);
  EXPECT_FALSE(speaches.load.read(403, R"({"detail":"API key required"})").ok());
  EXPECT_FALSE(speaches.load.read(200, "[]").ok());
}

TEST(piper_says, which_voices_it_has) {
  const auto& piper = descriptor_of(backend_type::piper);
  const auto list = piper.discovery.read(R"({"en_US-lessac-medium":{"audio":{"sample_rate":22050},
    "num_speakers":1},"de_DE-thorsten-low":{},"bad":3})");
  ASSERT_EQ(list.models.size(), 2u) << list.problem;
  EXPECT_EQ(list.models[0].name, "en_US-lessac-medium");
  EXPECT_TRUE(list.models[0].capabilities.has(capability::speech));
  EXPECT_EQ(list.omitted, 1u);
  EXPECT_FALSE(piper.discovery.read("<html>").ok());
  EXPECT_FALSE(piper.discovery.read(R"({"error":"x"})").ok());
  std::string many = "{";
  for (int i = 0; i < 5000; ++i)
    many += (i == 0 ? "\"v" : ",\"v") + std::to_string(i) + "\":{}";
  EXPECT_EQ(piper.discovery.read(many + "}").models.size(), max_models);
}

TEST(whisper_stt_says, its_model_and_whether_it_is_loaded) {
  const auto read = descriptor_of(backend_type::faster_whisper).discovery.read;
  auto list = read(R"({"status":"ok","model_loaded":false,"model":"large-v3-turbo"})");
  ASSERT_EQ(list.models.size(), 1u) << list.problem;
  EXPECT_EQ(list.models[0].name, "large-v3-turbo");
  EXPECT_EQ(list.models[0].memory, presence::cold);
  EXPECT_EQ(read(R"({"model_loaded":true,"model":"m"})").models.at(0).memory, presence::loaded);
  EXPECT_EQ(read(R"({"model":"m"})").models.at(0).memory, presence::unknown);
  EXPECT_FALSE(read(R"({"status":"ok"})").ok());
}

TEST(chatterbox_says, that_it_has_no_model_with_a_good_status) {
  const auto judge = descriptor_of(backend_type::chatterbox).health.judge;
  EXPECT_EQ(judge(200, R"({"loaded":true,"type":"original"})"), wellness::well);
  EXPECT_EQ(judge(200, R"({"loaded":false,"type":"original"})"), wellness::unwell);
  EXPECT_EQ(judge(200, R"({"config":{}})"), wellness::well) << "older ones do not tell";
  EXPECT_EQ(judge(200, "ok"), wellness::well);
  EXPECT_EQ(judge(500, R"({"loaded":true})"), wellness::unwell);
}

} // namespace
} // namespace synapse::providers
