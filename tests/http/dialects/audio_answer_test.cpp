#include "http/dialects/audio_answer.hpp"
#include "tests/http/dialects/translated.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http {
namespace {

const std::string recording = support::wav(1000);
const std::string framed = "Content-Length: " + std::to_string(recording.size()) + "\r\n";

audio_answer wav_answer() {
  return {media_kind::wav, "audio/wav", ""};
}

TEST(audio_answer, passes_a_recording_as_it_comes) {
  for (const std::size_t piece : {1, 15, 16, 17, 5000}) {
    auto answer = wav_answer();
    const auto said = translate(answer, framed, recording, piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_EQ(said.text, recording) << piece;
  }
}

TEST(audio_answer, has_the_clients_media_type_and_may_be_an_attachment) {
  auto played = wav_answer();
  EXPECT_EQ(played.client_head().content_type, "audio/wav");
  EXPECT_EQ(played.client_head().fields, "");
  EXPECT_TRUE(played.client_head().same_length);
  audio_answer file{media_kind::wav, "audio/wav", "x.wav"};
  EXPECT_EQ(file.client_head().fields, "Content-Disposition: attachment; filename=\"x.wav\"\r\n");
}

TEST(audio_answer, shows_nothing_of_what_is_no_recording_of_its_kind) {
  auto page = wav_answer();
  auto said = translate(page, framed, "<html>An error page with status 200</html>");
  EXPECT_EQ(said.text, "");
  EXPECT_EQ(said.problem, "its answer is no WAV recording");
  audio_answer other{media_kind::mpeg, "audio/mpeg", ""};
  said = translate(other, framed, recording);
  EXPECT_EQ(said.problem, "its answer is no MP3 recording");
  auto empty = wav_answer();
  EXPECT_EQ(translate(empty, framed, "").problem, "its answer is empty");
  auto brief = wav_answer();
  EXPECT_EQ(translate(brief, framed, "RIFF").problem, "its answer is too short for a recording");
  auto packed = wav_answer();
  EXPECT_EQ(translate(packed, framed + "Content-Encoding: gzip\r\n", recording).problem,
            "its answer is compressed, unasked");
}

TEST(audio_answer, asks_the_header_whether_all_is_there_where_nothing_else_tells) {
  const auto cut = recording.substr(0, recording.size() - 10);
  auto unframed = wav_answer();
  EXPECT_EQ(translate(unframed, "", cut, 100).problem, "its recording was cut off");
  auto whole = wav_answer();
  EXPECT_EQ(translate(whole, "", recording, 100).problem, "");
  auto of_known_length = wav_answer();
  EXPECT_EQ(translate(of_known_length, framed, cut, 100).problem, "") << "the relay counts";
  for (std::size_t size = 0; size < recording.size(); ++size) {
    auto anywhere = wav_answer();
    EXPECT_NE(translate(anywhere, "", recording.substr(0, size)).problem, "") << size;
  }
}

} // namespace
} // namespace synapse::http
