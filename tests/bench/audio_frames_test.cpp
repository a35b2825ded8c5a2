#include "bench/audio_frames.hpp"
#include "bench/response_reader.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

using namespace synapse::bench;

namespace {

/// What the stub sends with these times, without the framing of HTTP.
std::string body_with(const std::vector<std::uint64_t>& times) {
  audio_pieces pieces;
  std::string stream = pieces.opening();
  for (const auto one : times)
    stream += pieces.frame(one);
  stream += pieces.closing();
  response_reader reader;
  std::string body;
  EXPECT_EQ(reader.feed(stream, &body), response_reader::progress::complete);
  return body;
}

const std::vector<std::uint64_t> times{0, 123'456'789'012,
                                       std::numeric_limits<std::uint64_t>::max()};

} // namespace

TEST(bench_audio, the_stub_writes_what_the_scanner_reads_wherever_reads_are_cut) {
  const std::string body = body_with(times);
  ASSERT_EQ(body.size(), wav_head_bytes + times.size() * frame_bytes);
  for (const std::size_t piece : {1UL, 7UL, 43UL, 44UL, 45UL, 960UL, 1004UL, 65536UL}) {
    frame_scanner scanner;
    std::vector<std::uint64_t> seen;
    for (std::size_t at = 0; at < body.size(); at += piece)
      scanner.feed(std::string_view{body}.substr(at, piece),
                   [&](std::uint64_t sent) { seen.push_back(sent); });
    EXPECT_EQ(seen, times) << piece;
    EXPECT_TRUE(scanner.between_frames()) << piece;
  }
}

TEST(bench_audio, a_body_may_end_only_behind_a_whole_frame) {
  const std::string body = body_with({1});
  for (const std::size_t size : {0UL, 1UL, 43UL, 45UL, 1003UL}) {
    frame_scanner scanner;
    scanner.feed(std::string_view{body}.substr(0, size), [](std::uint64_t) {});
    EXPECT_FALSE(scanner.between_frames()) << size;
    EXPECT_FALSE(scanner.broken()) << size;
  }
}

TEST(bench_audio, a_changed_byte_is_found) {
  for (const std::size_t at : {0UL, 24UL, 43UL, 44UL + 8, 44UL + 959}) {
    std::string body = body_with({1, 2});
    body[at] = '?';
    frame_scanner scanner;
    std::size_t seen = 0;
    scanner.feed(body, [&](std::uint64_t) { ++seen; });
    EXPECT_TRUE(scanner.broken()) << at;
    EXPECT_EQ(seen, 0U) << at;
  }
}

TEST(bench_audio, the_head_is_that_of_a_wav_file_of_that_length) {
  const std::string head = wav_head(1000);
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(head[at + i]);
    return value;
  };
  ASSERT_EQ(head.size(), wav_head_bytes);
  EXPECT_EQ(head.substr(0, 4) + head.substr(8, 8) + head.substr(36, 4), "RIFFWAVEfmt data");
  EXPECT_EQ(number(4, 4), 1000U + wav_head_bytes - 8);
  EXPECT_EQ(number(20, 2), 1U);
  EXPECT_EQ(number(22, 2), 1U);
  EXPECT_EQ(number(24, 4), audio_rate);
  EXPECT_EQ(number(28, 4), audio_rate * 2);
  EXPECT_EQ(number(34, 2), 16U);
  EXPECT_EQ(number(40, 4), 1000U);
  EXPECT_EQ(frame_bytes * 50, std::size_t{audio_rate} * 2);
}
