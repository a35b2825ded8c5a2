#include "backends/speaches/subtitles.hpp"
#include "tests/backends/hosted.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(subtitles, have_times_and_a_head_where_one_belongs) {
  transcript heard;
  heard.segments.push_back({{{"good", 0.5, 0.9, 1}, {"day", 1, 3661.25, 1}}});
  EXPECT_EQ(to_srt(heard), "1\n00:00:00,500 --> 01:01:01,250\ngood day\n\n");
  EXPECT_EQ(to_vtt(heard), "WEBVTT\n\n00:00:00.500 --> 01:01:01.250\ngood day\n\n");
}

TEST(piper, says_it_is_html_and_sends_wav) {
  hosted tts{piper_options{}};
  auto got = tts.post("/", {{"text", "Hello."}});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.field("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(got.body, StartsWith("RIFF"));
  EXPECT_EQ(tts.get("/info").parsed()["last"]["text"], "Hello.");
}

TEST(piper, speaks_with_the_default_voice_where_it_does_not_know_one) {
  hosted tts{piper_options{}};
  auto usual = tts.post("/", {{"text", "Hello."}}).body;
  EXPECT_EQ(tts.post("/", {{"text", "Hello."}, {"voice", "nobody"}}).body, usual);
  EXPECT_NE(tts.post("/", {{"text", "Hello."}, {"voice", "en_US-ryan-medium"}}).body, usual);
}

TEST(piper, fails_with_a_page) {
  hosted tts{piper_options{}};
  for (const json& bad : {json::object(), json{{"text", " "}}, json{{"text", 3}}}) {
    auto got = tts.post("/", bad);
    EXPECT_EQ(got.status, 500);
    EXPECT_THAT(got.body, HasSubstr("<h1>Internal Server Error</h1>"));
  }
  EXPECT_EQ(tts.get("/health").status, 404);
}

TEST(piper, moved_its_route_twice) {
  piper_options options;
  options.routes = piper_routes::synthesize;
  hosted newest{options};
  EXPECT_EQ(newest.post("/", {{"text", "Hi."}}).status, 405);
  EXPECT_EQ(newest.post("/synthesize", {{"text", "Hi."}}).status, 200);
  EXPECT_TRUE(newest.get("/voices").parsed().contains("en_US-lessac-medium"));
  options.routes = piper_routes::text;
  hosted oldest{options};
  EXPECT_EQ(oldest.get("/voices").status, 404);
  EXPECT_THAT(oldest.get("/?text=Hi").body, StartsWith("RIFF"));
}

TEST(speaches, speaks_in_every_format) {
  hosted audio{speaches_options{}};
  json body = {{"model", "tts-1"}, {"input", "Hello."}, {"voice", "alloy"}};
  EXPECT_EQ(audio.post("/v1/audio/speech", body).field("content-type"), "audio/mpeg");
  for (std::string format : {"wav", "flac", "aac", "pcm"}) {
    body["response_format"] = format;
    auto got = audio.post("/v1/audio/speech", body);
    EXPECT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(got.field("content-type"), "audio/" + format);
    EXPECT_GT(got.body.size(), 1000U);
  }
  body["stream_format"] = "sse";
  auto events = events_of(audio.post("/v1/audio/speech", body).body);
  EXPECT_EQ(json::parse(events.back())["type"], "speech.audio.done");
}

TEST(speaches, a_bad_voice_is_a_200_with_a_broken_body) {
  hosted audio{speaches_options{}};
  auto got = audio.post("/v1/audio/speech",
                        {{"model", "tts-1"}, {"input", "Hello."}, {"voice", "nobody"}});
  EXPECT_EQ(got.status, 200);
  EXPECT_FALSE(got.complete);
}

TEST(speaches, does_not_fetch_what_is_not_installed) {
  hosted audio{speaches_options{}};
  auto got =
      audio.post("/v1/audio/speech", {{"model", "x/y"}, {"input", "Hello."}, {"voice", "alloy"}});
  EXPECT_EQ(got.status, 404);
  EXPECT_THAT(got.body, HasSubstr("is not installed locally"));
  EXPECT_EQ(audio.get("/v1/models/x/y").status, 404);
  EXPECT_EQ(audio.get("/v1/models/Systran/faster-whisper-small").status, 200);
  EXPECT_EQ(audio.get("/v1/models?task=text-to-speech").parsed()["data"].size(), 1U);
  EXPECT_EQ(audio.get("/api/ps").parsed()["models"].size(), 0U) << "nothing was used yet";
}

TEST(speaches, a_wrong_key_is_a_403) {
  speaches_options options;
  options.api_keys = {"k"};
  hosted audio{options};
  auto got = audio.get("/v1/models");
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(got.field("www-authenticate"), "Bearer");
  EXPECT_EQ(audio.get("/v1/models", {"Authorization: Bearer wrong"}).status, 403);
  EXPECT_EQ(audio.get("/v1/models", {"Authorization: Bearer k"}).status, 200);
  EXPECT_EQ(audio.get("/health").body, R"({"message":"OK"})");
}

TEST(speaches, hears_what_it_says) {
  hosted audio{speaches_options{}};
  auto sound =
      audio.post("/v1/audio/speech", {{"model", "tts-1"},
                                      {"input", "The quick brown fox jumps over the lazy dog."},
                                      {"voice", "af_heart"},
                                      {"response_format", "wav"}});
  auto sent = filled_form()
                  .file("file", "a.wav", sound.body)
                  .field("model", "Systran/faster-whisper-small");
  auto got = sent.post(audio.port(), "/v1/audio/transcriptions");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_THAT(got.parsed()["text"].get<std::string>(), HasSubstr("dog"));
  EXPECT_TRUE(got.parsed()["usage"].is_null());
  auto streamed = sent.field("stream", "true").post(audio.port(), "/v1/audio/transcriptions");
  auto events = events_of(streamed.body);
  EXPECT_EQ(json::parse(events.back())["text"], "");
}

TEST(speaches, refuses_what_is_no_sound) {
  hosted audio{speaches_options{}};
  auto sent = [&](const std::string& bytes) {
    return filled_form()
        .file("file", "a.wav", bytes)
        .field("model", "Systran/faster-whisper-small")
        .post(audio.port(), "/v1/audio/transcriptions")
        .status;
  };
  EXPECT_EQ(sent(""), 400);
  EXPECT_EQ(sent("this is no sound"), 415);
}

} // namespace
} // namespace synapse::backends::test
