// Odd WAV files, and whether they are read: as ffmpeg has it, which decodes them for real here. It
// is what the backends for recognition, speakers and audio read recordings with.
#include "http/core/body/wav_header.hpp"
#include "tests/http/core/body/wav_support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace synapse::http {
namespace {

using namespace std::string_literals;
using namespace test_wav;

/// A folder that goes with the test.
struct scratch_folder {
  scratch_folder() {
    std::string name = std::filesystem::temp_directory_path() / "synapse-wav-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path = name;
  }
  ~scratch_folder() { std::filesystem::remove_all(path); }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  std::filesystem::path path;
};

struct program_result {
  int status = -1;
  std::size_t bytes = 0; ///< of its standard output
};

program_result run_ffmpeg(const std::string& arguments) {
  program_result result;
  // Its error messages are many and expected.
  const auto command = "ffmpeg -nostdin -v quiet -y -threads 1 " + arguments + " 2>/dev/null";
  std::FILE* output = ::popen(command.c_str(), "r");
  if (output == nullptr)
    return result;
  std::array<char, 65536> buffer;
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), output))
    result.bytes += got;
  result.status = ::pclose(output);
  return result;
}

/// Into samples of another kind, as whoever reads an upload does.
bool ffmpeg_plays(const std::filesystem::path& file) {
  const auto result = run_ffmpeg("-i " + file.string() + " -map 0:a:0 -f s16le pipe:1");
  return result.status == 0 && result.bytes > 0;
}

std::string tone() {
  std::string samples;
  for (int i = 0; i < 4000; ++i)
    samples += le16(static_cast<unsigned>(i * 977 & 0x3fff));
  return samples;
}

/// Little-endian numbers the other way round.
std::string big_endian(std::string number) {
  return {number.rbegin(), number.rend()};
}

std::map<std::string, std::string> odd_files() {
  const auto samples = tone();
  const auto data = wav_chunk("data", samples);
  const auto size = static_cast<std::uint32_t>(samples.size());
  std::map<std::string, std::string> files;
  files["plain"] = riff(fmt({}) + data);
  for (const long rate : {0L, 16000L, 64000L})
    files["byte rate " + std::to_string(rate)] = riff(fmt({.byte_rate = rate}) + data);
  for (const long align : {0L, 3L, 0xffffL})
    files["block alignment " + std::to_string(align)] = riff(fmt({.align = align}) + data);
  for (const unsigned bits : {0U, 1U, 12U, 24U, 33U, 56U, 57U, 65U})
    files["PCM of bits " + std::to_string(bits)] = riff(fmt({.bits = bits}) + data);
  for (const unsigned bits : {16U, 32U, 64U})
    files["float of bits " + std::to_string(bits)] = riff(fmt({.tag = 3, .bits = bits}) + data);
  for (const unsigned bits : {0U, 16U}) {
    files["A-law of bits " + std::to_string(bits)] = riff(fmt({.tag = 6, .bits = bits}) + data);
    files["mu-law of bits " + std::to_string(bits)] = riff(fmt({.tag = 7, .bits = bits}) + data);
  }
  for (const unsigned channels : {0U, 3U, 64U, 65U})
    files["channels " + std::to_string(channels)] =
        riff(fmt({.channels = channels, .bits = 8}) + wav_chunk("data", std::string(65535, 'x')));
  for (const std::uint32_t rate : {0U, 1U, 0x7fffffffU, 0x80000000U})
    files["rate " + std::to_string(rate)] = riff(fmt({.rate = rate}) + data);
  for (const std::uint32_t said : {0U, 0xffffffffU, 0x80000000U, size * 2, size - 1})
    files["data size " + std::to_string(said)] = riff(fmt({}) + data_head(said) + samples);
  files["RIFF size 0"] = riff(fmt({}) + data).replace(4, 4, le32(0));
  files["RIFF size -1"] = riff(fmt({}) + data).replace(4, 4, le32(0xffffffff));
  const auto open_data = data_head(0xffffffff) + samples;
  files["RF64"] = riff(ds64(size) + fmt({}) + open_data, "RF64");
  files["RF64, 32 bits too"] = riff(ds64(size) + fmt({}) + data, "RF64");
  files["RF64 of a terabyte"] = riff(ds64(std::uint64_t{1} << 40) + fmt({}) + open_data, "RF64");
  files["RF64 of -1"] = riff(ds64(~std::uint64_t{0}) + fmt({}) + open_data, "RF64");
  files["RF64 without ds64"] = riff(fmt({}) + data, "RF64");
  files["RF64, ds64 second"] = riff(wav_chunk("JUNK", "ab") + ds64(size) + fmt({}) + data, "RF64");
  files["BW64"] = riff(ds64(size) + fmt({}) + open_data, "BW64");
  files["RIFF with ds64"] = riff(ds64(size) + fmt({}) + data);
  files["RIFX"] = "RIFX" + le32(0) + "WAVEfmt " + big_endian(le32(16)) + "\0\1\0\1"s +
                  big_endian(le32(16000)) + big_endian(le32(32000)) + "\0\2\0\20"s + "data" +
                  big_endian(le32(size)) + samples;
  for (const std::size_t filling : {65'536U, 1'000'001U}) {
    const auto chunk = wav_chunk("JUNK", std::string(filling, '\0'));
    files["JUNK before, " + std::to_string(filling)] = riff(chunk + fmt({}) + data);
    files["JUNK behind, " + std::to_string(filling)] = riff(fmt({}) + chunk + data);
  }
  std::string many = fmt({});
  for (int i = 0; i < 500; ++i)
    many += wav_chunk("none", "");
  files["many chunks"] = riff(many + data);
  files["bext, PEAK, LIST"] =
      riff(wav_chunk("bext", std::string(603, 'x')) + fmt({}) +
           wav_chunk("PEAK", std::string(15, 'x')) + wav_chunk("LIST", "INFOx") + data);
  files["an odd chunk without padding"] = riff(fmt({}) + "JUNK" + le32(3) + "abc" + data);
  const auto least = le16(1) + le16(1) + le32(8000) + le32(8000) + le16(1);
  files["fmt of 14"] = riff(wav_chunk("fmt ", least) + data);
  files["fmt of 13"] = riff(wav_chunk("fmt ", least.substr(0, 13)) + data);
  files["fmt that promises"] = riff(fmt({.more = le16(500)}) + data);
  files["fmt of 100 000"] = riff(fmt({.more = std::string(99'984, '\0')}) + data);
  files["two fmt"] = riff(fmt({}) + fmt({.channels = 2}) + data);
  files["data before fmt"] = riff(data + fmt({}));
  files["data of no size before fmt"] = riff(data_head(0) + samples + fmt({}));
  files["no fmt"] = riff(data);
  files["no data"] = riff(fmt({}) + wav_chunk("LIST", "INFO"));
  const auto extensible = [&](const std::string& more, unsigned bits = 16) {
    return riff(fmt({.tag = 0xfffe, .bits = bits, .more = more}) + data);
  };
  files["extensible"] = extensible(extension(1, 16));
  files["extensible, 20 of 24"] = extensible(extension(1, 20), 24);
  files["extensible, 0 of 16"] = extensible(extension(1, 0));
  files["extensible, 24 of 16"] = extensible(extension(1, 24));
  files["extensible, float"] = extensible(extension(3, 32), 32);
  files["extensible, float of 16"] = extensible(extension(3, 16), 32);
  files["extensible without extension"] = extensible({});
  files["extensible, extension of 0"] = extensible(le16(0) + extension(1, 16).substr(2));
  files["extensible, cut"] = extensible(extension(1, 16).substr(0, 22));
  files["extensible, other GUID"] = extensible(extension(1, 16, std::string(14, 'x')));
  files["extensible, B-format"] =
      extensible(extension(1, 16, "\0\0\x21\x07\xd3\x11\x86\x44\xc8\xc1\xca\0\0\0"s));
  files["format 0"] = riff(fmt({.tag = 0}) + data);
  files["format 4660"] = riff(fmt({.tag = 0x1234}) + data);
  return files;
}

TEST(wav_files, are_read_if_and_only_if_ffmpeg_plays_them) {
  ASSERT_EQ(run_ffmpeg("-version").status, 0)
      << "needs ffmpeg (scripts/install_dependencies.sh run)";
  const scratch_folder folder;
  const auto file = folder.path / "odd.wav";
  for (const auto& [name, content] : odd_files()) {
    std::ofstream{file, std::ios::binary} << content;
    wav_info info;
    std::string problem;
    const auto status = parse_wav_header(content, content.size(), info, problem);
    EXPECT_EQ(status == wav_status::ok, ffmpeg_plays(file)) << name << ": " << problem;
  }
}

TEST(wav_files, of_encoders_tell_their_duration) {
  const scratch_folder folder;
  const auto file = folder.path / "made.wav";
  for (const auto* codec :
       {"pcm_u8", "pcm_s24le", "pcm_f64le", "pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav",
        "adpcm_yamaha", "g726 -b:a 32k", "mp2", "libmp3lame", "ac3", "pcm_s16le -rf64 always"}) {
    const auto made =
        run_ffmpeg("-f lavfi -i sine=d=2:r=8000 -ac 1 -ar " +
                   std::string{std::string_view{codec}.find("g726") == 0 ? "8000 " : "32000 "} +
                   "-c:a " + codec + ' ' + file.string());
    ASSERT_EQ(made.status, 0) << codec;
    std::ifstream in{file, std::ios::binary};
    const std::string content{std::istreambuf_iterator<char>{in}, {}};
    wav_info info;
    std::string problem;
    ASSERT_EQ(parse_wav_header(content, content.size(), info, problem), wav_status::ok)
        << codec << ": " << problem;
    EXPECT_NEAR(info.duration_seconds, 2, 0.15) << codec; // whole frames, and an encoder's delay
  }
}

} // namespace
} // namespace synapse::http
