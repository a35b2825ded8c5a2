#pragma once

#include <string>
#include <string_view>

namespace synapse::backends {

/// @returns the standard Base64 text of some bytes, padded.
inline std::string base64_encode(std::string_view bytes) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    auto group = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    out += letters[(group >> 18) & 63];
    out += letters[(group >> 12) & 63];
    out += i + 1 < bytes.size() ? letters[(group >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? letters[group & 63] : '=';
  }
  return out;
}

} // namespace synapse::backends
