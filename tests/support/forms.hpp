/// @file
/// Forms and recordings as clients send them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::support {

inline const std::string form_boundary = "----a-boundary";
/// A field line.
inline const std::string form_type =
    "Content-Type: multipart/form-data; boundary=" + form_boundary + "\r\n";
inline const std::string end_of_form = "--" + form_boundary + "--\r\n";

inline std::string form_field(std::string_view name, std::string_view value) {
  return "--" + form_boundary + "\r\nContent-Disposition: form-data; name=\"" + std::string{name} +
         "\"\r\n\r\n" + std::string{value} + "\r\n";
}

inline std::string form_file(std::string_view content, std::string_view filename = "a.wav",
                             std::string_view name = "file") {
  return "--" + form_boundary + "\r\nContent-Disposition: form-data; name=\"" + std::string{name} +
         "\"; filename=\"" + std::string{filename} + "\"\r\nContent-Type: audio/wav\r\n\r\n" +
         std::string{content} + "\r\n";
}

inline std::string little_endian(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(value >> (8 * i));
  return out;
}

/// Mono, 16 bit. @param promised what the header says there is; default: the truth
inline std::string wav(std::size_t data_bytes, char fill = 1, std::uint32_t sample_rate = 16000,
                       std::int64_t promised = -1) {
  const auto size = static_cast<std::uint32_t>(promised < 0 ? data_bytes : promised);
  return "RIFF" + little_endian(36 + size, 4) + "WAVEfmt " + little_endian(16, 4) +
         little_endian(1, 2) + little_endian(1, 2) + little_endian(sample_rate, 4) +
         little_endian(sample_rate * 2, 4) + little_endian(2, 2) + little_endian(16, 2) + "data" +
         little_endian(size, 4) + std::string(data_bytes, fill);
}

} // namespace synapse::support
