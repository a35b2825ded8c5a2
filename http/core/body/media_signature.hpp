/// @file
/// What the first bytes of a file say about it. Nothing is decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synapse::http {

enum class media_kind : std::uint8_t {
  unknown,
  wav,  ///< RIFF/WAVE, also RF64, BW64 and RIFX
  mpeg, ///< MPEG audio (MP3, also raw AAC in ADTS) or an ID3 tag
  flac,
  ogg,   ///< Vorbis, Opus, FLAC or Speex in Ogg
  other, ///< another container that decoders such as ffmpeg read sound from
};

/// So many bytes decide; fewer may be all there is.
inline constexpr std::size_t media_signature_bytes = 16;

/// Looks at the beginning of a file. Sources: the formats' own specifications (RFC 3533, RFC 9639,
/// ISO/IEC 14496-12, ISO/IEC 11172-3, Matroska, AIFF, AU, AMR, CAF, ASF, MPEG-TS).
media_kind identify_media(std::string_view beginning) noexcept;

} // namespace synapse::http
