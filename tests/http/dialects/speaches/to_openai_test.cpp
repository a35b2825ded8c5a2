#include "http/dialects/speaches/request.hpp"
#include "http/dialects/speaches/to_openai.hpp"
#include "tests/http/dialects/translated.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <random>
#include <string>

namespace synapse::http::speaches {
namespace {

constexpr std::string_view event_fields =
    "Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n";
const std::string audio_fields = "Content-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n";
const std::string first =
    "data: {\"delta\":\"Hello.\",\"type\":\"transcript.text.delta\",\"logprobs\":null}\n\n";
const std::string second =
    "data: {\"delta\":\" How are you?\",\"type\":\"transcript.text.delta\",\"logprobs\":null}\n\n";
const std::string last = "data: {\"text\":\"\",\"type\":\"transcript.text.done\",\"logprobs\":null,"
                         "\"usage\":null}\n\n";

TEST(speaches_events, end_with_all_of_the_text) {
  for (const std::size_t piece : {1UL, 7UL, 1000UL}) {
    transcription_events events{1 << 20};
    const auto said = translate(events, event_fields, first + second + last + "data: x\n\n", piece);
    EXPECT_EQ(said.problem, "");
    EXPECT_TRUE(said.ended);
    EXPECT_EQ(said.text,
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hello.\"}\n\n"
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\" How are you?\"}\n\n"
              "data: {\"type\":\"transcript.text.done\",\"text\":\"Hello. How are "
              "you?\"}\n\n");
  }
}

TEST(speaches_events, have_a_text_of_their_own_once_the_server_tells_it) {
  transcription_events events{1 << 20};
  const auto said = translate(events, event_fields,
                              "data: {\"type\":\"transcript.text.done\",\"text\":\"All.\"}\n\n");
  EXPECT_EQ(said.text, "data: {\"type\":\"transcript.text.done\",\"text\":\"All.\"}\n\n");
}

TEST(speaches_events, without_their_end_are_broken_wherever_they_are_cut) {
  const auto stream = first + second + last;
  // Without the line's end, or the blank line behind it, the last event is all there.
  for (std::size_t size = 0; size + 2 < stream.size(); ++size) {
    transcription_events events{1 << 20};
    const auto said = translate(events, event_fields, stream.substr(0, size), 13);
    EXPECT_NE(said.problem, "") << size;
    EXPECT_EQ(said.text.find("transcript.text.done"), std::string::npos) << size;
  }
  transcription_events brief{1 << 20};
  EXPECT_EQ(translate(brief, event_fields, stream.substr(0, stream.size() - 1)).problem, "");
}

TEST(speaches_events, are_refused_when_they_are_something_else) {
  for (const auto* text :
       {"data: {\"detail\":\"it broke\"}\n\n", "data: Hello.\n\n", "data: {\"text\":\"old\"}\n\n",
        "data: [DONE]\n\n", "data: {\"type\":\"transcript.text.delta\"}\n\n",
        "data: {\"type\":\"transcript.text.delta\",\"delta\":5}\n\n", "data: {\"type\":7}\n\n"}) {
    transcription_events events{1 << 20};
    const auto said = translate(events, event_fields, text);
    EXPECT_NE(said.problem, "") << text;
    EXPECT_EQ(said.text, "") << text;
  }
  transcription_events page{1 << 20};
  EXPECT_EQ(translate(page, "Content-Type: text/html\r\n", first).problem,
            "its answer is no event stream");
  transcription_events small{64};
  EXPECT_EQ(translate(small, event_fields, "data: " + std::string(200, 'x') + "\n\n").problem,
            "one of its events is too large");
}

TEST(speaches_events, pass_over_comments_and_what_else_openai_has) {
  transcription_events events{1 << 20};
  const auto said =
      translate(events, event_fields,
                ": wait\n\ndata: {\"type\":\"transcript.text.segment\",\"text\":\"x\"}\n\n" + last);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, ": wait\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"\"}\n\n");
  EXPECT_TRUE(events.promises_events() && events.may_keep_alive());
  EXPECT_TRUE(events.client_head().event_stream);
  std::string out;
  events.broken(out, response_detail::stream_truncated, "it broke off");
  EXPECT_EQ(nlohmann::json::parse(out.substr(6))["error"]["message"], "it broke off");
}

TEST(speaches_events, survive_changed_bytes) {
  std::mt19937 random{11};
  const auto stream = first + second + last;
  for (int round = 0; round < 3000; ++round) {
    auto odd = stream;
    for (auto count = random() % 4 + 1; count > 0; --count)
      odd[random() % odd.size()] = static_cast<char>(random());
    transcription_events events{1 << 10};
    const auto said = translate(events, event_fields, odd, random() % 40 + 1);
    EXPECT_TRUE(said.ended || !said.problem.empty() ||
                said.text.find("transcript.text.done") != std::string::npos);
  }
}

TEST(speaches_openai, has_a_translator_for_each_of_its_formats) {
  for (const auto format : openai_formats()) {
    openai_answer answer{format, false};
    EXPECT_EQ(answer.translator().client_head().content_type,
              format == "mp3" ? "audio/mpeg" : "audio/" + std::string{format});
    openai_answer events{format, true};
    EXPECT_TRUE(events.translator().promises_events());
  }
}

TEST(speaches_openai, takes_nothing_for_no_recording) {
  for (const auto format : openai_formats())
    for (const bool events : {false, true}) {
      openai_answer answer{format, events};
      const auto said = translate(answer.translator(), audio_fields, "");
      EXPECT_NE(said.problem, "") << format << ": an unknown voice has status 200";
      EXPECT_EQ(said.text, "") << format;
    }
}

TEST(speaches_openai, takes_samples_out_of_a_recording_that_does_not_know_its_length) {
  openai_answer answer{"pcm", false};
  const auto said =
      translate(answer.translator(), audio_fields, support::wav(100, 7, 24000, 0xffffffff), 9);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, std::string(100, 7));
  openai_answer slow{"pcm", false};
  EXPECT_NE(translate(slow.translator(), audio_fields, support::wav(100, 7, 22050)).problem, "")
      << "a server that does not know sample_rate";
}

TEST(speaches_openai, knows_every_recording_by_its_first_bytes) {
  const std::string rest(100, '\0');
  for (const auto& [format, begin] : {std::pair{"mp3", "\xff\xfb\x90\x64"},
                                      {"aac", "\xff\xf1\x50\x80"},
                                      {"flac", "fLaC"},
                                      {"opus", "OggS"},
                                      {"wav", "RIFF\x24\xff\xff\xffWAVEfmt "}}) {
    openai_answer answer{format, false};
    EXPECT_EQ(translate(answer.translator(), audio_fields, begin + rest).problem, "") << format;
  }
}

} // namespace
} // namespace synapse::http::speaches
