/// @file
/// What deepfilter-audio is asked: its paths, and the fields of its forms besides the file.
#pragma once

#include "http/core/body/media_signature.hpp"
#include "http/dialects/form_fields.hpp"

#include <string_view>

namespace synapse::http::deepfilter {

inline constexpr std::string_view denoise_path = "/denoise";
inline constexpr std::string_view convert_path = "/convert";

/// A format that it converts to.
struct output_format {
  std::string_view name;
  std::string_view media_type;
  std::string_view filename; ///< of the client's attachment
  media_kind kind;
};
/// The format of that name, in any case; empty: WAV. Null: it has none such.
const output_format* format_named(std::string_view name) noexcept;

/// Whether this is a bit rate as for ffmpeg's `-b:a`, 4k to 1000k: a number of bits per second, or
/// of thousands of them with a `k`.
bool is_bitrate(std::string_view text) noexcept;
inline constexpr long lowest_sample_rate = 4000; ///< Hz
inline constexpr long highest_sample_rate = 384'000;

/// What the client has written; empty: not given.
struct conversion {
  std::string_view format;
  std::string_view sample_rate;
  std::string_view bitrate;
};
/// The fields of /convert. @pre the format is one
form_fields fields_of(const conversion& wanted);

} // namespace synapse::http::deepfilter
