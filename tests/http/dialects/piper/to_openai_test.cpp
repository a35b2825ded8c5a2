#include "http/dialects/piper/to_openai.hpp"
#include "tests/http/dialects/translated.hpp"
#include "tests/support/forms.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::http::piper {
namespace {

const std::string called_page = "Content-Type: text/html; charset=utf-8\r\n";
const std::string page =
    "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n"
    "<h1>Internal Server Error</h1>\n<p>The server encountered an internal\nerror.</p>\n";

TEST(piper_openai, has_a_translator_for_each_of_its_formats) {
  for (const auto format : openai_formats()) {
    openai_answer answer{format, false};
    EXPECT_EQ(answer.translator().client_head().content_type, "audio/" + std::string{format});
    EXPECT_FALSE(answer.translator().promises_events());
    openai_answer events{format, true};
    EXPECT_TRUE(events.translator().promises_events());
  }
}

TEST(piper_openai, passes_a_recording_that_is_called_a_page) {
  const auto recording = support::wav(1000, 3, 22050);
  openai_answer answer{"wav", false};
  const auto said = translate(answer.translator(), called_page, recording, 100);
  EXPECT_EQ(said.problem, "");
  EXPECT_EQ(said.text, recording);
}

TEST(piper_openai, is_no_success_wherever_the_recording_is_cut) {
  const auto recording = support::wav(100, 3, 22050);
  for (const auto format : openai_formats())
    for (const bool events : {false, true})
      for (std::size_t size = 0; size < recording.size(); ++size) {
        openai_answer answer{format, events};
        const auto said = translate(answer.translator(), called_page, recording.substr(0, size), 7);
        EXPECT_NE(said.problem, "") << format << ": " << size;
        EXPECT_EQ(said.text.find("speech.audio.done"), std::string::npos) << size;
      }
}

TEST(piper_openai, takes_no_page_for_a_recording) {
  for (const auto format : openai_formats()) {
    openai_answer answer{format, false};
    const auto said = translate(answer.translator(), called_page, page);
    EXPECT_NE(said.problem, "");
    EXPECT_EQ(said.text, "");
  }
}

TEST(piper_trouble, reads_the_sentence_of_a_page) {
  const auto failed = read_trouble(500, page);
  EXPECT_EQ(failed.status, 502U);
  EXPECT_EQ(failed.text, "it answered with status 500: The server encountered an internal error.");
  EXPECT_FALSE(failed.other_generation);
  EXPECT_EQ(read_trouble(500, "<title>Bad &amp; odd</title>").text,
            "it answered with status 500: Bad &amp; odd");
  EXPECT_EQ(read_trouble(500, "").text, "it answered with status 500");
  EXPECT_EQ(read_trouble(503, "busy").status, 503U);
}

TEST(piper_trouble, tells_a_server_of_another_generation) {
  for (const unsigned status : {404U, 405U}) {
    const auto moved = read_trouble(status, page);
    EXPECT_TRUE(moved.other_generation);
    EXPECT_EQ(moved.status, 502U) << "the gateway has chosen the path";
  }
}

TEST(piper_trouble, survives_any_page) {
  for (const auto& text :
       {std::string(1 << 20, '<'), std::string(1 << 20, 'x'), std::string{"<p>"},
        std::string{"<p></p>"}, std::string{"<title><p\0>", 11}, std::string(5000, '\xff')})
    EXPECT_LE(read_trouble(500, text).text.size(), 400U);
}

} // namespace
} // namespace synapse::http::piper
