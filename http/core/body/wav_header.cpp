#include "http/core/body/wav_header.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace synapse::http {
namespace {

constexpr std::uint16_t format_pcm = 1, format_float = 3, format_a_law = 6, format_mu_law = 7,
                        format_ms_adpcm = 2, format_ima_adpcm = 0x11, format_gsm = 0x31,
                        format_extensible = 0xfffe;
constexpr std::uint32_t size_of_stream = 0xffffffff; // what a writer that cannot seek leaves
/// sox leaves sizes a little below 2 GiB: nobody's file was cut off there.
constexpr std::uint32_t size_of_sox_stream = 0x7fff0000;
/// Ambisonics of the seventh order have as many, and ffmpeg mixes no more.
constexpr unsigned max_channels = 64;
/// Rates and sizes are signed numbers to all who read them.
constexpr std::uint32_t max_sample_rate = 0x7fffffff;
constexpr std::uint64_t max_ds64_size = ~std::uint64_t{0} >> 1;
/// As much of a fmt chunk has a meaning: WAVEFORMATEXTENSIBLE.
constexpr std::size_t least_format = 14, whole_format = 40;
constexpr std::size_t least_ds64 = 24;

/// Compressed sound in WAV files, by the numbers of Microsoft's mmreg.h and those that encoders
/// took for themselves. Whatever of it a frame holds, only a decoder can tell.
struct compressed_format {
  std::uint16_t tag;
  std::string_view name;
};
constexpr std::array<compressed_format, 35> compressed_formats{{
    {format_ms_adpcm, "ADPCM"},
    {0x10, "OKI ADPCM"},
    {format_ima_adpcm, "IMA ADPCM"},
    {0x14, "G.726"},
    {0x17, "Dialogic ADPCM"},
    {0x20, "Yamaha ADPCM"},
    {0x22, "TrueSpeech"},
    {format_gsm, "GSM 6.10"},
    {0x32, "GSM 6.10"},
    {0x40, "G.726"},
    {0x42, "G.723.1"},
    {0x45, "G.726"},
    {0x50, "MPEG audio"},
    {0x55, "MP3"},
    {0x57, "AMR-NB"},
    {0x58, "AMR-WB"},
    {0x64, "G.726"},
    {0x65, "G.722"},
    {0x83, "G.729"},
    {0xff, "AAC"},
    {0x111, "G.723.1"},
    {0x160, "WMA"},
    {0x161, "WMA"},
    {0x162, "WMA"},
    {0x163, "WMA"},
    {0x200, "Creative ADPCM"},
    {0x270, "ATRAC3"},
    {0x1600, "AAC"},
    {0x1602, "AAC"},
    {0x2000, "AC-3"},
    {0x2001, "DTS"},
    {0x566f, "Vorbis"},
    {0x706d, "AAC"},
    {0xa109, "Speex"},
    {0xf1ac, "FLAC"},
}};

bool is_compressed(std::uint16_t format) noexcept {
  return std::any_of(compressed_formats.begin(), compressed_formats.end(),
                     [&](const compressed_format& one) { return one.tag == format; });
}

/// What follows the format's number in a subformat's GUID: Microsoft's, and that of B-format sound.
constexpr std::string_view subformat_tail{"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71", 14};
constexpr std::string_view ambisonic_tail{"\0\0\x21\x07\xd3\x11\x86\x44\xc8\xc1\xca\0\0\0", 14};

unsigned bytes_of(unsigned bits) noexcept {
  return (bits + 7) / 8;
}

} // namespace

std::uint16_t wav_scanner::u16(std::size_t at) const noexcept {
  const unsigned first = static_cast<unsigned char>(buffer_[at]);
  const unsigned second = static_cast<unsigned char>(buffer_[at + 1]);
  return static_cast<std::uint16_t>(big_endian_ ? first << 8 | second : first | second << 8);
}

std::uint32_t wav_scanner::u32(std::size_t at) const noexcept {
  const std::uint32_t first = u16(at), second = u16(at + 2);
  return big_endian_ ? first << 16 | second : first | second << 16;
}

std::uint64_t wav_scanner::u64(std::size_t at) const noexcept {
  return u32(at) | static_cast<std::uint64_t>(u32(at + 4)) << 32; // RF64 is little-endian
}

wav_status wav_scanner::refuse(std::string text) {
  problem_ = std::move(text);
  return status_ = wav_status::not_wav;
}

wav_status wav_scanner::decline(std::string text) {
  problem_ = std::move(text);
  return status_ = wav_status::unsupported;
}

void wav_scanner::expect(stage next, std::size_t bytes) {
  stage_ = next;
  wanted_ = bytes;
}

/// @param skip bytes of the chunk that are still to come.
void wav_scanner::next_chunk(std::uint64_t skip) {
  skip_ = skip + (chunk_size_ & 1); // chunks begin at even offsets
  have_ = 0;
  expect(stage::chunk, 8);
}

wav_status wav_scanner::feed(std::string_view bytes) {
  while (status_ == wav_status::need_more && !bytes.empty()) {
    const auto past = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= past;
    at_ += past;
    bytes.remove_prefix(past);
    if (skip_ > 0)
      break;
    const auto some = std::min(wanted_ - have_, bytes.size());
    std::copy_n(bytes.data(), some, buffer_.data() + have_);
    have_ += some;
    at_ += some;
    bytes.remove_prefix(some);
    if (have_ == wanted_)
      take_stage();
  }
  return status_;
}

wav_status wav_scanner::finish(std::uint64_t file_bytes) {
  if (status_ == wav_status::need_more &&
      file_bytes - std::min(file_bytes, at_) < skip_ + (wanted_ - have_))
    return refuse("the file ends within its header");
  if (status_ == wav_status::ok && file_bytes < info_.data_offset)
    return refuse("the file ends within its header");
  if (status_ == wav_status::ok)
    measure(file_bytes);
  return status_;
}

/// What was waited for is there.
wav_status wav_scanner::take_stage() {
  switch (stage_) {
  case stage::container:
  case stage::form:
    return take_container();
  case stage::ds64_head:
    chunk_size_ = u32(4);
    if (held().substr(0, 4) != "ds64")
      return refuse("an RF64 file has to begin with its ds64 chunk");
    if (chunk_size_ < least_ds64)
      return refuse("the ds64 chunk is too short");
    have_ = 0;
    expect(stage::ds64, least_ds64);
    return status_;
  case stage::ds64:
    ds64_data_ = u64(8);
    if (ds64_data_ > max_ds64_size || u64(16) > max_ds64_size)
      return refuse("the sizes in the ds64 chunk are impossible");
    next_chunk(chunk_size_ - least_ds64);
    return status_;
  case stage::chunk:
    return take_chunk();
  case stage::format:
    return take_format();
  case stage::fact:
    facts_ = u32(0);
    next_chunk(chunk_size_ - 4);
    return status_;
  }
  return status_;
}

wav_status wav_scanner::take_container() {
  if (stage_ == stage::container) {
    big_endian_ = held() == "RIFX";
    has_ds64_ = held() == "RF64" || held() == "BW64";
    if (held() != "RIFF" && !big_endian_ && !has_ds64_)
      return refuse("it does not begin with RIFF");
    expect(stage::form, 12); // together with what is held
    return status_;
  }
  if (held().substr(8, 4) != "WAVE")
    return refuse("it is a RIFF file, but not a WAVE file");
  have_ = 0;
  expect(has_ds64_ ? stage::ds64_head : stage::chunk, 8);
  return status_;
}

wav_status wav_scanner::take_chunk() {
  const auto id = held().substr(0, 4);
  chunk_size_ = u32(4);
  if (id == "data" && !data_known_)
    return take_data(chunk_size_);
  if (id == "fmt " && !format_known_) { // another one would change nothing
    if (chunk_size_ < least_format)
      return refuse("the fmt chunk is too short");
    have_ = 0;
    expect(stage::format, std::min<std::size_t>(chunk_size_, whole_format));
  } else if (id == "fact" && chunk_size_ >= 4) {
    have_ = 0;
    expect(stage::fact, 4);
  } else {
    next_chunk(chunk_size_);
  }
  return status_;
}

wav_status wav_scanner::take_data(std::uint32_t size) {
  data_known_ = true;
  info_.data_offset = at_;
  const bool unsaid = size == 0 || size == size_of_stream;
  said_ = has_ds64_ && ds64_data_ != 0 ? ds64_data_ : unsaid ? wav_size_unknown : size;
  if (format_known_)
    return complete();
  if (said_ == wav_size_unknown)
    return refuse("the data chunk comes before the fmt chunk and does not say its size");
  chunk_size_ = size & ~std::uint32_t{1}; // the padding is told below
  next_chunk(said_ + (said_ & 1));
  return status_;
}

wav_status wav_scanner::take_format() {
  info_.format = u16(0);
  info_.channels = u16(2);
  info_.sample_rate = u32(4);
  info_.byte_rate = u32(8);
  block_align_ = u16(12);
  info_.bits_per_sample = have_ < 16 ? 8 : u16(14); // so did the first of these files
  std::uint16_t valid_bits = 0;
  if (info_.format == format_extensible) {
    if (take_subformat(valid_bits) != wav_status::need_more)
      return status_;
  } else if ((info_.format == format_ms_adpcm || info_.format == format_ima_adpcm ||
              info_.format == format_gsm) &&
             have_ >= 20) {
    block_frames_ = u16(18);
  }
  if (check_format(valid_bits != 0 ? valid_bits : info_.bits_per_sample) != wav_status::need_more)
    return status_;
  format_known_ = true;
  if (data_known_)
    return complete();
  next_chunk(chunk_size_ - have_);
  return status_;
}

wav_status wav_scanner::take_subformat(std::uint16_t& valid_bits) {
  if (have_ < whole_format || u16(16) < 22)
    return refuse("the fmt chunk is too short for an extensible format");
  const auto tail = held().substr(26, subformat_tail.size());
  if (tail != subformat_tail && tail != ambisonic_tail)
    return decline("the extensible format's subformat is unknown");
  valid_bits = u16(18);
  info_.format = u16(24);
  return status_;
}

/// @param bits of a sample that count.
wav_status wav_scanner::check_format(unsigned bits) {
  bool fits = true; // bits to format
  unsigned stored = info_.bits_per_sample;
  switch (info_.format) {
  case format_pcm:
    fits = (bits >= 1 && bits <= 32) || (bits > 56 && bits <= 64);
    stored = std::max(stored, bits);
    break;
  case format_float:
    fits = bits == 32 || bits == 64;
    stored = std::max(stored, bits);
    break;
  case format_a_law:
  case format_mu_law:
    stored = 8; // whatever is said
    break;
  default:
    if (!is_compressed(info_.format))
      return decline("the audio format " + std::to_string(info_.format) +
                     " is not known: neither PCM, IEEE float, A-law, mu-law nor a usual compressed "
                     "one");
  }
  if (info_.channels == 0)
    return refuse("the number of channels is zero");
  if (info_.channels > max_channels)
    return refuse("it has " + std::to_string(info_.channels) + " channels, more than " +
                  std::to_string(max_channels));
  if (info_.sample_rate == 0 || info_.sample_rate > max_sample_rate)
    return refuse("the sample rate is " +
                  (info_.sample_rate == 0 ? "zero" : std::to_string(info_.sample_rate)));
  if (!fits)
    return refuse(std::to_string(bits) + " bits per sample do not go with the audio format");
  if (!is_compressed(info_.format))
    info_.byte_rate = std::uint64_t{info_.sample_rate} * info_.channels * bytes_of(stored);
  return status_;
}

wav_status wav_scanner::complete() {
  status_ = wav_status::ok;
  measure(wav_size_unknown);
  return status_;
}

void wav_scanner::measure(std::uint64_t file_bytes) {
  info_.data_bytes = said_;
  if (file_bytes != wav_size_unknown) {
    const auto there = file_bytes - info_.data_offset;
    if (said_ == wav_size_unknown || said_ > there) {
      info_.data_bytes = there;
      const bool promised = said_ < size_of_sox_stream || (has_ds64_ && said_ != wav_size_unknown);
      info_.missing_bytes = promised ? said_ - there : 0;
    }
  }
  info_.duration_seconds = 0;
  if (info_.data_bytes == wav_size_unknown)
    return;
  const auto bytes = static_cast<double>(info_.data_bytes);
  const auto rate = static_cast<double>(info_.sample_rate);
  if (block_frames_ != 0 && block_align_ != 0) // no decoder can do without these two
    info_.duration_seconds = bytes / block_align_ * block_frames_ / rate;
  else if (info_.byte_rate != 0)
    info_.duration_seconds = bytes / static_cast<double>(info_.byte_rate);
  else
    info_.duration_seconds = static_cast<double>(facts_) / rate;
}

wav_status parse_wav_header(std::string_view beginning, std::uint64_t file_bytes, wav_info& out,
                            std::string& problem) {
  if (beginning.size() > file_bytes)
    beginning = beginning.substr(0, static_cast<std::size_t>(file_bytes));
  wav_scanner scanner;
  auto status = scanner.feed(beginning);
  if (file_bytes != wav_size_unknown)
    status = scanner.finish(file_bytes);
  if (status == wav_status::ok)
    out = scanner.info();
  else
    problem = scanner.problem(); // empty with `need_more`
  return status;
}

} // namespace synapse::http
