#include "http/dialects/audio_answer.hpp"
#include "http/dialects/openai/audio/pcm_answer.hpp"
#include "http/dialects/openai/audio/speech_events.hpp"
#include "tests/http/dialects/translated.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace synapse::http::openai {
namespace {

constexpr std::uint32_t rate = 24000;
const std::string chunked = "Transfer-Encoding: chunked\r\n";
const std::string done = "data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":0,"
                         "\"output_tokens\":0,\"total_tokens\":0}}\n\n";

TEST(openai_pcm, is_the_samples_of_a_recording) {
  const auto recording = support::wav(1000, 7, rate);
  for (const std::size_t piece : {1, 43, 44, 45, 5000}) {
    pcm_answer answer;
    const auto said = translate(answer, chunked, recording + "LIST of what comes behind", piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_EQ(said.text, std::string(1000, 7)) << piece;
    EXPECT_EQ(answer.client_head().content_type, "audio/pcm");
  }
}

TEST(openai_pcm, has_one_rate_and_form) {
  pcm_answer slow;
  EXPECT_EQ(translate(slow, chunked, support::wav(10, 7, 16000)).problem,
            "its recording has 16000 Hz, 1 channels of 16 bits: pcm has 24000 Hz and one channel "
            "of 16 bits");
  pcm_answer page;
  const auto said = translate(page, chunked, "<html>An error page with status 200</html>");
  EXPECT_TRUE(said.problem.starts_with("its answer is no WAV recording")) << said.problem;
  EXPECT_EQ(said.text, "");
  pcm_answer empty;
  EXPECT_EQ(translate(empty, chunked, "").problem, "its answer is no WAV recording");
}

TEST(openai_pcm, of_an_unframed_answer_has_to_be_all_that_its_header_promises) {
  pcm_answer cut;
  EXPECT_EQ(translate(cut, "", support::wav(10, 7, rate, 100)).problem,
            "its recording was cut off");
  pcm_answer whole;
  EXPECT_EQ(translate(whole, "", support::wav(100, 7, rate)).problem, "");
  pcm_answer promises_nothing;
  EXPECT_EQ(translate(promises_nothing, "", support::wav(10, 7, rate, 0x7fffff00)).problem, "");
}

TEST(openai_speech_events, have_all_of_the_sound_and_an_end) {
  const std::string sound = "RIFF1234WAVEfmt and so on"; // 25 bytes: the last group is not full
  for (const std::size_t piece : {1, 2, 17, 1000}) {
    audio_answer inner{media_kind::wav, "audio/wav", ""};
    speech_events events{inner};
    EXPECT_TRUE(events.promises_events() && events.may_keep_alive());
    const auto said = translate(events, chunked, sound, piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_TRUE(said.text.ends_with(done)) << said.text;
    std::string base64;
    for (std::string_view rest = said.text; !rest.starts_with(done);
         rest.remove_prefix(rest.find("\n\n") + 2)) {
      const auto event = nlohmann::json::parse(rest.substr(6, rest.find("\n\n") - 6));
      EXPECT_EQ(event["type"], "speech.audio.delta");
      base64 += event["audio"].get<std::string>();
    }
    EXPECT_EQ(base64, "UklGRjEyMzRXQVZFZm10IGFuZCBzbyBvbg==") << piece;
  }
}

TEST(openai_speech_events, have_the_troubles_of_what_is_within) {
  audio_answer inner{media_kind::wav, "audio/wav", ""};
  speech_events events{inner};
  const auto said = translate(events, chunked, "<html>An error page with status 200</html>");
  EXPECT_EQ(said.problem, "its answer is no WAV recording");
  EXPECT_EQ(said.text, "");
  std::string out;
  events.broken(out, response_detail::stream_truncated, "it broke off");
  EXPECT_EQ(nlohmann::json::parse(out.substr(6))["error"]["message"], "it broke off");
}

} // namespace
} // namespace synapse::http::openai
