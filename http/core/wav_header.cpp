#include "http/core/wav_header.hpp"

#include <utility>

namespace synapse::http {
namespace {

constexpr unsigned max_chunks = 64;
constexpr std::uint16_t format_pcm = 1, format_float = 3, format_a_law = 6, format_mu_law = 7,
                        format_extensible = 0xfffe;
constexpr std::uint32_t size_of_stream = 0xffffffff; // what a writer that cannot seek leaves
/// sox leaves sizes a little below 2 GiB: nobody's file was cut off there.
constexpr std::uint32_t size_of_sox_stream = 0x7fff0000;

/// Little-endian numbers; the caller has checked the size.
std::uint16_t u16(std::string_view s, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(s[at]) |
                                    static_cast<unsigned char>(s[at + 1]) << 8);
}
std::uint32_t u32(std::string_view s, std::size_t at) noexcept {
  return u16(s, at) | static_cast<std::uint32_t>(u16(s, at + 2)) << 16;
}

std::string name_of(std::uint16_t format) {
  switch (format) {
  case 2:
  case 0x11:
    return "ADPCM";
  case 0x31:
    return "GSM 6.10";
  case 0x55:
    return "MP3";
  case 0xff:
  case 0x1610:
    return "AAC";
  default:
    return std::to_string(format);
  }
}

/// The subformat's GUID but for its first two bytes, which are the format.
constexpr std::string_view subformat_tail{"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14};

class header_reader {
public:
  header_reader(std::string_view beginning, std::uint64_t file_bytes, std::string& problem)
      : all_(beginning), file_bytes_(file_bytes), problem_(problem) {
    if (all_.size() > file_bytes_)
      all_ = all_.substr(0, static_cast<std::size_t>(file_bytes_));
  }

  wav_status read(wav_info& out) {
    if (const wav_status s = read_riff(); s != wav_status::ok)
      return s;
    bool format_known = false;
    std::uint64_t at = 12;
    for (unsigned chunks = 0;; ++chunks) {
      if (chunks == max_chunks)
        return decline("there are too many chunks before the samples");
      if (at + 8 > max_wav_header_bytes)
        return decline("there is no data chunk in the first 64 KiB");
      if (const wav_status s = want(at + 8); s != wav_status::ok)
        return s;
      const auto here = static_cast<std::size_t>(at);
      const std::string_view id = all_.substr(here, 4);
      const std::uint32_t size = u32(all_, here + 4);
      if (id == "data") {
        if (!format_known)
          return refuse("the data chunk comes before the fmt chunk");
        set_data(at + 8, size, info_);
        out = info_;
        return wav_status::ok;
      }
      if (id == "fmt ") {
        if (format_known)
          return refuse("there are two fmt chunks");
        if (const wav_status s = read_format(here + 8, size); s != wav_status::ok)
          return s;
        format_known = true;
      }
      at += 8 + std::uint64_t{size} + (size & 1); // chunks begin at even offsets
    }
  }

private:
  wav_status refuse(std::string text) {
    problem_ = std::move(text);
    return wav_status::not_wav;
  }

  wav_status decline(std::string text) {
    problem_ = std::move(text);
    return wav_status::unsupported;
  }

  /// `ok` if the first `size` bytes are there.
  wav_status want(std::uint64_t size) {
    if (all_.size() >= size)
      return wav_status::ok;
    if (file_bytes_ < size)
      return refuse("the file ends within its header");
    return wav_status::need_more;
  }

  wav_status read_riff() {
    if (const wav_status s = want(4); s != wav_status::ok)
      return s;
    const std::string_view id = all_.substr(0, 4);
    if (id == "RF64" || id == "BW64")
      return decline("RF64 and BW64 files (WAV above 4 GiB) are not supported");
    if (id == "RIFX")
      return decline("RIFX files (big-endian WAV) are not supported");
    if (id != "RIFF")
      return refuse("it does not begin with RIFF");
    if (const wav_status s = want(12); s != wav_status::ok)
      return s;
    return all_.substr(8, 4) == "WAVE" ? wav_status::ok
                                       : refuse("it is a RIFF file, but not a WAVE file");
  }

  wav_status read_format(std::size_t at, std::uint32_t size) {
    if (size < 16)
      return refuse("the fmt chunk is too short");
    if (at + std::uint64_t{size} > max_wav_header_bytes)
      return refuse("the fmt chunk is too long");
    if (const wav_status s = want(at + std::uint64_t{size}); s != wav_status::ok)
      return s;
    const std::string_view f = all_.substr(at, size);
    info_.format = u16(f, 0);
    info_.channels = u16(f, 2);
    info_.sample_rate = u32(f, 4);
    info_.byte_rate = u32(f, 8);
    const std::uint16_t block_align = u16(f, 12);
    info_.bits_per_sample = u16(f, 14);
    if (info_.format == format_extensible)
      if (const wav_status s = read_extension(f); s != wav_status::ok)
        return s;
    return check_format(block_align);
  }

  wav_status read_extension(std::string_view f) {
    if (f.size() < 40 || u16(f, 16) < 22)
      return refuse("the fmt chunk is too short for an extensible format");
    if (f.substr(26, subformat_tail.size()) != subformat_tail)
      return decline("the extensible format's subformat is unknown");
    if (u16(f, 18) > info_.bits_per_sample)
      return refuse("more bits per sample are said to be valid than there are");
    info_.format = u16(f, 24);
    return wav_status::ok;
  }

  wav_status check_format(std::uint16_t block_align) {
    const unsigned bits = info_.bits_per_sample;
    bool fits = false; // bits to format
    switch (info_.format) {
    case format_pcm:
      fits = bits >= 1 && bits <= 64;
      break;
    case format_float:
      fits = bits == 32 || bits == 64;
      break;
    case format_a_law:
    case format_mu_law:
      fits = bits == 8;
      break;
    default:
      return decline("the audio format " + name_of(info_.format) +
                     " is not supported: only PCM, IEEE float, A-law and mu-law are");
    }
    if (info_.channels == 0)
      return refuse("the number of channels is zero");
    if (info_.sample_rate == 0)
      return refuse("the sample rate is zero");
    if (block_align == 0)
      return refuse("the block alignment is zero");
    if (!fits)
      return refuse(std::to_string(bits) + " bits per sample do not go with the audio format");
    if (block_align != info_.channels * ((bits + 7) / 8))
      return refuse("the block alignment does not go with channels and bits per sample");
    if (info_.byte_rate != std::uint64_t{info_.sample_rate} * block_align)
      return refuse("the byte rate does not go with sample rate and block alignment");
    return wav_status::ok;
  }

  void set_data(std::uint64_t offset, std::uint32_t size, wav_info& info) const {
    info.data_offset = offset;
    info.data_bytes = size;
    const bool unsaid = size == 0 || size == size_of_stream;
    if (file_bytes_ == wav_size_unknown) {
      if (unsaid)
        info.data_bytes = wav_size_unknown;
    } else if (unsaid || size > file_bytes_ - offset) {
      info.data_bytes = file_bytes_ - offset;
      info.missing_bytes = unsaid || size >= size_of_sox_stream ? 0 : size - info.data_bytes;
    }
    info.duration_seconds = info.data_bytes == wav_size_unknown
                                ? 0
                                : static_cast<double>(info.data_bytes) / info.byte_rate;
  }

  std::string_view all_;
  std::uint64_t file_bytes_;
  std::string& problem_;
  wav_info info_;
};

} // namespace

wav_status parse_wav_header(std::string_view beginning, std::uint64_t file_bytes, wav_info& out,
                            std::string& problem) {
  return header_reader(beginning, file_bytes, problem).read(out);
}

} // namespace synapse::http
