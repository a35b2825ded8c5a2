#include "backends/speakers/diarizer.hpp"
#include "tests/backends/hosted.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends::test {
namespace {

using testing::StartsWith;

constexpr auto first_text = "Please send me the report before noon tomorrow, and call me back.";
constexpr auto second_text = "The weather will be cold and windy in the north, with some rain.";

class speakers : public testing::Test {
protected:
  pyannote_options in_folder() {
    pyannote_options out;
    out.programs.temporary = folder_.path();
    return out;
  }

  static json verify(hosted& service, const std::string& a, const std::string& b) {
    return filled_form()
        .file("file1", "a.wav", a)
        .file("file2", "b.wav", b)
        .post(service.port(), "/verify")
        .parsed();
  }

  // One voice after the other.
  static sound conversation(const std::string& a, const std::string& b) {
    return joined({heard(spoken(a, first_text)), heard(spoken(b, second_text))});
  }

  watched_folder folder_;
};

TEST_F(speakers, two_voices_are_two_speakers_with_a_boundary_between_them) {
  hosted service{in_folder()};
  for (auto [a, b] : {std::pair("slt", "rms"), {"rms", "awb"}, {"awb", "slt"}, {"kal16", "slt"}}) {
    auto change = heard(spoken(a, first_text)).seconds();
    auto got = filled_form()
                   .file("file", "a.wav", to_wav(conversation(a, b)))
                   .post(service.port(), "/diarize")
                   .parsed();
    EXPECT_EQ(got["num_speakers"], 2) << a << " " << b << got;
    double first_end = 0;
    double second_start = got["duration"];
    for (const auto& segment : got["segments"])
      if (segment["speaker"] == "SPEAKER_00")
        first_end = std::max(first_end, segment["end"].get<double>());
      else
        second_start = std::min(second_start, segment["start"].get<double>());
    EXPECT_NEAR(first_end, change, 0.5) << a << " " << b;
    EXPECT_NEAR(second_start, change, 0.5) << a << " " << b;
  }
}

TEST_F(speakers, one_voice_is_one_speaker) {
  for (auto voice : {"slt", "rms", "awb", "kal16"}) {
    auto turns = diarize(measure_voice(conversation(voice, voice)), {});
    for (const auto& turn : turns)
      EXPECT_EQ(turn.speaker, 0U) << voice;
    EXPECT_FALSE(turns.empty());
  }
}

TEST_F(speakers, the_number_of_speakers_can_be_given) {
  hosted service{in_folder()};
  auto wav = to_wav(conversation("slt", "rms"));
  auto count = [&](std::string_view name, std::string_view value) {
    return filled_form()
        .file("file", "a.wav", wav)
        .field(name, value)
        .post(service.port(), "/diarize")
        .parsed()["num_speakers"]
        .get<int>();
  };
  EXPECT_EQ(count("num_speakers", "1"), 1);
  EXPECT_EQ(count("num_speakers", "3"), 3);
  EXPECT_EQ(count("max_speakers", "1"), 1);
  EXPECT_EQ(count("min_speakers", "4"), 4);
  EXPECT_EQ(count("max_speakers", "5"), 2);
}

TEST_F(speakers, silence_has_no_speaker) {
  hosted service{in_folder()};
  auto got = filled_form()
                 .file("file", "a.wav", to_wav(tone(0, 2)))
                 .post(service.port(), "/diarize")
                 .parsed();
  EXPECT_EQ(got, (json{{"num_speakers", 0}, {"segments", json::array()}, {"duration", 2.0}}));
}

TEST_F(speakers, a_voice_is_recognized_in_another_sentence_and_told_from_others) {
  hosted service{in_folder()};
  const std::vector<std::string> voices{"slt", "rms", "awb", "kal"};
  for (std::size_t a = 0; a < voices.size(); ++a)
    for (std::size_t b = a; b < voices.size(); ++b) {
      auto got = verify(service, spoken(voices[a], first_text), spoken(voices[b], second_text));
      EXPECT_EQ(got["is_same_speaker"], a == b) << voices[a] << " " << voices[b] << got;
      EXPECT_EQ(got["threshold"], 0.5);
      EXPECT_EQ(got["similarity_score"].get<double>() >= 0.5, a == b);
    }
}

TEST_F(speakers, errors_are_those_of_fastapi) {
  hosted service{in_folder()};
  EXPECT_EQ(service.get("/health").status, 200);
  auto missing = filled_form().file("file1", "a.wav", "x").post(service.port(), "/verify");
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(missing.parsed()["detail"][0]["loc"], (json{"body", "file2"}));
  auto bad = filled_form()
                 .file("file", "a.wav", "x")
                 .field("num_speakers", "two")
                 .post(service.port(), "/diarize");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.parsed()["detail"][0]["type"], "int_parsing");
  auto broken = filled_form().file("file", "a.wav", "x").post(service.port(), "/diarize");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body, "Internal Server Error");
}

TEST_F(speakers, what_nobody_knows_of_the_service_can_be_set) {
  auto options = in_folder();
  options.shape.error_style = unverified_shape::errors::detail;
  options.shape.health_body = R"({"ok":true})";
  hosted service{options};
  EXPECT_EQ(service.get("/health").body, R"({"ok":true})");
  auto broken = filled_form().file("file", "a.wav", "x").post(service.port(), "/diarize");
  EXPECT_EQ(broken.status, 500);
  EXPECT_THAT(broken.parsed()["detail"].get<std::string>(), StartsWith("ffmpeg ended"));
}

} // namespace
} // namespace synapse::backends::test
