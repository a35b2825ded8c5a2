#include "http/dialects/deepfilter/request.hpp"

#include "http/core/head/field.hpp"

#include <algorithm>
#include <array>

namespace synapse::http::deepfilter {
namespace {

constexpr std::array<output_format, 4> output_formats{{
    {"wav", "audio/wav", "converted.wav", media_kind::wav},
    {"mp3", "audio/mpeg", "converted.mp3", media_kind::mpeg},
    {"flac", "audio/flac", "converted.flac", media_kind::flac},
    {"ogg", "audio/ogg", "converted.ogg", media_kind::ogg},
}};

} // namespace

const output_format* format_named(std::string_view name) noexcept {
  if (name.empty())
    return output_formats.data();
  const auto found =
      std::find_if(output_formats.begin(), output_formats.end(),
                   [&](const output_format& one) { return iequals(one.name, name); });
  return found == output_formats.end() ? nullptr : &*found;
}

bool is_bitrate(std::string_view text) noexcept {
  const bool thousands = text.ends_with('k') || text.ends_with('K');
  if (thousands)
    text.remove_suffix(1);
  const long rate = whole_number(text).value_or(0) * (thousands ? 1000L : 1L);
  return rate >= 4000 && rate <= 1'000'000;
}

form_fields fields_of(const conversion& wanted) {
  form_fields result;
  if (!wanted.sample_rate.empty())
    result.emplace_back("sample_rate", wanted.sample_rate);
  if (!wanted.bitrate.empty())
    result.emplace_back("bitrate", wanted.bitrate);
  result.emplace_back("output_format", format_named(wanted.format)->name);
  return result;
}

} // namespace synapse::http::deepfilter
