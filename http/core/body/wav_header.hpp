/// @file
/// The header of a WAV file (IBM and Microsoft, "Multimedia Programming Interface and Data
/// Specifications 1.0", RIFF and WAVE; Microsoft, WAVEFORMATEXTENSIBLE; EBU Tech 3306, RF64): what
/// is in it, and where its samples are. Nothing is decoded.
///
/// What a header says twice is believed where a player has to believe it: sizes of samples come
/// from channels and bits, not from byte rate and block alignment; the file's own end is the end of
/// its samples. Refused is what cannot be played; ffmpeg is the measure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace synapse::http {

/// A size that is not known (yet).
inline constexpr std::uint64_t wav_size_unknown = ~std::uint64_t{0};

struct wav_info {
  /// 1 PCM, 3 IEEE float, 6 A-law, 7 mu-law, or that of a compressed format. Of an EXTENSIBLE file
  /// (0xFFFE) what its subformat says.
  std::uint16_t format = 0;
  std::uint16_t channels = 0;
  std::uint16_t bits_per_sample = 0; ///< as stored; of an EXTENSIBLE file fewer may be significant
  std::uint32_t sample_rate = 0;     ///< per second
  /// Bytes per second, all channels together: counted, or of a compressed format what the header
  /// says, which may be 0.
  std::uint64_t byte_rate = 0;
  std::uint64_t data_offset = 0; ///< of the first sample in the file
  /// Bytes of samples. `wav_size_unknown` if the header does not say and the file's size is
  /// unknown.
  std::uint64_t data_bytes = 0;
  double duration_seconds = 0; ///< 0 while `data_bytes` is unknown, or where nothing tells it
  /// Bytes of samples that the header promises and the file does not have: it was cut off, or its
  /// header lies. 0 where the header does not say or the file's size is unknown.
  std::uint64_t missing_bytes = 0;
};

enum class wav_status : std::uint8_t {
  ok,
  need_more,   ///< the header goes on behind what there was
  not_wav,     ///< or one that nobody could play: see `problem`
  unsupported, ///< perhaps a WAV file, but of a format that is not known here: see `problem`
};

/// Reads a header while the file comes by, in whatever pieces. Chunks before the samples (pictures,
/// cue lists, broadcast data) may have any number and size: they are skipped and not held.
///
/// The RIFF chunk's own size is ignored: it is wrong as often as not. A data chunk whose size is 0,
/// 0xFFFFFFFF, or more than the file has (see `missing_bytes`) goes to the end of the file (ffmpeg,
/// sox and recorders write such headers where they cannot seek); other chunks after it then count
/// as samples. Samples may come before the fmt chunk if their size is known.
class wav_scanner {
public:
  /// Takes the next bytes of the file. Once decided it looks at nothing more.
  wav_status feed(std::string_view bytes);

  /// The file has so many bytes, of which all, or all that are needed, have been fed: what was
  /// `need_more` becomes `not_wav` where the file ends too early, and sizes that only the file's
  /// end tells are known.
  wav_status finish(std::uint64_t file_bytes);

  wav_status status() const noexcept { return status_; }
  /// With `ok` only. Without `finish` a data size that is neither 0 nor 0xFFFFFFFF is believed.
  const wav_info& info() const noexcept { return info_; }
  /// A text for the client, with `not_wav` and `unsupported` only.
  const std::string& problem() const noexcept { return problem_; }

private:
  enum class stage : std::uint8_t { container, form, ds64_head, ds64, chunk, format, fact };

  wav_status refuse(std::string text);
  wav_status decline(std::string text);
  void expect(stage next, std::size_t bytes);
  void next_chunk(std::uint64_t skip);
  wav_status take_stage();
  wav_status take_container();
  wav_status take_chunk();
  wav_status take_data(std::uint32_t size);
  wav_status take_format();
  wav_status take_subformat(std::uint16_t& valid_bits);
  wav_status check_format(unsigned bits);
  wav_status complete();
  void measure(std::uint64_t file_bytes);
  std::string_view held() const noexcept { return {buffer_.data(), have_}; }
  std::uint16_t u16(std::size_t at) const noexcept;
  std::uint32_t u32(std::size_t at) const noexcept;
  std::uint64_t u64(std::size_t at) const noexcept;

  wav_status status_ = wav_status::need_more;
  stage stage_ = stage::container;
  bool big_endian_ = false; ///< RIFX
  bool has_ds64_ = false;   ///< RF64, BW64
  bool format_known_ = false;
  bool data_known_ = false;
  std::size_t wanted_ = 4; ///< bytes that the stage needs in `buffer_`
  std::uint64_t skip_ = 0; ///< bytes to pass over before them
  std::uint64_t at_ = 0;   ///< bytes consumed, skipped ones too
  std::uint32_t chunk_size_ = 0;
  std::uint64_t ds64_data_ = 0;
  std::uint64_t said_ = 0;  ///< size of the data chunk by the header; unknown: it does not say
  std::uint32_t facts_ = 0; ///< sample frames by the fact chunk; 0: not said
  std::uint16_t block_align_ = 0;
  std::uint16_t block_frames_ = 0; ///< sample frames of a compressed block; 0: not said
  std::array<char, 40> buffer_{};
  std::size_t have_ = 0; ///< bytes in `buffer_`
  wav_info info_;
  std::string problem_;
};

/// Reads the header from the first bytes of a file, however many there are.
///
/// `file_bytes`: size of the whole file, or `wav_size_unknown`; `beginning` of that size is all
/// there is. `out` is written with `ok` only, `problem` (a text for the client) with `not_wav` and
/// `unsupported` only.
wav_status parse_wav_header(std::string_view beginning, std::uint64_t file_bytes, wav_info& out,
                            std::string& problem);

} // namespace synapse::http
