#include "tests/backends/hosted.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto sentence = "The quick brown fox jumps over the lazy dog.";

class whisper : public testing::Test {
protected:
  whisper_options in_folder(whisper_options options = {}) {
    options.programs.temporary = folder_.path();
    return options;
  }

  // A recognizer that says the same of every recording, at once.
  whisper_options quick() {
    auto options = in_folder();
    options.programs.recognizer = folder_.script(
        "recognizer", "printf 'hello world\\nhello 0.100 0.500 0.9\\nworld 0.510 1.000 0.8\\n'");
    return options;
  }

  static filled_form with(const std::string& bytes) {
    filled_form out;
    out.file("file", "speech.wav", bytes);
    return out;
  }

  std::string short_wav_ = to_wav(tone(300, 1));
  watched_folder folder_;
};

TEST_F(whisper, understands_what_flite_says) {
  hosted stt{in_folder()};
  EXPECT_EQ(stt.get("/health").body,
            R"({"status":"ok","model_loaded":false,"model":"pocketsphinx-en-us"})");
  auto got = with(spoken("slt", sentence)).post(stt.port(), "/transcribe").parsed();
  auto text = got["text"].get<std::string>();
  int understood = 0;
  for (auto word : {"the", "quick", "brown", "fox", "over", "lazy", "dog"})
    understood += (" " + text + " ").find(" " + std::string(word) + " ") != std::string::npos;
  EXPECT_GE(understood, 6) << text;
  EXPECT_EQ(got["language"], "en");
  EXPECT_GT(got["language_probability"], 0.3);
  EXPECT_NEAR(got["duration"], 2.9, 0.3);
  double last = 0;
  for (const auto& segment : got["segments"])
    for (const auto& word : segment["words"]) {
      EXPECT_THAT(word["word"].get<std::string>(), StartsWith(" "));
      EXPECT_GE(word["start"].get<double>(), last);
      last = word["end"];
      EXPECT_LE(last, got["duration"].get<double>() + 0.05);
    }
  EXPECT_EQ(stt.get("/health").parsed()["model_loaded"], true);
}

TEST_F(whisper, answers_in_the_shape_of_the_contract) {
  hosted stt{quick()};
  EXPECT_EQ(with(short_wav_).post(stt.port(), "/transcribe").body,
            R"({"text":"hello world","language":"en","language_probability":0.85,"duration":1.0,)"
            R"("segments":[{"id":1,"text":"hello world","start":0.1,"end":1.0,"words":[)"
            R"({"word":" hello","start":0.1,"end":0.5,"probability":0.9},)"
            R"({"word":" world","start":0.51,"end":1.0,"probability":0.8}]}]})");
  auto plain = with(short_wav_).field("word_timestamps", "false");
  EXPECT_TRUE(plain.post(stt.port(), "/transcribe").parsed()["segments"][0]["words"].is_null());
  EXPECT_EQ(
      with(short_wav_).post(stt.port(), "/detect-language").body,
      R"({"detected_language":"en","probability":0.85,"all_languages":[{"code":"en","name":"en"}]})");
}

TEST_F(whisper, streams_segments_with_crlf_and_done) {
  hosted stt{quick()};
  auto got = with(short_wav_).post(stt.port(), "/stream");
  EXPECT_EQ(got.field("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(got.body,
            "event: segment\r\ndata: {\"id\": 1, \"text\": \"hello world\", \"start\": 0.1, "
            "\"end\": 1.0, \"words\": [{\"word\": \" hello\", \"start\": 0.1, \"end\": 0.5, "
            "\"probability\": 0.9}, {\"word\": \" world\", \"start\": 0.51, \"end\": 1.0, "
            "\"probability\": 0.8}]}\r\n\r\nevent: done\r\ndata: {}\r\n\r\n");
}

TEST_F(whisper, a_stream_that_fails_just_ends) {
  hosted stt{quick()};
  auto broken = with("no sound").post(stt.port(), "/stream");
  EXPECT_EQ(broken.status, 200);
  EXPECT_TRUE(broken.complete);
  EXPECT_EQ(broken.body, "");
  stt.misbehave("no-done");
  auto silent = with(short_wav_).post(stt.port(), "/stream");
  EXPECT_THAT(silent.body, testing::Not(HasSubstr("event: done")));
  EXPECT_TRUE(silent.complete);
}

TEST_F(whisper, pings_until_the_model_has_heard_all) {
  auto options = quick();
  options.ping_interval = milliseconds(5);
  options.load_time = milliseconds(100);
  hosted stt{options};
  auto first = with(short_wav_).post(stt.port(), "/stream").body;
  EXPECT_THAT(first, StartsWith(": ping - 20"));
  EXPECT_THAT(first, HasSubstr("+00:00\r\n\r\n: ping"));
  EXPECT_THAT(first, testing::EndsWith("event: done\r\ndata: {}\r\n\r\n"));
  stt.misbehave("load-delay:50");
  EXPECT_THAT(with(short_wav_).post(stt.port(), "/stream").body, StartsWith(": ping"));
}

TEST_F(whisper, answers_bad_requests_as_fastapi_does) {
  hosted stt{quick()};
  for (auto target : {"/transcribe", "/detect-language", "/stream"}) {
    auto missing = filled_form().field("language", "en").post(stt.port(), target);
    EXPECT_EQ(missing.status, 422);
    EXPECT_EQ(missing.body, R"({"detail":[{"type":"missing","loc":["body","file"],)"
                            R"("msg":"Field required","input":null}]})");
  }
  auto bad = with(short_wav_).field("word_timestamps", "maybe").post(stt.port(), "/transcribe");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.parsed()["detail"][0]["type"], "bool_parsing");
  for (auto form : {with("no sound"), with(short_wav_).field("language", "klingon")}) {
    auto failed = form.post(stt.port(), "/transcribe");
    EXPECT_EQ(failed.status, 500);
    EXPECT_EQ(failed.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(failed.body, "Internal Server Error");
  }
  EXPECT_EQ(with("no sound").post(stt.port(), "/detect-language").status, 500);
  EXPECT_EQ(ask(stt.port(), "POST", "/transcribe", "--x\nbad",
                {"Content-Type: multipart/form-data; boundary=x"})
                .status,
            400);
}

TEST_F(whisper, one_at_a_time_but_health_always) {
  auto options = quick();
  options.load_time = std::chrono::hours(1);
  hosted stt{options};
  raw_client first{stt.port()};
  with(short_wav_).send(first, "/transcribe");
  ASSERT_TRUE(eventually([&] { return stt.counters().requests_started == 1; }));
  raw_client second{stt.port()};
  with(short_wav_).send(second, "/transcribe");
  EXPECT_EQ(stt.get("/health").parsed()["model_loaded"], false);
  first.close();
  ASSERT_TRUE(eventually([&] { return stt.counters().requests_canceled == 1; }));
  // Now it is the second's turn to wait for the model.
  EXPECT_EQ(stt.get("/health").parsed()["model_loaded"], false);
}

TEST_F(whisper, without_its_model_it_says_so) {
  auto options = in_folder();
  options.programs.speech_model = "/no/such/model";
  hosted stt{options};
  ASSERT_EQ(stt.host().notices().size(), 1U);
  EXPECT_THAT(stt.host().notices()[0], HasSubstr("/no/such/model"));
  auto got = with(short_wav_).post(stt.port(), "/transcribe");
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, HasSubstr("pocketsphinx-en-us"));
}

} // namespace
} // namespace synapse::backends::test
