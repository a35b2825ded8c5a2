#include "http/core/body/wav_header.hpp"
#include "tests/http/core/body/wav_support.hpp"
#include "tests/http/core/support.hpp"

#include <gtest/gtest.h>

namespace synapse::http {
namespace {

using namespace std::string_literals;
using namespace test_wav;

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
    EXPECT_EQ(out.info.byte_rate, 8000u * 3 * ((bits + 7) / 8));
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

TEST(wav_header, of_kinds_that_are_not_known) {
  const std::string data = data_head(2) + "ab";
  const std::pair<std::string, const char*> cases[] = {
      {riff(fmt({.tag = 0x1234}) + data), "4660"},
      {riff(fmt({.tag = 0}) + data), "format 0"},
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

TEST(wav_header, byte_rate_and_block_alignment_are_counted_not_believed) {
  // Two seconds of stereo, whatever is said.
  const std::string samples(2 * 2 * 2 * 8000, '\1');
  for (const long byte_rate : {0L, 1L, 16000L, 32000L, 64000L, 0xffffffffL})
    for (const long align : {0L, 1L, 2L, 4L, 8L, 0xffffL}) {
      const auto text =
          riff(fmt({.channels = 2, .rate = 8000, .align = align, .byte_rate = byte_rate}) +
               wav_chunk("data", samples));
      const auto out = parse(text, text.size());
      ASSERT_EQ(out.status, wav_status::ok) << byte_rate << ' ' << align << out.problem;
      EXPECT_EQ(out.info.byte_rate, 32000u);
      EXPECT_DOUBLE_EQ(out.info.duration_seconds, 2);
    }
}

TEST(wav_header, rf64_of_any_size) {
  const std::string samples(32000, '\1');
  for (const auto* id : {"RF64", "BW64"})
    for (const std::uint32_t size : {0xffffffffu, 32000u, 0u}) {
      const auto text = riff(ds64(32000, 16000) + fmt({}) + data_head(size) + samples, id);
      const auto out = parse_growing(text.substr(0, 200), text.size());
      ASSERT_EQ(out.status, wav_status::ok) << out.problem;
      EXPECT_EQ(out.info.data_bytes, 32000u);
      EXPECT_DOUBLE_EQ(out.info.duration_seconds, 1);
      EXPECT_EQ(out.info.missing_bytes, 0u);
    }
  // Above 4 GiB, where they belong.
  const std::uint64_t large = std::uint64_t{5} << 30;
  const auto head = riff(ds64(large) + fmt({}) + data_head(0xffffffff), "RF64");
  EXPECT_EQ(parse(head).info.data_bytes, large);
  EXPECT_DOUBLE_EQ(parse(head, head.size() + large).info.duration_seconds, double(large) / 32000);
  EXPECT_EQ(parse(head, head.size() + 1000).info.missing_bytes, large - 1000);
  // A writer that could not go back to its ds64 chunk.
  const auto streamed = riff(ds64(0) + fmt({}) + data_head(0xffffffff), "RF64");
  EXPECT_EQ(parse(streamed, streamed.size() + 1000).info.data_bytes, 1000u);
}

TEST(wav_header, big_endian_files) {
  const auto be32 = [](std::uint32_t n) {
    const auto turned = le32(n);
    return std::string(turned.rbegin(), turned.rend());
  };
  const auto text = "RIFX" + be32(0) + "WAVEfmt " + be32(16) + "\0\1\0\2"s + be32(8000) + be32(7) +
                    "\0\4\0\20"s + "data" + be32(32000);
  const auto out = parse_growing(text, text.size() + 32000);
  ASSERT_EQ(out.status, wav_status::ok) << out.problem;
  EXPECT_EQ(out.info.channels, 2);
  EXPECT_DOUBLE_EQ(out.info.duration_seconds, 1);
}

TEST(wav_header, compressed_formats_tell_their_duration_as_well_as_they_can) {
  const auto seconds = [](const format& f, std::uint32_t data, const std::string& before = {}) {
    const auto text = riff(before + fmt(f) + data_head(data));
    const auto out = parse_growing(text, text.size() + data);
    EXPECT_EQ(out.status, wav_status::ok) << out.problem;
    return out.info.duration_seconds;
  };
  // By blocks, which a decoder needs: 256 bytes of 505 frames, not by a byte rate that lies.
  EXPECT_DOUBLE_EQ(seconds({.tag = 0x11,
                            .rate = 5050,
                            .bits = 4,
                            .more = le16(2) + le16(505),
                            .align = 256,
                            .byte_rate = 1},
                           2560),
                   1);
  EXPECT_DOUBLE_EQ(
      seconds({.tag = 0x55, .rate = 8000, .bits = 0, .align = 1, .byte_rate = 1000}, 4000), 4);
  EXPECT_DOUBLE_EQ(seconds({.tag = 0x55, .rate = 8000, .bits = 0, .align = 1, .byte_rate = 0}, 4000,
                           wav_chunk("fact", le32(24000))),
                   3);
  EXPECT_DOUBLE_EQ(seconds({.tag = 0x55, .rate = 8000, .bits = 0, .align = 1, .byte_rate = 0}, 9),
                   0)
      << "nobody can tell";
}

TEST(wav_header, samples_may_come_before_their_format) {
  const std::string text = riff(wav_chunk("data", "12345") + wav_chunk("LIST", "x") + fmt({}));
  for (const std::uint64_t size : {std::uint64_t{text.size()}, wav_size_unknown}) {
    const auto out = parse_growing(text, size);
    ASSERT_EQ(out.status, wav_status::ok) << out.problem;
    EXPECT_EQ(out.info.data_offset, 20u);
    EXPECT_EQ(out.info.data_bytes, 5u);
  }
}

TEST(wav_header, odd_fmt_chunks) {
  const auto data = data_head(16000);
  const auto short_form = le16(1) + le16(1) + le32(8000) + le32(8000) + le16(1);
  EXPECT_DOUBLE_EQ(parse(riff(wav_chunk("fmt ", short_form) + data)).info.duration_seconds, 2)
      << "eight bits where none are said";
  const auto cases = {
      riff(fmt({}) + fmt({.channels = 2}) + data),           // the first one counts
      riff(fmt({.more = le16(500)}) + data),                 // announces what does not come
      riff(fmt({.more = std::string(100'000, 'x')}) + data), // brings what nobody needs
      riff(fmt({.tag = 0xfffe, .more = extension(1, 0)}) + data),
      riff(fmt({.tag = 0xfffe, .more = extension(1, 20)}) + data),
      riff(fmt({.tag = 0xfffe,
                .more = extension(1, 16, "\0\0\x21\x07\xd3\x11\x86\x44\xc8\xc1\xca\0\0\0"s)}) +
           data)};
  for (const auto& text : cases) {
    const auto out = parse(text);
    EXPECT_EQ(out.status, wav_status::ok) << out.problem;
    EXPECT_EQ(out.info.channels, 1);
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
      {riff(data_head(0) + "ab"), "data chunk comes before the fmt"},
      {riff(wav_chunk("LIST", "x") + data_head(0xffffffff)), "data chunk comes before the fmt"},
      {riff(wav_chunk("fmt ", std::string(13, '\1')) + data), "fmt chunk is too short"},
      {riff(fmt({}) + data, "RF64"), "ds64"},
      {riff(wav_chunk("JUNK", "x") + ds64(2) + fmt({}) + data, "RF64"), "ds64"},
      {riff(wav_chunk("ds64", std::string(16, '\0')) + fmt({}) + data, "RF64"), "too short"},
      {riff(ds64(~std::uint64_t{0}) + fmt({}) + data, "RF64"), "impossible"},
      {riff(ds64(2, ~std::uint64_t{0}) + fmt({}) + data, "RF64"), "impossible"},
      {riff(fmt({.channels = 0}) + data), "channels is zero"},
      {riff(fmt({.channels = 65}) + data), "65 channels"},
      {riff(fmt({.rate = 0}) + data), "sample rate is zero"},
      {riff(fmt({.rate = 0x80000000u}) + data), "sample rate is 2147483648"},
      {riff(fmt({.bits = 0, .align = 2}) + data), "0 bits"},
      {riff(fmt({.bits = 40}) + data), "40 bits"},
      {riff(fmt({.bits = 65}) + data), "65 bits"},
      {riff(fmt({.tag = 3, .bits = 16}) + data), "16 bits"},
      {riff(fmt({.tag = 0xfffe}) + data), "too short for an extensible"},
      {riff(fmt({.tag = 0xfffe, .more = extension(1, 16).substr(0, 22)}) + data), "too short for"},
      {riff(fmt({.tag = 0xfffe, .more = le16(0) + extension(1, 16).substr(2)}) + data),
       "too short for"},
      {riff(fmt({.tag = 0xfffe, .more = extension(3, 16)}) + data), "16 bits"},
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

TEST(wav_header, chunks_before_the_samples_have_any_number_and_size) {
  for (const std::size_t size : {65'000U, 65'536U, 1'000'001U}) {
    const auto text = riff(fmt({}) + wav_chunk("LIST", std::string(size, 'x')) + data_head(2));
    const auto out = parse(text, text.size() + 2);
    EXPECT_EQ(out.status, wav_status::ok) << size << out.problem;
    EXPECT_EQ(out.info.data_offset, text.size());
  }
  auto many = fmt({});
  for (int i = 0; i < 5000; ++i)
    many += wav_chunk("none", "");
  EXPECT_EQ(parse(riff(many + data_head(2))).status, wav_status::ok);
}

TEST(wav_header, is_read_alike_in_whatever_pieces_it_comes) {
  const auto text = riff(ds64(4) + wav_chunk("LIST", std::string(3001, 'x')) +
                             fmt({.tag = 0xfffe, .more = extension(1, 16) + "and more"}) +
                             wav_chunk("fact", le32(2)) + data_head(0xffffffff) + "1234",
                         "RF64");
  for (const std::size_t size : {1U, 2U, 7U, 13U, 64U, 1000U, 5000U}) {
    wav_scanner scanner;
    for (std::size_t at = 0; at < text.size(); at += size)
      scanner.feed(std::string_view{text}.substr(at, size));
    ASSERT_EQ(scanner.finish(text.size()), wav_status::ok) << size << scanner.problem();
    EXPECT_EQ(scanner.info().data_offset, text.size() - 4);
    EXPECT_EQ(scanner.info().data_bytes, 4u);
  }
}

} // namespace
} // namespace synapse::http
