/// @file
/// WAV files as tests want them: right, wrong and odd.
#pragma once

#include <cstdint>
#include <string>

namespace synapse::http::test_wav {

using namespace std::string_literals;

inline std::string le16(unsigned n) {
  return {static_cast<char>(n), static_cast<char>(n >> 8)};
}
inline std::string le32(std::uint32_t n) {
  return le16(n & 0xffff) + le16(n >> 16);
}
inline std::string wav_chunk(const std::string& id, const std::string& content) {
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
inline std::string fmt(const format& f) {
  const auto align =
      f.align >= 0 ? static_cast<unsigned>(f.align) : f.channels * ((f.bits + 7) / 8);
  const auto rate = f.byte_rate >= 0 ? static_cast<std::uint32_t>(f.byte_rate) : f.rate * align;
  return wav_chunk("fmt ", le16(f.tag) + le16(f.channels) + le32(f.rate) + le32(rate) +
                               le16(align) + le16(f.bits) + f.more);
}
inline std::string riff(const std::string& chunks, const std::string& id = "RIFF") {
  return id + le32(static_cast<std::uint32_t>(chunks.size() + 4)) + "WAVE" + chunks;
}
inline std::string data_head(std::uint32_t size) {
  return "data" + le32(size);
}
inline std::string
extension(unsigned tag, unsigned valid_bits,
          const std::string& tail = "\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"s) {
  return le16(22) + le16(valid_bits) + le32(3) + le16(tag) + tail;
}

/// @param data size of the samples by the ds64 chunk, @param frames their number
inline std::string ds64(std::uint64_t data, std::uint64_t frames = 0) {
  const auto le64 = [](std::uint64_t n) {
    return le32(static_cast<std::uint32_t>(n)) + le32(static_cast<std::uint32_t>(n >> 32));
  };
  return wav_chunk("ds64", le64(0) + le64(data) + le64(frames) + le32(0));
}

} // namespace synapse::http::test_wav
