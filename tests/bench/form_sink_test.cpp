#include "bench/audio_frames.hpp"
#include "bench/form_sink.hpp"
#include "bench/upload_load.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace synapse::bench;

namespace {

constexpr std::string_view part_head =
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n";

std::string form(std::size_t samples, std::size_t promised, std::string_view back) {
  return std::string{part_head} + wav_head(static_cast<std::uint32_t>(promised)) +
         std::string(samples, '\n') + std::string{back};
}

form_sink fed(std::string_view body, std::size_t piece) {
  form_sink sink;
  for (std::size_t at = 0; at < body.size(); at += piece)
    sink.feed(body.substr(at, piece));
  return sink;
}

constexpr std::string_view end = "\r\n--b--\r\n";
constexpr std::string_view field_and_end =
    "\r\n--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nfalse\r\n--b--\r\n";

} // namespace

TEST(bench_form, a_whole_form_is_counted_wherever_it_is_cut) {
  for (const auto back : {end, field_and_end, std::string_view{"\r\n--b--"}}) {
    const std::string body = form(100, 100, back);
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
      const form_sink sink = fed(body, piece);
      EXPECT_TRUE(sink.whole()) << back << piece;
      EXPECT_EQ(sink.file_bytes(), wav_head_bytes + 100) << back << piece;
    }
  }
}

TEST(bench_form, a_form_that_stops_early_is_not_whole) {
  const std::string body = form(100, 100, field_and_end);
  // The line end behind the last delimiter may be missing.
  for (std::size_t size = 0; size < body.size() - 2; ++size)
    EXPECT_FALSE(fed(body.substr(0, size), 16).whole()) << size;
}

TEST(bench_form, bytes_too_few_and_too_many_in_the_recording_are_found) {
  for (const std::size_t samples : {0UL, 99UL, 101UL})
    EXPECT_FALSE(fed(form(samples, 100, end), 4096).whole()) << samples;
}

TEST(bench_form, what_is_no_form_with_a_recording_is_not_whole) {
  for (const std::string& body :
       {std::string{"{}"}, std::string{"--b\r\n\r\nID3 and so on, and so on\r\n--b--\r\n"},
        "b" + form(10, 10, end), std::string(100'000, 'x'),
        form(10, 10, std::string(100'000, 'x'))})
    EXPECT_FALSE(fed(body, 4096).whole()) << body.substr(0, 20);
}

TEST(bench_form, the_prepared_upload_is_such_a_form_of_the_announced_length) {
  const std::string samples = noise(1000);
  for (const std::uint64_t size : {44U, 46U, 1044U, 2048U, 4044U}) {
    const prepared_upload upload{"h:1", "/transcribe", size, samples};
    std::string text;
    while (text.size() < upload.size()) {
      const std::string_view piece = upload.at(text.size());
      ASSERT_FALSE(piece.empty()) << size;
      text += piece;
    }
    EXPECT_EQ(text.size(), upload.size());
    EXPECT_TRUE(upload.at(text.size()).empty());
    const auto body = text.substr(text.find("\r\n\r\n") + 4);
    EXPECT_NE(text.find("Content-Length: " + std::to_string(body.size()) + "\r\n"),
              std::string::npos);
    const form_sink sink = fed(body, 512);
    EXPECT_TRUE(sink.whole()) << size;
    EXPECT_EQ(sink.file_bytes(), size);
  }
}
