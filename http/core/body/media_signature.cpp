#include "http/core/body/media_signature.hpp"

namespace synapse::http {
namespace {

using namespace std::string_view_literals;

unsigned char byte_at(std::string_view s, std::size_t i) noexcept {
  return static_cast<unsigned char>(s[i]);
}

/// A frame header of MPEG audio (layers I to III), or of ADTS, where the layer bits are 0.
bool mpeg_frame(std::string_view s) noexcept {
  if (s.size() < 4 || byte_at(s, 0) != 0xff || (byte_at(s, 1) & 0xe0) != 0xe0)
    return false;
  const unsigned version = byte_at(s, 1) >> 3 & 3;
  const unsigned layer = byte_at(s, 1) >> 1 & 3;
  if (layer == 0) // ADTS: sync of 12 bits, and a sampling frequency index that exists
    return (byte_at(s, 1) & 0xf6) == 0xf0 && (byte_at(s, 2) >> 2 & 15) < 13;
  const unsigned bit_rate = byte_at(s, 2) >> 4;
  const unsigned sample_rate = byte_at(s, 2) >> 2 & 3;
  return version != 1 && bit_rate != 15 && sample_rate != 3;
}

bool other_container(std::string_view s) noexcept {
  constexpr std::string_view at_start[] = {
      "\x1a\x45\xdf\xa3"sv, // EBML: Matroska, WebM
      "#!AMR"sv,
      "caff"sv,
      ".snd"sv,
      "\x30\x26\xb2\x75\x8e\x66\xcf\x11"sv, // ASF: WMA, WMV
      "\x0b\x77"sv,                         // AC-3
      "\x7f\xfe\x80\x01"sv,                 // DTS
      "MAC "sv,                             // Monkey's Audio
      "wvpk"sv,                             // WavPack
      "TTA1"sv,
      "APETAGEX"sv,
      "riff\x2e\x91\xcf\x11"sv, // Wave64
      "\x00\x00\x01\xba"sv,     // MPEG program stream
      "FLV\x01"sv,
      "\x47\x40\x00"sv, // MPEG transport stream: a program table first,
      "\x47\x40\x11"sv, // or a service description, as ffmpeg writes it
  };
  for (const auto signature : at_start)
    if (s.starts_with(signature))
      return true;
  if (s.size() >= 12) {
    const auto atom = s.substr(4, 4); // MP4, M4A, MOV, 3GP; QuickTime begins with others
    if (atom == "ftyp" || atom == "moov" || atom == "mdat" || atom == "wide" || atom == "free" ||
        atom == "skip")
      return true;
    if (s.starts_with("FORM") && (s.substr(8, 4) == "AIFF" || s.substr(8, 4) == "AIFC"))
      return true;
    if (s.starts_with("RIFF") && s.substr(8, 4) == "AVI ")
      return true;
  }
  return false;
}
} // namespace

media_kind identify_media(std::string_view s) noexcept {
  if (s.size() >= 12 && s.substr(8, 4) == "WAVE" &&
      (s.starts_with("RIFF") || s.starts_with("RF64") || s.starts_with("BW64") ||
       s.starts_with("RIFX")))
    return media_kind::wav;
  if (s.starts_with("fLaC"))
    return media_kind::flac;
  if (s.starts_with("OggS"))
    return media_kind::ogg;
  if (s.starts_with("ID3") || mpeg_frame(s))
    return media_kind::mpeg;
  return other_container(s) ? media_kind::other : media_kind::unknown;
}

} // namespace synapse::http
