#include "http/dialects/chatterbox/request.hpp"
#include "http/dialects/chatterbox/to_openai.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace synapse::http::chatterbox {
namespace {

using json = nlohmann::ordered_json;

speech spoken(std::string text) {
  speech what;
  what.text = std::move(text);
  return what;
}

TEST(chatterbox_request, names_the_reference_or_the_voice) {
  auto call = with_reference(spoken("Hi"), "v1_abc.wav");
  EXPECT_EQ(call.path, "/tts");
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"text":"Hi","split_text":true,"language":"en","voice_mode":"clone",
                            "reference_audio_filename":"v1_abc.wav"})"));
  call = with_voice(spoken("Hi"), default_voice_file);
  EXPECT_EQ(call.path, "/tts");
  EXPECT_EQ(json::parse(call.body), json::parse(R"({"text":"Hi","split_text":true,"language":"en",
                            "voice_mode":"predefined","predefined_voice_id":"Alice.wav"})"));
}

TEST(chatterbox_request, says_what_differs_from_its_defaults) {
  auto what = spoken("Hallo");
  what.language = "de";
  what.speed = 1.25;
  what.split_sentences = false;
  what.format = "opus";
  const auto body = json::parse(with_voice(what, "Eve.wav").body);
  EXPECT_EQ(body["language"], "de");
  EXPECT_EQ(body["speed_factor"], 1.25);
  EXPECT_EQ(body["split_text"], false);
  EXPECT_EQ(body["output_format"], "opus");
}

TEST(chatterbox_request, has_samples_taken_out_of_a_recording) {
  auto what = spoken("Hi");
  what.format = "pcm";
  EXPECT_EQ(json::parse(with_voice(what, "Eve.wav").body)["output_format"], "wav");
  EXPECT_EQ(json::parse(openai_with_voice(what, "Eve.wav").body)["response_format"], "wav");
}

TEST(chatterbox_request, goes_to_its_openai_route_in_english_only) {
  auto what = spoken("Hi");
  auto call = openai_call(what, "Eve.wav");
  EXPECT_EQ(call.path, "/v1/audio/speech");
  EXPECT_EQ(json::parse(call.body),
            json::parse(R"({"model":"chatterbox","input":"Hi","voice":"Eve.wav","speed":1.0})"));
  what.language = "fr";
  EXPECT_EQ(openai_call(what, "Eve.wav").path, "/tts");
}

TEST(chatterbox_request, knows_its_voices_by_their_files) {
  EXPECT_EQ(predefined_voice_file("alloy"), "Alice.wav");
  EXPECT_EQ(predefined_voice_file("eve"), "Eve.wav");
  EXPECT_EQ(predefined_voice_file("Eve"), "Eve.wav");
  EXPECT_EQ(predefined_voice_file("eve.mp3"), "eve.mp3");
  EXPECT_EQ(predefined_voice_file("\xc3\xa4"), "\xc3\xa4.wav");
  EXPECT_EQ(predefined_voice_file(""), ".wav");
}

TEST(chatterbox_request, has_a_reference_between_two_lines_of_a_form) {
  const auto form = make_reference_form("v\"1.wav", "edge");
  EXPECT_EQ(form.content_type, "multipart/form-data; boundary=edge");
  EXPECT_EQ(form.head, "--edge\r\nContent-Disposition: form-data; name=\"files\"; "
                       "filename=\"v%221.wav\"\r\nContent-Type: audio/wav\r\n\r\n");
  EXPECT_EQ(form.tail, "\r\n--edge--\r\n");
}

TEST(chatterbox_request, names_a_reference_by_voice_and_content) {
  EXPECT_EQ(reference_name("v1", 0x1234, 0xab), "v1_1234ab.wav");
  EXPECT_NE(reference_name("v1", 0x1234, 0xab), reference_name("v1", 0x1235, 0xab));
}

TEST(chatterbox_openai, has_a_translator_for_each_of_its_formats) {
  for (const auto format : openai_formats()) {
    openai_answer answer{format, false};
    const auto type = answer.translator().client_head().content_type;
    EXPECT_EQ(type, format == "mp3" ? "audio/mpeg" : "audio/" + std::string{format});
    EXPECT_FALSE(answer.translator().promises_events());
    openai_answer events{format, true};
    EXPECT_TRUE(events.translator().promises_events());
  }
}

} // namespace
} // namespace synapse::http::chatterbox
