#include "backends/dsp/pitch.hpp"
#include "tests/backends/hosted.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <signal.h>

namespace synapse::backends::test {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class chatterbox : public testing::Test {
protected:
  chatterbox_options in_folder(chatterbox_options options = {}) {
    options.programs.temporary = folder_.path();
    return options;
  }

  static json hello(const std::string& voice = "Alice.wav") {
    return {{"text", "Hello there."}, {"predefined_voice_id", voice}};
  }

  static json clone(const std::string& file) {
    return {{"text", "Hello there, my friend."},
            {"voice_mode", "clone"},
            {"reference_audio_filename", file}};
  }

  static answer upload(hosted& tts, const std::string& name, const std::string& bytes,
                       const std::string& target = "/upload_reference") {
    return filled_form().file("files", name, bytes).post(tts.port(), target);
  }

  static void expect_detail(const answer& got, int status, const std::string& detail) {
    EXPECT_EQ(got.status, status) << got.body;
    EXPECT_EQ(got.field("content-type"), "application/json");
    EXPECT_EQ(got.parsed()["detail"], detail);
  }

  watched_folder folder_;
};

TEST_F(chatterbox, speaks_wav_of_16_bits_and_24000_hz) {
  hosted tts{in_folder()};
  auto got = tts.post("/tts", hello());
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.field("content-type"), "audio/wav");
  EXPECT_THAT(got.field("content-disposition"),
              StartsWith("attachment; filename=\"tts_output_T08_E13_W05_"));
  EXPECT_EQ(got.field("server"), "uvicorn");
  // RIFF, PCM, one channel, 24000 Hz, 16 bits, data: the 44 bytes everybody expects.
  EXPECT_EQ(got.body.substr(20, 16),
            std::string("\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0", 16));
  EXPECT_EQ(got.body.substr(36, 4), "data");
  EXPECT_GT(got.body.size(), 24000U);
}

TEST_F(chatterbox, speaks_mp3_and_opus_under_their_odd_names) {
  hosted tts{in_folder()};
  for (std::string format : {"mp3", "opus"}) {
    auto wanted = hello();
    wanted["output_format"] = format;
    auto got = tts.post("/tts", wanted);
    EXPECT_EQ(got.field("content-type"), "audio/" + format);
    EXPECT_THAT(got.field("content-disposition"), EndsWith("." + format + "\""));
    EXPECT_NEAR(heard(got.body).seconds(), heard(tts.post("/tts", hello()).body).seconds(), 0.2);
  }
}

TEST_F(chatterbox, speaks_every_language_and_as_fast_as_wanted) {
  hosted tts{in_folder()};
  for (const auto& each : spoken_languages()) {
    auto wanted = hello();
    wanted["language"] = each.code;
    EXPECT_EQ(tts.post("/tts", wanted).status, 200) << each.code;
  }
  for (std::string language : {"en", "de"}) {
    json wanted = {{"text", "one two three four five six"}, {"predefined_voice_id", "Henry.wav"}};
    wanted["language"] = language;
    auto usual = heard(tts.post("/tts", wanted).body).seconds();
    wanted["speed_factor"] = 2.0;
    EXPECT_NEAR(heard(tts.post("/tts", wanted).body).seconds(), usual / 2, usual * 0.15);
  }
}

TEST_F(chatterbox, says_what_is_wrong_in_the_order_of_the_contract) {
  hosted tts{in_folder()};
  auto invalid = tts.post("/tts", {{"voice_mode", "whisper"}, {"chunk_size", 40}});
  EXPECT_EQ(invalid.status, 422);
  auto list = invalid.parsed()["detail"];
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0]["type"], "missing");
  EXPECT_EQ(list[0]["loc"], (json{"body", "text"}));
  EXPECT_EQ(list[1]["msg"], "Input should be 'predefined' or 'clone'");
  EXPECT_EQ(list[2]["ctx"]["ge"], 50);
  EXPECT_EQ(tts.post("/tts", {{"text", ""}}).parsed()["detail"][0]["type"], "string_too_short");
  EXPECT_EQ(ask(tts.port(), "POST", "/tts", "{").parsed()["detail"][0]["type"], "json_invalid");
  expect_detail(tts.post("/tts", {{"text", "a"}}), 400,
                "Missing 'predefined_voice_id' for 'predefined' voice mode.");
  expect_detail(tts.post("/tts", {{"text", "a"}, {"voice_mode", "clone"}}), 400,
                "Missing 'reference_audio_filename' for 'clone' voice mode.");
  expect_detail(tts.post("/tts", hello("x.wav")), 404, "Predefined voice file 'x.wav' not found.");
  expect_detail(tts.post("/tts", clone("x.wav")), 404, "Reference audio file 'x.wav' not found.");
  expect_detail(tts.post("/tts", {{"text", " ... "}, {"predefined_voice_id", "Alice.wav"}}), 400,
                "Text processing resulted in no usable chunks.");
  auto klingon = hello();
  klingon["language"] = "tlh";
  expect_detail(tts.post("/tts", klingon), 500,
                "TTS engine failed to synthesize audio for chunk 1.");
}

TEST_F(chatterbox, the_openai_route_wraps_errors_and_looks_for_the_voice_first) {
  hosted tts{in_folder()};
  auto got = tts.post("/v1/audio/speech", {{"input", "Hello."}, {"voice", "Emily.wav"}});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.field("content-disposition"), "");
  expect_detail(tts.post("/v1/audio/speech", {{"input", "-"}, {"voice", "Emily.wav"}}), 500,
                "400: Text processing resulted in no usable chunks.");
  tts.post("/api/unload", json::object());
  expect_detail(tts.post("/v1/audio/speech", {{"input", "a"}, {"voice", "x.wav"}}), 404,
                "Voice file 'x.wav' not found.");
  expect_detail(tts.post("/v1/audio/speech", {{"input", "a"}, {"voice", "Emily.wav"}}), 503,
                "TTS engine model is not currently loaded or available.");
  EXPECT_EQ(tts.get("/api/model-info").parsed()["loaded"], false);
  tts.post("/restart_server", json::object());
  EXPECT_EQ(tts.post("/tts", hello()).status, 200);
}

TEST_F(chatterbox, takes_uploads_and_lists_them) {
  hosted tts{in_folder()};
  auto voice = spoken("rms", "This is my voice.");
  auto got = filled_form()
                 .file("files", "my voice.wav", voice)
                 .file("files", "notes.txt", "text")
                 .file("files", "broken.mp3", "no sound at all")
                 .post(tts.port(), "/upload_reference");
  EXPECT_EQ(got.status, 200);
  auto body = got.parsed();
  EXPECT_EQ(body["message"], "Processed 3 file(s).");
  EXPECT_EQ(body["uploaded_files"], json{"my_voice.wav"});
  EXPECT_EQ(body["all_reference_files"], json{"my_voice.wav"});
  ASSERT_EQ(body["errors"].size(), 2U);
  EXPECT_EQ(body["errors"][0]["filename"], "notes.txt");
  EXPECT_EQ(tts.get("/get_reference_files").parsed(), json{"my_voice.wav"});
  auto refused = upload(tts, "a.txt", "text");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.parsed()["uploaded_files"], json::array());
  auto nothing = filled_form().field("other", "x").post(tts.port(), "/upload_reference");
  EXPECT_EQ(nothing.status, 422);
  EXPECT_EQ(nothing.parsed()["detail"][0]["loc"], (json{"body", "files"}));
  auto more = upload(tts, "Zoe.wav", voice, "/upload_predefined_voice").parsed();
  EXPECT_EQ(more["all_predefined_voices"].back(),
            (json{{"display_name", "Zoe"}, {"filename", "Zoe.wav"}}));
  EXPECT_EQ(tts.post("/tts", hello("Zoe.wav")).status, 200);
}

TEST_F(chatterbox, an_existing_name_is_listed_but_its_content_stays) {
  hosted tts{in_folder()};
  upload(tts, "a.wav", spoken("rms", "This is my voice."));
  auto got = upload(tts, "a.wav", spoken("slt", "This is my voice."));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.parsed()["uploaded_files"], json{"a.wav"});
  EXPECT_NEAR(median_pitch(heard(tts.post("/tts", clone("a.wav")).body)), 100, 10);
}

TEST_F(chatterbox, a_clone_has_the_pitch_of_its_reference) {
  hosted tts{in_folder()};
  for (auto [voice, language] :
       {std::pair("slt", "en"), {"rms", "en"}, {"awb", "en"}, {"slt", "fr"}}) {
    const auto& reference = spoken(voice, "The weather is fine today.");
    auto file = std::string(voice) + ".wav";
    upload(tts, file, reference);
    auto wanted = clone(file);
    wanted["language"] = language;
    auto pitch = median_pitch(heard(reference));
    EXPECT_NEAR(median_pitch(heard(tts.post("/tts", wanted).body)), pitch, pitch * 0.08) << voice;
  }
}

TEST_F(chatterbox, references_are_lost_with_a_restart) {
  hosted tts{in_folder()};
  upload(tts, "a.wav", spoken("rms", "This is my voice."));
  EXPECT_FALSE(folder_.empty());
  tts.misbehave("lose-references");
  expect_detail(tts.post("/tts", clone("a.wav")), 404, "Reference audio file 'a.wav' not found.");
  EXPECT_TRUE(eventually([&] { return folder_.empty(); })); // a worker may still look at it
  EXPECT_EQ(tts.get("/get_reference_files").parsed(), json::array());
}

TEST_F(chatterbox, a_bad_reference_is_named) {
  chatterbox_options unchecked;
  unchecked.check_uploads = false;
  hosted tts{in_folder(unchecked)};
  upload(tts, "noise.wav", "no sound at all");
  upload(tts, "long.wav", to_wav(tone(200, 31)));
  auto noise = tts.post("/tts", clone("noise.wav"));
  EXPECT_EQ(noise.status, 400);
  EXPECT_THAT(noise.parsed()["detail"].get<std::string>(), StartsWith("Invalid reference audio: "));
  expect_detail(tts.post("/tts", clone("long.wav")), 400,
                "Invalid reference audio: Audio duration (31.00s) exceeds maximum allowed (30s).");
  hosted strict{in_folder()};
  EXPECT_EQ(upload(strict, "long.wav", to_wav(tone(200, 31))).status, 400);
}

TEST_F(chatterbox, tells_about_itself) {
  hosted tts{in_folder()};
  auto voices = tts.get("/get_predefined_voices").parsed();
  EXPECT_EQ(voices.size(), 28U);
  EXPECT_EQ(voices[0], (json{{"display_name", "Abigail"}, {"filename", "Abigail.wav"}}));
  auto names = tts.get("/v1/audio/voices?model=x").parsed();
  EXPECT_EQ(names["status"], "ok");
  EXPECT_EQ(names["voices"][0], "Abigail.wav");
  auto data = tts.get("/api/ui/initial-data").parsed();
  for (auto key : {"config", "reference_files", "predefined_voices", "presets",
                   "initial_gen_result", "model_info"})
    EXPECT_TRUE(data.contains(key)) << key;
  auto info = tts.get("/api/model-info").parsed();
  EXPECT_EQ(info["sample_rate"], 24000);
  EXPECT_EQ(info["supported_languages"].size(), 23U);
  EXPECT_EQ(tts.get("/tts").status, 405);
  EXPECT_EQ(tts.get("/tts").field("allow"), "POST");
  expect_detail(tts.get("/nowhere"), 404, "Not Found");
}

TEST_F(chatterbox, answers_nothing_while_it_speaks_unless_told_otherwise) {
  hosted blocking{in_folder()};
  raw_client speaking{blocking.port()};
  auto begin = std::chrono::steady_clock::now();
  speaking.send_request("POST", "/tts", hello().dump(), {"X-Misbehave: synthesis-delay:300"});
  ASSERT_TRUE(eventually([&] { return blocking.counters().requests_started == 1; }));
  EXPECT_EQ(blocking.get("/api/ui/initial-data").status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(300));
  EXPECT_EQ(speaking.read_answer().status, 200);

  chatterbox_options friendly;
  friendly.blocks_while_speaking = false;
  hosted open{in_folder(friendly)};
  raw_client first{open.port()};
  first.send_request("POST", "/tts", hello().dump(), {"X-Misbehave: synthesis-delay:60000"});
  ASSERT_TRUE(eventually([&] { return open.counters().requests_started == 1; }));
  EXPECT_EQ(open.get("/api/ui/initial-data").status, 200);
  // The next text waits for its turn, and gets it when the first client leaves.
  raw_client second{open.port()};
  second.send_request("POST", "/tts", hello().dump());
  ASSERT_TRUE(eventually([&] { return open.counters().requests_started == 3; }));
  first.close();
  EXPECT_EQ(second.read_answer().status, 200);
}

// An engine that never ends, and the way to its process.
class endless_engine {
public:
  explicit endless_engine(watched_folder& folder) : pid_file_(folder.script("pid", "")) {
    program_ = folder.script("slow", "echo $$ >" + pid_file_ + ".new; mv " + pid_file_ + ".new " +
                                         pid_file_ + "; exec sleep 1000");
  }

  const std::string& program() const { return program_; }
  bool started() { return std::ifstream(pid_file_) >> pid_ && pid_ > 0; }
  bool runs() const { return kill(pid_, 0) == 0; }

private:
  std::string pid_file_;
  std::string program_;
  int pid_ = 0;
};

TEST_F(chatterbox, the_engine_is_killed_when_the_client_leaves) {
  endless_engine engine{folder_};
  chatterbox_options options;
  options.programs.flite = engine.program();
  hosted tts{in_folder(options)};
  raw_client client{tts.port()};
  client.send_request("POST", "/tts", hello().dump());
  ASSERT_TRUE(eventually([&] { return engine.started(); }));
  EXPECT_TRUE(engine.runs());
  client.close();
  EXPECT_TRUE(eventually([&] { return !engine.runs(); }));
  EXPECT_TRUE(eventually([&] { return folder_.empty(); }));
  EXPECT_TRUE(eventually([&] { return tts.counters().requests_canceled == 1; }));
}

TEST_F(chatterbox, the_engine_is_killed_when_the_server_ends_or_it_takes_too_long) {
  endless_engine engine{folder_};
  chatterbox_options options;
  options.programs.flite = engine.program();
  {
    hosted tts{in_folder(options)};
    raw_client client{tts.port()};
    client.send_request("POST", "/tts", hello().dump());
    ASSERT_TRUE(eventually([&] { return engine.started(); }));
  }
  EXPECT_FALSE(engine.runs());
  options.programs.limit = milliseconds(100);
  hosted impatient{in_folder(options)};
  auto got = impatient.post("/tts", hello());
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(
      got.parsed()["detail"].get<std::string>(),
      testing::AllOf(StartsWith("Error processing audio chunk 1: "), EndsWith("took too long")));
}

TEST_F(chatterbox, without_its_programs_it_says_which_is_missing) {
  chatterbox_options options;
  options.programs.flite = "no-such-flite";
  hosted tts{in_folder(options)};
  EXPECT_THAT(tts.host().notices(),
              ElementsAre("chatterbox-tts: missing program: no-such-flite (Debian package "
                          "no-such-flite)"));
  auto got = tts.post("/tts", hello());
  EXPECT_EQ(got.status, 503);
  EXPECT_THAT(got.body, HasSubstr("no-such-flite"));
  EXPECT_EQ(tts.get("/api/ui/initial-data").status, 200);
}

TEST_F(chatterbox, refuses_connections_while_its_model_loads) {
  chatterbox_options options;
  options.load_time = std::chrono::hours(1);
  hosted tts{in_folder(options)};
  raw_client client{tts.port()};
  EXPECT_FALSE(client.connected());
}

TEST_F(chatterbox, can_send_broken_audio_and_plain_errors) {
  hosted tts{in_folder()};
  tts.misbehave("broken-audio");
  auto got = tts.post("/tts", hello());
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, StartsWith("RIFF"));
  EXPECT_ANY_THROW(heard(got.body));
  tts.misbehave("text-500");
  auto failed = tts.post("/tts", hello());
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.field("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(failed.body, "Internal Server Error");
  tts.misbehave("loading");
  expect_detail(tts.post("/tts", hello()), 503,
                "TTS engine model is not currently loaded or available.");
}

} // namespace
} // namespace synapse::backends::test
