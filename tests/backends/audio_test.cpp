#include "tests/backends/hosted.hpp"
#include "tests/backends/sounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace synapse::backends::test {
namespace {

using testing::HasSubstr;

class audio : public testing::Test {
protected:
  deepfilter_options in_folder() {
    deepfilter_options out;
    out.programs.temporary = folder_.path();
    return out;
  }

  static answer convert(hosted& service, const std::string& bytes, const std::string& format,
                        const std::vector<std::pair<std::string, std::string>>& more = {}) {
    filled_form form;
    form.file("file", "in", bytes).field("output_format", format);
    for (const auto& [name, value] : more)
      form.field(name, value);
    return form.post(service.port(), "/convert");
  }

  watched_folder folder_;
};

TEST_F(audio, denoising_raises_the_ratio_of_speech_to_noise) {
  hosted service{in_folder()};
  auto clean = heard(spoken("slt", "Please send me the report before noon tomorrow."), 48000);
  for (float noise : {0.005F, 0.02F, 0.06F, 0.15F}) {
    auto noisy = with_noise(clean, noise);
    auto before = signal_to_noise(clean, noisy);
    auto got = filled_form().file("file", "a.wav", to_wav(noisy)).post(service.port(), "/denoise");
    ASSERT_EQ(got.status, 200);
    EXPECT_EQ(got.field("content-type"), "audio/wav");
    EXPECT_EQ(got.body.substr(24, 4), std::string("\x80\xbb\0\0", 4)); // 48000 Hz
    auto after = signal_to_noise(clean, heard(got.body, 48000));
    EXPECT_GE(after - before, 5) << before << " dB became " << after << " dB";
    EXPECT_NEAR(heard(got.body, 48000).seconds(), clean.seconds(), 0.001);
  }
}

TEST_F(audio, converts_from_format_to_format) {
  hosted service{in_folder()};
  auto bytes = to_wav(tone(440, 1.5, 44100));
  for (auto [format, type] : {std::pair("mp3", "audio/mpeg"),
                              {"flac", "audio/flac"},
                              {"ogg", "audio/ogg"},
                              {"wav", "audio/wav"}}) {
    auto got = convert(service, bytes, format);
    ASSERT_EQ(got.status, 200) << format;
    EXPECT_EQ(got.field("content-type"), type);
    EXPECT_NEAR(heard(got.body).seconds(), 1.5, 0.1) << format;
    bytes = got.body;
  }
}

TEST_F(audio, takes_sample_rate_and_bitrate) {
  hosted service{in_folder()};
  auto bytes = to_wav(tone(440, 1));
  auto low = convert(service, bytes, "wav", {{"sample_rate", "8000"}});
  EXPECT_EQ(low.body.substr(24, 4), std::string("\x40\x1f\0\0", 4));
  auto thin = convert(service, bytes, "mp3", {{"bitrate", "32k"}});
  auto thick = convert(service, bytes, "mp3", {{"bitrate", "128k"}});
  EXPECT_GT(thick.body.size(), 2 * thin.body.size());
  // More than Vorbis has at this rate.
  EXPECT_EQ(convert(service, bytes, "ogg", {{"bitrate", "192k"}}).status, 200);
  EXPECT_EQ(convert(service, bytes, "wav", {{"sample_rate", "1"}}).status, 400);
  EXPECT_EQ(convert(service, bytes, "wav", {{"bitrate", "1;reboot"}}).status, 400);
  EXPECT_EQ(convert(service, bytes, "wav", {{"sample_rate", "fast"}}).status, 422);
  EXPECT_THAT(convert(service, bytes, "aiff").body, HasSubstr("wav, mp3, flac, ogg"));
}

TEST_F(audio, errors_and_types_can_be_set) {
  auto options = in_folder();
  options.shape.audio_type = "application/octet-stream";
  hosted service{options};
  EXPECT_EQ(convert(service, to_wav(tone(440, 0.2)), "flac").field("content-type"),
            "application/octet-stream");
  auto broken = filled_form().file("file", "a", "x").post(service.port(), "/denoise");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body, "Internal Server Error");
  EXPECT_EQ(filled_form().field("a", "b").post(service.port(), "/denoise").status, 422);
  EXPECT_EQ(service.get("/health").status, 200);
}

TEST_F(audio, takes_a_large_upload) {
  hosted service{in_folder()};
  auto bytes = to_wav(tone(440, 400, 48000)); // 38 MB
  auto got = convert(service, bytes, "wav", {{"sample_rate", "8000"}});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body.size(), 44U + 400 * 8000 * 2);
}

TEST_F(audio, a_library_that_is_not_there_is_named) {
  auto options = in_folder();
  options.model = "/proc/version"; // some file
  options.library = "/no/such/libdeepfilter.so";
  hosted service{options};
  ASSERT_EQ(service.host().notices().size(), 1U);
  auto got = filled_form().file("file", "a", "x").post(service.port(), "/denoise");
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, HasSubstr("/no/such/libdeepfilter.so"));
  EXPECT_EQ(service.get("/health").parsed()["model_loaded"], false);
  options.model = "/no/such/model";
  hosted other{options};
  EXPECT_THAT(other.host().notices().at(0), HasSubstr("/no/such/model"));
}

TEST_F(audio, without_ffmpeg_it_says_so) {
  auto options = in_folder();
  options.programs.ffmpeg = "no-ffmpeg";
  hosted service{options};
  EXPECT_EQ(service.host().notices().size(), 1U);
  auto got = filled_form().file("file", "a", "x").post(service.port(), "/denoise");
  EXPECT_EQ(got.status, 500);
  EXPECT_THAT(got.body, HasSubstr("no-ffmpeg"));
}

} // namespace
} // namespace synapse::backends::test
