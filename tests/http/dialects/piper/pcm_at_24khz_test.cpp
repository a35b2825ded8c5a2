#include "http/dialects/piper/pcm_at_24khz.hpp"
#include "tests/http/dialects/translated.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::piper {
namespace {

/// As Piper calls its recordings.
const std::string page_type = "Content-Type: text/html; charset=utf-8\r\n";
const std::string framed = page_type + "Content-Length: 100000\r\n";

TEST(piper_pcm, has_the_rate_of_openais_whatever_the_voice_has) {
  for (const std::uint32_t rate : {16000U, 22050U, 24000U}) {
    const auto recording = support::wav(rate / 5, 0, rate); // a tenth of a second
    for (const std::size_t piece : {1UL, 43UL, 44UL, 45UL, 100000UL}) {
      pcm_at_24khz answer;
      const auto said = translate(answer, framed, recording, piece);
      EXPECT_EQ(said.problem, "");
      EXPECT_EQ(said.text, std::string(4800, '\0')) << rate << ": " << piece;
      EXPECT_EQ(answer.client_head().content_type, "audio/pcm");
      EXPECT_FALSE(answer.client_head().same_length);
    }
  }
}

TEST(piper_pcm, leaves_samples_of_the_right_rate_alone) {
  pcm_at_24khz answer;
  const auto said = translate(answer, framed, support::wav(1000, 7, 24000) + "LIST behind", 100);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, std::string(1000, 7));
}

TEST(piper_pcm, is_all_that_the_header_promises_or_a_failure) {
  const auto recording = support::wav(200, 7, 22050);
  for (const auto& fields : {page_type, framed})
    for (std::size_t size = 0; size < recording.size(); ++size) {
      pcm_at_24khz cut;
      EXPECT_NE(translate(cut, fields, recording.substr(0, size)).problem, "") << size;
    }
  pcm_at_24khz half;
  EXPECT_EQ(translate(half, framed, support::wav(201, 7, 22050)).problem,
            "its recording was cut off within a sample");
}

TEST(piper_pcm, whose_length_nobody_tells_is_none) {
  const auto endless = support::wav(200, 7, 22050, 0xffffffff);
  pcm_at_24khz unframed;
  EXPECT_EQ(translate(unframed, page_type, endless).problem, "its recording was cut off");
  pcm_at_24khz by_framing;
  EXPECT_EQ(translate(by_framing, framed, endless).problem, "");
}

TEST(piper_pcm, refuses_what_it_cannot_be_made_of) {
  pcm_at_24khz odd;
  EXPECT_EQ(translate(odd, framed, support::wav(10, 7, 22051)).problem,
            "its recording has 22051 Hz, of which no pcm can be made: that has 24000 Hz");
  auto stereo = support::wav(10, 7, 22050);
  stereo[22] = 2;
  pcm_at_24khz two;
  EXPECT_TRUE(translate(two, framed, stereo)
                  .problem.starts_with("its recording has 2 channels of 16 bits"));
  pcm_at_24khz page;
  const auto said = translate(page, framed, "<!doctype html><title>500 Internal</title>");
  EXPECT_TRUE(said.problem.starts_with("its answer is no WAV recording")) << said.problem;
  EXPECT_EQ(said.text, "");
  pcm_at_24khz packed;
  EXPECT_EQ(translate(packed, framed + "Content-Encoding: gzip\r\n", "").problem,
            "its answer is compressed, unasked");
}

} // namespace
} // namespace synapse::http::piper
