#include "http/core/wav_header.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using namespace std::string_literals;

std::string le16(unsigned n) {
  return {static_cast<char>(n), static_cast<char>(n >> 8)};
}
std::string le32(std::uint32_t n) {
  return le16(n & 0xffff) + le16(n >> 16);
}
std::string wav_chunk(const std::string& id, const std::string& content) {
  return id + le32(static_cast<std::uint32_t>(content.size())) + content +
         (content.size() % 2 != 0 ? "\0"s : "");
}

struct format {
  unsigned tag = 1, channels = 1;
  std::uint32_t rate = 16000;
  unsigned bits = 16;
  std::string more = {}; // after the first sixteen bytes
  long align = -1;       // -1: what belongs there
  long byte_rate = -1;
};
std::string fmt(const format& f) {
  const auto align =
      f.align >= 0 ? static_cast<unsigned>(f.align) : f.channels * ((f.bits + 7) / 8);
  const auto rate = f.byte_rate >= 0 ? static_cast<std::uint32_t>(f.byte_rate) : f.rate * align;
  return wav_chunk("fmt ", le16(f.tag) + le16(f.channels) + le32(f.rate) + le32(rate) +
                               le16(align) + le16(f.bits) + f.more);
}
std::string riff(const std::string& chunks) {
  return "RIFF" + le32(static_cast<std::uint32_t>(chunks.size() + 4)) + "WAVE" + chunks;
}
std::string data_head(std::uint32_t size) {
  return "data" + le32(size);
}
std::string extension(unsigned tag, unsigned valid_bits,
                      const std::string& tail = "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"s) {
  return le16(22) + le16(valid_bits) + le32(3) + le16(tag) + tail;
}

struct header_outcome {
  wav_status status = wav_status::need_more;
  wav_info info;
  std::string problem;
};

header_outcome parse(std::string_view beginning, std::uint64_t file_bytes = wav_size_unknown) {
  const test::exact_copy bytes(beginning);
  header_outcome out;
  out.status = parse_wav_header({bytes.begin(), bytes.size()}, file_bytes, out.info, out.problem);
  EXPECT_EQ(out.status == wav_status::not_wav || out.status == wav_status::unsupported,
            !out.problem.empty());
  EXPECT_EQ(out.status == wav_status::ok, out.info.channels != 0); // written with ok only
  return out;
}

/// The same with every shorter beginning: more is asked for until the header_outcome is this one.
header_outcome parse_growing(const std::string& text, std::uint64_t file_bytes = wav_size_unknown) {
  const header_outcome all = parse(text, file_bytes);
  bool decided = false;
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const header_outcome now = parse(std::string_view(text).substr(0, n), file_bytes);
    if (now.status == wav_status::need_more) {
      EXPECT_FALSE(decided) << n;
      continue;
    }
    decided = true;
    EXPECT_EQ(now.status, all.status) << n;
    EXPECT_EQ(now.problem, all.problem) << n;
    EXPECT_EQ(now.info.data_offset, all.info.data_offset) << n;
    EXPECT_EQ(now.info.data_bytes, all.info.data_bytes) << n;
  }
  return all;
}

TEST(wav_header, plain_file) {
  const std::string text =
      riff(fmt({.channels = 2, .rate = 44100}) + wav_chunk("data", "1234567\0"s));
  ASSERT_EQ(text.size(), 52u);
  for (const std::uint64_t size : {std::uint64_t{52}, wav_size_unknown}) {
    const header_outcome out = parse_growing(text, size);
    ASSERT_EQ(out.status, wav_status::ok) << out.problem;
    EXPECT_EQ(out.info.format, 1);
    EXPECT_EQ(out.info.channels, 2);
    EXPECT_EQ(out.info.bits_per_sample, 16);
    EXPECT_EQ(out.info.sample_rate, 44100u);
    EXPECT_EQ(out.info.byte_rate, 176400u);
    EXPECT_EQ(out.info.data_offset, 44u);
    EXPECT_EQ(out.info.data_bytes, 8u);
    EXPECT_DOUBLE_EQ(out.info.duration_seconds, 8 / 176400.);
  }
  // The header alone suffices, and one byte less does not.
  EXPECT_EQ(parse(text.substr(0, 44), 52).status, wav_status::ok);
  EXPECT_EQ(parse(text.substr(0, 43), 52).status, wav_status::need_more);
}

TEST(wav_header, formats) {
  const std::tuple<unsigned, unsigned, unsigned, std::string> cases[] = {
      {1, 8, 1, ""},
      {1, 12, 1, ""}, // twelve bits in two bytes
      {1, 24, 1, ""},
      {1, 32, 1, le16(0)},
      {3, 32, 3, le16(0)},
      {3, 64, 3, ""},
      {6, 8, 6, ""},
      {7, 8, 7, le16(0)},
      {0xfffe, 16, 1, extension(1, 16)},
      {0xfffe, 24, 1, extension(1, 20)},
      {0xfffe, 32, 3, extension(3, 32)},
      {0xfffe, 8, 7, extension(7, 8) + "and more"},
  };
  for (const auto& [tag, bits, expected, more] : cases) {
    const header_outcome out = parse_growing(
        riff(fmt({.tag = tag, .channels = 3, .rate = 8000, .bits = bits, .more = more}) +
             data_head(4)),
        1000);
    ASSERT_EQ(out.status, wav_status::ok) << tag << " " << bits << out.problem;
    EXPECT_EQ(out.info.format, expected);
    EXPECT_EQ(out.info.bits_per_sample, bits);
    EXPECT_EQ(out.info.byte_rate, 8000 * 3 * ((bits + 7) / 8));
  }
}

TEST(wav_header, other_chunks_are_skipped) {
  const std::string before = wav_chunk("JUNK", std::string(28, '\0')) + wav_chunk("bext", "odd") +
                             wav_chunk("LIST", "INFOISFT\x0e\0\0\0Lavf59.27.100\0"s) +
                             wav_chunk("Data", "not it") + wav_chunk("\0\0\0\0"s, "");
  const std::string text = riff(before + fmt({}) + wav_chunk("fact", le32(1)) + data_head(2) +
                                "ab" + wav_chunk("LIST", "x"));
  const header_outcome out = parse_growing(text, text.size());
  ASSERT_EQ(out.status, wav_status::ok) << out.problem;
  EXPECT_EQ(out.info.data_offset, text.find("data") + 8);
  EXPECT_EQ(out.info.data_bytes, 2u); // what follows is no sound
}

TEST(wav_header, lying_sizes) {
  const auto size_of = [](std::uint32_t said, std::uint64_t file) {
    const header_outcome out = parse_growing(riff(fmt({})) + data_head(said), file);
    EXPECT_EQ(out.status, wav_status::ok) << out.problem;
    EXPECT_DOUBLE_EQ(out.info.duration_seconds,
                     out.info.data_bytes == wav_size_unknown
                         ? 0
                         : static_cast<double>(out.info.data_bytes) / 32000);
    return out.info.data_bytes;
  };
  EXPECT_EQ(size_of(0xffffffff, 1044), 1000u);
  EXPECT_EQ(size_of(0, 1044), 1000u);
  EXPECT_EQ(size_of(1001, 1044), 1000u);
  EXPECT_EQ(size_of(0x7ffff000, 1044), 1000u);
  EXPECT_EQ(size_of(1000, 1044), 1000u);
  EXPECT_EQ(size_of(999, 1044), 999u);
  EXPECT_EQ(size_of(0, 44), 0u);
  EXPECT_EQ(size_of(0xffffffff, 44), 0u);
  EXPECT_EQ(size_of(0xffffffff, 44 + (std::uint64_t{1} << 33)), std::uint64_t{1} << 33);
  // Nobody knows, or there is only the word of the header.
  EXPECT_EQ(size_of(0xffffffff, wav_size_unknown), wav_size_unknown);
  EXPECT_EQ(size_of(0, wav_size_unknown), wav_size_unknown);
  EXPECT_EQ(size_of(0x7ffff000, wav_size_unknown), 0x7ffff000u);
}

TEST(wav_header, the_size_of_the_riff_chunk_does_not_matter) {
  for (const std::uint32_t size : {0u, 1u, 0xffffffffu}) {
    std::string text = riff(fmt({}) + wav_chunk("data", "ab"));
    text.replace(4, 4, le32(size));
    EXPECT_EQ(parse_growing(text, text.size()).info.data_bytes, 2u);
  }
}

TEST(wav_header, of_kinds_that_are_not_read_here) {
  const std::string data = data_head(2) + "ab";
  const std::pair<std::string, const char*> cases[] = {
      {"RF64\xff\xff\xff\xffWAVE", "RF64"},
      {"BW64\xff\xff\xff\xffWAVE", "BW64"},
      {"RIFX", "big-endian"},
      {riff(fmt({.tag = 2, .bits = 4, .align = 1}) + data), "ADPCM"},
      {riff(fmt({.tag = 0x55}) + data), "MP3"},
      {riff(fmt({.tag = 0x1234}) + data), "4660"},
      {riff(fmt({.tag = 0xfffe, .more = extension(2, 16)}) + data), "ADPCM"},
      {riff(fmt({.tag = 0xfffe, .more = extension(0xfffe, 16)}) + data), "65534"},
      {riff(fmt({.tag = 0xfffe, .more = extension(1, 16, std::string(14, 'x'))}) + data),
       "subformat"},
  };
  for (const auto& [text, problem] : cases) {
    const header_outcome out = parse_growing(text);
    EXPECT_EQ(out.status, wav_status::unsupported) << problem;
    EXPECT_NE(out.problem.find(problem), std::string::npos) << out.problem;
    EXPECT_EQ(parse_growing(text, text.size()).status, wav_status::unsupported) << problem;
  }
}

TEST(wav_header, tells_how_much_is_missing) {
  const auto missing = [](std::uint32_t size, std::uint64_t file_bytes) {
    return parse(riff(fmt({}) + data_head(size)), file_bytes).info.missing_bytes;
  };
  EXPECT_EQ(missing(1000, 1044), 0u);
  EXPECT_EQ(missing(1001, 1044), 1u);
  EXPECT_EQ(missing(5000, 1044), 4000u);
  EXPECT_EQ(missing(5000, wav_size_unknown), 0u);
  // Headers of streams promise nothing.
  for (const std::uint32_t size : {0u, 0xffffffffu, 0x7ffff000u, 0x7fffffdcu})
    EXPECT_EQ(missing(size, 1044), 0u) << size;
}

TEST(wav_header, refused) {
  const std::string data = data_head(2) + "ab";
  const std::pair<std::string, const char*> cases[] = {
      {"ID3\x04 and so on", "does not begin with RIFF"},
      {"OggS", "does not begin with RIFF"},
      {"riff", "does not begin with RIFF"},
      {"RIFF\4\0\0\0AVI "s, "not a WAVE"},
      {riff(data), "data chunk comes before the fmt"},
      {riff(wav_chunk("LIST", "x") + data), "data chunk comes before the fmt"},
      {riff(wav_chunk("fmt ", std::string(14, '\1')) + data), "fmt chunk is too short"},
      {riff(fmt({}) + fmt({}) + data), "two fmt"},
      {riff(fmt({.channels = 0}) + data), "channels is zero"},
      {riff(fmt({.rate = 0}) + data), "sample rate is zero"},
      {riff(fmt({.align = 0}) + data), "block alignment is zero"},
      {riff(fmt({.bits = 0, .align = 2}) + data), "0 bits"},
      {riff(fmt({.bits = 65}) + data), "65 bits"},
      {riff(fmt({.tag = 3, .bits = 16}) + data), "16 bits"},
      {riff(fmt({.tag = 6, .bits = 16}) + data), "16 bits"},
      {riff(fmt({.tag = 7, .bits = 4, .align = 1}) + data), "4 bits"},
      {riff(fmt({.align = 4}) + data), "block alignment does not"},
      {riff(fmt({.channels = 2, .align = 2}) + data), "block alignment does not"},
      {riff(fmt({.byte_rate = 31999}) + data), "byte rate"},
      {riff(fmt({.byte_rate = 0}) + data), "byte rate"},
      // The product is 2^32, which is 0 in 32 bits.
      {riff(fmt({.rate = 0x80000000u, .byte_rate = 0}) + data), "byte rate"},
      {riff(fmt({.tag = 0xfffe}) + data), "too short for an extensible"},
      {riff(fmt({.tag = 0xfffe, .more = extension(1, 16).substr(0, 22)}) + data), "too short for"},
      {riff(fmt({.tag = 0xfffe, .more = le16(0) + extension(1, 16).substr(2)}) + data),
       "too short for"},
      {riff(fmt({.tag = 0xfffe, .more = extension(1, 17)}) + data), "more bits"},
  };
  for (const auto& [text, problem] : cases) {
    const header_outcome out = parse_growing(text);
    EXPECT_EQ(out.status, wav_status::not_wav) << problem;
    EXPECT_NE(out.problem.find(problem), std::string::npos) << out.problem;
    EXPECT_EQ(parse_growing(text, text.size()).status, wav_status::not_wav) << problem;
  }
}

TEST(wav_header, a_file_that_ends_within_its_header) {
  const std::string text = riff(wav_chunk("LIST", "abc") + fmt({}) + data_head(0));
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_EQ(parse(text.substr(0, n), n).problem, "the file ends within its header") << n;
    EXPECT_EQ(parse(text.substr(0, n)).status, wav_status::need_more) << n;
  }
  EXPECT_EQ(parse(text, text.size()).status, wav_status::ok);
  // A beginning that is longer than the file is cut.
  EXPECT_EQ(parse(text, 40).problem, "the file ends within its header");
  // A chunk may claim to be longer than the file.
  EXPECT_EQ(parse(riff("LIST" + le32(5000)), 100).problem, "the file ends within its header");
}

TEST(wav_header, bounded_look_ahead) {
  // 12 + 24 for fmt + 8 for the chunk that fills + 8 for the head of data
  const auto with_filling = [](std::size_t n) {
    return riff(fmt({}) + wav_chunk("fill", std::string(n, 'x')) + data_head(2));
  };
  const std::string last = with_filling(max_wav_header_bytes - 52);
  ASSERT_EQ(last.size(), max_wav_header_bytes);
  EXPECT_EQ(parse(last).status, wav_status::ok);
  EXPECT_EQ(parse(last.substr(0, last.size() - 1)).status, wav_status::need_more);
  // One more, and it is refused as soon as that is known.
  const std::string more = with_filling(max_wav_header_bytes - 50);
  EXPECT_NE(parse(more.substr(0, 44)).problem.find("64 KiB"), std::string::npos);
  for (const std::uint32_t size : {100'000u, 0xfffffffeu, 0xffffffffu}) {
    EXPECT_EQ(parse(riff("fill" + le32(size)).substr(0, 20)).status, wav_status::unsupported);
    EXPECT_EQ(parse(riff("fmt " + le32(size)).substr(0, 20)).problem, "the fmt chunk is too long");
  }
}

TEST(wav_header, bounded_number_of_chunks) {
  const auto with_chunks = [](unsigned n) {
    std::string text = fmt({});
    for (unsigned i = 0; i < n; ++i)
      text += wav_chunk("none", "");
    return riff(text + data_head(2));
  };
  EXPECT_EQ(parse(with_chunks(62)).status, wav_status::ok);
  EXPECT_EQ(parse(with_chunks(63)).problem, "there are too many chunks before the samples");
}

} // namespace
} // namespace synapse::http
