/// @file
/// The header of a WAV file (IBM and Microsoft, "Multimedia Programming Interface and Data
/// Specifications 1.0", RIFF and WAVE; Microsoft, WAVEFORMATEXTENSIBLE): what is in it, and where
/// its samples are. Nothing is decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// A size that is not known (yet).
inline constexpr std::uint64_t wav_size_unknown = ~std::uint64_t{0};

/// No more than this of a file is ever looked at for its header.
inline constexpr std::size_t max_wav_header_bytes = 64 * 1024;

struct wav_info {
  /// 1 PCM, 3 IEEE float, 6 A-law, 7 mu-law. Of an EXTENSIBLE file (0xFFFE) what its subformat
  /// says.
  std::uint16_t format = 0;
  std::uint16_t channels = 0;
  std::uint16_t bits_per_sample = 0; ///< as stored; of an EXTENSIBLE file fewer may be significant
  std::uint32_t sample_rate = 0;     ///< per second
  std::uint32_t byte_rate = 0;       ///< bytes per second, all channels together
  std::uint64_t data_offset = 0;     ///< of the first sample in the file
  /// Bytes of samples. `wav_size_unknown` if the header does not say and the file's size is
  /// unknown.
  std::uint64_t data_bytes = 0;
  double duration_seconds = 0; ///< 0 while `data_bytes` is unknown
  /// Bytes of samples that the header promises and the file does not have: it was cut off, or its
  /// header lies. 0 where the header does not say or the file's size is unknown.
  std::uint64_t missing_bytes = 0;
};

enum class wav_status : std::uint8_t {
  ok,
  need_more,   ///< call again with a longer beginning; `max_wav_header_bytes` always suffice
  not_wav,     ///< or one whose header contradicts itself: see `problem`
  unsupported, ///< perhaps a WAV file, but of a kind that is not read here: see `problem`
};

/// Reads the header from the first bytes of a file, however many there are.
///
/// `file_bytes`: size of the whole file, or `wav_size_unknown`; `beginning` of that size is all
/// there is. The RIFF chunk's own size is ignored: it is wrong as often as not. A data chunk whose
/// size is 0, 0xFFFFFFFF, or more than the file has (see `missing_bytes`) goes to the end of the
/// file (ffmpeg and sox write such headers into pipes); other chunks after it then count as
/// samples. With an unknown file size a size that is neither 0 nor 0xFFFFFFFF is believed.
///
/// `out` is written with `ok` only, `problem` (a text for the client) with the last two only.
wav_status parse_wav_header(std::string_view beginning, std::uint64_t file_bytes, wav_info& out,
                            std::string& problem);

} // namespace synapse::http
