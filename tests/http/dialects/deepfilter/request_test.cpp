#include "http/dialects/deepfilter/answer.hpp"
#include "http/dialects/deepfilter/request.hpp"

#include <gtest/gtest.h>

namespace synapse::http::deepfilter {
namespace {

TEST(deepfilter, has_four_formats_and_wav_where_none_is_named) {
  ASSERT_NE(format_named(""), nullptr);
  EXPECT_EQ(format_named("")->name, "wav");
  for (const auto* name : {"wav", "MP3", "Flac", "ogg"})
    EXPECT_NE(format_named(name), nullptr) << name;
  EXPECT_EQ(format_named("OGG")->kind, media_kind::ogg);
  EXPECT_EQ(format_named("aac"), nullptr);
}

TEST(deepfilter, takes_bit_rates_as_ffmpeg_does) {
  for (const auto* rate : {"4k", "192k", "1000K", "4000", "1000000"})
    EXPECT_TRUE(is_bitrate(rate)) << rate;
  for (const auto* rate :
       {"", "k", "3k", "3999", "1001k", "1000001", "-5k", "192kk", "192 k", "1.5k", "9999999999"})
    EXPECT_FALSE(is_bitrate(rate)) << rate;
}

TEST(deepfilter, is_told_the_format_and_what_is_given_besides) {
  EXPECT_EQ(fields_of({}), (form_fields{{"output_format", "wav"}}));
  EXPECT_EQ(fields_of({"MP3", "16000", "192k"}),
            (form_fields{{"sample_rate", "16000"}, {"bitrate", "192k"}, {"output_format", "mp3"}}));
}

TEST(deepfilter, has_its_recordings_passed_on_as_attachments) {
  const auto denoised = make_denoised();
  EXPECT_EQ(denoised->client_head().content_type, "audio/wav");
  EXPECT_EQ(denoised->client_head().fields,
            "Content-Disposition: attachment; filename=\"denoised.wav\"\r\n");
  const auto converted = make_converted(*format_named("flac"));
  EXPECT_EQ(converted->client_head().content_type, "audio/flac");
  EXPECT_EQ(converted->client_head().fields,
            "Content-Disposition: attachment; filename=\"converted.flac\"\r\n");
}

} // namespace
} // namespace synapse::http::deepfilter
